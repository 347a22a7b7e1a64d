/** The header of a token file. */

import { DamagedFileError, TokenFileError, VersionError } from "../errors.ts";
import { ascii, ByteReader, ByteWriter, encodeText, equal, parsing } from "./bytes.ts";
import { NO_CODE } from "./codes.ts";
import { crc32 } from "./crc.ts";
import { checkMetadata, type Metadata, metadataBytes, readMetadata } from "./metadata.ts";

const MAGIC = ascii("\x89FSQ\r\n\x1a\n");
const PREFIX_BYTES = 12;
const UNKNOWN = 2n ** 64n - 1n;
const MAX_PAGE_CODES = 2 ** 20;
export const NEWEST = 4; // of versions that are read and written
export const MAX_HEADER_BYTES = PREFIX_BYTES + 65_535 + 4;
export const NO_ENTROPY = new Uint8Array(16);

/** How channels become rows of codes: one each, or one for two, in which these are first and second. */
export const JOINT = { APART: 0, MID_SIDE: 1, LEFT_RIGHT: 2, RIGHT_LEFT: 3 } as const;
export type Joint = (typeof JOINT)[keyof typeof JOINT];

/** What a token file says about itself. `docs/format.md` has the ranges. */
export interface HeaderFields {
  readonly model: string;
  /** 16 bytes, of the weights that turn codes into latents. */
  readonly modelHash: Uint8Array;
  /** Of the source, Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Of each source channel; null: not known when the header was written. */
  readonly samples: bigint | null;
  readonly modelSampleRate: number;
  readonly hopLength: number;
  readonly delay: number;
  readonly codebooks: number;
  readonly levels: readonly number[];
  readonly framesPerPage: number;
  /** 16 bytes, hash of the entropy model of coded pages; zeros: there is none. */
  readonly entropy: Uint8Array;
  readonly metadata: Metadata;
  readonly joint: Joint;
  /** Frames may have fewer codes than `codebooks`. */
  readonly variable: boolean;
  /** Codebook q has a code in every `strides[q]`-th frame only; empty: in every one. */
  readonly strides: readonly number[];
}

export interface Header extends HeaderFields {}

export class Header {
  constructor(fields: HeaderFields) {
    Object.assign(this, fields);
  }

  with(changes: Partial<HeaderFields>): Header {
    return new Header({ ...this, ...changes });
  }

  /** The same for a file that keeps fewer codebooks. */
  withCodebooks(codebooks: number): Header {
    return this.with({ codebooks, strides: this.strides.slice(0, codebooks) });
  }

  /** The lowest that can say all this: so no older reader refuses what it could read. */
  get version(): number {
    if (this.variable || this.strides.length || this.joint > JOINT.MID_SIDE) {
      return 4;
    }
    return this.joint ? 3 : 2;
  }

  /** The smallest number that may stand for a code. */
  get leastCode(): number {
    return this.variable || this.strides.length ? NO_CODE : 0;
  }

  /** Rows of codes. */
  get rows(): number {
    return this.joint ? 1 : this.channels;
  }

  get codebookSize(): number {
    return this.levels.reduce((product, level) => product * level, 1);
  }

  get frameRate(): number {
    return this.modelSampleRate / this.hopLength;
  }

  /** Bits per second of the codes alone, all rows. */
  get nominalBitrate(): number {
    return this.codebooks * this.frameRate * this.rows * Math.log2(this.codebookSize);
  }

  get coded(): boolean {
    return !equal(this.entropy, NO_ENTROPY);
  }

  /** Frames that so many source samples take. */
  framesFor(samples: bigint): bigint {
    return framesFor(samples, this.sampleRate, this.modelSampleRate, this.hopLength, this.delay);
  }

  /** Refuses values that no writer makes and that would cost memory or time. */
  check(): this {
    const { codebookSize: size } = this;
    const ranges: [string, number | bigint, number | bigint, number | bigint][] = [
      ["source sample rate", this.sampleRate, 1, 10 ** 6],
      ["channels", this.channels, 1, 255],
      ["model sample rate", this.modelSampleRate, 1, 10 ** 6],
      ["hop length", this.hopLength, 1, 2 ** 20],
      ["delay", this.delay, 0, 2 ** 20],
      ["codebooks", this.codebooks, 1, 255],
      ["levels", this.levels.length, 1, 64],
      ["smallest level", this.levels.length ? Math.min(...this.levels) : 0, 2, 2 ** 32 - 1],
      ["codebook size", size > 2 ** 32 ? this.levels.reduce((product, n) => product * BigInt(n), 1n) : size, 2, 2 ** 32],
      ["frames a page", this.framesPerPage, 1, 65_535],
      ["codes a page", this.rows * this.codebooks * this.framesPerPage, 1, MAX_PAGE_CODES],
      ["model name length", encodeText(this.model).length, 1, 64],
      ["model hash length", this.modelHash.length, 16, 16],
      ["entropy model hash length", this.entropy.length, 16, 16],
      ["samples", this.samples ?? 0, 0, 2n ** 62n],
    ];
    if (this.joint) {
      ranges.push(["joint channels", this.channels, 2, 2]);
    }
    if (this.strides.length) {
      ranges.push(["strides", this.strides.length, this.codebooks, this.codebooks]);
      ranges.push(["smallest stride", Math.min(...this.strides), 1, 255]);
      ranges.push(["largest stride", Math.max(...this.strides), 1, 255]);
    }
    for (const [name, value, low, high] of ranges) {
      if (value < low || value > high) {
        throw new TokenFileError(`header: ${name} is ${value}, must be ${low} to ${high}`);
      }
    }
    if (this.strides.some((stride) => this.framesPerPage % stride)) {
      throw new TokenFileError("header: frames a page are not a multiple of every stride");
    }
    checkMetadata(this.metadata);
    return this;
  }

