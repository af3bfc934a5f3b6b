// The mock's page at /__mock/ under what goes wrong, in every look, by keyboard, and against hostile clients.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {accessible, shot, until} from './harness.mjs';
import {browser, busy, chip, count, counted, DOWNLOAD, finish, HOSTILE, live, mock, newest, PAGE, PROGRESS, restart, unfold, valid, Wire, world} from './mock-world.mjs';

const tests = {
  'hostile texts are text everywhere, and the curl command is safe': async () => {
    const {page, name, ask} = await world();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const body = JSON.stringify(valid({channel: HOSTILE, device_unicode: '<b>1</b>'}));
    const path = `${DOWNLOAD}/%3Cscript%3E`;
    await ask('POST', DOWNLOAD, body, {'x-odd': '<script>alert(3)</script>'});
    await ask('POST', '/__mock/faults', {match: {members: {[HOSTILE]: HOSTILE}}, action: {status: 500}});
    await ask('POST', path, {a: HOSTILE});
    await mock.ask('GET', '/__mock/clock', undefined, {'tenant-id': '<img src=x>'});
    await until('both', () => page.locator('.entry').count(), (n) => n === 2);
    await count(page, '.job');
    for (const summary of await page.locator('.entry > details > summary, .job summary').all()) await summary.click();
    for (const summary of await page.locator('.entry details details summary').all()) await summary.click();
    await count(page, '#fault-list li');
    const elements = await page.locator('script:not([src]), [onerror], main img, main b, main script').count();
    assert.equal(elements, 0);
    const told = await page.locator('.job').first().textContent();
    assert.match(told, /<script>alert\(2\)<\/script>U\+202Egpj\.U\+2066/);
    const shown = await page.locator('#fault-list li').first().textContent();
    assert.match(shown, /U\+202E/);
    assert.doesNotMatch(await page.locator('body').innerText(), /[\u202a-\u202e\u2066-\u2069\u001b]/);
    await shot(page, 'mock-hostile');

    await until('both buttons', () => page.locator('.entry .copy').count(), (n) => n === 2);
    await page.locator('.entry .copy').last().click();
    const command = await until('the command', () => page.evaluate(() => navigator.clipboard.readText()), (text) => text.includes('curl'));
    assert.doesNotMatch(command, /[\u202a-\u202e\u2066-\u2069\u001b]/);
    execFileSync('bash', ['--norc', '-c', command], {env: {PATH: process.env.PATH, LC_ALL: 'C.UTF-8'}});
    await until('it came again', () => page.locator('.entry').count(), (n) => n === 3);
    const journal = await (await ask('GET', '/__mock/journal')).json();
    assert.equal(journal.entries.at(-1).body.text, body);
    assert.ok(journal.entries.at(-1).headers.includes(`tenant-id: ${name}`));
  },

  'a lost connection is told, and the page is right again after it': async () => {
    const {page, ask, download} = await world();
    await download();
    await ask('POST', '/__mock/faults', {action: {status: 503}});
    await count(page, '.job');
    await count(page, '.entry');
    await count(page, '#fault-list li');
    page.allowed.push(/ERR_|Failed to load/);
    await mock.stop();
    try {
      await page.waitForSelector('#lost:visible');
      assert.equal(await page.locator('#link').textContent(), 'Connection lost');
      await page.click('[data-advance="1"]');
      await page.waitForSelector('#notice:has-text("cannot be reached")');
      await shot(page, 'mock-lost', false);
      await accessible(page, 'the page without a mock');
      await page.click('#lost button');
    } finally {
      await restart();
    }
    // Another history, with the same numbers.
    await ask('POST', PROGRESS, {stream_id: 'unknown'});
    await ask('POST', '/__mock/faults', {action: {garbage: true}});
    await live(page);
    await page.waitForSelector('#jobs-empty:visible');
    assert.ok(await page.locator('#lost').isHidden());
    await page.waitForSelector('.entry:has-text("queryDownloadProgress")');
    await page.waitForSelector('#fault-list li:has-text("broken JSON")');
    assert.equal(await page.locator('.entry').count(), 1);
    assert.equal(await page.locator('#fault-list li').count(), 1);
  },

  'where a page may not copy, the command is shown': async () => {
    const {page, download} = await world();
    await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', {value: undefined}));
    await download();
    await (await newest(page)).locator('.copy').click();
    const text = await page.locator('#notice textarea').inputValue();
    assert.match(text, /^curl -sS 'http:.*download'/);
    await page.fill('#send-body', "it's");
    await page.click('#send-curl');
    await page.waitForSelector('#notice textarea');
    assert.match(await page.locator('#notice textarea').inputValue(), /--data-raw 'it'\\''s'/);
  },

  'what happened while the connection was lost is there afterwards': async () => {
    const {name, ask, download} = await world();
    const id = await download();
    const wire = await Wire.to(mock.port);
    const page = await browser.open(`http://127.0.0.1:${wire.port}${PAGE}?world=${name}`);
    await live(page);
    await count(page, '.job');
    page.allowed.push(/ERR_|Failed to load/);
    wire.cut();
    await page.waitForSelector('#lost:visible');
    await ask('POST', `/__mock/jobs/${id}/finish`);
    await download({channel: '2'});
    await ask('POST', '/__mock/faults', {action: {status: 503}});
    wire.mend();
    await live(page);
    await page.waitForSelector('.job[data-state=finished]');
    await until('both', () => page.locator('.job').count(), (n) => n === 2);
    await until('the journal', () => page.locator('.entry').count(), (n) => n === 2);
    await count(page, '#fault-list li');
    await wire.close();
  },

  'it is quick and bounded with thousands of downloads and requests': async () => {
    const {page, ask} = await world();
    const lanes = Array.from({length: 8}, async (_, lane) => {
      for (let n = 0; n < 350; n += 1) await ask('POST', DOWNLOAD, valid({channel: `${n}x${lane}`}));
    });
    await Promise.all(lanes);
    await counted(page, 'state', 'all', 2800);
    await until('the journal', () => chip(page, 'kind', 'all').textContent(), (text) => text === '1000');
    await page.waitForSelector('#journal-pages:has-text("1800 older entries")');
    assert.equal(await page.locator('.job').count(), 50);
    assert.equal(await page.locator('.entry').count(), 50);
    assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) < 6000);
    const numbers = () => page.locator('.job .name').allTextContents();
    const first = await numbers();
    await page.click('#jobs-pages button:last-child');
    await until('others', numbers, (now) => now.length === 50 && !now.includes(first[0]));
    await page.click('#jobs-pages button:first-child');
    await until('the newest', numbers, (now) => now[0] === first[0]);
    await page.click('#journal-pages button');
    await until('more', () => page.locator('.entry').count(), (n) => n === 100);
    const took = await page.evaluate(async () => {
      const start = performance.now();
      document.querySelector('.chip[data-kind=refused]').click();
      document.querySelector('.chip[data-kind=all]').click();
      await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - start;
    });
    console.log(`        a filter of the journal takes ${Math.round(took / 2)} ms`);
  },

  'everything is reached by keyboard, with a focus that is seen': async () => {
    const {page, ...client} = await world();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await busy(client);
    await unfold(page);
    await page.focus('.skip');
    const wanted = await page.evaluate(() => {
      const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]');
      const seen = [...all].filter((e) => e.checkVisibility() && !e.disabled && e.getClientRects().length);
      seen.forEach((e, n) => (e.dataset.stop = String(n)));
      return seen.length;
    });
    const reached = new Set();
    for (let n = 0; n < wanted + 20; n += 1) {
      const at = await page.evaluate(() => {
        const {activeElement: e} = document;
        if (e === document.body) return null;
        const {outlineStyle, outlineWidth} = getComputedStyle(e);
        return {stop: e.dataset.stop, isSeen: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2, name: e.outerHTML.slice(0, 80)};
      });
      if (at?.stop) {
        reached.add(at.stop);
        // What a script focused first may look otherwise than what a key reaches.
        assert.ok(at.isSeen || n === 0, `its focus is not seen: ${at.name}`);
      }
      await page.keyboard.press('Tab');
    }
    const left = await page.evaluate(
      (seen) => [...document.querySelectorAll('[data-stop]')].filter((e) => !seen.includes(e.dataset.stop)).map((e) => e.outerHTML.slice(0, 90)),
      [...reached],
    );
    assert.deepEqual(left, []);
    await page.locator('.job[data-state=running] [data-do=finish]').first().focus();
    await page.keyboard.press('Enter');
    await counted(page, 'state', 'finished', 2);
  },

  'light, dark and on a phone it is accessible, and nothing sticks out': async () => {
    for (const [name, options] of Object.entries({
      light: {},
      dark: {colorScheme: 'dark'},
      phone: {viewport: {width: 360, height: 740}, deviceScaleFactor: 2, isMobile: true, hasTouch: true},
      'phone-dark': {viewport: {width: 360, height: 740}, isMobile: true, colorScheme: 'dark', reducedMotion: 'reduce'},
      wide: {viewport: {width: 1920, height: 1080}},
    })) {
      const {page, ...client} = await world(options);
      await busy(client);
      await unfold(page);
      await page.fill('#fault-form [name=member]', 'channel');
      await accessible(page, name);
      await shot(page, `mock-${name}`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= page.viewportSize().width, `${name}: ${width} pixels wide`);
      if (options.reducedMotion) {
        const moves = await page.evaluate(() => getComputedStyle(document.querySelector('progress'), '::-webkit-progress-value').transitionDuration);
        assert.equal(moves, '0s');
      }
    }
  },

  'its policy lets no script of others run': async () => {
    const {page} = await world();
    page.allowed.push(/Content Security Policy|Trusted(HTML|Script)/);
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      try {
        script.textContent = 'globalThis.ran = true';
      } catch {
        return 'refused';
      }
      document.body.append(script);
      return globalThis.ran === true ? 'ran' : 'refused';
    });
    assert.equal(ran, 'refused');
    const markup = await page.evaluate(() => {
      try {
        document.body.innerHTML = '<p>markup</p>';
        return 'made';
      } catch {
        return 'refused';
      }
    });
    assert.equal(markup, 'refused');
  },
};

await finish(tests);
