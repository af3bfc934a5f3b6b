// The mock's page at /__mock/ in a real browser: what it shows, and what can be done with it.

import assert from 'node:assert/strict';
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Program, accessible, shot, until} from './harness.mjs';
import {browser, busy, chip, count, counted, DOWNLOAD, finish, live, mock, newest, PAGE, percent, unfold, valid, world} from './mock-world.mjs';

const ASSETS = new URL('../../mock-server/assets/page/', import.meta.url);

const tests = {
  'a newcomer starts the example and advances the clock by the page, from 0 to 100 %': async () => {
    const {page, ask} = await world();
    await shot(page, 'mock-empty');
    await accessible(page, 'the empty page');
    await page.click('#start-example');
    await count(page, '.job');
    assert.equal(await percent(page), 0);
    assert.match(await page.locator('.job .name').textContent(), /34020000001110000228 · 34020000001320000666/);
    assert.match(await page.locator('.job .window').textContent(), /2025-04-04 21:00:00 to 22:00:00/);
    assert.match(await page.locator('.job .file').textContent(), /no file yet/);
    await page.click('[data-advance="60"]');
    const part = await until('progress', () => percent(page), (n) => n > 0);
    assert.ok(part < 100, `${part}`);
    await page.fill('#advance input', '5');
    await page.click('#advance button');
    await until('more progress', () => percent(page), (n) => n > part);
    await page.click('[data-advance="3600"]');
    await until('the end', () => percent(page), (n) => n === 100);
    assert.equal(await page.locator('.job progress').getAttribute('value'), '100');
    const link = await page.locator('.job .file a').getAttribute('href');
    const file = await ask('HEAD', new URL(link).pathname);
    const [job] = (await (await ask('GET', '/__mock/jobs')).json()).jobs;
    assert.equal(Number(file.headers.get('content-length')), job.bytes);
  },

  'before the first answer everything has its name already': async () => {
    const assets = new Set(readdirSync(ASSETS));
    const silent = (route) => assets.has(new URL(route.request().url()).pathname.split('/').pop()) && route.continue();
    const before = (page) => page.route(/__mock\/./, silent);
    const page = await browser.open(`${mock.url}${PAGE}`, {before, locale: 'zh-CN'});
    assert.equal(await page.locator('#pause').textContent(), '暂停');
    await accessible(page, 'the page that waits');
    await page.close();
  },

  'progress moves by itself, forward only, at the speed that the page sets': async () => {
    const {page, download} = await world({paused: false});
    await page.fill('#speed', '20');
    await page.press('#speed', 'Enter');
    await page.press('#speed', 'Tab');
    await download();
    await count(page, '.job');
    const seen = [];
    await until('the end', async () => (seen.push(await percent(page)), seen.at(-1)), (n) => n === 100);
    assert.ok(new Set(seen).size > 3, `${[...new Set(seen)]}`);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    await page.waitForSelector('.job[data-state=finished] .file a');
  },

  'downloads are stalled, resumed, failed, finished, deleted and filtered': async () => {
    const {page, download} = await world();
    for (const channel of ['1', '2', '3']) await download({channel});
    await counted(page, 'state', 'running', 3);
    const job = (n) => page.locator('.job').nth(n);
    const press = (n, what) => job(n).locator(`[data-do=${what}]`).click();
    const is = (n, state) => page.waitForSelector(`.job:nth-child(${n + 1})[data-state=${state}]`);
    await press(0, 'stall');
    await is(0, 'stalled');
    await press(0, 'resume');
    await is(0, 'running');
    await press(0, 'fail');
    await is(0, 'failed');
    await press(1, 'finish');
    await is(1, 'finished');
    await counted(page, 'state', 'failed', 1);
    await page.click('.chip[data-state=failed]');
    await until('only failed ones', () => page.locator('.job').count(), (n) => n === 1);
    await press(0, 'delete');
    await page.waitForSelector('#jobs-empty:has-text("No download is in this state")');
    await counted(page, 'state', 'all', 2);
  },

  'callbacks are shown with their attempts and results': async () => {
    const {page, ask, download} = await world();
    let isReady = false;
    const bodies = [];
    const receiver = createServer((request, response) => {
      request.on('data', (text) => bodies.push(String(text)));
      request.on('end', () => response.writeHead(isReady ? 204 : 500).end());
    });
    await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    await download({callback: `http://127.0.0.1:${receiver.address().port}/progress`});
    await ask('POST', '/__mock/clock/advance', {seconds: 40});
    await page.waitForSelector('.job .calls .wrong:has-text("1 went wrong")');
    isReady = true;
    await ask('POST', '/__mock/clock/advance', {seconds: 3600});
    await until('the end', () => bodies.at(-1) ?? '', (body) => body.includes('"100"'));
    await page.waitForSelector('.job .calls:has-text("acknowledged")');
    await page.locator('.job summary').click();
    await page.waitForSelector('.job .call:has-text("204 · acknowledged")');
    await page.waitForSelector('.job .call:has-text("500 · will be tried again")');
    await page.click('.chip[data-kind=callbacks]');
    const entry = await newest(page);
    await entry.locator('.json .key', {hasText: 'downloadProgress'}).waitFor();
    receiver.close();
  },

  'a fault set by the page hits the next request, and is removed': async () => {
    const {page, ask} = await world();
    await page.selectOption('#fault-on', 'startDownload');
    await page.selectOption('#fault-action', 'status');
    await page.fill('#fault-form [name=argument]', '503');
    await page.selectOption('#fault-when', 'nth');
    await page.fill('#fault-form [name=number]', '2');
    await page.fill('#fault-form [name=member]', 'channel');
    await page.fill('#fault-form [name=value]', '7');
    await page.click('#fault-form button');
    await count(page, '#fault-list li');
    const statuses = [];
    for (const channel of ['7', '8', '7', '7']) statuses.push((await ask('POST', DOWNLOAD, valid({channel}))).status);
    assert.deepEqual(statuses, [200, 200, 503, 200]);
    await page.waitForSelector('#fault-list li:has-text("hit 1 of 3")');
    await page.waitForSelector('.entry[data-look=fault] .status:has-text("503")');
    await page.click('#fault-list button');
    await until('no faults', () => page.locator('#fault-list li').count(), (n) => n === 0);
    assert.deepEqual((await (await ask('GET', '/__mock/faults')).json()).faults, []);
    for (const action of await page.locator('#fault-action option').evaluateAll((all) => all.map((o) => o.value))) {
      await page.selectOption('#fault-action', action);
      await page.click('#fault-form button');
      await page.waitForSelector(`#fault-list li:nth-child(${(await page.locator('#fault-action').evaluate((s) => s.selectedIndex)) + 1})`);
    }
    await page.selectOption('#fault-on', '/callbacks');
    await page.selectOption('#fault-action', 'drop');
    await page.click('#fault-form button');
    await page.waitForSelector('#fault-list li:has-text("callbacks"):has-text("never sent")');
    await page.click('#faults-clear');
    await page.waitForSelector('#faults-empty:visible');
  },

  'what the mock refuses is told, with the member': async () => {
    const {page} = await world();
    await page.selectOption('#fault-when', 'times');
    await page.fill('#fault-form [name=number]', '2');
    await page.locator('#fault-form').evaluate((form) => (form.noValidate = true));
    await page.fill('#fault-form [name=number]', '0');
    page.allowed.push(/status of 400/);
    await page.click('#fault-form button');
    await page.waitForSelector('#notice:has-text("times")');
    await shot(page, 'mock-error');
    await accessible(page, 'a refusal');
    await page.click('#notice button');
    assert.ok(await page.locator('#notice').isHidden());
  },

  'violations stand at the member at fault': async () => {
    const {page, ask} = await world();
    await ask('POST', DOWNLOAD, valid({source_type: '1', start_time: '2025-04-04T23:00:00'}));
    let entry = await newest(page);
    const bad = (member) => entry.locator('.json .line.bad', {has: page.locator('.key', {hasText: `"${member}"`})});
    assert.match(await bad('source_type').textContent(), /"source_type": "1",.*source_type must be "3"/);
    for (const member of ['start_time', 'end_time']) {
      assert.match(await bad(member).textContent(), /start_time must be earlier than end_time/);
    }
    assert.equal(await entry.locator('.json .line.bad').count(), 3);
    assert.match(await entry.textContent(), /2 violations/);

    await ask('POST', DOWNLOAD, '{"source_type": 3, "channel": "1", "channel": "2", "device_unicode": "1"}');
    await until('it', () => page.locator('.entry').count(), (n) => n === 2);
    entry = await newest(page);
    assert.match(await bad('start_time').textContent(), /missing.*`start_time` is missing/);
    assert.match(await bad('source_type').textContent(), /: 3,.*must be a string/);
    assert.match(await bad('channel').first().textContent(), /stands twice/);

    await ask('POST', DOWNLOAD, JSON.stringify(valid()), {'content-type': 'text/plain'});
    await until('it', () => page.locator('.entry').count(), (n) => n === 3);
    entry = await newest(page);
    assert.match(await entry.locator('.whys').textContent(), /content-type.*application\/json/);
    await entry.locator('details details summary').click();
    await entry.locator('.line.bad:has-text("content-type: text/plain")').waitFor();
    await counted(page, 'kind', 'violations', 3);
  },

  'worlds are found, entered by name, and apart': async () => {
    const {page, name, download} = await world();
    await download();
    await count(page, '.job');
    const other = '租户 é';
    const bytes = [...Buffer.from(other)].map((byte) => String.fromCharCode(byte)).join('');
    await mock.ask('POST', DOWNLOAD, valid({channel: '5'}), {'tenant-id': bytes});
    await page.selectOption('#world', '+');
    await page.fill('#world-name', other);
    await page.press('#world-name', 'Enter');
    await page.waitForSelector('.job:has-text("5")');
    await until('one job', () => page.locator('.job').count(), (n) => n === 1);
    assert.equal(new URL(page.url()).searchParams.get('world'), other);
    await page.reload();
    await live(page);
    await page.waitForSelector('.job:has-text("5")');
    await page.selectOption('#world', `=${name}`);
    await page.waitForSelector('.job:has-text("34020000001320000666")');
    await page.selectOption('#world', '=');
    await page.waitForSelector('#jobs-empty:visible');
  },

  'a snapshot is downloaded, the world reset by keyboard, and the snapshot restored': async () => {
    const {page, download} = await world();
    await download();
    await count(page, '.job');
    const [saved] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
    const path = join(tmpdir(), `smsload-snapshot-${process.pid}.json`);
    await saved.saveAs(path);
    await page.focus('#reset');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#ask[open]');
    await accessible(page, 'the dialog');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.job').count(), 1, 'Cancel is what Enter means first');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#jobs-empty:visible');
    await page.setInputFiles('#load-file', path);
    await count(page, '.job');
    writeFileSync(path, 'no JSON');
    await page.setInputFiles('#load-file', path);
    await page.waitForSelector('#notice:has-text("no snapshot")');
  },

  'the page speaks English and Chinese, and remembers': async () => {
    const sources = readdirSync(ASSETS).map((file) => readFileSync(new URL(file, ASSETS), 'utf8'));
    const used = sources.flatMap((text) => [...text.matchAll(/(?:\bt\(|data-t(?:-label)?=)['"]([\w.-]+)['"]/g)].map((m) => m[1]));
    const {page, ...client} = await world();
    const missing = await page.evaluate(async (keys) => {
      const words = await import('./page/words.js');
      return keys.filter((key) => !words.has(key));
    }, [...new Set(used)]);
    assert.deepEqual(missing, []);
    await busy(client);
    await unfold(page);
    const texts = () => page.locator('[data-t]').evaluateAll((all) => all.map((e) => e.textContent));
    const english = await texts();
    await page.click('#language');
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    const chinese = await texts();
    const same = chinese.filter((text, n) => text === english[n]);
    assert.deepEqual(same, []);
    await page.waitForSelector('.job .state:has-text("下载中")');
    await unfold(page);
    await shot(page, 'mock-chinese');
    await accessible(page, 'the Chinese page');
    await page.reload();
    await live(page);
    assert.equal(await page.locator('#jobs-title').textContent(), '下载任务');
    const chineseReader = await world({locale: 'zh-CN'});
    assert.equal(await chineseReader.page.locator('#jobs-title').textContent(), '下载任务');
  },

  'a contract that is edited while the mock runs is offered': async () => {
    const spec = readFileSync(new URL('../../spec/openapi.yaml', import.meta.url), 'utf8');
    const path = join(tmpdir(), `smsload-contract-${process.pid}.yaml`);
    writeFileSync(path, spec);
    const other = await Program.start('mock', '--listen', '127.0.0.1:0', '--spec', path, '--watch');
    try {
      const page = await browser.open(other.url + PAGE);
      await page.waitForSelector('#contract:has-text("SMS recording download")');
      await page.fill('#send-body', 'mine');
      writeFileSync(path, spec.replace('title: SMS recording download', 'title: Edited by hand'));
      await page.waitForSelector('#contract:has-text("Edited by hand")');
      assert.equal(await page.inputValue('#send-body'), 'mine');
      await page.close();
    } finally {
      await other.stop();
    }
  },

  'the form sends what it shows': async () => {
    const {page, name} = await world();
    await count(page, '#send-example option');
    assert.deepEqual(await page.locator('#send-example option').allTextContents(), ['window', 'callback']);
    await page.selectOption('#send-example', {label: 'callback'});
    assert.match(await page.inputValue('#send-body'), /127\.0\.0\.1:8080/);
    await page.fill('#send-body', '{"stream_id": 7}');
    await page.click('#send-form .main');
    await page.waitForSelector('#send-result:has-text("40003")');
    const entry = await newest(page);
    await entry.locator('.json .absent').first().waitFor();
    assert.match(await entry.textContent(), new RegExp(`tenant-id: ${name}`));
    await page.selectOption('#send-operation', 'queryDownloadProgress');
    await page.click('#send-form .main');
    await page.waitForSelector('#send-result:has-text("40404")');
  },
};

await finish(tests);
