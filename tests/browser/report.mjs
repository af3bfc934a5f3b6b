// The report page in a real browser: node report.mjs FILE.html, a report with 100 requirements and 50 failures.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { accessible, Browser, run, shot } from "./harness.mjs";

const url = pathToFileURL(process.argv[2]).href;
const browser = await Browser.start();
const shown = (page) => page.locator(".row:visible");
const tests = {
  async "search and filters leave what was asked for"() {
    const page = await browser.open(url);
    const all = await shown(page).count();
    assert.equal(await page.locator("#matches").textContent(), `${all} of ${all}`);
    const began = performance.now();
    await page.locator("#search").fill("carry over clip");
    const found = await shown(page).evaluateAll((rows) => rows.map((row) => row.id));
    assert.ok(found.includes("TIME-06/clipped-values") && found.length < 5, found.join());
    console.log(`  ${all} requirements searched in ${Math.round(performance.now() - began)} ms, asked and answered`);
    await page.locator("#search").fill("no requirement says this");
    await page.locator(".none").waitFor();
    await page.locator("button[type=reset]").click();
    await page.locator("#matches", { hasText: `${all} of ${all}` }).waitFor();
    for (const verdict of ["pass", "skipped", "not_tested", "inconclusive"]) {
      const box = page.locator(`input[name=verdict][value=${verdict}]`);
      if (await box.count()) await box.uncheck();
    }
    const left = await shown(page).evaluateAll((rows) => new Set(rows.map((row) => row.dataset.verdict)).size);
    assert.equal(left, 1);
    assert.ok(await shown(page).count() >= 50);
    await page.locator("input[name=level][value=MUST]").uncheck();
    assert.ok(await page.locator(".row[data-level=MUST]:visible").count() === 0);
    await page.locator("button[type=reset]").click();
    await page.locator("#group").selectOption("TIME");
    assert.ok(await page.locator(".row:not([data-group=TIME]):visible").count() === 0);
  },

  async "a failure unfolds, by mouse and by keyboard, and its command can be copied"() {
    const page = await browser.open(url, { permissions: ["clipboard-read", "clipboard-write"] });
    const row = page.locator(".row.fail").first();
    const command = row.locator(".command code");
    assert.equal(await command.first().isVisible(), false);
    await row.locator("summary").click();
    assert.ok((await command.first().textContent()).startsWith("curl "));
    await row.locator(".copy").first().click();
    await row.locator(".copy", { hasText: "Copied" }).first().waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await command.first().textContent());
    const other = page.locator(".row.fail").nth(1);
    await other.locator("summary").focus();
    await page.keyboard.press("Enter");
    assert.ok(await other.locator(".statement").isVisible());
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  },

  async "an address with an id leads to its requirement, unfolded"() {
    const page = await browser.open(`${url}#ACC-01`);
    assert.ok(await page.locator("#ACC-01 .statement").isVisible());
  },

  async "both languages, and the browser's own first"() {
    const page = await browser.open(url, { locale: "zh-CN" });
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
    assert.ok(await page.getByText("各项要求").first().isVisible());
    assert.equal(await page.getByText("Requirements", { exact: true }).first().isVisible(), false);
    await page.locator("#english").check();
    assert.ok(await page.getByText("Requirements", { exact: true }).first().isVisible());
  },

  async "without scripts it shows everything and unfolds"() {
    const page = await browser.open(url, { javaScriptEnabled: false });
    assert.equal(await page.locator(".filters").isVisible(), false);
    await page.locator(".row.fail summary").first().click();
    assert.ok(await page.locator(".row.fail .command code").first().isVisible());
    await page.locator("#chinese").check();
    assert.ok(await page.getByText("各项要求").first().isVisible());
  },

  async "no serious finding, wide and narrow, light and dark, folded and unfolded"() {
    for (const [name, options] of Object.entries({
      desktop: { viewport: { width: 1280, height: 900 } },
      dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
      phone: { viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2 },
      chinese: { viewport: { width: 1280, height: 900 }, locale: "zh-CN" },
    })) {
      const page = await browser.open(url, options);
      await shot(page, `report-${name}`, false);
      await accessible(page, name);
      for (const row of await page.locator(".row.fail summary").all().then((all) => all.slice(0, 2))) await row.click();
      await page.locator(".covered summary").first().click();
      await accessible(page, `${name}, unfolded`);
      const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width[0] <= width[1], `${name} is ${width[0]} wide in a window of ${width[1]}`);
      await page.locator("#requirements").evaluate((head) => head.scrollIntoView());
      await shot(page, `report-${name}-requirements`, false);
      }
  },

  async "on paper failures are unfolded"() {
    const page = await browser.open(url, { viewport: { width: 794, height: 1123 } });
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".filters").isVisible(), false);
    assert.ok(await page.locator(".row.fail .statement").first().isVisible());
    await shot(page, "report-print", false);
  },
};

const failed = await run(tests, browser);
await browser.stop();
process.exit(failed ? 1 : 0);
