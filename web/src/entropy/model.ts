/**
 * What the next code will probably be: a tiny network in whole numbers. `docs/format.md` has it step by step.
 *
 * A file of it is what its hash is taken of: for each array the text `name:type:shape;`, then its bytes.
 */

import { ModelError } from "../errors.ts";
import { SHARE_BITS } from "./range.ts";
import { sha256 } from "./sha256.ts";

export const SPAN = 64; // digits are scaled to -64 ... 64
const HIDDEN_SHIFT = 7;
const HIDDEN_MAX = 255;
const LOGIT_SHIFT = 7; // then 16 steps are a factor of two
const POWERS = [
  65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393, 46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219,
];
const MOST_STEPS = 16 * 31;

type Numbers = Int8Array | Int32Array;

interface Stored {
  readonly shape: readonly number[];
  readonly data: Numbers;
}

export class EntropyModel {
  /** 16 bytes by which token files name it. */
  readonly hash: Uint8Array;
  readonly levels: readonly number[];
  readonly codebooks: number;
  /** Frames before the present one that are looked at. */
  readonly past: number;
  /** Where the sums of each digit begin in what `shares` fills: one more than its values. */
  readonly places: readonly number[];
  readonly sums: Int32Array;
  private readonly units: number;
  private readonly values: number;
  private readonly hiddenWeight: Int32Array; // [q][unit][step][codebook][digit]
  private readonly hiddenBias: Numbers;
  private readonly outWeight: Int32Array; // [q][value][unit]
  private readonly outBias: Numbers;
  private readonly hidden: Int32Array;
  private readonly powers: Int32Array;

  /** @throws ModelError the bytes are no entropy model. */
  constructor(bytes: Uint8Array) {
    const arrays = readArrays(bytes);
    const [levels, hiddenWeight, hiddenBias, outWeight, outBias] = arrays.map(({ data }) => data);
    const [codebooks, units, steps, , digits] = arrays[1].shape;
    this.hash = sha256(bytes).slice(0, 16);
    this.levels = Array.from(levels);
    this.codebooks = codebooks;
    this.past = steps - 1;
    this.units = units;
    this.values = this.levels.reduce((sum, level) => sum + level, 0);
    this.hiddenWeight = Int32Array.from(hiddenWeight);
    this.hiddenBias = hiddenBias;
    this.outWeight = Int32Array.from(outWeight);
    this.outBias = outBias;
    const expected = [[digits], [codebooks, units, steps, codebooks, digits], [codebooks, units]];
    expected.push([codebooks, this.values, units], [codebooks, this.values]);
    if (!arrays.every(({ shape }, i) => String(shape) === String(expected[i]))) {
      throw new ModelError("entropy model: the shapes of its arrays do not fit each other");
    }
    let place = 0;
    this.places = this.levels.map((level) => (place += level + 1) - level - 1);
    this.sums = new Int32Array(place);
    this.hidden = new Int32Array(units);
    this.powers = new Int32Array(Math.max(...this.levels));
  }

  /** Whether it can code files of these levels and that many codebooks. */
  fits(levels: readonly number[], codebooks: number): boolean {
    return String(levels) === String(this.levels) && codebooks <= this.codebooks;
  }

  /**
   * Fills `sums` with the sums of shares below each value, of all digits of a code.
   *
   * @param scaled digits [frame][codebook][digit], scaled to -SPAN ... SPAN, the past before the first frame included.
   * @param at where the present frame begins in it.
   * @param q the codebook.
   */
  shares(scaled: Int32Array, at: number, q: number): void {
    const { units, past, codebooks, levels, values, hidden, hiddenWeight, outWeight, powers, sums } = this;
    const width = codebooks * levels.length;
    for (let unit = 0; unit < units; unit++) {
      let sum = this.hiddenBias[q * units + unit];
      let weight = (q * units + unit) * (past + 1) * width;
      for (let step = 0; step <= past; step++) {
        const seen = (q + (step ? 1 : 0)) * levels.length; // weights of codebooks behind these are 0
        sum += dot(hiddenWeight, weight, scaled, at - step * width, seen);
        weight += width;
      }
      hidden[unit] = Math.min(HIDDEN_MAX, Math.max(0, sum >> HIDDEN_SHIFT));
    }
    let value = 0;
    for (let digit = 0; digit < levels.length; digit++) {
      const level = levels[digit];
      let largest = -(2 ** 31);
      for (let v = 0; v < level; v++) {
        const row = q * values + value + v;
        powers[v] = this.outBias[row] + dot(outWeight, row * units, hidden, 0, units);
        largest = Math.max(largest, powers[v]);
      }
      let total = 0;
      for (let v = 0; v < level; v++) {
        const steps = Math.min((largest - powers[v]) >> LOGIT_SHIFT, MOST_STEPS);
        powers[v] = POWERS[steps & 15] >> (steps >> 4);
        total += powers[v];
      }
      const free = 2 ** SHARE_BITS - level;
      const place = this.places[digit];
      for (let v = 0; v < level - 1; v++) {
        sums[place + v + 1] = sums[place + v] + 1 + Math.floor((powers[v] * free) / total);
      }
      sums[place + level] = 2 ** SHARE_BITS; // what rounding left over goes to the last value
      value += level;
    }
  }
}

/** Sum of products, below 2^31; four sums side by side are what makes it fast. */
function dot(a: Int32Array, atA: number, b: Int32Array, atB: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const fours = count & ~3;
  let i = 0;
  for (; i < fours; i += 4) {
    s0 = (s0 + Math.imul(a[atA + i], b[atB + i])) | 0;
    s1 = (s1 + Math.imul(a[atA + i + 1], b[atB + i + 1])) | 0;
    s2 = (s2 + Math.imul(a[atA + i + 2], b[atB + i + 2])) | 0;
    s3 = (s3 + Math.imul(a[atA + i + 3], b[atB + i + 3])) | 0;
  }
  for (; i < count; i++) {
    s0 = (s0 + Math.imul(a[atA + i], b[atB + i])) | 0;
  }
  return (s0 + s1 + s2 + s3) | 0;
}

const ARRAYS: [string, string, (bytes: ArrayBuffer) => Numbers][] = [
  ["levels", "<i4", (bytes) => new Int32Array(bytes)],
  ["hidden_weight", "<i1", (bytes) => new Int8Array(bytes)],
  ["hidden_bias", "<i4", (bytes) => new Int32Array(bytes)],
  ["out_weight", "<i1", (bytes) => new Int8Array(bytes)],
  ["out_bias", "<i4", (bytes) => new Int32Array(bytes)],
];

function readArrays(bytes: Uint8Array): Stored[] {
  let at = 0;
  const found = ARRAYS.map(([name, type, view]): Stored => {
    const end = bytes.indexOf(59, at); // ;
    const text = String.fromCharCode(...bytes.subarray(at, end < 0 ? at : Math.min(end, at + 100)));
    const shape = /^(\w+):(<i[14]):\(([\d, ]+)\)$/.exec(text);
    const sizes = (shape?.[3] ?? "").split(",").filter((size) => size.trim()).map(Number);
    const size = sizes.reduce((product, n) => product * n, Number(type.slice(2)));
    at = end + 1 + size;
    if (shape?.[1] !== name || shape[2] !== type || !size || at > bytes.length) {
      throw new ModelError(`entropy model: ${name} is not where it should be`);
    }
    return { shape: sizes, data: view(Uint8Array.from(bytes.subarray(end + 1, at)).buffer) };
  });
  if (at !== bytes.length) {
    throw new ModelError("entropy model: bytes follow its arrays");
  }
  return found;
}
