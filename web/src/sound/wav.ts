/** WAV files read and written, with the samples that libsndfile gives: integers divided by a power of two. */

import { AudioError } from "../errors.ts";
import { ascii, ByteReader, ByteWriter } from "../tokens/bytes.ts";
import { checkFormat, lengthOf, type Sound } from "./sound.ts";

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** Where the samples of a WAV lie, and how. */
export interface WavLayout {
  readonly sampleRate: number;
  readonly channels: number;
  readonly format: number;
  readonly bits: number;
  /** Bytes of one sample of all channels. */
  readonly block: number;
  readonly start: number;
  readonly samples: number;
}

export function isWav(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  return /^(RIFF|RF64)....WAVE$/s.test(text);
}

/** Looks at the chunks up to the samples. @param size of the whole file; the bytes are its beginning. */
export function wavLayout(bytes: Uint8Array, size: number, name: string): WavLayout {
  const reader = new ByteReader(bytes); // twelve bytes of it were looked at
  const long = String.fromCharCode(...reader.take(4)) === "RF64";
  reader.at = 12;
  let [format, channels, sampleRate, block, bits, dataBytes] = [0, 0, 0, 0, 0, 0];
  while (reader.at + 8 <= bytes.length) {
    const [id, length] = [String.fromCharCode(...reader.take(4)), reader.u32()];
    const start = reader.at;
    const there = Math.min(length, bytes.length - start);
    if (id === "ds64" && long && there >= 16) {
      reader.u64();
      dataBytes = Number(reader.u64());
    } else if (id === "fmt " && there >= 16) {
      [format, channels, sampleRate] = [reader.u16(), reader.u16(), reader.u32()];
      reader.u32();
      [block, bits] = [reader.u16(), reader.u16()];
      if (format === EXTENSIBLE && there >= 26) {
        reader.take(8);
        format = reader.u16();
      }
    } else if (id === "data") {
      checkFormat(sampleRate, channels, name);
      const streamed = length === 0xffffffff || length === 0; // by a program that could not go back to say so
      const promised = long ? dataBytes : streamed ? size - start : length;
      if (promised > size - start) {
        const missing = promised - (size - start);
        throw new AudioError(`${name}: is cut short, ${missing} bytes that its header promises are missing`);
      }
      const samples = Math.floor(promised / Math.max(1, block));
      return { sampleRate, channels, format, bits: 8 * (block / channels) || bits, block, start, samples };
    }
    reader.at = start + length + (length % 2);
  }
  throw new AudioError(`${name}: is a WAV without samples`);
}

/** How one sample is read. */
function sampleReader({ format, bits }: WavLayout, name: string): (view: DataView, at: number) => number {
  if (format === PCM && bits === 8) {
    return (view, at) => (view.getUint8(at) - 128) / 2 ** 7;
  }
  if (format === PCM && bits === 16) {
    return (view, at) => view.getInt16(at, true) / 2 ** 15;
  }
  if (format === PCM && bits === 24) {
    return (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
  }
  if (format === PCM && bits === 32) {
    return (view, at) => view.getInt32(at, true) / 2 ** 31;
  }
  if (format === FLOAT && bits === 32) {
    return (view, at) => view.getFloat32(at, true);
  }
  if (format === FLOAT && bits === 64) {
    return (view, at) => view.getFloat64(at, true);
  }
  throw new AudioError(`${name}: is a WAV of format ${format} with ${bits} bits, which is not read here`);
}

/** Samples of bytes that begin with a whole one. */
export function wavSamples(bytes: Uint8Array, layout: WavLayout, name: string): Float32Array<ArrayBuffer>[] {
  const read = sampleReader(layout, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor(bytes.length / layout.block);
  return Array.from({ length: layout.channels }, (_, channel) => {
    const offset = (channel * layout.bits) / 8;
    return Float32Array.from({ length: count }, (_, i) => read(view, i * layout.block + offset));
  });
}

/** A whole WAV. @param name for messages. */
export function readWav(bytes: Uint8Array, name: string): Sound {
  if (!isWav(bytes)) {
    throw new AudioError(`${name}: is not a WAV file`);
  }
  const layout = wavLayout(bytes, bytes.length, name);
  const data = bytes.subarray(layout.start, layout.start + layout.samples * layout.block);
  return { sampleRate: layout.sampleRate, channels: wavSamples(data, layout, name) };
}

/** A WAV of 16 bits, rounded to the nearest and clipped. */
export function writeWav(sound: Sound): Uint8Array<ArrayBuffer> {
  const [channels, samples] = [sound.channels.length, lengthOf(sound)];
  const size = 2 * channels * samples;
  const head = new ByteWriter().put(ascii("RIFF")).u32(36 + size).put(ascii("WAVEfmt ")).u32(16);
  head.u16(PCM).u16(channels).u32(sound.sampleRate).u32(2 * channels * sound.sampleRate).u16(2 * channels).u16(16);
  const data = new Int16Array(channels * samples); // browsers run on little-endian machines alone
  sound.channels.forEach((channel, c) => {
    for (let i = 0; i < samples; i++) {
      data[i * channels + c] = Math.min(32767, Math.max(-32768, Math.round(channel[i] * 32768)));
    }
  });
  return head.put(ascii("data")).u32(size).put(new Uint8Array(data.buffer)).done();
}
