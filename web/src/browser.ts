/** The codec for pages: it runs in a worker, so that the page stays smooth. */

import type { EncodeOptions } from "./codec/codec.ts";
import type { Depth, ModelFacts } from "./codec/facts.ts";
import { AudioError } from "./errors.ts";
import type { Sound } from "./sound/sound.ts";
import { type CallOptions, WorkerClient } from "./worker/client.ts";
import type { FileInfo, FileSource, Home } from "./worker/messages.ts";

export type { ModelFacts } from "./codec/facts.ts";
export { codebookBitrate } from "./codec/facts.ts";
export * from "./errors.ts";
export { isWav, readWav, wavLayout, writeWav } from "./sound/wav.ts";
export type { Sound } from "./sound/sound.ts";
export type { FileInfo, FileSource, Home } from "./worker/messages.ts";

export function soundOf(audio: AudioBuffer): Sound {
  const channels = Array.from({ length: audio.numberOfChannels }, (_, c) => audio.getChannelData(c).slice());
  return { sampleRate: audio.sampleRate, channels };
}

export function audioBufferOf({ sampleRate, channels }: Sound): AudioBuffer {
  const length = Math.max(1, channels[0].length); // it holds no sound of no length
  try {
    const audio = new AudioBuffer({ sampleRate, numberOfChannels: channels.length, length });
    channels.forEach((channel, c) => audio.copyToChannel(channel, c));
    return audio;
  } catch {
    throw new AudioError(`this browser plays no sound of ${channels.length} channels at ${sampleRate} Hz`);
  }
}

/** A live loop: microphone to codes to sound. */
export interface Live {
  push(samples: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;
  close(): void;
}

/** An open token file. Pages of it are read when their sound is asked for. */
export class OpenFile {
  constructor(
    private readonly client: WorkerClient,
    private readonly file: number,
    readonly info: FileInfo,
  ) {}

  /** Sound from a sample on, piece by piece. */
  async *from(sample: number, options?: CallOptions): AsyncGenerator<Float32Array<ArrayBuffer>[], void> {
    const session = await this.client.call("startAt", [this.file, sample], options);
    try {
      for (;;) {
        const piece = await this.client.call("next", [session]);
        if (!piece) {
          return;
        }
        yield piece;
      }
    } finally {
      void this.client.call("close", [session]);
    }
  }

  close(): void {
    void this.client.call("close", [this.file]);
  }
}

export class WebCodec {
  private constructor(
    private readonly client: WorkerClient,
    readonly models: readonly ModelFacts[],
  ) {}

  /** @param worker runs `worker.js`; @param home where models and runtime are. */
  static async open(worker: Worker, home: Home): Promise<WebCodec> {
    const client = new WorkerClient(worker);
    return new WebCodec(client, await client.call("open", [home]));
  }

  /** A token file of a sound; `{ bitrate: 3000 }` or `{ codebooks: 6 }` in the options. */
  encode(audio: AudioBuffer | Sound, options: EncodeOptions = {}, how?: CallOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.client.call("encode", [audio instanceof AudioBuffer ? soundOf(audio) : audio, options], how);
  }

  async decode(source: FileSource, codebooks?: number, how?: CallOptions): Promise<AudioBuffer> {
    return audioBufferOf(await this.decodeSound(source, codebooks, how));
  }

  /** As `decode`, for rates that the browser cannot play, too. */
  decodeSound(source: FileSource, codebooks?: number, how?: CallOptions): Promise<Sound> {
    return this.client.call("decode", [source, codebooks], how);
  }

  /** The same tokens with fewer codebooks: no network runs. */
  truncate(source: FileSource, codebooks: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.client.call("truncate", [source, codebooks]);
  }

  async openFile(source: FileSource): Promise<OpenFile> {
    const { file, info } = await this.client.call("openFile", [source]);
    return new OpenFile(this.client, file, info);
  }

  /** @param sampleRate of what is pushed, Hz. */
  async openLive(model: string, sampleRate: number, depth: Depth, how?: CallOptions): Promise<Live> {
    const live = await this.client.call("openLive", [model, sampleRate, depth], how);
    return {
      push: (samples) => this.client.call("pushLive", [live, samples], { transfer: [samples.buffer] }),
      close: () => void this.client.call("close", [live]),
    };
  }
}

/** The codec of a folder that `audiocodec web` wrote. @param base its URL, with a slash at its end. */
export function load(base: string | URL = new URL("./", import.meta.url)): Promise<WebCodec> {
  const folder = new URL(base, document.baseURI);
  return WebCodec.open(new Worker(new URL("worker.js", folder)), { base: folder.href });
}
