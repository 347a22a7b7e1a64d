/** The token file: golden bytes, damage, any codes there and back. */

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { EntropyModel } from "../src/entropy/model.ts";
import { sha256 } from "../src/entropy/sha256.ts";
import { AudioCodecError } from "../src/errors.ts";
import { ascii, concat, hex } from "../src/tokens/bytes.ts";
import { Codes, NO_CODE } from "../src/tokens/codes.ts";
import { crc32 } from "../src/tokens/crc.ts";
import { TokenFile } from "../src/tokens/file.ts";
import { Header, NO_ENTROPY } from "../src/tokens/header.ts";
import { readTokens } from "../src/tokens/reader.ts";
import { writeTokens } from "../src/tokens/writer.ts";
import { type Damaged, fixture, fixtureJson, type Golden } from "./fixtures.ts";

const small = new EntropyModel(fixture("golden/1a1013f132a4f050cad4a41c95353c7b"));
const shipped = {
  "speech-16k-1.0.fsq": new EntropyModel(fixture("models/entropy/fad9728a35782fbc482d82e17e0980a8")),
  "audio-44k-1.0.fsq": new EntropyModel(fixture("models/entropy/ebd6d327c3697cf8c13fe288329ea3b9")),
};
const golden = fixtureJson<Golden>("golden.json");

function entropyOf(name: string): EntropyModel | undefined {
  return name === "v2.fsq" || name === "v4.fsq" ? small : shipped[name as keyof typeof shipped];
}

