/** A token file to sound at the source's rate, from any sample on, piece by piece. */

import type { Resampler, SpeexModule } from "../sound/resample.ts";
import { concatSamples } from "../sound/sound.ts";
import type { TokenFile } from "../tokens/file.ts";
import { codebooksOfParts, splitRows, toLeftRight } from "./channels.ts";
import type { Decoder } from "./engine.ts";
import type { ModelFacts } from "./facts.ts";
import { StreamDecoder } from "./streams.ts";

const RESAMPLER_REACH = 1024; // samples, at the lower rate, on either side of one

/** What it takes to decode from a source sample on as if all had been decoded. */
export interface Beginning {
  readonly frame: number;
  /** Model samples, of what is decoded, that come before what is resampled. */
  readonly skipped: number;
  /** Source samples, of what is resampled, that come before the one asked for. */
  readonly dropped: number;
}

/** A resampler may only start where a sample of the model and one of the source fall together. */
export function beginAt(start: number, facts: ModelFacts, sourceRate: number): Beginning {
  const { sampleRate: model, hopLength, delay, past } = facts;
  const reach = sourceRate === model ? 0 : RESAMPLER_REACH * Math.max(1, Math.floor(model / sourceRate));
  const together = model / gcd(sourceRate, model);
  const modelStart = Math.floor((start * model) / sourceRate) - reach;
  const begin = Math.floor(Math.max(0, modelStart) / together) * together;
  const frame = Math.max(0, Math.floor((begin + delay) / hopLength) - past);
  return {
    frame,
    skipped: begin + delay - frame * hopLength,
    dropped: start - Math.floor((begin * sourceRate) / model),
  };
}

function gcd(a: number, b: number): number {
  return b ? gcd(b, a % b) : a;
}

export class SoundDecoder {
  /** Source samples of each channel that are still to come. */
  remaining: number;
  private readonly streams: StreamDecoder[];
  private readonly resamplers: (Resampler | null)[];
  private frame: number;
  private skipped: number;
  private dropped: number;

  /** @param start first source sample wanted; @param codebooks how many to use. */
  constructor(
    network: Decoder,
    facts: ModelFacts,
    speex: SpeexModule,
    private readonly file: TokenFile,
    start = 0,
    private readonly codebooks = file.header.codebooks,
  ) {
    const { sampleRate, channels, samples } = file.header;
    const begin = beginAt(start, facts, sampleRate);
    this.frame = begin.frame;
    this.skipped = begin.skipped;
    this.dropped = begin.dropped;
    this.remaining = Math.max(0, Number(samples) - start);
    this.streams = Array.from({ length: channels }, () => new StreamDecoder(network, facts, begin.frame));
    this.resamplers = this.streams.map(() => speex.resampler(facts.sampleRate, sampleRate));
  }

  /** The next page of sound, or what of it comes out by now; null at the end. */
  async next(): Promise<Float32Array<ArrayBuffer>[] | null> {
    if (!this.remaining) {
      return null;
    }
    const { framesPerPage } = this.file.header;
    const end = Math.min(this.file.frames, (Math.floor(this.frame / framesPerPage) + 1) * framesPerPage);
    if (this.frame >= end) {
      return this.give(this.resamplers.map((resampler) => resampler?.flush() ?? new Float32Array(0)), true);
    }
    const late = await this.decode(this.frame, end);
    this.frame = end;
    const wanted = late.map((channel) => channel.subarray(this.skipped));
    this.skipped = Math.max(0, this.skipped - late[0].length);
    return this.give(wanted.map((channel, i) => this.resamplers[i]?.push(channel) ?? channel.slice()), false);
  }

  private async decode(start: number, end: number): Promise<Float32Array[]> {
    const { header } = this.file;
    const codes = (await this.file.read(start, end)).truncate(this.codebooks);
    const depths = codebooksOfParts(this.codebooks, header.channels, header.joint);
    const parts = splitRows(codes, header.joint);
    const wav: Float32Array[] = [];
    for (let i = 0; i < parts.length; i++) {
      wav.push(await this.streams[i].push(parts[i], depths[i], codes.frames));
    }
    return header.joint ? toLeftRight(wav, header.joint) : wav;
  }

  private give(channels: Float32Array<ArrayBuffer>[], last: boolean): Float32Array<ArrayBuffer>[] {
    const start = Math.min(this.dropped, channels[0].length);
    this.dropped -= start;
    const there = Math.min(channels[0].length - start, this.remaining);
    const missing = last ? this.remaining - there : 0; // a resampler may end a sample early
    this.remaining -= there + missing;
    return channels.map((channel) => {
      const part = channel.subarray(start, start + there);
      return missing ? concatSamples([part, new Float32Array(missing)]) : part;
    });
  }
}
