/** One page: about a second of codes with a checksum of its own. */

import type { EntropyModel } from "../entropy/model.ts";
import { decodeCodes, encodeCodes } from "../entropy/page.ts";
import { DamagedFileError, TokenFileError } from "../errors.ts";
import { ascii, ByteReader, ByteWriter, concat, equal, hex } from "./bytes.ts";
import { Codes } from "./codes.ts";
import { crc32 } from "./crc.ts";
import type { Header } from "./header.ts";
import { BitPacker, BitUnpacker, packedBits } from "./radix.ts";

export const SYNC = ascii("PG");
export const PREFIX_BYTES = 9; // sync, coder, frames, payload bytes
const OVERHEAD = PREFIX_BYTES + 4;
const PACKED = 0;
const CODED = 1;
const MAX_CODED_FRAMES = 2 ** 12; // of a page: bounds the time that a few bytes can ask for
const MAX_CODED_DIGITS = 2 ** 21; // of a page, all codebooks of the entropy model counted: bounds memory

/** Bytes of the packed codes of a page: no coder makes more. */
export function packedBytes(header: Header, frames: number): number {
  return Math.ceil((header.codebooks * packedBits(frames * header.rows, header.codebookSize)) / 8);
}

function checksum(index: number, body: Uint8Array): number {
  return crc32(body, crc32(new ByteWriter().u32(index).done()));
}

function seal(index: number, coder: number, frames: number, payload: Uint8Array): Uint8Array {
  const body = new ByteWriter().put(SYNC).u8(coder).u16(frames).u32(payload.length).put(payload).done();
  return new ByteWriter().put(body).u32(checksum(index, body)).done();
}

/** Turns codes into the bytes of pages and back. */
export class PageCodec {
  /**
   * @param entropy the model that the header names, if it is here.
   * @param name of the file, for messages.
   */
  constructor(
    readonly header: Header,
    private readonly entropy: EntropyModel | undefined,
    readonly name: string,
  ) {}

  private model(): EntropyModel {
    const { header, entropy, name } = this;
    if (!entropy || !equal(entropy.hash, header.entropy)) {
      const hash = hex(header.entropy);
      throw new TokenFileError(
        `${name}: is coded with an entropy model that is not here (hash ${hash.slice(0, 8)}); ` +
          `add entropy/${hash} to the folder of the models`,
      );
    }
    if (!entropy.fits(header.levels, header.codebooks)) {
      throw new TokenFileError(`${name}: its entropy model is for codes of other levels`);
    }
    return entropy;
  }

  private codable(frames: number): boolean {
    const { codebooks, levels } = this.model();
    const digits = this.header.rows * frames * codebooks * levels.length;
    return frames <= MAX_CODED_FRAMES && digits <= MAX_CODED_DIGITS;
  }

  /** The bytes of a page, in the coder that makes fewer. */
  build(index: number, codes: Codes): Uint8Array {
    const size = packedBytes(this.header, codes.frames);
    if (this.header.coded && this.codable(codes.frames)) {
      const payload = encodeCodes(this.model(), codes);
      if (payload.length < size) {
        return seal(index, CODED, codes.frames, payload);
      }
    }
    const packer = new BitPacker(size);
    for (let q = 0; q < codes.codebooks; q++) {
      packer.push(rowsOf(codes, q), this.header.codebookSize);
    }
    return seal(index, PACKED, codes.frames, packer.done());
  }

  /** Checks a whole page and returns its codes. */
  parse(index: number, data: Uint8Array): Codes {
    const body = data.subarray(0, Math.max(0, data.length - 4));
    const stored = data.length >= OVERHEAD ? new ByteReader(data.subarray(body.length)).u32() : -1;
    if (stored !== checksum(index, body)) {
      throw this.damage(index, "is damaged (checksum does not match)");
    }
    const reader = new ByteReader(body);
    const sync = reader.take(2);
    const [coder, frames, length] = [reader.u8(), reader.u16(), reader.u32()];
    if (!equal(sync, SYNC) || length !== data.length - OVERHEAD) {
      throw this.damage(index, "is damaged");
    }
    if (coder !== PACKED && coder !== CODED) {
      throw this.damage(index, `uses coder ${coder}, which this version does not know`);
    }
    if (!this.plausible(coder, frames, length)) {
      throw this.damage(index, `holds ${frames} frames in ${length} bytes, which cannot be`);
    }
    const codes = coder === CODED ? this.decode(reader.take(length), frames) : this.unpack(reader.take(length), frames);
    if (!codes) {
      throw this.damage(index, "is damaged (payload does not decode)");
    }
    return codes;
  }

  private damage(index: number, what: string): DamagedFileError {
    return new DamagedFileError(`${this.name}: page ${index} ${what}`);
  }

  private plausible(coder: number, frames: number, length: number): boolean {
    if (frames < 1 || frames > this.header.framesPerPage) {
      return false;
    }
    const size = packedBytes(this.header, frames);
    return coder === CODED && this.header.coded ? length < size : coder === PACKED && length === size;
  }

  private decode(payload: Uint8Array, frames: number): Codes | null {
    const { rows, codebooks } = this.header;
    return this.codable(frames) ? decodeCodes(this.model(), payload, rows, codebooks, frames) : null;
  }

  private unpack(payload: Uint8Array, frames: number): Codes | null {
    const { rows, codebooks, codebookSize } = this.header;
    const codes = new Codes(rows, codebooks, frames);
    const unpacker = new BitUnpacker(payload);
    const line = new Uint32Array(rows * frames);
    for (let q = 0; q < codebooks; q++) {
      if (!unpacker.take(line, codebookSize)) {
        return null;
      }
      for (let row = 0; row < rows; row++) {
        codes.line(row, q).set(line.subarray(row * frames, (row + 1) * frames));
      }
    }
    return unpacker.clean ? codes : null;
  }
}

/** The codes of a codebook in all rows, one row after the other. */
function rowsOf(codes: Codes, q: number): Uint32Array {
  const lines = Array.from({ length: codes.rows }, (_, row) => codes.line(row, q));
  const bytes = concat(lines.map((line) => new Uint8Array(line.buffer, line.byteOffset, line.byteLength)));
  return new Uint32Array(bytes.buffer);
}