/** Pseudo-random numbers, the same each time. */
function random(seed: number): () => number {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

test("checksums and hashes are the usual ones", () => {
  expect(crc32(ascii("123456789"))).toBe(0xcbf43926);
  expect(hex(sha256(ascii("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const length of [0, 55, 56, 64, 119, 120, 1000]) {
    const bytes = new Uint8Array(length).fill(length);
    expect(hex(sha256(bytes))).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});

describe.each(Object.keys(golden))("golden file %s", (name) => {
  const bytes = fixture(`golden/${name}`);
  const { shape, codes } = golden[name];

  test("is read", () => {
    const read = readTokens(bytes, name, entropyOf(name));
    expect([read.codes.rows, read.codes.codebooks, read.codes.frames]).toEqual(shape);
    expect(Array.from(read.codes.data)).toEqual(codes);
  });

  test("is written byte for byte", () => {
    const read = readTokens(bytes, name, entropyOf(name));
    const header = read.header.toBytes();
    const written = writeTokens(read, entropyOf(name));
    const old = Header.read(bytes, name);
    expect(written.slice(header.length)).toEqual(bytes.slice(old.size));
    expect(old.header.toBytes(old.version)).toEqual(bytes.slice(0, old.size));
  });

  test("gives any of its frames", async () => {
    const file = await TokenFile.open(bytes, async () => entropyOf(name));
    const whole = readTokens(bytes, name, entropyOf(name)).codes;
    for (const [start, end] of [[0, 0], [0, 1], [40, 60], [50, 100], [99, 103], [0, whole.frames], [102, 900]]) {
      expect((await file.read(start, end)).data).toEqual(whole.slice(start, end).data);
    }
  });

  test.skipIf(bytes.length > 1000)("no cut and no flipped bit goes unnoticed", () => {
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = bytes.slice();
      flipped[at] ^= 1 << (at % 8);
      expect(() => readTokens(flipped, name, entropyOf(name))).toThrow(AudioCodecError);
      expect(() => readTokens(bytes.slice(0, at), name, entropyOf(name))).toThrow(AudioCodecError);
    }
    expect(() => readTokens(concat([bytes, ascii("x")]), name, entropyOf(name))).toThrow("seek table");
  });
});

/** The sentence, less what only Python can say. */
function comparable(message: string): string {
  return message.replace(/(header is damaged) \((?!checksum).*/, "$1").replace(/; (set|add) .*/, "");
}

test("1000 damaged files give the errors of Python", () => {
  const cases = fixtureJson<Damaged[]>("damaged.json");
  const differ: string[] = [];
  for (const { data, error, message } of cases) {
    let found = { name: "", message: "" };
    try {
      readTokens(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)), "test", small);
    } catch (caught) {
      found = caught as Error;
    }
    if (found.name !== error || comparable(found.message) !== comparable(message)) {
      differ.push(`${error} ${message} | ${found.name} ${found.message}`);
    }
  }
  expect(cases.length).toBe(1000);
  expect(differ).toEqual([]);
});

test("any codes come back", () => {
  const next = random(1);
  const below = (n: number) => Math.floor(next() * n);
  for (let round = 0; round < 60; round++) {
    const levels = Array.from({ length: 1 + below(4) }, () => 2 + below(round % 5 ? 9 : 200));
    const [channels, codebooks, frames] = [1 + below(3), 1 + below(5), below(130)];
    const strides = Array.from({ length: round % 4 ? 0 : codebooks }, () => 1 + below(3));
    const header = new Header({
      model: "m",
      modelHash: new Uint8Array(16),
      sampleRate: 16_000,
      channels,
      samples: BigInt(320 * frames),
      modelSampleRate: 16_000,
      hopLength: 320,
      delay: 0,
      codebooks,
      levels,
      framesPerPage: (1 + below(round % 7 ? 60 : 2000)) * (strides.length ? 6 : 1),
      entropy: NO_ENTROPY,
      metadata: { title: "Größe" },
      joint: 0,
      variable: round % 3 === 0,
      strides,
    });
    const codes = new Codes(channels, codebooks, frames);
    const depths = Array.from({ length: channels * frames }, () => (header.variable ? below(codebooks + 1) : codebooks));
    codes.each((row, q) =>
      codes.line(row, q).forEach((_, t, line) => {
        const due = (t % header.framesPerPage) % (strides[q] ?? 1) === 0;
        line[t] = due && depths[row * frames + t] > q ? below(header.codebookSize) : NO_CODE;
      }),
    );
    const read = readTokens(writeTokens({ header, codes }), "test");
    expect(read.codes.data).toEqual(codes.data);
    expect(read.header).toEqual(header);
  }
});

test("each header is written in the lowest version", () => {
  const { header } = Header.read(fixture("golden/v2.fsq"), "v2");
  const versions = ([
    [{}, 2],
    [{ joint: 1 }, 3],
    [{ joint: 2 }, 4],
    [{ joint: 3 }, 4],
    [{ variable: true }, 4],
    [{ strides: [1, 1, 1] }, 4],
    [{ joint: 1, variable: true }, 4],
  ] as const).map(([changes, version]) => {
    const written = header.with(changes);
    const read = Header.read(written.toBytes(), "test");
    expect(read.header).toEqual(written);
    return [read.version, version];
  });
  versions.forEach(([found, expected]) => expect(found).toBe(expected));
});

test("codes of 32 bits come back", () => {
  const fields = { ...Header.read(fixture("golden/v1.fsq"), "v1").header, levels: [65536, 65536], codebooks: 2 } as const;
  const header = new Header({ ...fields, channels: 1, samples: 320n * 10n - 320n, sampleRate: 16_000 });
  const codes = new Codes(1, 2, 10);
  codes.data.forEach((_, i) => (codes.data[i] = 2 ** 32 - 1 - i));
  expect(readTokens(writeTokens({ header, codes }), "test").codes.data).toEqual(codes.data);
});

test("what a writer cannot write is refused", () => {
  const { header, codes } = readTokens(fixture("golden/v1.fsq"), "v1");
  expect(() => writeTokens({ header, codes: codes.truncate(2) })).toThrow("codes have shape (2, 2, 103)");
  expect(() => writeTokens({ header, codes: codes.slice(0, 9) })).toThrow("97234 samples take 103 frames");
  expect(() => writeTokens({ header: header.with({ levels: [9] }), codes })).toThrow("a code is outside [0, 9)");
  const missing = new Codes(2, 3, 103);
  missing.line(1, 0)[5] = NO_CODE;
  expect(() => writeTokens({ header, codes: missing })).toThrow("a code is outside [0, 1000)");
  const variable = header.with({ variable: true });
  expect(() => writeTokens({ header: variable, codes: missing })).toThrow("codes are missing (-1) in other places than");
  for (const [strides, message] of [
    [[1, 1], "strides is 2, must be 3 to 3"],
    [[0, 1, 1], "smallest stride is 0, must be 1 to 255"],
    [[1, 1, 256], "largest stride is 256, must be 1 to 255"],
    [[1, 1, 7], "frames a page are not a multiple of every stride"],
  ] as const) {
    expect(() => writeTokens({ header: header.with({ strides }), codes })).toThrow(message);
  }
  const long = header.with({ metadata: { x: "y".repeat(40_000) } });
  expect(() => writeTokens({ header: long, codes })).toThrow("more than 32768 bytes");
});
