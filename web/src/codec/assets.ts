/** Files that the codec is made of: runtime, graphs, entropy models. */

import { ModelError } from "../errors.ts";

export interface Assets {
  /** @param onBytes told how many bytes are there so far. */
  get(path: string, onBytes?: (count: number) => void): Promise<Uint8Array<ArrayBuffer>>;
}

/** Files of a server. @param base URL of their folder, with a slash at its end. */
export function serverAssets(base: string): Assets {
  return {
    async get(path, onBytes) {
      const response = await fetch(new URL(path, base)).catch(() => null);
      if (!response?.ok || !response.body) {
        const reason = response ? `the server says ${response.status}` : "the server cannot be reached";
        throw new ModelError(`${path}: cannot be loaded (${reason})`);
      }
      let count = 0;
      const counted = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          onBytes?.((count += chunk.length));
          controller.enqueue(chunk);
        },
      });
      const whole = await new Response(response.body.pipeThrough(counted)).arrayBuffer().catch(() => null);
      if (!whole) {
        throw new ModelError(`${path}: cannot be loaded (the connection broke)`);
      }
      return new Uint8Array(whole);
    },
  };
}

/** Files at hand, packed by gzip or not. */
export function givenAssets(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Assets {
  return {
    async get(path) {
      if (!(path in files)) {
        throw new ModelError(`${path}: is not in this file`);
      }
      return unpacked(files[path]);
    },
  };
}

/** Those of a folder. @param folder with a slash at its end. */
export function below(assets: Assets, folder: string): Assets {
  return { get: (path, onBytes) => assets.get(folder + path, onBytes) };
}

/** What gzip made, or bytes as they are: some servers unpack on the way. */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    return bytes;
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
