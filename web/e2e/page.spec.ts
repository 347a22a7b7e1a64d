/** The page: files in, tokens out, by mouse and by keyboard, on desktop and phone. */

import { choose, expect, expectAccessible, fixture, PICTURES, saved, silence, test } from "./shared.ts";

test("a sound goes in, its tokens and their sound come out", async ({ page }) => {
  await page.goto("./");
  await expectAccessible(page);
  await choose(page, "sounds/speech.wav");
  await expect(page.locator("#result")).toBeVisible();
  await expect(page.locator("#sizes")).toContainText("Token file");
  await expect(page.locator("#rate")).toHaveText("5.96 kbit/s, 12 of 12 codebooks");
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
