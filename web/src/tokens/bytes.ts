/** Little-endian numbers out of bytes and into them. */

import { DamagedFileError } from "../errors.ts";

/** Takes numbers and pieces one after the other; what is not there throws a `RangeError`. */
export class ByteReader {
  at = 0;
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private advance(count: number): number {
    if (this.at + count > this.bytes.length) {
      throw new RangeError(`${count} bytes are missing`);
    }
    this.at += count;
    return this.at - count;
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.advance(8), true);
  }

  take(count: number): Uint8Array {
    const start = this.advance(count);
    return this.bytes.subarray(start, start + count);
  }

  text(count: number): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(count));
  }
}

/** Collects numbers and pieces. */
export class ByteWriter {
  private readonly parts: Uint8Array[] = [];

  private number(size: number, set: (view: DataView) => void): this {
    const bytes = new Uint8Array(size);
    set(new DataView(bytes.buffer));
    return this.put(bytes);
  }

  u8(value: number): this {
    return this.number(1, (view) => view.setUint8(0, value));
  }

  u16(value: number): this {
    return this.number(2, (view) => view.setUint16(0, value, true));
  }

  u32(value: number): this {
    return this.number(4, (view) => view.setUint32(0, value, true));
  }

  u64(value: bigint): this {
    return this.number(8, (view) => view.setBigUint64(0, value, true));
  }

  put(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }

  done(): Uint8Array<ArrayBuffer> {
    return concat(this.parts);
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const utf8 = new TextEncoder();

export function encodeText(text: string): Uint8Array {
  return utf8.encode(text);
}

/** Runs a parser; what it finds missing or no text becomes one sentence. */
export function parsing<T>(sentence: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new DamagedFileError(`${sentence} (${error.message})`);
    }
    throw error;
  }
}