  /** As it stands at the start of a file, its CRC included; version 1 is what old files are of, and never asked for. */
  toBytes(version = this.version): Uint8Array {
    this.check();
    const name = encodeText(this.model);
    const fields = new ByteWriter()
      .u32(this.sampleRate)
      .u8(this.channels)
      .u64(this.samples ?? UNKNOWN)
      .u32(this.modelSampleRate)
      .u32(this.hopLength)
      .u32(this.delay)
      .put(this.modelHash)
      .u8(this.codebooks)
      .u8(this.coded ? 1 : 0)
      .u16(this.framesPerPage)
      .u8(this.levels.length);
    this.levels.forEach((level) => fields.u32(level));
    fields.u8(name.length).put(name);
    if (version > 1) {
      fields.put(this.entropy);
      if (version > 2) {
        fields.u8(this.joint);
      }
      if (version > 3) {
        fields.u8(Number(this.variable)).u8(this.strides.length).put(Uint8Array.from(this.strides));
      }
      fields.put(metadataBytes(this.metadata));
    }
    const body = fields.done();
    const head = new ByteWriter().put(MAGIC).u8(version).u8(0).u16(body.length).put(body).done();
    return new ByteWriter().put(head).u32(crc32(head)).done();
  }

  /** Reads it from the start of a file; returns how many bytes it takes, too. */
  static read(bytes: Uint8Array, name: string): { header: Header; size: number; version: number } {
    const start = bytes.subarray(0, MAGIC.length);
    if (!start.length || !equal(start, MAGIC.subarray(0, start.length))) {
      throw new TokenFileError(`${name}: is not a token file (.fsq)`);
    }
    if (bytes.length < PREFIX_BYTES) {
      throw new DamagedFileError(`${name}: is cut short inside the header`);
    }
    const version = bytes[8];
    const end = PREFIX_BYTES + bytes[10] + 256 * bytes[11];
    const size = end + 4;
    if (bytes.length < size) {
      throw new DamagedFileError(`${name}: is cut short inside the header`);
    }
    const reader = new ByteReader(bytes.subarray(0, size));
    reader.at = end;
    if (crc32(bytes.subarray(0, end)) !== reader.u32()) {
      throw new DamagedFileError(`${name}: header is damaged (checksum does not match)`);
    }
    if (version > NEWEST) {
      throw new VersionError(`${name}: is of format version ${version}, this program reads up to ${NEWEST}; upgrade it`);
    }
    try {
      const fields = new ByteReader(bytes.subarray(PREFIX_BYTES, end));
      const header = parsing(`${name}: header is damaged`, () => readFields(fields, version)).check();
      return { header, size, version };
    } catch (error) {
      if (error instanceof TokenFileError && !(error instanceof DamagedFileError)) {
        throw new TokenFileError(`${name}: ${error.message}`);
      }
      throw error;
    }
  }
}

function readFields(reader: ByteReader, version: number): Header {
  const sampleRate = reader.u32();
  const channels = reader.u8();
  const samples = reader.u64();
  const [modelSampleRate, hopLength, delay] = [reader.u32(), reader.u32(), reader.u32()];
  const modelHash = Uint8Array.from(reader.take(16));
  const codebooks = reader.u8();
  reader.u8(); // whether an entropy model is named: it is, or its hash is zeros
  const framesPerPage = reader.u16();
  const levels = Array.from({ length: reader.u8() }, () => reader.u32());
  const model = reader.text(reader.u8());
  const entropy = version > 1 ? Uint8Array.from(reader.take(16)) : NO_ENTROPY;
  const joint = version > 2 ? readJoint(reader, version) : JOINT.APART;
  const { variable, strides } = version > 3 ? readDepths(reader) : { variable: false, strides: [] };
  const metadata = version > 1 ? readMetadata(reader) : {};
  return new Header({
    model,
    modelHash,
    sampleRate,
    channels,
    samples: samples === UNKNOWN ? null : samples,
    modelSampleRate,
    hopLength,
    delay,
    codebooks,
    levels,
    framesPerPage,
    entropy,
    metadata,
    joint,
    variable,
    strides,
  });
}

function readJoint(reader: ByteReader, version: number): Joint {
  const way = reader.u8();
  if (way > JOINT.RIGHT_LEFT || (version === 3 && way !== JOINT.MID_SIDE)) {
    throw new TokenFileError(`channels are joined in way ${way}, which this version does not know`);
  }
  return way as Joint;
}

function readDepths(reader: ByteReader): { variable: boolean; strides: number[] } {
  const variable = reader.u8();
  const strides = Array.from(reader.take(reader.u8()));
  if (variable > 1) {
    throw new RangeError("depths of an unknown kind");
  }
  return { variable: variable === 1, strides };
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** Frames that code `samples` at `sampleRate`: they cover the model's delay, too. */
export function framesFor(
  samples: bigint,
  sampleRate: number,
  modelRate: number,
  hopLength: number,
  delay: number,
): bigint {
  if (samples === 0n) {
    return 0n;
  }
  return ceilDivide(ceilDivide(samples * BigInt(modelRate), BigInt(sampleRate)) + BigInt(delay), BigInt(hopLength));
}
