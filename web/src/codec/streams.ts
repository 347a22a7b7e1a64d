/** One channel to codes and back, as it arrives: the same codes and samples however it is cut. */

import { ConfigError } from "../errors.ts";
import { concatSamples } from "../sound/sound.ts";
import { type CodeArray, NO_CODE } from "../tokens/codes.ts";
import type { Decoder, Encoder } from "./engine.ts";
import type { ModelFacts } from "./facts.ts";

/** Samples at the model's rate to codes "q t". */
export class StreamEncoder {
  private remainder = new Float32Array(0); // of a frame that is not complete
  private state: Float32Array;
  private samples = 0;
  private frames = 0;

  constructor(
    private readonly network: Encoder,
    private readonly facts: ModelFacts,
    private readonly codebooks: number,
  ) {
    this.state = new Float32Array(facts.encoderState);
  }

  /** Any number of samples; returns the codes that are ready. */
  async push(samples: Float32Array): Promise<CodeArray> {
    const { hopLength, codebooks } = this.facts;
    const pending = concatSamples([this.remainder, samples]);
    const frames = Math.floor(pending.length / hopLength);
    this.remainder = pending.slice(frames * hopLength);
    this.samples += samples.length;
    if (!frames) {
      return new Float64Array(0);
    }
    this.frames += frames;
    const { codes, state } = await this.network.encode(pending.subarray(0, frames * hopLength), this.state);
    this.state = state;
    return codes.subarray(0, (codes.length / codebooks) * this.codebooks);
  }

  /** The codes still missing at the end. @param frames in all; by default those that cover the sound and the delay. */
  async flush(frames?: number): Promise<CodeArray> {
    const { hopLength, delay } = this.facts;
    const all = frames ?? (this.samples ? Math.ceil((this.samples + delay) / hopLength) : 0);
    const missing = Math.max(0, all - this.frames);
    const silence = Math.max(0, all * hopLength - this.samples);
    const codes = missing ? await this.push(new Float32Array(silence)) : new Float64Array(0);
    return firstFrames(codes, this.codebooks, missing);
  }
}

function firstFrames(codes: CodeArray, codebooks: number, frames: number): CodeArray {
  const there = codes.length / codebooks;
  if (there <= frames) {
    return codes;
  }
  const kept = new Float64Array(codebooks * frames);
  for (let q = 0; q < codebooks; q++) {
    kept.set(codes.subarray(q * there, q * there + frames), q * frames);
  }
  return kept;
}

/** Codes "q t" to samples at the model's rate, late by its delay. */
export class StreamDecoder {
  private state: Float32Array;

  /** @param start frames that would have come before. */
  constructor(
    private readonly network: Decoder,
    private readonly facts: ModelFacts,
    start = 0,
  ) {
    this.state = new Float32Array(facts.decoderState);
    if (facts.counter !== null) {
      this.state[facts.counter] = start * facts.stepsPerFrame;
    }
  }

  /** Any number of frames, of the first codebooks; silence where there is none. Codes may be missing (`NO_CODE`). */
  async push(codes: Float64Array, codebooks: number, frames: number): Promise<Float32Array> {
    const { hopLength, levels, codebooks: most } = this.facts;
    const size = levels.reduce((product, level) => product * level, 1);
    if (codebooks > most) {
      throw new ConfigError(`got ${codebooks} codebooks, this quantizer has ${most}`);
    }
    if (codes.some((code) => code < NO_CODE || code >= size)) {
      throw new ConfigError(`a code is outside [0, ${size})`);
    }
    if (!codebooks || !frames) {
      return new Float32Array(frames * hopLength);
    }
    const { samples, state } = await this.network.decode(codes, codebooks, this.state);
    this.state = state;
    return samples;
  }
}
