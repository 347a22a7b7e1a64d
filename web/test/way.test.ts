/** The way in which two channels become a row, beside what Python chooses. */

import { expect, test } from "vitest";
import { Spectra } from "../src/codec/spectra.ts";
import { chooseWay } from "../src/codec/way.ts";
import { readWav } from "../src/sound/wav.ts";
import { JOINT } from "../src/tokens/header.ts";
import { fixture } from "./fixtures.ts";

const noise = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => ((Math.sin(seed * 1000 + i * 12.9898) * 43758.5453) % 1) * 0.3);

test("sounds that Python encodes", () => {
  for (const [name, way] of [
    ["stereo", JOINT.MID_SIDE],
    ["left", JOINT.LEFT_RIGHT],
    ["vbr-right", JOINT.RIGHT_LEFT],
  ] as const) {
    const { channels, sampleRate } = readWav(fixture(`sounds/${name}.wav`), name);
    expect(chooseWay(channels[0], channels[1], sampleRate)).toBe(way);
  }
});

test("silence, equal channels, and a sound of its own in each", () => {
  const [a, b, silence] = [noise(44_100, 1), noise(44_100, 2), new Float32Array(44_100)];
  expect(chooseWay(silence, silence, 44_100)).toBe(JOINT.MID_SIDE);
  expect(chooseWay(a.subarray(0, 100), silence.subarray(0, 100), 44_100)).toBe(JOINT.MID_SIDE); // less than a frame
  expect(chooseWay(a, a, 44_100)).toBe(JOINT.MID_SIDE);
  expect(chooseWay(a, b, 44_100)).toBe(JOINT.MID_SIDE); // nothing is gained
  expect(chooseWay(silence, b, 44_100)).toBe(JOINT.RIGHT_LEFT);
});

test("spectra of a length that is no power of two", () => {
  const [size, left, right] = [21, noise(21, 3), noise(21, 4)];
  const window = Float64Array.from(left, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (size - 1)));
  const signals = [
    left,
    right,
    left.map((x, n) => (x + right[n]) / Math.SQRT2),
    left.map((x, n) => (x - right[n]) / Math.SQRT2),
  ];
  new Spectra(size).powers(left, right).forEach((power, signal) =>
    power.forEach((found, k) => {
      let [re, im] = [0, 0];
      signals[signal].forEach((x, n) => {
        re += x * window[n] * Math.cos((2 * Math.PI * k * n) / size);
        im -= x * window[n] * Math.sin((2 * Math.PI * k * n) / size);
      });
      expect(found).toBeCloseTo(re * re + im * im, 5);
    }),
  );
});
