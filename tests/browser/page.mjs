// What browser tests of pages in files share: a headless Chromium that reaches nothing, pages that tell of every error and request, and
// axe-core. Environment: SMSLOAD_BROWSER_TOOLS, the folder whose node_modules has playwright-core and axe-core; CHROMIUM,
// the browser; SMSLOAD_SHOTS, a folder for pictures to look at.
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const tools = createRequire(join(process.env.SMSLOAD_BROWSER_TOOLS ?? process.cwd(), "node_modules", "x.js"));
const { chromium } = tools("playwright-core");
const axe = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

const QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: QUIET,
});

/** A page that collects what goes wrong. `allowed` tells whether a request may be made. */
export async function open(browser, url, { allowed = (to) => to === url, ...options } = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!allowed(request.url().split("#")[0])) page.problems.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

/** Serious findings of axe-core, in words. */
export async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`);
}

/** A picture, if somebody wants to look. */
export async function picture(page, name, options = {}) {
  const folder = process.env.SMSLOAD_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), ...options });
}
