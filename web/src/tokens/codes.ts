/** Codes "r q t": row, codebook, frame, the last axis fastest. */

/** Whole numbers below 2^32, and `NO_CODE`. */
export type CodeArray = Float64Array<ArrayBuffer>;

/** Stands for the code of a codebook that a frame does not have. */
export const NO_CODE = -1;

export class Codes {
  readonly data: CodeArray;

  constructor(
    readonly rows: number,
    readonly codebooks: number,
    readonly frames: number,
    data?: CodeArray,
  ) {
    this.data = data ?? new Float64Array(rows * codebooks * frames);
  }

  /** The codes of one codebook in one row, a view. */
  line(row: number, codebook: number): CodeArray {
    const start = (row * this.codebooks + codebook) * this.frames;
    return this.data.subarray(start, start + this.frames);
  }

  /** Some of the frames, a copy. */
  slice(start: number, end: number): Codes {
    const part = new Codes(this.rows, this.codebooks, Math.max(0, Math.min(end, this.frames) - start));
    this.each((row, q) => part.line(row, q).set(this.line(row, q).subarray(start, start + part.frames)));
    return part;
  }

  /** The first codebooks, a copy. */
  truncate(codebooks: number): Codes {
    const part = new Codes(this.rows, codebooks, this.frames);
    part.each((row, q) => part.line(row, q).set(this.line(row, q)));
    return part;
  }

  each(visit: (row: number, codebook: number) => void): void {
    for (let row = 0; row < this.rows; row++) {
      for (let q = 0; q < this.codebooks; q++) {
        visit(row, q);
      }
    }
  }

  /** One after the other; rows and codebooks are as given. */
  static join(rows: number, codebooks: number, parts: readonly Codes[]): Codes {
    const whole = new Codes(rows, codebooks, parts.reduce((sum, part) => sum + part.frames, 0));
    let at = 0;
    for (const part of parts) {
      whole.each((row, q) => whole.line(row, q).set(part.line(row, q), at));
      at += part.frames;
    }
    return whole;
  }
}
