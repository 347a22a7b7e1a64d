/** Two channels as one row of codes: two signals, whose codebooks lie in turns, first second first first second first ... */

import { type CodeArray, Codes } from "../tokens/codes.ts";
import { JOINT, type Joint } from "../tokens/header.ts";

const isSecond = (codebook: number) => codebook % 3 === 1;

/** Codebooks of each of what goes through the network. */
export function codebooksOfParts(codebooks: number, channels: number, joint: Joint): number[] {
  if (!joint) {
    return new Array<number>(channels).fill(codebooks);
  }
  const second = Array.from({ length: codebooks }, (_, q) => q).filter(isSecond).length;
  return [codebooks - second, second];
}

/** Codes of each, "q t", to those of a file. */
export function joinRows(parts: readonly CodeArray[], codebooks: number, frames: number, joint: Joint): Codes {
  const codes = new Codes(joint ? 1 : parts.length, codebooks, frames);
  const next = parts.map(() => 0);
  codes.each((row, q) => {
    const part = joint ? Number(isSecond(q)) : row;
    const at = next[part]++ * frames;
    codes.line(row, q).set(parts[part].subarray(at, at + frames));
  });
  return codes;
}

/** Inverse of `joinRows`. */
export function splitRows(codes: Codes, joint: Joint): CodeArray[] {
  const depths = codebooksOfParts(codes.codebooks, codes.rows, joint);
  const parts = depths.map((depth) => new Float64Array(depth * codes.frames));
  const next = depths.map(() => 0);
  codes.each((row, q) => {
    const part = joint ? Number(isSecond(q)) : row;
    parts[part].set(codes.line(row, q), next[part]++ * codes.frames);
  });
  return parts;
}

function mix(a: Float32Array, byA: number, b: Float32Array, byB: number): Float32Array<ArrayBuffer> {
  const sum = new Float32Array(a.length);
  for (let i = 0; i < sum.length; i++) {
    sum[i] = byA * a[i] + byB * b[i];
  }
  return sum;
}

/** Left and right to the two signals of a way. */
export function toSignals([left, right]: readonly Float32Array[], way: Joint): Float32Array[] {
  if (way === JOINT.MID_SIDE) {
    return [mix(left, 0.5, right, 0.5), mix(left, 0.5, right, -0.5)];
  }
  return way === JOINT.LEFT_RIGHT ? [left, right] : [right, left];
}

/** Inverse of `toSignals`. */
export function toLeftRight([first, second]: readonly Float32Array[], way: Joint): Float32Array[] {
  if (way === JOINT.MID_SIDE) {
    return [mix(first, 1, second, 1), mix(first, 1, second, -1)];
  }
  return way === JOINT.LEFT_RIGHT ? [first, second] : [second, first];
}
