// Run against the mock: `smsload mock -- node --test`. Each test has a world of its own, by its tenant id; the mock's
// clock stands still until a test moves it, so that nothing waits.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { CallbackReceiver, DownloadFailed, DownloadStalled, Rejected, SmsClient } from './sms-client.mjs';

const URL = process.env.SMSLOAD_URL;
const [DEVICE, CHANNEL] = ['34020000001110000228', '34020000001320000666'];
const WINDOW = ['2025-04-04T21:36:17', '2025-04-04T21:46:17'];

/** The control interface of one world. */
class Mock {
  #headers;
  milliseconds = 0;

  constructor(tenantId) {
    this.#headers = { 'tenant-id': tenantId, 'content-type': 'application/json' };
  }

  async call(method, path, body) {
    const answer = await fetch(`${URL}/__mock/${path}`, {
      method, headers: this.#headers, body: body && JSON.stringify(body),
    });
    assert.ok(answer.ok, `${method} ${path}: HTTP ${answer.status} ${await answer.text()}`);
  }

  async advance(milliseconds) {
    await this.call('POST', 'clock/advance', { seconds: milliseconds / 1000 });
    this.milliseconds += milliseconds;
  }

  job(streamId, action) {
    return this.call('POST', `jobs/${streamId}/${action}`);
  }
}

async function world() {
  const tenantId = `node-${randomUUID()}`;
  const mock = new Mock(tenantId);
  await mock.call('PUT', 'clock', { paused: true });
  return { mock, client: new SmsClient(URL, { tenantId }) };
}

const wait = (client, mock, streamId, stallAfter = 60_000) => client.wait(streamId, {
  poll: 5_000, stallAfter, pause: (ms) => mock.advance(ms), now: () => mock.milliseconds,
});

/** Moves the clock until the end was told; what comes meanwhile must not go back. */
async function end(receiver, mock) {
  let last = -1;
  let told;
  receiver.on('progress', (streamId, progress) => {
    assert.ok(progress.percent >= last);
    last = progress.percent;
    if (progress.isFinished) told = { streamId, progress };
  });
  for (let step = 0; step < 200 && !told; step += 1) {
    await mock.advance(5_000);
    await sleep(50);
  }
  assert.ok(told, 'the end was not told');
  return told;
}

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'sms-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

test('follows a download by asking, and fetches the file', async (t) => {
  const { client, mock } = await world();
  const download = await client.start(DEVICE, CHANNEL, ...WINDOW);
  assert.equal(download.duration, 600);
  const progress = await wait(client, mock, download.streamId);
  const path = join(await folder(t), 'recording.mp4');
  await client.fetch(progress.fileUrl, path, download.size);
  assert.equal((await readFile(path)).length, download.size);
});

test('goes on where a transfer broke off', async (t) => {
  const { client, mock } = await world();
  const download = await client.start(DEVICE, CHANNEL, '2025-04-04T21:36:17', '2025-04-04T21:36:27');
  const progress = await wait(client, mock, download.streamId);
  const path = await folder(t);
  await client.fetch(progress.fileUrl, join(path, 'whole.mp4'), download.size);
  const whole = await readFile(join(path, 'whole.mp4'));
  await writeFile(join(path, 'resumed.mp4.part'), whole.subarray(0, download.size / 2));
  await client.fetch(progress.fileUrl, join(path, 'resumed.mp4'), download.size);
  assert.ok(whole.equals(await readFile(join(path, 'resumed.mp4'))));
});

test('follows a download by callback', async (t) => {
  const { client, mock } = await world();
  const receiver = await new CallbackReceiver().start();
  t.after(() => receiver.stop());
  const download = await client.start(DEVICE, CHANNEL, ...WINDOW, { callback: receiver.url });
  const { streamId, progress } = await end(receiver, mock);
  assert.equal(streamId, download.streamId);
  assert.ok(progress.fileUrl.startsWith('http'));
});

test('notices a stall, and survives it', async () => {
  const { client, mock } = await world();
  const download = await client.start(DEVICE, CHANNEL, ...WINDOW);
  await mock.advance(5_000);
  await mock.job(download.streamId, 'stall');
  await assert.rejects(wait(client, mock, download.streamId, 30_000), DownloadStalled);
  await mock.job(download.streamId, 'resume');
  assert.ok((await wait(client, mock, download.streamId)).isFinished);
});

test('starts a failed download again', async () => {
  const { client, mock } = await world();
  const download = await client.start(DEVICE, CHANNEL, ...WINDOW);
  await mock.advance(5_000);
  await mock.job(download.streamId, 'fail');
  await assert.rejects(wait(client, mock, download.streamId), DownloadFailed);
  const again = await client.start(DEVICE, CHANNEL, ...WINDOW);
  assert.notEqual(again.streamId, download.streamId);
  assert.ok((await wait(client, mock, again.streamId)).isFinished);
});

test('hears the end although its receiver was restarted', async (t) => {
  const { client, mock } = await world();
  const receiver = await new CallbackReceiver().start();
  t.after(() => receiver.stop());
  const download = await client.start(DEVICE, CHANNEL, ...WINDOW, { callback: receiver.url });
  await receiver.stop();
  await mock.advance(10_000);
  await receiver.start();
  const { streamId } = await end(receiver, mock);
  assert.equal(streamId, download.streamId);
});

test('says what is wrong', async () => {
  const { client } = await world();
  // A device that ends with 404 is unknown to the mock. To ask for one is no breach of the contract, which would fail
  // the run; a start after the end would be.
  await assert.rejects(client.start('34020000001110000404', CHANNEL, ...WINDOW), (error) => {
    assert.ok(error instanceof Rejected);
    assert.equal(error.code, '40401');
    assert.match(error.message, /device/);
    return true;
  });
  await assert.rejects(client.progress('download:nobody:knows:this'), DownloadFailed);
});
