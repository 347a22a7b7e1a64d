/** What pages and the worker say to each other. */

import type { EncodeOptions } from "../codec/codec.ts";
import type { Depth, ModelFacts } from "../codec/facts.ts";
import type { Sound } from "../sound/sound.ts";

/** A token file: its bytes, a file of the user's, or a URL. */
export type FileSource = Uint8Array<ArrayBuffer> | Blob | string;

/** Where `runtime.wasm.gz` and the folder `models` are: below a URL, or given by name. */
export type Home = { readonly base: string } | { readonly files: Record<string, Uint8Array<ArrayBuffer>> };

/** What is known of an open token file. */
export interface FileInfo {
  readonly name: string;
  readonly bytes: number;
  readonly model: string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly samples: number;
  readonly codebooks: number;
  /** Bits per second of its codes, if no frame has fewer than it may. */
  readonly bitrate: number;
  /** Frames have as many codes as they need. */
  readonly variable: boolean;
  readonly title: string;
}

/** What the worker can do. Numbers stand for what it keeps open. */
export interface Calls {
  open(home: Home): readonly ModelFacts[];
  encode(sound: Sound, options: EncodeOptions): Uint8Array<ArrayBuffer>;
  decode(source: FileSource, codebooks?: number): Sound;
  truncate(source: FileSource, codebooks: number): Uint8Array<ArrayBuffer>;
  openFile(source: FileSource): { file: number; info: FileInfo };
  startAt(file: number, sample: number): number;
  next(session: number): Float32Array<ArrayBuffer>[] | null;
  openLive(model: string, sampleRate: number, depth: Depth): number;
  pushLive(live: number, samples: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer>;
  /** Forgets a file, a session or a live loop. */
  close(thing: number): void;
}

export interface Request<Name extends keyof Calls = keyof Calls> {
  readonly id: number;
  readonly call: Name;
  readonly arguments: Parameters<Calls[Name]>;
}

export interface Cancel {
  readonly cancel: number;
}

export type Reply = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly stage: "loading" | "coding"; readonly done: number }
  | { readonly error: { readonly name: string; readonly message: string } }
);
