/** A sound of any rate and any number of channels to a token file, piece by piece. */

import type { EntropyModel } from "../entropy/model.ts";
import type { Resampler, SpeexModule } from "../sound/resample.ts";
import type { CodeArray } from "../tokens/codes.ts";
import type { Joint } from "../tokens/header.ts";
import type { Metadata } from "../tokens/metadata.ts";
import { TokenWriter } from "../tokens/writer.ts";
import { codebooksOfParts, joinRows, toSignals } from "./channels.ts";
import type { Encoder } from "./engine.ts";
import { headerOf, type ModelFacts } from "./facts.ts";
import { StreamEncoder } from "./streams.ts";

export class SoundEncoder {
  private readonly streams: StreamEncoder[];
  private readonly resamplers: (Resampler | null)[];
  private readonly writer: TokenWriter;
  private samples = 0;

  constructor(
    network: Encoder,
    private readonly facts: ModelFacts,
    speex: SpeexModule,
    private readonly format: { sampleRate: number; channels: number },
    private readonly codebooks: number,
    private readonly joint: Joint,
    entropy: EntropyModel | undefined,
    metadata: Metadata,
  ) {
    const { sampleRate, channels } = format;
    const depths = codebooksOfParts(codebooks, channels, joint);
    this.streams = depths.map((depth) => new StreamEncoder(network, facts, depth));
    this.resamplers = depths.map(() => speex.resampler(sampleRate, facts.sampleRate));
    this.writer = new TokenWriter(headerOf(facts, { ...format, samples: null }, codebooks, joint, metadata), entropy);
  }

  /** Any number of samples of each channel. */
  async push(channels: readonly Float32Array[]): Promise<void> {
    this.samples += channels[0].length;
    await this.encode(channels.map((channel, i) => this.resamplers[i]?.push(channel) ?? channel));
  }

  private async encode(channels: readonly Float32Array[]): Promise<void> {
    const inputs = this.joint ? toSignals(channels, this.joint) : channels;
    await this.write(inputs, (stream, i) => stream.push(inputs[i]));
  }

  private async write(
    inputs: readonly Float32Array[],
    code: (stream: StreamEncoder, i: number) => Promise<CodeArray>,
  ): Promise<void> {
    const parts: CodeArray[] = [];
    for (let i = 0; i < inputs.length; i++) {
      parts.push(await code(this.streams[i], i));
    }
    const depths = codebooksOfParts(this.codebooks, inputs.length, this.joint);
    this.writer.push(joinRows(parts, this.codebooks, parts[0].length / depths[0], this.joint));
  }

  /** The token file. */
  async close(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.resamplers[0]) {
      await this.encode(this.resamplers.map((resampler) => resampler!.flush()));
    }
    const header = headerOf(this.facts, { ...this.format, samples: null }, this.codebooks, this.joint);
    const frames = Number(header.framesFor(BigInt(this.samples)));
    await this.write(this.streams.map(() => new Float32Array(0)), (stream) => stream.flush(frames));
    return this.writer.close(BigInt(this.samples));
  }
}
