// The page of a certification in a real browser: node certificate.mjs FILE.html, a product that writes what would act.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { accessible, Browser, run, shot } from "./harness.mjs";

const url = pathToFileURL(process.argv[2]).href;
const browser = await Browser.start();
const tests = {
  async "says where a product stands, and why"() {
    const page = await browser.open(url);
    assert.match(await page.locator(".grade").textContent(), /not certified.*未通过认证/s);
    const text = await page.locator("main").textContent();
    for (const said of ["TIME-01", "fail in 3 runs", "PROG-09", "order-4711", "does not declare `callbacks`"]) {
      assert.ok(text.includes(said), said);
    }
  },

  async "nothing that a vendor or a product writes acts"() {
    const page = await browser.open(url);
    assert.equal(await page.evaluate(() => globalThis.acted), undefined);
    assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
    const text = await page.locator("main").textContent();
    assert.ok(text.includes("<script>globalThis.acted = 1</script>") && !text.includes("\u202e"));
  },

  async "light, dark, on a phone and on paper"() {
    for (const [name, options] of Object.entries({
      desktop: { viewport: { width: 1280, height: 900 } },
      dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
      phone: { viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2 },
    })) {
      const page = await browser.open(url, options);
      await accessible(page, name);
      const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width[0] <= width[1], `${name} is ${width[0]} wide in a window of ${width[1]}`);
      await shot(page, `certificate-${name}`);
    }
    const page = await browser.open(url, { viewport: { width: 794, height: 1123 } });
    await page.emulateMedia({ media: "print" });
    await shot(page, "certificate-print");
  },
};

const failed = await run(tests, browser);
await browser.stop();
process.exit(failed ? 1 : 0);
