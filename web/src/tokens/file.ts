/** Any frames of a token file, without reading the others. */

import type { EntropyModel } from "../entropy/model.ts";
import { DamagedFileError } from "../errors.ts";
import { Codes } from "./codes.ts";
import { Header, MAX_HEADER_BYTES } from "./header.ts";
import { PageCodec } from "./page.ts";
import { checkFrames } from "./reader.ts";
import { bytesSource, type ByteSource } from "./source.ts";
import { FOOTER_BYTES, Trailer } from "./trailer.ts";

const FIRST_BYTES = 1024; // most headers fit in them

/** Finds the entropy model that a header names. */
export type FindEntropy = (hash: Uint8Array) => Promise<EntropyModel | undefined>;

export class TokenFile {
  private codec: PageCodec;

  private constructor(
    private readonly source: ByteSource,
    /** With the number of samples, whoever wrote the file. */
    readonly header: Header & { readonly samples: bigint },
    readonly frames: number,
    private readonly bounds: readonly number[],
    private entropy: EntropyModel | undefined,
    private readonly find: FindEntropy | undefined,
  ) {
    this.codec = new PageCodec(header, entropy, source.name);
  }

  get name(): string {
    return this.source.name;
  }

  get size(): number {
    return this.source.size;
  }

  get durationSeconds(): number {
    return Number(this.header.samples) / this.header.sampleRate;
  }

  /** @param find is asked for the entropy model when the first page is read. */
  static async open(from: ByteSource | Uint8Array, find?: FindEntropy): Promise<TokenFile> {
    const source = from instanceof Uint8Array ? bytesSource(from, "the file") : from;
    const { name, size } = source;
    let start = await source.read(0, Math.min(size, FIRST_BYTES));
    if (start.length >= 12 && 16 + start[10] + 256 * start[11] > start.length) {
      start = await source.read(0, Math.min(size, MAX_HEADER_BYTES));
    }
    const read = Header.read(start, name);
    const end = Trailer.start(await source.read(Math.max(0, size - FOOTER_BYTES), size), size);
    if (end === null) {
      throw noTable(name);
    }
    const found = await source.read(end, size).then((bytes) => {
      try {
        return Trailer.parse(bytes, name);
      } catch {
        throw noTable(name);
      }
    });
    const bounds = [read.size];
    found.pageSizes.forEach((bytes) => bounds.push(bounds[bounds.length - 1] + bytes));
    if (bounds[bounds.length - 1] !== end) {
      throw new DamagedFileError(`${name}: the seek table does not fit the pages; audiocodec repair mends it`);
    }
    checkFrames(read.header, found, found.frames, name);
    const header = read.header.with({ samples: found.samples }) as TokenFile["header"];
    return new TokenFile(source, header, Number(found.frames), bounds, undefined, find);
  }

  /** Codes of frames `start` to `end`, of whole pages read at once. */
  async read(start: number, end: number): Promise<Codes> {
    const { framesPerPage: each, rows, codebooks } = this.header;
    if (this.header.coded && !this.entropy && this.find) {
      this.entropy = await this.find(this.header.entropy);
      this.codec = new PageCodec(this.header, this.entropy, this.name);
    }
    const [first, last] = [Math.floor(start / each), Math.ceil(Math.min(end, this.frames) / each)];
    if (first >= last) {
      return new Codes(rows, codebooks, 0);
    }
    const base = this.bounds[first];
    const bytes = await this.source.read(base, this.bounds[last]);
    const pages: Codes[] = [];
    for (let i = first; i < last; i++) {
      const codes = this.codec.parse(i, bytes.subarray(this.bounds[i] - base, this.bounds[i + 1] - base));
      if (codes.frames !== Math.min(each, this.frames - i * each)) {
        throw new DamagedFileError(`${this.name}: page ${i} has ${codes.frames} frames, which cannot be`);
      }
      pages.push(codes);
    }
    return Codes.join(rows, codebooks, pages).slice(start - first * each, end - first * each);
  }
}

function noTable(name: string): DamagedFileError {
  const what = "the seek table at the end is missing or damaged; audiocodec repair makes a new one";
  return new DamagedFileError(`${name}: ${what}`);
}
