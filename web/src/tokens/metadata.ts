/** Text that a token file carries: tags of the sound, and what a user adds. */

import { TokenFileError } from "../errors.ts";
import { ByteReader, ByteWriter, encodeText } from "./bytes.ts";

export type Metadata = Readonly<Record<string, string>>;

const MAX_ENTRIES = 64;
const MAX_NAME = 64; // bytes of UTF-8
const MAX_BYTES = 32_768; // names, texts and their lengths together

/** Refuses what a header cannot hold. */
export function checkMetadata(metadata: Metadata): void {
  const names = Object.keys(metadata);
  if (names.length > MAX_ENTRIES) {
    throw new TokenFileError(`metadata: ${names.length} entries, at most ${MAX_ENTRIES} can be kept`);
  }
  for (const name of names) {
    const length = encodeText(name).length;
    if (length < 1 || length > MAX_NAME) {
      throw new TokenFileError(`metadata: the name '${name.slice(0, 80)}' has ${length} bytes, must be 1 to ${MAX_NAME}`);
    }
  }
  const long = Object.values(metadata).some((text) => text.length > MAX_BYTES);
  if (long || metadataBytes(metadata).length > MAX_BYTES) {
    throw new TokenFileError(`metadata: names and texts take more than ${MAX_BYTES} bytes`);
  }
}

/** As Python sorts: by code points, not by the halves of surrogate pairs. */
function byCodePoints(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = x[i].codePointAt(0)! - y[i].codePointAt(0)!;
    if (difference) {
      return difference;
    }
  }
  return x.length - y.length;
}

export function metadataBytes(metadata: Metadata): Uint8Array {
  const names = Object.keys(metadata).sort(byCodePoints);
  const out = new ByteWriter().u8(names.length);
  for (const name of names) {
    const [key, text] = [encodeText(name), encodeText(metadata[name])];
    out.u8(key.length).put(key).u16(text.length).put(text);
  }
  return out.done();
}

/** Inverse of `metadataBytes`; bytes after it are left alone. */
export function readMetadata(reader: ByteReader): Metadata {
  const found: [string, string][] = [];
  for (let left = reader.u8(); left > 0; left--) {
    const name = reader.text(reader.u8());
    found.push([name, reader.text(reader.u16())]);
  }
  return Object.fromEntries(found); // names such as __proto__ are names like others
}
