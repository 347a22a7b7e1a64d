/** What tests of the page share. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test as base } from "@playwright/test";

export { expect } from "@playwright/test";

export const FIXTURES = fileURLToPath(new URL("../../build/web-fixtures/", import.meta.url));
export const PICTURES = fileURLToPath(new URL("../../build/web-pictures/", import.meta.url));

export function fixture(name: string): Buffer {
  return readFileSync(FIXTURES + name);
}

/** A page that fails its test if it says anything on the console. */
export const test = base.extend({
  page: async ({ page }, use) => {
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    await use(page);
    expect(said).toEqual([]);
  },
});

export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(" ")}`)).toEqual([]);
}

/** Gives the page a file as if it was chosen. */
export async function choose(page: Page, name: string, bytes?: Buffer): Promise<void> {
  const file = { name: name.split("/").pop()!, mimeType: "", buffer: bytes ?? fixture(name) };
  await page.locator("#file").setInputFiles(file);
}

/** A WAV of silence by its header alone, or as a whole. */
export function silence(seconds: number, sampleRate: number, channels: number): Buffer {
  const size = seconds * sampleRate * channels * 2;
  const wav = Buffer.alloc(44 + size);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + size, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(channels, 22);
  wav.writeUInt32LE(sampleRate, 24);
  wav.writeUInt32LE(2 * channels * sampleRate, 28);
  wav.writeUInt16LE(2 * channels, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(size, 40);
  return wav;
}

/** The bytes that a button offers to save. */
export async function saved(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  const waiting = page.waitForEvent("download");
  await page.locator(button).click();
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}
