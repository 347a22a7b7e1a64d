/** What can go wrong is one clear sentence each. */

import { choose, expect, fixture, silence, test } from "./shared.ts";

test("files that are no sound, too long, of too many channels, damaged", async ({ page }) => {
  await page.goto("./");
  await expect(page.locator("#model option")).toHaveCount(2);
  const message = page.locator("#message");
  await choose(page, "notes.txt", Buffer.from("this is not a sound at all, not even a short one"));
  await expect(message).toHaveText("notes.txt: is not sound that this browser reads; wav, flac, mp3 and ogg are");
  await choose(page, "hour.wav", silence(3600, 4000, 1));
  await expect(message).toHaveText("hour.wav: is 60 minutes long, this page takes 20; audiocodec encode takes any length");
  await choose(page, "eight.wav", silence(1, 8000, 8));
  await expect(message).toHaveText("eight.wav: has 8 channels, this page takes 2; audiocodec encode takes up to 255");
  await choose(page, "empty.wav", Buffer.alloc(0));
  await expect(message).toHaveText("empty.wav: is empty (0 bytes)");
  await choose(page, "cut.wav", silence(1, 8000, 1).subarray(0, 9000));
  await expect(message).toHaveText("cut.wav: is cut short, 7044 bytes that its header promises are missing");
  const speech = fixture("sounds/speech.fsq");
  const flipped = Buffer.from(speech);
  flipped[1000] ^= 1;
  await choose(page, "flipped.fsq", flipped);
  await expect(message).toHaveText("flipped.fsq: page 1 is damaged (checksum does not match)");
  await choose(page, "cut.fsq", speech.subarray(0, 2000));
  await expect(message).toContainText("cut.fsq: the seek table at the end is missing or damaged");
  await choose(page, "golden/v1.fsq");
  await expect(message).toHaveText("v1.fsq: is of model 'golden', and here are only speech-16k, audio-44k");
  await choose(page, "notes.fsq", Buffer.from("this is not a sound at all"));
  await expect(message).toHaveText("notes.fsq: is not a token file (.fsq)");
  await choose(page, "sounds/speech.wav");
  await expect(page.locator("#result")).toBeVisible();
  await expect(message).toBeEmpty();
});

test("1000 damaged files give our errors, and none hangs", async ({ page }) => {
  await page.goto("./");
  const found = new Map(await page.evaluate(async (text) => {
    const { load } = await import(new URL("codec.js", location.href).href);
    const codec = await load();
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const found = new Map<string, number>();
    let seed = 1;
    const below = (n: number) => Math.floor(((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
    for (let i = 0; i < 1000; i++) {
      const damaged = bytes.slice(0, i % 3 ? bytes.length : below(bytes.length));
      for (let flips = below(3); flips >= 0 && damaged.length; flips--) {
        damaged[below(damaged.length)] ^= 1 << below(8);
      }
      const name = await codec.truncate(damaged, 1).then(
        () => "none",
        (error: Error) => (/^the file: .{10,160}$/.test(error.message) ? error.name : `${error.name} ${error.message}`),
      );
      found.set(name, (found.get(name) ?? 0) + 1);
    }
    return [...found];
  }, fixture("sounds/short.fsq").toString("base64")));
  expect([...found.keys()].filter((name) => !["DamagedFileError", "TokenFileError"].includes(name))).toEqual([]);
  expect(found.get("DamagedFileError")).toBeGreaterThan(900);
});
