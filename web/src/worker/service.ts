/** The codec behind the messages of pages. */

import { below, givenAssets, serverAssets, unpacked } from "../codec/assets.ts";
import { Codec, type Progress } from "../codec/codec.ts";
import type { SoundDecoder } from "../codec/decoding.ts";
import type { Engine } from "../codec/engine.ts";
import { chooseCodebooks } from "../codec/facts.ts";
import { EngineError } from "../errors.ts";
import type { TokenFile } from "../tokens/file.ts";
import { blobSource, type ByteSource, bytesSource, urlSource } from "../tokens/source.ts";
import { TokenWriter } from "../tokens/writer.ts";
import { LiveLoop } from "./live.ts";
import type { Calls, FileInfo, FileSource } from "./messages.ts";

type Answer<Name extends keyof Calls> = (
  inputs: Parameters<Calls[Name]>,
  progress: Progress,
) => Promise<ReturnType<Calls[Name]>> | ReturnType<Calls[Name]>;

export type Service = { readonly [Name in keyof Calls]: Answer<Name> };

async function sourceOf(source: FileSource): Promise<ByteSource> {
  if (typeof source === "string") {
    return urlSource(source);
  }
  return source instanceof Blob
    ? blobSource(source, (source as File).name ?? "the file")
    : bytesSource(source, "the file");
}

function infoOf(file: TokenFile): FileInfo {
  const { header } = file;
  return {
    name: file.name,
    bytes: file.size,
    model: header.model,
    sampleRate: header.sampleRate,
    channels: header.channels,
    samples: Number(header.samples),
    codebooks: header.codebooks,
    bitrate: header.nominalBitrate,
    variable: header.variable,
    title: header.metadata.title ?? "",
  };
}

/** @param makeEngine gets the bytes of the runtime. */
export function service(makeEngine: (runtime: Uint8Array) => Engine, speex: Uint8Array<ArrayBuffer>): Service {
  let opened: Codec | undefined;
  let count = 0;
  const kept = new Map<number, unknown>();
  const keep = (thing: unknown): number => {
    kept.set(++count, thing);
    return count;
  };
  const codec = (): Codec => {
    if (!opened) {
      throw new EngineError("the codec is not open");
    }
    return opened;
  };
  return {
    async open([home]) {
      const assets = "files" in home ? givenAssets(home.files) : serverAssets(home.base);
      const engine = async () => makeEngine(await unpacked(await assets.get("runtime.wasm.gz")));
      opened = await Codec.open(below(assets, "models/"), engine, speex);
      return opened.models;
    },
    encode: ([sound, options], progress) => codec().encode(sound, options, progress),
    decode: async ([source, codebooks], progress) => codec().decode(await sourceOf(source), codebooks, progress),
    async truncate([source, codebooks], progress) {
      const file = await codec().openFile(await sourceOf(source));
      const header = file.header.withCodebooks(codebooks);
      const writer = new TokenWriter(header, await codec().entropy(header.entropy));
      const each = header.framesPerPage;
      for (let start = 0; start < file.frames; start += each) {
        writer.push((await file.read(start, Math.min(file.frames, start + each))).truncate(codebooks));
        await progress("coding", start / file.frames);
      }
      return writer.close(file.header.samples);
    },
    async openFile([source]) {
      const file = await codec().openFile(await sourceOf(source));
      return { file: keep(file), info: infoOf(file) };
    },
    async startAt([file, sample], progress) {
      return keep(await codec().soundDecoder(kept.get(file) as TokenFile, sample, undefined, progress));
    },
    async next([session]) {
      const decoder = kept.get(session) as SoundDecoder;
      let piece = await decoder.next();
      while (piece && !piece[0].length) {
        piece = await decoder.next();
      }
      return piece;
    },
    async openLive([model, sampleRate, depth], progress) {
      const facts = codec().facts(model);
      await codec().encoder(facts, progress);
      const [encoder, decoder] = [await codec().streamEncoder(model, depth), await codec().streamDecoder(model)];
      const codebooks = chooseCodebooks(facts, 1, depth);
      return keep(new LiveLoop(encoder, decoder, codebooks, codec().speex, sampleRate, facts.sampleRate));
    },
    pushLive: ([live, samples]) => (kept.get(live) as LiveLoop).push(samples),
    close: ([thing]) => void kept.delete(thing),
  };
}
