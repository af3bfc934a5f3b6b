// A mock, a browser, and worlds of the mock for the tests of its page.

import {connect, createServer as createConnectionServer} from 'node:net';
import {Browser, Program, run, until} from './harness.mjs';

export const DOWNLOAD = '/api/smsload/playback/v1/download';
export const PROGRESS = '/api/smsload/playback/v1/queryDownloadProgress';
export const PAGE = '/__mock/';
export const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202egpj.\u2066\u001b[31m\u200b\'"`$(id)';

export const browser = await Browser.start();
export let mock = await start('127.0.0.1:0');
let worlds = 0;

function start(address) {
  return Program.start('mock', '--listen', address, '--seed', '1');
}

/** The mock once more, with nothing in it, on the port that it had. */
export async function restart() {
  mock = await start(`127.0.0.1:${mock.port}`);
}

/** Runs tests, then ends the browser and the mock. */
export async function finish(tests) {
  let failed = 1;
  try {
    failed = await run(tests, browser);
  } finally {
    await browser.stop();
    await mock.stop();
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

export const valid = (changes = {}) => ({
  device_unicode: '34020000001110000228',
  source_type: '3',
  channel: '34020000001320000666',
  start_time: '2025-04-04T21:00:00',
  end_time: '2025-04-04T22:00:00',
  ...changes,
});

/** A world of its own: the page in it, and a client of it. */
export async function world({paused = true, ...options} = {}) {
  worlds += 1;
  const name = `world-${worlds}`;
  const tenant = {'tenant-id': name};
  const ask = (method, path, body, headers) => mock.ask(method, path, body, {...tenant, ...headers});
  if (paused) await ask('PUT', '/__mock/clock', {paused: true});
  const page = await browser.open(`${mock.url}${PAGE}?world=${name}`, options);
  await live(page);
  const download = async (changes) => (await (await ask('POST', DOWNLOAD, valid(changes))).json()).data.stream_id;
  return {name, page, ask, download};
}

export const live = (page) => page.waitForSelector('#link[data-state=live]');
export const percent = async (page) => Number.parseInt(await page.locator('.job .percent').first().textContent(), 10);
export const count = (page, selector) => until(selector, () => page.locator(selector).count(), (n) => n > 0);
export const chip = (page, attribute, name) => page.locator(`.chip[data-${attribute}=${name}] .count`);
export const counted = (page, attribute, name, n) =>
  until(`${name} counted`, () => chip(page, attribute, name).textContent(), (text) => text === String(n));
export const newest = async (page) => {
  await count(page, '.entry');
  const entry = page.locator('.entry').first();
  await entry.locator('> details > summary').click();
  return entry;
};

/** A connection to the mock that can be cut and mended. */
export class Wire {
  isCut = false;
  sockets = new Set();

  static async to(port) {
    const wire = new Wire();
    wire.server = createConnectionServer((near) => {
      if (wire.isCut) return near.destroy();
      const far = connect(port, '127.0.0.1');
      for (const [socket, other] of [[near, far], [far, near]]) {
        wire.sockets.add(socket);
        socket.on('error', () => {}).on('close', () => other.destroy());
        socket.pipe(other);
      }
    });
    await new Promise((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get port() {
    return this.server.address().port;
  }

  cut() {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend() {
    this.isCut = false;
  }

  close() {
    this.cut();
    this.server.close();
  }
}

/** Downloads in every state, violations, faults and callbacks, for pictures and for axe-core. */
export async function busy({ask, download}) {
  const ids = [];
  for (const n of [1, 2, 3, 4, 5]) {
    const callback = n === 2 ? {callback: 'http://127.0.0.1:9/progress'} : {};
    ids.push(await download({channel: `3402000000132000067${n}`, ...callback}));
  }
  await ask('POST', '/__mock/clock/advance', {seconds: 25});
  for (const [n, what] of [[2, 'fail'], [3, 'stall'], [4, 'finish']]) await ask('POST', `/__mock/jobs/${ids[n]}/${what}`);
  await ask('POST', DOWNLOAD, valid({source_type: '1', start_time: '2025-04-04T21:36:17', end_time: '2024-06-21T10:16:23'}));
  await ask('POST', DOWNLOAD, {source_type: 3, channel: HOSTILE});
  await ask('POST', '/__mock/faults', {match: {operation: 'queryDownloadProgress', every: 2}, action: {error: 'overload'}});
  for (const _ of [1, 2]) await ask('POST', PROGRESS, {stream_id: ids[0]});
}

export async function unfold(page) {
  await counted(page, 'kind', 'violations', 2);
  await page.locator('.entry[data-look=wrong]:not(:has-text("127.0.0.1:9")) > details > summary').last().click();
  await page.locator('.job', {hasText: '671'}).locator('summary').click();
}
