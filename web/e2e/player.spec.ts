/** `<fsq-player>` on a page of anyone's, and in a single HTML file. */

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, expectAccessible, FIXTURES, PICTURES, test } from "./shared.ts";

const HTML = `<!doctype html><html lang="en"><head><title>players</title><link rel="icon" href="data:,"></head><body><main>
<h1>Players</h1><fsq-player src="sounds/speech.fsq"></fsq-player>
<script type="module" src="player.js"></script></main></body></html>`;

const UNASKED = HTML.replace("<main>", "<script>document.title = new AudioContext().state</script><main>");

test.beforeAll(() => {
  mkdirSync(`${FIXTURES}site/sounds`, { recursive: true });
  for (const name of ["speech", "vbr-right"]) {
    cpSync(`${FIXTURES}sounds/${name}.fsq`, `${FIXTURES}site/sounds/${name}.fsq`);
  }
  writeFileSync(`${FIXTURES}site/players.html`, HTML);
  writeFileSync(`${FIXTURES}site/unasked.html`, UNASKED);
});

test("it plays, seeks by mouse and keyboard, and reads only what it needs", async ({ page }) => {
  const ranges: string[] = [];
  page.context().on("request", (request) => {
    if (request.url().endsWith(".fsq")) {
      ranges.push(request.headers().range);
    }
  });
  await page.goto("./players.html");
  await expectAccessible(page);
  const [button, place, time] = ["button", "[role=slider]", "time"].map((part) => page.locator(`fsq-player ${part}`));
  await expect(button).toHaveAttribute("aria-label", "Play speech.fsq");
  await button.click();
  await expect(button).toHaveAttribute("aria-label", "Pause speech.fsq");
  await expect(time).toHaveText("0:01 / 0:05");
  await expectAccessible(page);
  expect(ranges.every((range) => /^bytes=\d+-\d+$/.test(range))).toBe(true);

  await place.focus();
  await page.keyboard.press("Space");
  await expect(button).toHaveAttribute("aria-label", "Play speech.fsq");
  await page.keyboard.press("Home");
  await expect(place).toHaveAttribute("aria-valuetext", "0 seconds of 5 seconds");
  await page.keyboard.press("ArrowRight");
  await expect(place).toHaveAttribute("aria-valuenow", "5");
  const box = (await place.boundingBox())!;
  await page.mouse.click(box.x + 0.6 * box.width, box.y + 10);
  await expect(place).toHaveAttribute("aria-valuenow", "3");
  await page.keyboard.press("Space");
  await expect(time).toHaveText("0:05 / 0:05");
  await expect(button).toHaveAttribute("aria-label", "Play speech.fsq");
  await page.screenshot({ path: `${PICTURES}player.png` });
});

test("a variable rate, right and left as the signals of a joint row", async ({ page }) => {
  await page.goto("./players.html");
  await page.locator("fsq-player").evaluate((player) => player.setAttribute("src", "sounds/vbr-right.fsq"));
  await page.locator("fsq-player button").click();
  await expect(page.locator("fsq-player time")).toHaveText("0:01 / 0:03");
});

test("what cannot be played is said", async ({ page }) => {
  await page.goto("./players.html");
  await page.locator("fsq-player").evaluate((player) => player.setAttribute("src", "index.html"));
  await page.locator("fsq-player button").click();
  await expect(page.locator("fsq-player p")).toHaveText("index.html: is not a token file (.fsq)");
});

test("a single file plays from the disk, nothing is played before a press", async ({ page, context }) => {
  await context.setOffline(true);
  await page.goto(pathToFileURL(`${FIXTURES}vbr.html`).href);
  await expect(page.locator("h1")).toHaveText("vbr");
  await expectAccessible(page);
  await page.locator("fsq-player button").click();
  await expect(page.locator("fsq-player time")).toHaveText("0:02 / 0:05");
  await page.screenshot({ path: `${PICTURES}single.png` });
});

test("a context that was made without a press is suspended, one made by a press runs", async ({ page }) => {
  await page.goto("./unasked.html"); // what Playwright evaluates would count as a press
  await expect(page).toHaveTitle("suspended");
  await page.locator("fsq-player button").click();
  await expect(page.locator("fsq-player time")).toHaveText("0:01 / 0:05");
});
