/** Resampling by the resampler of Speex at its best quality: the same samples in every browser, however cut. */

import { AudioError } from "../errors.ts";
import { concatSamples } from "./sound.ts";

const QUALITY = 10;
const PIECE = 1 << 14; // samples given to the resampler at once

/** Functions of the WASM file of @echogarden/speex-resampler-wasm 0.3.0, by the names that its build gave them. */
interface Exports {
  readonly c: WebAssembly.Memory;
  readonly d: () => void; // constructors
  readonly e: (channels: number, from: number, to: number, quality: number, error: number) => number; // init
  readonly j: (state: number) => void; // destroy
  readonly k: (state: number, channel: number, from: number, count: number, to: number, room: number) => number;
  readonly x: (state: number) => number; // input latency
  readonly z: (state: number) => number; // skip zeros
  readonly C: (bytes: number) => number; // malloc
  readonly h: (address: number) => void; // free
}

/** What resamplers are made with. */
export class SpeexModule {
  private constructor(private readonly wasm: Exports) {}

  static async load(bytes: Uint8Array<ArrayBuffer>): Promise<SpeexModule> {
    let memory: WebAssembly.Memory | undefined;
    const grow = (bytes: number): number => {
      try {
        memory!.grow(Math.ceil((bytes - memory!.buffer.byteLength) / 65_536));
        return 1;
      } catch {
        return 0;
      }
    };
    const copy = (to: number, from: number, count: number) =>
      void new Uint8Array(memory!.buffer).copyWithin(to, from, from + count);
    const { instance } = await WebAssembly.instantiate(bytes, { a: { a: grow, b: copy } });
    const wasm = instance.exports as unknown as Exports;
    memory = wasm.c;
    wasm.d();
    return new SpeexModule(wasm);
  }

  /** A resampler of one channel; `null` where the rates are equal. */
  resampler(from: number, to: number): Resampler | null {
    return from === to ? null : new Resampler(this.wasm, from, to);
  }
}

/** Resamples one channel as it arrives. */
export class Resampler {
  private readonly state: number;
  private readonly numbers: number; // address of two counts and an error
  private readonly input: number;
  private readonly output: number;
  private readonly room: number;
  private taken = 0;
  private given = 0;

  constructor(
    private readonly wasm: Exports,
    private readonly from: number,
    private readonly to: number,
  ) {
    this.room = Math.ceil((PIECE * to) / from) + 16;
    this.numbers = wasm.C(12);
    this.input = wasm.C(4 * PIECE);
    this.output = wasm.C(4 * this.room);
    this.state = this.numbers && this.input && this.output ? wasm.e(1, from, to, QUALITY, this.numbers) : 0;
    if (!this.state) {
      throw new AudioError(`sound of ${from} Hz cannot be resampled to ${to} Hz`);
    }
    wasm.z(this.state);
  }

  /** What is ready by now. */
  push(samples: Float32Array): Float32Array<ArrayBuffer> {
    const parts: Float32Array[] = [];
    for (let at = 0; at < samples.length; ) {
      const piece = samples.subarray(at, at + PIECE);
      const { used, out } = this.process(piece);
      parts.push(out);
      at += used;
      this.taken += used;
    }
    const whole = concatSamples(parts);
    this.given += whole.length;
    return whole;
  }

  /** All the rest: in all as many samples as those pushed last. */
  flush(): Float32Array<ArrayBuffer> {
    const missing = Math.ceil((this.taken * this.to) / this.from) - this.given;
    const silence = new Float32Array(this.wasm.x(this.state) + Math.ceil((4 * this.from) / this.to) + 4);
    const rest = new Float32Array(Math.max(0, missing));
    rest.set(this.push(silence).subarray(0, rest.length));
    for (const address of [this.numbers, this.input, this.output]) {
      this.wasm.h(address);
    }
    this.wasm.j(this.state);
    return rest;
  }

  private process(piece: Float32Array): { used: number; out: Float32Array } {
    const { wasm, numbers, input, output, room } = this;
    new Float32Array(wasm.c.buffer, input, PIECE).set(piece);
    new Uint32Array(wasm.c.buffer, numbers, 2).set([piece.length, room]);
    wasm.k(this.state, 0, input, numbers, output, numbers + 4);
    const [used, made] = new Uint32Array(wasm.c.buffer, numbers, 2);
    return { used, out: new Float32Array(wasm.c.buffer, output, made).slice() };
  }
}
