/** The library in the browser, beside what Python makes of the same sounds. */

import { mkdirSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import type { Page } from "@playwright/test";
import type { WebCodec } from "../src/browser.ts";
import { readWav } from "../src/sound/wav.ts";
import { Header } from "../src/tokens/header.ts";
import { EntropyModel } from "../src/entropy/model.ts";
import { hex } from "../src/tokens/bytes.ts";
import { readTokens } from "../src/tokens/reader.ts";
import { expect, fixture, FIXTURES, test } from "./shared.ts";

const PYTHON = process.env.PYTHON ?? "python3";

const written = `${FIXTURES}browser/`;
const said: string[] = []; // on the console
let page: Page; // of all tests: it starts the codec once

test.beforeAll(async ({ browser }) => {
  mkdirSync(written, { recursive: true });
  page = await browser.newPage();
  page.on("console", (message) => said.push(message.text()));
  await page.goto("http://localhost:8765/");
  await page.evaluate(async () => {
    const { load } = await import(new URL("codec.js", location.href).href);
    Object.assign(globalThis, { codec: await load() });
  });
});

test.afterAll(async () => {
  await page.close();
  expect(said).toEqual([]);
});

/** The samples of a token file, interleaved, as the browser decodes them. */
async function decoded(page: Page, file: Buffer): Promise<Float32Array> {
  const text = await page.evaluate(async (given) => {
    const { codec } = globalThis as unknown as { codec: WebCodec };
    const bytes = Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
    const audio: AudioBuffer = await codec.decode(bytes);
    const [channels, length] = [audio.numberOfChannels, audio.length];
    const samples = new Float32Array(channels * length);
    for (let c = 0; c < channels; c++) {
      audio.getChannelData(c).forEach((sample, i) => (samples[i * channels + c] = sample));
    }
    const raw = new Uint8Array(samples.buffer);
    return btoa(Array.from({ length: Math.ceil(raw.length / 8192) }, (_, i) =>
      String.fromCharCode(...raw.subarray(8192 * i, 8192 * (i + 1)))).join(""));
  }, file.toString("base64"));
  const raw = Buffer.from(text, "base64");
  return new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
}

async function encoded(page: Page, name: string, model: string): Promise<Buffer> {
  const { sampleRate, channels } = readWav(fixture(`sounds/${name}.wav`), name);
  const text = await page.evaluate(
    async ({ sampleRate, channels, model }) => {
      const { codec } = globalThis as unknown as { codec: WebCodec };
      const sound = { sampleRate, channels: channels.map((channel) => Float32Array.from(channel)) };
      const file: Uint8Array = await codec.encode(sound, { model });
      return btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(""));
    },
    { sampleRate, channels: channels.map((channel) => Array.from(channel)), model },
  );
  return Buffer.from(text, "base64");
}

function codesOf(bytes: Uint8Array) {
  const hash = hex(Header.read(bytes, "file").header.entropy);
  const entropy = /[^0]/.test(hash) ? new EntropyModel(fixture(`models/entropy/${hash}`)) : undefined;
  return readTokens(bytes, "file", entropy).codes;
}

for (const [name, model, { resampled = false, encodes = true }] of [
  ["speech", "speech-16k", {}],
  ["speech-48k", "speech-16k", { resampled: true }],
  ["stereo", "audio-44k", {}],
  ["left", "audio-44k", {}],
  ["vbr", "speech-16k", { encodes: false }],
  ["vbr-right", "audio-44k", { encodes: false }],
] as const satisfies [string, string, { resampled?: boolean; encodes?: boolean }][]) {
  test(`${name}: samples and tokens are those of Python`, async () => {
    const theirs = fixture(`sounds/${name}.fsq`);
    const expected = new Float32Array(new Uint8Array(fixture(`sounds/${name}.f32`)).buffer);
    const samples = await decoded(page, theirs);
    expect(samples.length).toBe(expected.length);
    const largest = samples.reduce((most, sample, i) => Math.max(most, Math.abs(sample - expected[i])), 0);
    expect(largest).toBeLessThan(resampled ? 0.02 : 1e-4);
    if (!encodes) {
      return;
    }
    const ours = await encoded(page, name, model);
    const [a, b] = [codesOf(ours), codesOf(theirs)];
    expect(a.frames).toBe(b.frames);
    const differ = new Set<number>();
    a.each((row, q) => a.line(row, q).forEach((code, t) => code !== b.line(row, q)[t] && differ.add(t)));
    expect(differ.size / a.frames).toBeLessThan(resampled ? 0.9 : 0.005);
    writeFileSync(`${written}${name}.fsq`, ours);
  });
}

test("Python decodes what the browser wrote", () => {
  execFileSync(PYTHON, ["-m", "audiocodec", "decode", written, "-o", `${FIXTURES}browser-decoded`, "--force"]);
});
