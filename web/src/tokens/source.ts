/** Bytes of a file by ranges, wherever it lies. */

import { TokenFileError } from "../errors.ts";

export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  read(start: number, end: number): Promise<Uint8Array>;
}

export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  return { name, size: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
}

export function blobSource(blob: Blob, name: string): ByteSource {
  const read = async (start: number, end: number) => new Uint8Array(await blob.slice(start, end).arrayBuffer());
  return { name, size: blob.size, read };
}

/** A file of a server, by HTTP range where the server has it, else as a whole. */
export async function urlSource(url: string): Promise<ByteSource> {
  const name = decodeURIComponent(new URL(url).pathname.split("/").pop() || url);
  const get = async (start: number, end: number): Promise<Response> => {
    const headers = { Range: `bytes=${start}-${end - 1}` };
    const response = await fetch(url, { headers }).catch(() => null);
    if (!response?.ok) {
      const reason = response ? `the server says ${response.status}` : "the server cannot be reached";
      throw new TokenFileError(`${name}: cannot be loaded (${reason})`);
    }
    return response;
  };
  const first = await get(0, 1);
  const size = Number(/\/(\d+)$/.exec(first.headers.get("Content-Range") ?? "")?.[1]);
  if (first.status !== 206 || !size) {
    return bytesSource(new Uint8Array(await first.arrayBuffer()), name);
  }
  const read = async (start: number, end: number) =>
    start < end ? new Uint8Array(await (await get(start, Math.min(end, size))).arrayBuffer()) : new Uint8Array(0);
  return { name, size, read };
}
