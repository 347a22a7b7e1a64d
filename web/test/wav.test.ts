/** WAV files: every kind of sample, and what is wrong with files. */

import { describe, expect, test } from "vitest";
import { readWav, writeWav } from "../src/sound/wav.ts";
import { ascii, ByteWriter } from "../src/tokens/bytes.ts";

/** A WAV of given bytes; `promised` is what its header says of their number. */
function wav(format: number, bits: number, data: number[] | Uint8Array, channels = 1, promised = data.length): Uint8Array {
  const block = (channels * bits) / 8;
  const head = new ByteWriter().put(ascii("RIFF")).u32(36 + data.length).put(ascii("WAVE"));
  head.put(ascii("odd ")).u32(3).put(ascii("abc")).u8(0).put(ascii("fmt ")).u32(16);
  head.u16(format).u16(channels).u32(16_000).u32(16_000 * block).u16(block).u16(bits);
  return head.put(ascii("data")).u32(promised).put(Uint8Array.from(data)).done();
}

const floats = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const doubles = (values: number[]) => new Uint8Array(Float64Array.from(values).buffer);

describe("samples", () => {
  test.each([
    ["8 bits", 1, 8, [0, 128, 192], [-1, 0, 0.5]],
    ["16 bits", 1, 16, [0, 128, 255, 127, 0, 64], [-1, 32767 / 32768, 0.5]],
    ["24 bits", 1, 24, [0, 0, 128, 255, 255, 127, 0, 0, 64], [-1, 8388607 / 8388608, 0.5]],
    ["32 bits", 1, 32, [0, 0, 0, 128, 0, 0, 0, 64], [-1, 0.5]],
    ["float", 3, 32, floats([-1.5, 0.25]), [-1.5, 0.25]],
    ["double", 3, 64, doubles([-1.5, 0.25]), [-1.5, 0.25]],
  ])("of %s", (_, format, bits, data, expected) => {
    const sound = readWav(wav(format, bits, data as number[]), "a.wav");
    expect(sound.sampleRate).toBe(16_000);
    expect(Array.from(sound.channels[0])).toEqual(expected.map(Math.fround));
  });

  test("of two channels, and of a header that was never completed", () => {
    const data = [0, 64, 0, 192, 0, 32, 0, 224];
    for (const promised of [8, 0, 0xffffffff]) {
      const sound = readWav(wav(1, 16, data, 2, promised), "a.wav");
      expect(sound.channels.map((channel) => Array.from(channel))).toEqual([[0.5, 0.25], [-0.5, -0.25]]);
    }
  });
});

test("what is wrong is said", () => {
  expect(() => readWav(ascii("hello, world, how are you"), "a.wav")).toThrow("a.wav: is not a WAV file");
  expect(() => readWav(wav(1, 16, [0, 0], 1, 10), "a.wav")).toThrow("is cut short, 8 bytes that its header promises");
  expect(() => readWav(wav(6, 8, [0, 0]), "a.wav")).toThrow("is a WAV of format 6 with 8 bits, which is not read here");
  for (let length = 12; length < 56; length++) {
    expect(() => readWav(wav(1, 16, [0, 0]).slice(0, length), "a.wav")).toThrow("is a WAV without samples");
  }
  expect(() => readWav(wav(1, 16, [0, 0], 0), "a.wav")).toThrow("has 0 channels");
});

test("what is written is read", () => {
  const channels = [Float32Array.of(0.5, -1, 2), Float32Array.of(0, 0.25, -2)];
  const sound = readWav(writeWav({ sampleRate: 44_100, channels }), "a.wav");
  expect(sound.sampleRate).toBe(44_100);
  expect(sound.channels.map((channel) => Array.from(channel))).toEqual([[0.5, -1, 32767 / 32768], [0, 0.25, -1]]);
});
