/** ONNX Runtime as the engine: its build for WASM with SIMD, on one thread. */

import * as ort from "onnxruntime-web/wasm";
import { EngineError, ModelError } from "../errors.ts";
import type { Decoder, Encoder, Engine } from "./engine.ts";

// One function of 20 bytes with an instruction of SIMD.
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];

export function hasSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from(SIMD));
}

/** @param runtime the file `ort-wasm-simd-threaded.wasm` of onnxruntime-web; in Node it finds that itself. */
export function ortEngine(runtime?: Uint8Array): Engine {
  if (!hasSimd()) {
    throw new EngineError("this browser lacks WebAssembly with SIMD, which the codec needs; a newer browser has it");
  }
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
  if (runtime) {
    ort.env.wasm.wasmBinary = runtime.slice().buffer;
  }
  let last: Promise<unknown> = Promise.resolve(); // one run at a time: streams may take turns
  const run = (session: ort.InferenceSession, feeds: ort.InferenceSession.FeedsType) => {
    const mine = last.then(() => session.run(feeds));
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    async encoder(graph): Promise<Encoder> {
      const session = await open(graph, "encoder");
      return {
        async encode(samples, state) {
          const { codes, next_state: next } = await run(session, {
            samples: new ort.Tensor("float32", samples, [1, samples.length]),
            state: new ort.Tensor("float32", state, [1, state.length]),
          });
          return { codes: Float64Array.from(codes.data as Int32Array), state: next.data as Float32Array };
        },
      };
    },
    async decoder(graph): Promise<Decoder> {
      const session = await open(graph, "decoder");
      return {
        async decode(codes, codebooks, state) {
          const { samples, next_state: next } = await run(session, {
            codes: new ort.Tensor("int32", Int32Array.from(codes), [1, codebooks, codes.length / codebooks]),
            state: new ort.Tensor("float32", state, [1, state.length]),
          });
          return { samples: samples.data as Float32Array, state: next.data as Float32Array };
        },
      };
    },
  };
}

async function open(graph: Uint8Array, what: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/memory|allocat/i.test(message)) {
      throw new EngineError("the browser refuses the memory that the codec needs; close other tabs or use a computer");
    }
    throw new ModelError(`the ${what} cannot be run (${message.split("\n")[0]})`);
  }
}
