/** Models by name, loaded when they are needed; whole sounds to token files and back. */

import { EntropyModel } from "../entropy/model.ts";
import { ModelError } from "../errors.ts";
import { SpeexModule } from "../sound/resample.ts";
import { checkSound, concatSamples, lengthOf, type Sound } from "../sound/sound.ts";
import { equal, hex } from "../tokens/bytes.ts";
import { TokenFile } from "../tokens/file.ts";
import { type Joint, NO_ENTROPY } from "../tokens/header.ts";
import type { Metadata } from "../tokens/metadata.ts";
import { fromHex } from "../tokens/bytes.ts";
import type { ByteSource } from "../tokens/source.ts";
import type { Assets } from "./assets.ts";
import { SoundDecoder } from "./decoding.ts";
import { SoundEncoder } from "./encoding.ts";
import type { Decoder, Encoder, Engine } from "./engine.ts";
import { chooseCodebooks, type Depth, jointOf, type ModelFacts, modelOf } from "./facts.ts";
import { StreamDecoder, StreamEncoder } from "./streams.ts";
import { chooseWay } from "./way.ts";

const BLOCK_SECONDS = 1; // of sound that is encoded in one go

/** Told how far a task is, 0 to 1, and of what. What it throws ends the task. */
export type Progress = (stage: "loading" | "coding", done: number) => void | Promise<void>;

export interface EncodeOptions extends Depth {
  readonly model?: string;
  readonly metadata?: Metadata;
  /** Of the sound, for messages. */
  readonly name?: string;
}

export class Codec {
  private readonly made = new Map<string, Promise<unknown>>();

  private constructor(
    readonly models: readonly ModelFacts[],
    private readonly assets: Assets,
    private readonly engine: () => Promise<Engine>,
    readonly speex: SpeexModule,
  ) {}

  /**
   * @param assets with `models.json` in it.
   * @param engine made when a network is first needed.
   * @param speex bytes of the resampler.
   */
  static async open(assets: Assets, engine: () => Promise<Engine>, speex: Uint8Array<ArrayBuffer>): Promise<Codec> {
    const models = JSON.parse(new TextDecoder().decode(await assets.get("models.json"))) as ModelFacts[];
    return new Codec(models, assets, engine, await SpeexModule.load(speex));
  }

  /** Made once; what failed is tried again the next time. */
  private once<T>(key: string, make: () => Promise<T>): Promise<T> {
    let promise = this.made.get(key) as Promise<T> | undefined;
    if (!promise) {
      promise = make();
      promise.catch(() => this.made.delete(key));
      this.made.set(key, promise);
    }
    return promise;
  }

  facts(name: string | undefined): ModelFacts {
    const found = name === undefined ? this.models[0] : this.models.find((facts) => facts.name === name);
    if (!found) {
      const names = this.models.map((facts) => facts.name).join(", ");
      throw new ModelError(`model '${name}' is not here, only ${names}`);
    }
    return found;
  }

  private graph(name: string, bytes: number, onProgress?: Progress): Promise<[Engine, Uint8Array]> {
    const told = (count: number) => void onProgress?.("loading", Math.min(1, count / bytes));
    return Promise.all([this.once("engine", this.engine), this.assets.get(name, told)]);
  }

  encoder(facts: ModelFacts, onProgress?: Progress): Promise<Encoder> {
    return this.once(`${facts.name}/encoder`, async () => {
      const [engine, graph] = await this.graph(`${facts.name}/encoder.onnx`, facts.encoderBytes, onProgress);
      return engine.encoder(graph);
    });
  }

  decoder(facts: ModelFacts, onProgress?: Progress): Promise<Decoder> {
    return this.once(`${facts.name}/decoder`, async () => {
      const [engine, graph] = await this.graph(`${facts.name}/decoder.onnx`, facts.decoderBytes, onProgress);
      return engine.decoder(graph);
    });
  }

  /** The entropy model of a hash; undefined if it is not here. */
  async entropy(hash: Uint8Array): Promise<EntropyModel | undefined> {
    if (equal(hash, NO_ENTROPY)) {
      return undefined;
    }
    const path = `entropy/${hex(hash)}`;
    return this.once(path, async () => {
      const bytes = await this.assets.get(path).catch(() => undefined);
      return bytes && new EntropyModel(bytes);
    });
  }

  openFile(from: ByteSource | Uint8Array): Promise<TokenFile> {
    return TokenFile.open(from, (hash) => this.entropy(hash));
  }

  /** Sound of a token file piece by piece, from a source sample on. */
  async soundDecoder(file: TokenFile, start = 0, codebooks?: number, onProgress?: Progress): Promise<SoundDecoder> {
    const facts = modelOf(file.header, this.models, file.name);
    const network = await this.decoder(facts, onProgress);
    return new SoundDecoder(network, facts, this.speex, file, start, codebooks);
  }

  /** Token file of a sound that comes piece by piece. @param way how two channels become a row; by default mid and side. */
  async soundEncoder(
    format: { sampleRate: number; channels: number },
    options: EncodeOptions,
    onProgress?: Progress,
    way?: Joint,
  ) {
    const facts = this.facts(options.model);
    const codebooks = chooseCodebooks(facts, format.channels, options);
    const network = await this.encoder(facts, onProgress);
    const joint = way ?? jointOf(facts, format.channels);
    const entropy = await this.entropy(fromHex(joint ? facts.jointEntropy : facts.entropy));
    return new SoundEncoder(network, facts, this.speex, format, codebooks, joint, entropy, options.metadata ?? {});
  }

  async encode(sound: Sound, options: EncodeOptions = {}, onProgress?: Progress): Promise<Uint8Array<ArrayBuffer>> {
    checkSound(sound, options.name ?? "the sound");
    const { sampleRate, channels } = sound;
    const joint = jointOf(this.facts(options.model), channels.length);
    const way = joint && chooseWay(channels[0], channels[1], sampleRate);
    const encoder = await this.soundEncoder({ sampleRate, channels: channels.length }, options, onProgress, way);
    const [block, length] = [Math.ceil(BLOCK_SECONDS * sampleRate), lengthOf(sound)];
    for (let start = 0; start < length; start += block) {
      await encoder.push(channels.map((channel) => channel.subarray(start, start + block)));
      await onProgress?.("coding", Math.min(1, (start + block) / length));
    }
    return encoder.close();
  }

  async decode(from: ByteSource | Uint8Array, codebooks?: number, onProgress?: Progress): Promise<Sound> {
    const file = await this.openFile(from);
    const decoder = await this.soundDecoder(file, 0, codebooks, onProgress);
    const [pieces, all] = [file.header, Math.max(1, decoder.remaining)];
    const parts: Float32Array[][] = [];
    for (let piece = await decoder.next(); piece; piece = await decoder.next()) {
      parts.push(piece);
      await onProgress?.("coding", 1 - decoder.remaining / all);
    }
    const channels = Array.from({ length: pieces.channels }, (_, c) => concatSamples(parts.map((part) => part[c])));
    return { sampleRate: pieces.sampleRate, channels };
  }

  /** One live channel at the model's rate: `push` samples, get codes. */
  async streamEncoder(model?: string, depth: Depth = {}): Promise<StreamEncoder> {
    const facts = this.facts(model);
    return new StreamEncoder(await this.encoder(facts), facts, chooseCodebooks(facts, 1, depth));
  }

  /** The way back: `push` codes, get samples. */
  async streamDecoder(model?: string): Promise<StreamDecoder> {
    const facts = this.facts(model);
    return new StreamDecoder(await this.decoder(facts), facts);
  }
}
