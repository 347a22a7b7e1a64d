/**
 * Which codes a frame has, where frames differ in that, and how a page stores it.
 *
 * The depth of a frame is the number of its codebooks that have a code: always the first ones. With strides, codebook
 * q has a code only in every strides[q]-th frame.
 */

import { RangeDecoder, RangeEncoder, SHARE_BITS } from "../entropy/range.ts";
import { TokenFileError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { type Codes, NO_CODE } from "./codes.ts";
import type { Header } from "./header.ts";

const STAYS = [64, 128, 176, 208, 232, 246]; // chances, in 256ths, that a writer tries
const VARIED_BYTES = 3; // before the bytes of the range coder
const MOST_VARIED = 2 ** 16 - 1;

/** Depths of a page: of each frame in order, of each row in order. */
export type Depths = Uint8Array;

/** Which codes of a page are there. */
export class There {
  /** @param depths of the page; null: all frames have all codebooks. */
  constructor(
    private readonly header: Header,
    readonly frames: number,
    private readonly depths: Depths | null,
  ) {}

  has(row: number, q: number, t: number): boolean {
    const { rows, strides } = this.header;
    return (!this.depths || this.depths[t * rows + row] > q) && (!strides.length || t % strides[q] === 0);
  }

  /** How many codes a codebook has in all rows. */
  count(q: number): number {
    let count = 0;
    for (let row = 0; row < this.header.rows; row++) {
      for (let t = 0; t < this.frames; t++) {
        count += Number(this.has(row, q, t));
      }
    }
    return count;
  }
}

/** The depth of each frame: the number of its last codebook with a code, from 1; 0: none. */
export function depthsOf(codes: Codes): Depths {
  const depths = new Uint8Array(codes.rows * codes.frames);
  codes.each((row, q) =>
    codes.line(row, q).forEach((code, t) => {
      if (code !== NO_CODE) {
        depths[t * codes.rows + row] = q + 1;
      }
    }),
  );
  return depths;
}

/** Which codes of a page its file keeps; refuses others missing than may be. */
export function thereOf(header: Header, codes: Codes): There {
  const there = new There(header, codes.frames, header.variable ? depthsOf(codes) : null);
  codes.each((row, q) =>
    codes.line(row, q).forEach((code, t) => {
      if ((code !== NO_CODE) !== there.has(row, q, t)) {
        throw new TokenFileError(
          `codes are missing (${NO_CODE}) in other places than the last codebooks of a frame and those that its ` +
            "strides leave out",
        );
      }
    }),
  );
  return there;
}

/** Bytes that the depths of a page take at most. */
export function mostBytes(rows: number, frames: number): number {
  return VARIED_BYTES + 4 + Math.ceil((rows * frames * SHARE_BITS) / 8);
}

export function packDepths(depths: Depths, rows: number, codebooks: number): Uint8Array {
  if (depths.every((depth) => depth === depths[0])) {
    return Uint8Array.of(0, depths[0]);
  }
  const parts = STAYS.map((stay) => {
    const sums = depthSums(codebooks, stay);
    const coder = new RangeEncoder();
    depths.forEach((depth, i) => {
      const before = sums[i < rows ? codebooks : depths[i - rows]];
      coder.put(before[depth], before[depth + 1] - before[depth]);
    });
    return { stay, data: coder.done() };
  });
  const { stay, data } = parts.reduce((best, part) => (part.data.length < best.data.length ? part : best));
  if (data.length > MOST_VARIED) {
    throw new TokenFileError("the depths of a page take too many bytes; make pages shorter");
  }
  return new ByteWriter().u8(stay).u16(data.length).put(data).done();
}

/** Takes them from the start of a payload; null if no writer makes them. */
export function unpackDepths(reader: ByteReader, rows: number, frames: number, codebooks: number): Depths | null {
  const depths = new Uint8Array(rows * frames);
  try {
    const stay = reader.u8();
    if (stay === 0) {
      depths.fill(reader.u8());
      return depths[0] > codebooks ? null : depths;
    }
    const length = reader.u16();
    if (VARIED_BYTES + length > mostBytes(rows, frames)) {
      return null;
    }
    const coder = new RangeDecoder(reader.take(length));
    const sums = depthSums(codebooks, stay);
    for (let i = 0; i < depths.length; i++) {
      depths[i] = coder.take(sums[i < rows ? codebooks : depths[i - rows]], 0, codebooks + 1);
    }
    return coder.sound ? depths : null;
  } catch (error) {
    if (error instanceof RangeError) {
      return null; // bytes are missing
    }
    throw error;
  }
}

/** Sums of the shares of depths 0 to Q below each, by the depth before. */
function depthSums(codebooks: number, stay: number): Int32Array[] {
  const free = 2 ** SHARE_BITS - codebooks - 1;
  const staying = (free * stay) >> 8;
  const weight = (distance: number) => (distance ? 1 + (256 >> Math.min(distance, 9)) : 0);
  return Array.from({ length: codebooks + 1 }, (_, before) => {
    const weights = Array.from({ length: codebooks + 1 }, (_, depth) => weight(Math.abs(depth - before)));
    const whole = weights.reduce((sum, one) => sum + one, 0);
    const sums = new Int32Array(codebooks + 2);
    weights.forEach((one, depth) => {
      const share = 1 + (depth === before ? staying : Math.floor((one * (free - staying)) / whole));
      sums[depth + 1] = sums[depth] + share;
    });
    sums[codebooks + 1] = 2 ** SHARE_BITS; // what rounding left over goes to the last depth
    return sums;
  });
}
