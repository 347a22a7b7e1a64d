/** Reads a whole token file, checking everything. */

import type { EntropyModel } from "../entropy/model.ts";
import { DamagedFileError } from "../errors.ts";
import { ByteReader, equal } from "./bytes.ts";
import { Codes } from "./codes.ts";
import { Header } from "./header.ts";
import { PageCodec, packedBytes, PREFIX_BYTES, SYNC } from "./page.ts";
import * as trailer from "./trailer.ts";
import { Trailer } from "./trailer.ts";

/** Codes of one sound, with what is needed to turn them back into it. */
export interface Tokens {
  readonly header: Header;
  readonly codes: Codes;
}

/** @param name of the file, for messages. */
export function readTokens(bytes: Uint8Array, name: string, entropy?: EntropyModel): Tokens {
  const { header, size } = Header.read(bytes, name);
  const pages = [...readPages(bytes, size, new PageCodec(header, entropy, name))];
  const codes = Codes.join(header.rows, header.codebooks, pages);
  return { header: header.with({ samples: endOf(bytes, name).samples }), codes };
}

/** Codes of each page; the whole file is checked on the way. @param start where the first page begins. */
export function* readPages(bytes: Uint8Array, start: number, codec: PageCodec): Generator<Codes> {
  const { header, name } = codec;
  const sizes: number[] = [];
  let [at, frames] = [start, 0];
  for (;;) {
    const prefix = bytes.subarray(at, at + PREFIX_BYTES);
    if (equal(prefix.subarray(0, 2), trailer.SYNC)) {
      break;
    }
    const size = pageSize(prefix, sizes.length, codec);
    const data = bytes.subarray(at, at + size);
    if (data.length < size) {
      throw new DamagedFileError(`${name}: is cut short inside page ${sizes.length}`);
    }
    const codes = codec.parse(sizes.length, data);
    if (frames % header.framesPerPage) {
      throw new DamagedFileError(`${name}: page ${sizes.length - 1} is short but not the last`);
    }
    yield codes;
    sizes.push(size);
    frames += codes.frames;
    at += size;
  }
  const found = Trailer.parse(bytes.subarray(at), name);
  if (String(found.pageSizes) !== String(sizes)) {
    throw new DamagedFileError(`${name}: the seek table does not fit the pages before it`);
  }
  if (header.samples !== null && found.samples !== header.samples) {
    throw new DamagedFileError(`${name}: header and trailer disagree about the number of samples`);
  }
  checkFrames(header, found, BigInt(frames), name);
}

function pageSize(prefix: Uint8Array, index: number, { header, name }: PageCodec): number {
  if (prefix.length < PREFIX_BYTES) {
    throw new DamagedFileError(`${name}: is cut short after ${index} pages`);
  }
  const length = new ByteReader(prefix.subarray(5)).u32();
  if (!equal(prefix.subarray(0, 2), SYNC) || length > packedBytes(header, header.framesPerPage)) {
    throw new DamagedFileError(`${name}: page ${index} is damaged (no page starts there)`);
  }
  return PREFIX_BYTES + length + 4;
}

/** The trailer of a file that was found to be whole. */
function endOf(bytes: Uint8Array, name: string): Trailer {
  const start = Trailer.start(bytes.subarray(-trailer.FOOTER_BYTES), bytes.length) ?? bytes.length;
  return Trailer.parse(bytes.subarray(start), name);
}

/** Refuses a file that holds another number of frames than its samples take. */
export function checkFrames(header: Header, found: Trailer, frames: bigint, name: string): void {
  const pages = found.pageSizes.length;
  const each = BigInt(header.framesPerPage);
  if (BigInt(pages) !== (frames + each - 1n) / each) {
    throw new DamagedFileError(`${name}: ${pages} pages cannot hold ${frames} frames`);
  }
  const needed = header.framesFor(found.samples);
  if (found.frames !== frames || frames !== needed) {
    throw new DamagedFileError(
      `${name}: promises ${found.samples} samples, which take ${needed} frames, but holds ${frames}`,
    );
  }
}
