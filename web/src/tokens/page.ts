/** One page: about a second of codes with a checksum of its own. */

import type { EntropyModel } from "../entropy/model.ts";
import { decodeCodes, encodeCodes } from "../entropy/page.ts";
import { DamagedFileError, TokenFileError } from "../errors.ts";
import { ascii, ByteReader, ByteWriter, concat, equal, hex } from "./bytes.ts";
import { Codes, NO_CODE } from "./codes.ts";
import { crc32 } from "./crc.ts";
import { depthsOf, mostBytes, packDepths, There, thereOf, unpackDepths } from "./depths.ts";
import type { Header } from "./header.ts";
import { BitPacker, BitUnpacker, packedBits } from "./radix.ts";

export const SYNC = ascii("PG");
export const PREFIX_BYTES = 9; // sync, coder, frames, payload bytes
const OVERHEAD = PREFIX_BYTES + 4;
const PACKED = 0;
const CODED = 1;
const MAX_CODED_FRAMES = 2 ** 12; // of a page: bounds the time that a few bytes can ask for
const MAX_CODED_DIGITS = 2 ** 21; // of a page, all codebooks of the entropy model counted: bounds memory

/** Bytes of a page whose frames have every code, packed: no coder makes more. */
export function packedBytes(header: Header, frames: number): number {
  const bits = header.codebooks * packedBits(frames * header.rows, header.codebookSize);
  return Math.ceil(bits / 8) + (header.variable ? mostBytes(header.rows, frames) : 0);
}

/** Bytes of the packed codes that are there. */
function codesBytes(header: Header, there: There): number {
  let bits = 0;
  for (let q = 0; q < header.codebooks; q++) {
    bits += packedBits(there.count(q), header.codebookSize);
  }
  return Math.ceil(bits / 8);
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
    const { header } = this;
    const size = codesBytes(header, thereOf(header, codes));
    const head = header.variable ? packDepths(depthsOf(codes), header.rows, header.codebooks) : new Uint8Array(0);
    if (header.coded && this.codable(codes.frames)) {
      const payload = encodeCodes(this.model(), codes);
      if (payload.length < size) {
        return seal(index, CODED, codes.frames, concat([head, payload]));
      }
    }
    const packer = new BitPacker(size);
    for (let q = 0; q < codes.codebooks; q++) {
      packer.push(codesThere(codes, q), header.codebookSize);
    }
    return seal(index, PACKED, codes.frames, concat([head, packer.done()]));
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
    const there = this.there(reader, frames);
    const payload = reader.take(body.length - reader.at);
    const codes = there && (coder === CODED ? this.decode(payload, there) : this.unpack(payload, there));
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
    const most = packedBytes(this.header, frames);
    if (coder === CODED && this.header.coded) {
      return length < most;
    }
    return coder === PACKED && (length === most || (this.header.leastCode < 0 && length < most));
  }

  /** Which codes a page has, by the start of its payload; null if no writer makes that. */
  private there(reader: ByteReader, frames: number): There | null {
    const { header } = this;
    if (!header.variable) {
      return new There(header, frames, null);
    }
    const depths = unpackDepths(reader, header.rows, frames, header.codebooks);
    return depths && new There(header, frames, depths);
  }

  private decode(payload: Uint8Array, there: There): Codes | null {
    const { rows, codebooks } = this.header;
    return this.codable(there.frames) ? decodeCodes(this.model(), payload, rows, codebooks, there) : null;
  }

  private unpack(payload: Uint8Array, there: There): Codes | null {
    const { rows, codebooks, codebookSize } = this.header;
    if (payload.length !== codesBytes(this.header, there)) {
      return null;
    }
    const codes = new Codes(rows, codebooks, there.frames);
    const unpacker = new BitUnpacker(payload);
    for (let q = 0; q < codebooks; q++) {
      const found = new Float64Array(there.count(q));
      if (!unpacker.take(found, codebookSize)) {
        return null;
      }
      let at = 0;
      for (let row = 0; row < rows; row++) {
        const line = codes.line(row, q);
        line.forEach((_, t) => (line[t] = there.has(row, q, t) ? found[at++] : NO_CODE));
      }
    }
    return unpacker.clean ? codes : null;
  }
}

/** The codes of a codebook that are there, in all rows, one row after the other. */
function codesThere(codes: Codes, q: number): Float64Array {
  const found: number[] = [];
  for (let row = 0; row < codes.rows; row++) {
    codes.line(row, q).forEach((code) => code !== NO_CODE && found.push(code));
  }
  return Float64Array.from(found);
}
