/** Two channels as one row of codes: mid and side, whose codebooks lie in turns, mid side mid mid side mid ... */

import { Codes } from "../tokens/codes.ts";

const isSide = (codebook: number) => codebook % 3 === 1;

/** Codebooks of each of what goes through the network. */
export function depthsOf(codebooks: number, channels: number, joint: boolean): number[] {
  if (!joint) {
    return new Array<number>(channels).fill(codebooks);
  }
  const side = Array.from({ length: codebooks }, (_, q) => q).filter(isSide).length;
  return [codebooks - side, side];
}

/** Codes of each, "q t", to those of a file. */
export function joinRows(parts: readonly Uint32Array[], codebooks: number, frames: number, joint: boolean): Codes {
  const codes = new Codes(joint ? 1 : parts.length, codebooks, frames);
  const next = parts.map(() => 0);
  codes.each((row, q) => {
    const part = joint ? Number(isSide(q)) : row;
    const at = next[part]++ * frames;
    codes.line(row, q).set(parts[part].subarray(at, at + frames));
  });
  return codes;
}

/** Inverse of `joinRows`. */
export function splitRows(codes: Codes, joint: boolean): Uint32Array<ArrayBuffer>[] {
  const depths = depthsOf(codes.codebooks, codes.rows, joint);
  const parts = depths.map((depth) => new Uint32Array(depth * codes.frames));
  const next = depths.map(() => 0);
  codes.each((row, q) => {
    const part = joint ? Number(isSide(q)) : row;
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

/** Left and right to mid and side. */
export function toMidSide([left, right]: readonly Float32Array[]): Float32Array<ArrayBuffer>[] {
  return [mix(left, 0.5, right, 0.5), mix(left, 0.5, right, -0.5)];
}

/** Mid and side to left and right. */
export function toLeftRight([mid, side]: readonly Float32Array[]): Float32Array<ArrayBuffer>[] {
  return [mix(mid, 1, side, 1), mix(mid, 1, side, -1)];
}
