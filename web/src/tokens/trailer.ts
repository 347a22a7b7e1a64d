/** The end of a token file: how long it is and where its pages lie. */

import { DamagedFileError } from "../errors.ts";
import { ascii, ByteReader, ByteWriter, equal } from "./bytes.ts";
import { crc32 } from "./crc.ts";

export const SYNC = ascii("SK");
export const FOOTER_BYTES = 8;
const END_MAGIC = ascii("FSQ\x1a");
const PREFIX_BYTES = 23;
export const MIN_BYTES = PREFIX_BYTES + 4 + FOOTER_BYTES;

export class Trailer {
  /** @param samples of each source channel; frames in all; length of each page in bytes. */
  constructor(
    readonly samples: bigint,
    readonly frames: bigint,
    readonly pageSizes: readonly number[],
  ) {}

  toBytes(): Uint8Array {
    const width = this.pageSizes.some((size) => size >= 2 ** 16) ? 4 : 2;
    const table = new ByteWriter().put(SYNC).u8(width).u32(this.pageSizes.length).u64(this.frames).u64(this.samples);
    this.pageSizes.forEach((size) => (width === 2 ? table.u16(size) : table.u32(size)));
    const body = table.done();
    return new ByteWriter().put(body).u32(crc32(body)).u32(body.length + 4).put(END_MAGIC).done();
  }

  /** Bytes of table and footer. */
  static parse(bytes: Uint8Array, name: string): Trailer {
    const length = bytes.length - FOOTER_BYTES; // of the table with its CRC
    const footer = bytes.length >= MIN_BYTES ? new ByteReader(bytes.subarray(length)) : undefined;
    if (footer?.u32() !== length || !equal(footer.take(4), END_MAGIC)) {
      throw new DamagedFileError(`${name}: the seek table at the end is cut short or damaged`);
    }
    const reader = new ByteReader(bytes.subarray(0, length));
    const sync = reader.take(2);
    const [width, pages, frames, samples] = [reader.u8(), reader.u32(), reader.u64(), reader.u64()];
    const checked = crc32(bytes.subarray(0, length - 4)) === new ByteReader(bytes.subarray(length - 4)).u32();
    const fits = (width === 2 || width === 4) && length === PREFIX_BYTES + pages * width + 4;
    if (!checked || !equal(sync, SYNC) || !fits) {
      throw new DamagedFileError(`${name}: the seek table is damaged (checksum does not match)`);
    }
    return new Trailer(samples, frames, Array.from({ length: pages }, () => (width === 2 ? reader.u16() : reader.u32())));
  }

  /** Where it starts, by the footer at the end of a file of `size` bytes; null: there is none. */
  static start(footer: Uint8Array, size: number): number | null {
    const reader = new ByteReader(footer);
    const length = size >= MIN_BYTES ? reader.u32() : 0;
    const start = size - FOOTER_BYTES - length;
    const plausible = length <= MIN_BYTES + Math.floor(size / 3); // a page takes 13 bytes, its entry 4
    return length && start >= 0 && plausible && equal(reader.take(4), END_MAGIC) ? start : null;
  }
}
