/** Which two signals of left and right are coded in one row: those that leave less to be coded, as Python chooses. */

import { JOINT, type Joint } from "../tokens/header.ts";
import { Spectra } from "./spectra.ts";

/** Seconds of the beginning by which the way is chosen. */
export const HEARD_SECONDS = 60;
const FRAME_SECONDS = 0.046;
const BANDS = 24;
/** Of the power of the loudest spectrum; softer bands need no bits. */
const FLOOR = 1e-7;
/** By which left and right must be better, in nats of a band. */
const MARGIN = 0.1;

export function chooseWay(left: Float32Array, right: Float32Array, sampleRate: number): Joint {
  const heard = Math.min(left.length, Math.floor(HEARD_SECONDS * sampleRate));
  const size = Math.round(FRAME_SECONDS * sampleRate);
  const [spectra, edges] = [new Spectra(size), edgesOf(Math.floor(size / 2) + 1)];
  const bands: number[][] = [[], [], [], []]; // of left, right, mid and side, all frames
  let loudest = 0;
  for (let at = 0; at + size <= heard; at += size) {
    spectra.powers(left.subarray(at, at + size), right.subarray(at, at + size)).forEach((power, signal) => {
      loudest = Math.max(
        loudest,
        power.reduce((sum, bin, k) => (k ? sum + bin : 0), 0),
      );
      edges.forEach((edge, i) => bands[signal].push(sumOf(power, edge, edges[i + 1] ?? power.length)));
    });
  }
  if (!(loudest > 0)) {
    return JOINT.MID_SIDE;
  }
  const [l, r, mid, side] = bands.map((powers) => mean(powers.map((power) => Math.log(power + FLOOR * loudest))));
  if (l + r > mid + side - 2 * MARGIN) {
    return JOINT.MID_SIDE;
  }
  return l >= r ? JOINT.LEFT_RIGHT : JOINT.RIGHT_LEFT;
}

/** Where the bands of a spectrum begin, in equal ratios from its second bin on. */
function edgesOf(bins: number): number[] {
  const edges = Array.from({ length: BANDS }, (_, i) => Math.floor(bins ** (i / BANDS)));
  return [...new Set(edges)];
}

function sumOf(numbers: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) {
    sum += numbers[i];
  }
  return sum;
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
