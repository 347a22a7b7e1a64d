/** The sample rate of a compressed sound, out of its header: a browser tells only what it made of it. */

const MPEG_RATES = [44_100, 48_000, 32_000];

function textAt(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

/** Hz; undefined: not known. */
export function rateOf(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (textAt(bytes, 0, 4) === "fLaC" && bytes.length > 22) {
    return view.getUint32(18) >>> 12;
  }
  if (textAt(bytes, 0, 4) === "OggS" && bytes.length > 60) {
    const start = 27 + bytes[26];
    if (textAt(bytes, start, 8) === "OpusHead") {
      return 48_000;
    }
    if (textAt(bytes, start, 7) === "\x01vorbis") {
      return view.getUint32(start + 12, true);
    }
    return textAt(bytes, start, 5) === "\x7fFLAC" ? view.getUint32(start + 27) >>> 12 : undefined;
  }
  return mpegRate(bytes);
}

/** Of the first frame behind a tag of ID3. */
function mpegRate(bytes: Uint8Array): number | undefined {
  let at = 0;
  if (textAt(bytes, 0, 3) === "ID3") {
    const [a, b, c, d] = bytes.subarray(6, 10);
    at = 10 + ((a << 21) | (b << 14) | (c << 7) | d);
  }
  for (const end = Math.min(bytes.length - 4, at + 4096); at < end; at++) {
    const [version, rate] = [(bytes[at + 1] >> 3) & 3, (bytes[at + 2] >> 2) & 3];
    const sync = bytes[at] === 255 && bytes[at + 1] >= 224;
    if (sync && version !== 1 && rate !== 3 && ((bytes[at + 1] >> 1) & 3) !== 0) {
      return MPEG_RATES[rate] / (version === 3 ? 1 : version === 2 ? 2 : 4);
    }
  }
  return undefined;
}
