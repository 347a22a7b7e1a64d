/** Token files, sound files and the codec, for workers and for Node; `browser.ts` has what pages use. */

export { type Assets, givenAssets, serverAssets } from "./codec/assets.ts";
export { Codec, type EncodeOptions, type Progress } from "./codec/codec.ts";
export type { SoundDecoder } from "./codec/decoding.ts";
export type { SoundEncoder } from "./codec/encoding.ts";
export type { Decoder, Encoder, Engine } from "./codec/engine.ts";
export type { Depth, ModelFacts } from "./codec/facts.ts";
export type { StreamDecoder, StreamEncoder } from "./codec/streams.ts";
export { EntropyModel } from "./entropy/model.ts";
export * from "./errors.ts";
export type { Sound } from "./sound/sound.ts";
export { readWav, writeWav } from "./sound/wav.ts";
export { type CodeArray, Codes, NO_CODE } from "./tokens/codes.ts";
export { TokenFile } from "./tokens/file.ts";
export { Header, JOINT, type Joint } from "./tokens/header.ts";
export { readTokens, type Tokens } from "./tokens/reader.ts";
export { blobSource, type ByteSource, bytesSource, urlSource } from "./tokens/source.ts";
export { TokenWriter, writeTokens } from "./tokens/writer.ts";
