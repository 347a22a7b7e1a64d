/** What runs the networks. Two functions, so that a smaller engine can take the place of ONNX Runtime. */

import type { CodeArray } from "../tokens/codes.ts";

export interface Encoded {
  /** "q t", the last axis fastest. */
  readonly codes: CodeArray;
  readonly state: Float32Array;
}

export interface Decoded {
  readonly samples: Float32Array;
  readonly state: Float32Array;
}

export interface Encoder {
  /** @param samples whole frames of one channel; @param state of the stream, zeros at its start. */
  encode(samples: Float32Array, state: Float32Array): Promise<Encoded>;
}

export interface Decoder {
  /** @param codes "q t" of the first so many codebooks, `NO_CODE` where a frame has none; @param state of the stream, zeros at its start. */
  decode(codes: Float64Array, codebooks: number, state: Float32Array): Promise<Decoded>;
}

/** Makes networks ready to run, of the files that `audiocodec export --onnx` writes. */
export interface Engine {
  encoder(graph: Uint8Array): Promise<Encoder>;
  decoder(graph: Uint8Array): Promise<Decoder>;
}
