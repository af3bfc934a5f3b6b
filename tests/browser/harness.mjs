// What all tests in a real browser share: a mock, Chromium, and what no page of ours may do, watched all the time.
//
// SMSLOAD_BIN is the program under test, SMSLOAD_BROWSER_TOOLS the folder whose node_modules hold playwright-core and
// axe-core, CHROMIUM the browser, SMSLOAD_SHOTS where screenshots go; see tests/it/browser.rs.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set; run cargo test -- --ignored browser`);
const tools = createRequire(pathToFileURL(join(env('SMSLOAD_BROWSER_TOOLS'), 'x.js')));
const {chromium} = tools('playwright-core');
const AXE = readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = env('SMSLOAD_SHOTS');
mkdirSync(SHOTS, {recursive: true});

/** How long anything may take that should happen soon. */
export const SOON = 60_000;
const CHROMIUM_ARGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export class Program {
  /** `smsload` with these arguments, once it listens. */
  static async start(...args) {
    const child = spawn(env('SMSLOAD_BIN'), args, {stdio: ['ignore', 'pipe', 'inherit']});
    const url = await new Promise((resolve, reject) => {
      let said = '';
      child.stdout.on('data', (text) => {
        said += text;
        const found = /listening on (\S+)/.exec(said);
        if (found) resolve(found[1]);
      });
      child.on('exit', (code) => reject(new Error(`smsload ended with ${code}: ${said}`)));
    });
    return Object.assign(new Program(), {child, url});
  }

  get port() {
    return new URL(this.url).port;
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.on('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** Asks, past the page. */
  async ask(method, path, body, headers = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const type = text === undefined ? {} : {'content-type': 'application/json'};
    return fetch(this.url + path, {method, body: text, headers: {...type, ...headers}});
  }
}

/** Chromium, and pages in it that are watched. */
export class Browser {
  faults = [];

  static async start() {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    const chrome = await chromium.launch({executablePath, args: CHROMIUM_ARGS.split(' ')});
    return Object.assign(new Browser(), {chrome});
  }

  /** A page in a browser profile of its own; `before` may prepare it. */
  async open(url, {before = () => {}, ...options} = {}) {
    const context = await this.chrome.newContext({viewport: {width: 1280, height: 900}, locale: 'en-US', ...options});
    context.setDefaultTimeout(SOON);
    const page = await context.newPage();
    const {origin} = new URL(url);
    const fault = (what) => this.faults.push(`${what} (${page.url()})`);
    page.allowed = [];
    page.on('console', (message) => {
      const isAllowed = page.allowed.some((pattern) => pattern.test(message.text()));
      if (['error', 'warning'].includes(message.type()) && !isAllowed) fault(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => fault(`error: ${error.stack}`));
    page.on('dialog', (dialog) => {
      fault(`a dialog was opened: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('request', (request) => {
      const asked = request.url();
      if (!asked.startsWith(`${origin}/`) && !/^(data|blob|file):/.test(asked)) fault(`asked another host: ${asked}`);
    });
    await before(page);
    await page.goto(url);
    return page;
  }

  async stop() {
    await this.chrome.close();
  }
}

/** Waits until something is so; tells what it was at last. */
export async function until(what, look, is = Boolean) {
  const deadline = Date.now() + SOON;
  for (;;) {
    const seen = await look();
    if (is(seen)) return seen;
    if (Date.now() > deadline) assert.fail(`${what}: it never came; at last it was ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** No serious finding of axe-core. */
export async function accessible(page, name) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ['violations']}));
  const grave = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  const told = grave.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join('\n    ')}`);
  assert.deepEqual(told, [], `axe-core on ${name}`);
}

export const shot = (page, name, fullPage = true) => page.screenshot({path: join(SHOTS, `${name}.png`), fullPage});

/** Runs tests one after the other; all of them, even if one fails. `ONLY=word` runs those whose name has it. */
export async function run(tests, browser) {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    if (process.env.ONLY && !name.includes(process.env.ONLY)) continue;
    try {
      await test();
      assert.deepEqual(browser.faults.splice(0), [], 'what no page of ours may do');
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
    for (const context of browser.chrome.contexts()) await context.close();
    browser.faults.length = 0;
  }
  return failed;
}
