/** The page: files in, tokens out, by mouse and by keyboard, on desktop and phone. */

import type { Page } from "@playwright/test";
import { choose, expect, expectAccessible, fixture, PICTURES, saved, test } from "./shared.ts";

test.describe("one page, opened once", () => {
  let page: Page;
  const said: string[] = []; // on the console

  test.beforeAll(async ({ browser }) => {
    const context = await browser.newContext({ permissions: ["microphone"], viewport: { width: 1100, height: 900 } });
    page = await context.newPage();
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto("http://localhost:8765/");
  });

  test.afterAll(async () => {
    await page.context().close();
    expect(said).toEqual([]);
  });

  test("a sound goes in, its tokens and their sound come out", async () => {
    await expectAccessible(page);
    await choose(page, "sounds/speech.wav");
    await expect(page.locator("#name")).toHaveText("speech.wav");
    await expect(page.locator("#sizes")).toContainText("Token file");
    await expect(page.locator("#rate")).toHaveText("5.95 kbit/s, 12 of 12 codebooks");
    await expectAccessible(page);
    await page.screenshot({ path: `${PICTURES}desktop.png`, fullPage: true });

    const file = await saved(page, "#save-fsq");
    expect(file.name).toBe("speech.fsq");
    expect(file.bytes.length).toBeGreaterThan(3000);

    await page.locator("#codebooks").fill("6");
    await expect(page.locator("#rate")).toHaveText("2.98 kbit/s, 6 of 12 codebooks");
    await expect(page.locator("#task")).toBeHidden();
    const small = await saved(page, "#save-fsq");
    expect(small.bytes.length).toBeLessThan(0.6 * file.bytes.length);
    const sound = await saved(page, "#save-wav");
    expect(sound.name).toBe("speech.decoded.wav");
    expect(sound.bytes.length).toBe(fixture("sounds/speech.wav").length);
  });

  test("stereo music, from a token file", async () => {
    await choose(page, "sounds/stereo.fsq");
    await expect(page.locator("#name")).toHaveText("stereo.fsq");
    await expect(page.locator("#sizes")).toContainText("44100 Hz, 2 channels");
    await expect(page.locator("#ab")).toBeHidden();
    await expectAccessible(page);
    await page.locator("#play").click();
    await expect(page.locator("#time")).toHaveText("0:01 / 0:03");
  });

  test("a token file of a variable rate", async () => {
    await choose(page, "sounds/vbr.fsq");
    await expect(page.locator("#rate")).toHaveText("up to 5.95 kbit/s, 12 of 12 codebooks");
    await page.locator("#codebooks").fill("2");
    await expect(page.locator("#rate")).toHaveText("up to 0.99 kbit/s, 2 of 12 codebooks");
    await expect(page.locator("#task")).toBeHidden();
    const small = await saved(page, "#save-fsq");
    expect(small.bytes.length).toBeLessThan(0.7 * fixture("sounds/vbr.fsq").length);
    await choose(page, "small.fsq", small.bytes);
    await expect(page.locator("#name")).toHaveText("small.fsq");
    await expect(page.locator("#rate")).toHaveText("up to 0.99 kbit/s, 2 of 2 codebooks");
  });

  test("the microphone is recorded", async () => {
    await page.locator("#record").click();
    await expect(page.locator("#record")).toHaveText("Stop (0:02)");
    await page.locator("#record").click();
    await expect(page.locator("#name")).toHaveText("recording");
    const sound = await saved(page, "#save-wav");
    const samples = new Int16Array(sound.bytes.buffer.slice(sound.bytes.byteOffset + 44));
    expect(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeGreaterThan(1000);
  });

  test("the live loop tells its delay", async () => {
    await page.locator("#loop").click();
    await expect(page.locator("#delay")).toContainText(/Delay about \d+ ms, 40 of them the codec's/);
    await expect(page.locator("#delay")).toContainText(/[1-9][\d.]* ms of work|0\.[1-9] ms of work/);
    await expectAccessible(page);
    await page.locator("#loop").click();
    await expect(page.locator("#delay")).toBeEmpty();
  });
});

test("original and coded play at one position, by the keyboard alone", async ({ page }) => {
  await page.goto("./");
  await choose(page, "sounds/speech-48k.wav");
  await expect(page.locator("#result")).toBeVisible();
  await page.locator("#name").evaluate(() => (document.activeElement as HTMLElement)?.blur());
  const reach = async (id: string) => {
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement?.id || (document.activeElement as HTMLInputElement)?.value)) === id) {
        return;
      }
    }
    throw new Error(`${id} cannot be reached by Tab`);
  };
  await reach("play");
  await page.keyboard.press("Space");
  await expect(page.locator("#play")).toHaveText("Pause");
  await expect(page.locator("#time")).toHaveText("0:01 / 0:05");
  await reach("position");
  await reach("coded");
  await page.keyboard.press("ArrowLeft");
  await expect(page.locator("[value=original]")).toBeChecked();
  await expect(page.locator("#play")).toHaveText("Pause");
  await expect(page.locator("#play")).toHaveText("Play"); // it has ended
  await reach("codebooks");
  await page.keyboard.press("ArrowLeft");
  await expect(page.locator("#rate")).toContainText("11 of 12 codebooks");
});

test.describe("on a phone, in the dark, with reduced motion", () => {
  test.use({
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    hasTouch: true,
    colorScheme: "dark",
    contextOptions: { reducedMotion: "reduce" },
  });

  test("it fits and can be read", async ({ page }) => {
    await page.goto("./");
    await choose(page, "sounds/speech.wav");
    await expect(page.locator("#result")).toBeVisible();
    await expectAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(22, 24, 27)");
    expect(await page.locator("#play").evaluate((node) => getComputedStyle(node).transitionDuration)).toBe("0s");
    await page.screenshot({ path: `${PICTURES}phone.png`, fullPage: true });
  });
});

test("the encoder is loaded when it is needed, not before", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.context().on("request", (request) => asked.push(request.url()));
  const loaded = (part: string) => asked.some((url) => url.endsWith(part));
  await page.goto("./");
  await expect(page.locator("#model option")).toHaveCount(2);
  expect(loaded("decoder.onnx") || loaded("runtime.wasm.gz")).toBe(false);
  await choose(page, "sounds/speech.fsq");
  await expect(page.locator("#result")).toBeVisible();
  expect([loaded("speech-16k/decoder.onnx"), loaded("encoder.onnx")]).toEqual([true, false]);
  await choose(page, "sounds/speech.wav");
  await expect(page.locator("#ab")).toBeVisible();
  expect([loaded("speech-16k/encoder.onnx"), loaded("audio-44k/encoder.onnx")]).toEqual([true, false]);
});

test("a task can be ended", async ({ page }) => {
  await page.goto("./");
  await page.locator("#model").selectOption("audio-44k");
  await choose(page, "sounds/stereo.wav");
  await page.locator("#cancel").click();
  await expect(page.locator("#task")).toBeHidden();
  await expect(page.locator("#result")).toBeHidden();
  await expect(page.locator("#message")).toBeEmpty();
});

test("it works without a network after it was kept", async ({ page, context }) => {
  await page.goto("./");
  await page.locator("#keep").click();
  await expect(page.locator("#kept")).toContainText("works without a network");
  await context.setOffline(true);
  await page.reload();
  await choose(page, "sounds/speech.wav");
  await expect(page.locator("#result")).toBeVisible();
  await expect(page.locator("#rate")).toContainText("12 of 12 codebooks");
});
