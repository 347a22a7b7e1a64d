/** Codes of a page to bytes and back, each digit by the probabilities of an entropy model; those not there are skipped. */

import { Codes, NO_CODE } from "../tokens/codes.ts";
import type { There } from "../tokens/depths.ts";
import { type EntropyModel, SPAN } from "./model.ts";
import { RangeDecoder, RangeEncoder } from "./range.ts";

/** Scaled digits of what is known of a page, with the past before its first frame, all zero. */
class Known {
  private readonly rows: Int32Array[];
  private readonly width: number;

  constructor(
    private readonly model: EntropyModel,
    rows: number,
    frames: number,
  ) {
    this.width = model.codebooks * model.levels.length;
    this.rows = Array.from({ length: rows }, () => new Int32Array((model.past + frames) * this.width));
  }

  private place(t: number): number {
    return (t + this.model.past) * this.width;
  }

  /** Fills the model's sums for a code. */
  shares(row: number, q: number, t: number): void {
    this.model.shares(this.rows[row], this.place(t), q);
  }

  keep(row: number, q: number, t: number, digit: number, value: number): void {
    const { levels } = this.model;
    const top = levels[digit] - 1;
    this.rows[row][this.place(t) + q * levels.length + digit] = Math.floor(((2 * value - top) * SPAN) / top);
  }
}

/** Visits codes in the order in which they are stored: all that one needs comes before it. */
function inOrder(rows: number, codebooks: number, frames: number, visit: (row: number, q: number, t: number) => void) {
  for (let step = 0; step < frames + codebooks - 1; step++) {
    for (let row = 0; row < rows; row++) {
      for (let q = Math.max(0, step - frames + 1); q < Math.min(codebooks, step + 1); q++) {
        visit(row, q, step - q);
      }
    }
  }
}

export function encodeCodes(model: EntropyModel, codes: Codes): Uint8Array {
  const { levels, places, sums } = model;
  const known = new Known(model, codes.rows, codes.frames);
  const coder = new RangeEncoder();
  inOrder(codes.rows, codes.codebooks, codes.frames, (row, q, t) => {
    let code = codes.line(row, q)[t];
    if (code === NO_CODE) {
      return; // it stays zero to the network
    }
    known.shares(row, q, t);
    levels.forEach((level, digit) => {
      const value = code % level;
      code = Math.floor(code / level);
      const at = places[digit] + value;
      coder.put(sums[at], sums[at + 1] - sums[at]);
      known.keep(row, q, t, digit, value);
    });
  });
  return coder.done();
}

/** Inverse of `encodeCodes`; null for bytes that no encoder makes. @param there which codes the page has. */
export function decodeCodes(
  model: EntropyModel,
  payload: Uint8Array,
  rows: number,
  codebooks: number,
  there: There,
): Codes | null {
  const { frames } = there;
  const { levels, places, sums } = model;
  const known = new Known(model, rows, frames);
  const coder = new RangeDecoder(payload);
  const codes = new Codes(rows, codebooks, frames);
  codes.data.fill(NO_CODE);
  inOrder(rows, codebooks, frames, (row, q, t) => {
    if (!there.has(row, q, t)) {
      return;
    }
    known.shares(row, q, t);
    let [code, scale] = [0, 1];
    levels.forEach((level, digit) => {
      const value = coder.take(sums, places[digit], level);
      code += value * scale;
      scale *= level;
      known.keep(row, q, t, digit, value);
    });
    codes.line(row, q)[t] = code;
  });
  return coder.sound ? codes : null;
}
