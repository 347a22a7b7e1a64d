/** The codec in Node: files from a folder, ONNX Runtime and resampler from their packages. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Assets } from "./codec/assets.ts";
import { Codec } from "./codec/codec.ts";
import { ortEngine } from "./codec/ort.ts";
import { ModelError } from "./errors.ts";

export * from "./index.ts";

function folderAssets(folder: string): Assets {
  return {
    async get(path) {
      try {
        return new Uint8Array(await readFile(join(folder, path)));
      } catch {
        throw new ModelError(`${join(folder, path)}: cannot be read`);
      }
    },
  };
}

/** @param folder the `models` folder of what `audiocodec web` wrote. */
export async function openCodec(folder: string): Promise<Codec> {
  const main = createRequire(import.meta.url).resolve("@echogarden/speex-resampler-wasm/simd");
  const speex = new Uint8Array(await readFile(main.replace(/\.js$/, ".wasm")));
  return Codec.open(folderAssets(folder), async () => ortEngine(), speex);
}
