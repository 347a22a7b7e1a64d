/** Microphone to codes to sound, frame by frame. */

import type { Resampler, SpeexModule } from "../sound/resample.ts";
import type { StreamDecoder, StreamEncoder } from "../codec/streams.ts";

export class LiveLoop {
  private readonly down: Resampler | null;
  private readonly up: Resampler | null;

  constructor(
    private readonly encoder: StreamEncoder,
    private readonly decoder: StreamDecoder,
    private readonly codebooks: number,
    speex: SpeexModule,
    sampleRate: number,
    modelRate: number,
  ) {
    this.down = speex.resampler(sampleRate, modelRate);
    this.up = speex.resampler(modelRate, sampleRate);
  }

  async push(samples: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    const codes = await this.encoder.push(this.down?.push(samples) ?? samples);
    const heard = await this.decoder.push(codes, this.codebooks, codes.length / this.codebooks);
    return this.up?.push(heard) ?? heard.slice();
  }
}
