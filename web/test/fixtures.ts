/** What `fixtures.py` wrote. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const FOLDER = fileURLToPath(new URL("../../build/web-fixtures/", import.meta.url));

export function fixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(FOLDER + name));
}

export function fixtureJson<T>(name: string): T {
  return JSON.parse(new TextDecoder().decode(fixture(name))) as T;
}

export function fixtureFloats(name: string): Float32Array {
  return new Float32Array(fixture(name).buffer);
}

export interface Damaged {
  readonly data: string;
  readonly error: string;
  readonly message: string;
}

export type Golden = Record<string, { shape: [number, number, number]; codes: number[] }>;
