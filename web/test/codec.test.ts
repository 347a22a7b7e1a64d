/** Sound to tokens and back, beside what Python makes of the same. */

import { beforeAll, describe, expect, test } from "vitest";
import { Codec, concatFloats, openCodec } from "./node.ts";
import { readWav } from "../src/sound/wav.ts";
import { readTokens } from "../src/tokens/reader.ts";
import { writeTokens } from "../src/tokens/writer.ts";
import { NO_CODE } from "../src/tokens/codes.ts";
import { EntropyModel } from "../src/entropy/model.ts";
import { hex } from "../src/tokens/bytes.ts";
import { Header } from "../src/tokens/header.ts";
import { FOLDER, fixture, fixtureFloats } from "./fixtures.ts";

let codec: Codec;

beforeAll(async () => {
  codec = await openCodec(`${FOLDER}models`);
});

function entropyOf(header: Header) {
  const hash = hex(header.entropy);
  return /[1-9a-f]/.test(hash) ? new EntropyModel(fixture(`models/entropy/${hash}`)) : undefined;
}

function tokensOf(bytes: Uint8Array, name: string) {
  return readTokens(bytes, name, entropyOf(Header.read(bytes, name).header));
}

const SOUNDS = [
  ["speech", "speech-16k", 1, true],
  ["speech-8k", "speech-16k", 1, true],
  ["speech-48k", "speech-16k", 1, true],
  ["stereo", "audio-44k", 2, true],
  ["left", "audio-44k", 2, true], // the right channel is silent
  ["vbr", "speech-16k", 1, false],
  ["vbr-right", "audio-44k", 2, false],
] as const;

describe.each(SOUNDS)("%s", (name, model, channels, encodes) => {
  test("decodes to the samples of Python", async () => {
    const sound = await codec.decode(fixture(`sounds/${name}.fsq`));
    const expected = fixtureFloats(`sounds/${name}.f32`);
    expect(sound.channels.length).toBe(channels);
    expect(sound.channels[0].length).toBe(expected.length / channels);
    const atModelRate = sound.sampleRate === codec.facts(model).sampleRate;
    let [largest, power, error] = [0, 0, 0];
    sound.channels.forEach((channel, c) =>
      channel.forEach((sample, i) => {
        const wanted = expected[i * channels + c];
        largest = Math.max(largest, Math.abs(sample - wanted));
        power += wanted * wanted;
        error += (sample - wanted) ** 2;
      }),
    );
    expect(largest).toBeLessThan(atModelRate ? 1e-4 : 0.02);
    expect(10 * Math.log10(power / error)).toBeGreaterThan(atModelRate ? 70 : 35); // another resampler
  });

  test.skipIf(!encodes)("encodes to the tokens of Python", async () => {
    const sound = readWav(fixture(`sounds/${name}.wav`), name);
    const [ours, theirs] = [tokensOf(await codec.encode(sound, { model }), name), tokensOf(fixture(`sounds/${name}.fsq`), name)];
    expect(ours.header).toEqual(theirs.header);
    const differ = new Set<number>();
    ours.codes.each((row, q) =>
      ours.codes.line(row, q).forEach((code, t) => code !== theirs.codes.line(row, q)[t] && differ.add(t)),
    );
    const share = differ.size / ours.codes.frames;
    expect(share).toBeLessThan(sound.sampleRate === codec.facts(model).sampleRate ? 0.005 : 0.9);
  });
});

test("sound from any sample on is that of the whole", async () => {
  for (const name of ["speech", "speech-48k", "vbr-right"]) {
    const bytes = fixture(`sounds/${name}.fsq`);
    const whole = await codec.decode(bytes);
    const file = await codec.openFile(bytes);
    for (const start of [0, 1, 20_000, 61_234]) {
      const decoder = await codec.soundDecoder(file, start);
      const parts: Float32Array[] = [];
      for (let piece = await decoder.next(); piece; piece = await decoder.next()) {
        parts.push(piece[0]);
      }
      const found = concatFloats(parts);
      expect(found.length).toBe(whole.channels[0].length - start);
      const largest = found.reduce((most, sample, i) => Math.max(most, Math.abs(sample - whole.channels[0][start + i])), 0);
      expect(largest).toBeLessThan(1e-4);
    }
  }
});

test("streams give the codes and samples of the whole, however cut", async () => {
  const sound = readWav(fixture("sounds/speech.wav"), "speech").channels[0].subarray(0, 32_000);
  const tokens = tokensOf(await codec.encode({ sampleRate: 16_000, channels: [sound] }), "speech").codes;
  const [encoder, decoder] = [await codec.streamEncoder("speech-16k"), await codec.streamDecoder("speech-16k")];
  const whole = await codec.streamDecoder("speech-16k");
  const late: Float32Array[] = [];
  let frames = 0;
  const take = async (codes: Float64Array) => {
    const count = codes.length / 12;
    expect(codes).toEqual(tokens.slice(frames, frames + count).data);
    frames += count;
    late.push(await decoder.push(codes, 12, count));
  };
  for (let start = 0; start < sound.length; start += 700) {
    await take(await encoder.push(sound.subarray(start, start + 700)));
  }
  await take(await encoder.flush());
  expect(frames).toBe(tokens.frames);
  expect(concatFloats(late)).toEqual(await whole.push(tokens.data, 12, tokens.frames));
});

test("fewer codebooks and lower bitrates", async () => {
  const sound = readWav(fixture("sounds/speech.wav"), "speech");
  const small = tokensOf(await codec.encode(sound, { bitrate: 3000 }), "small").codes;
  const whole = tokensOf(await codec.encode(sound), "whole").codes;
  expect(small.codebooks).toBe(6);
  expect(small.data).toEqual(whole.truncate(6).data);
  await expect(codec.encode(sound, { bitrate: 100 })).rejects.toThrow("bitrate 100 is below the 497 bit/s of one");
  await expect(codec.encode(sound, { codebooks: 13 })).rejects.toThrow("codebooks is 13, it must be 1 to 12");
});

test("a variable rate: some frames have fewer codes, and the file can be cut", async () => {
  const bytes = fixture("sounds/vbr-right.fsq");
  const { header, codes } = tokensOf(bytes, "vbr-right");
  expect([header.variable, header.joint, header.version]).toEqual([true, 3, 4]);
  expect(codes.data.filter((code) => code === NO_CODE).length / codes.data.length).toBeGreaterThan(0.2);
  const cut = writeTokens({ header: header.withCodebooks(3), codes: codes.truncate(3) }, entropyOf(header));
  expect((await codec.decode(cut)).channels).toEqual((await codec.decode(bytes, 3)).channels);
});

test("a channel that is silent stays silent", async () => {
  const { channels } = await codec.decode(fixture("sounds/left.fsq"));
  const most = channels.map((channel) => channel.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0));
  expect(most[0]).toBeGreaterThan(0.1);
  expect(most[1]).toBeLessThan(0.001);
});

test("no sound, and sounds of no length", async () => {
  const none = { sampleRate: 16_000, channels: [new Float32Array(0)] };
  expect((await codec.decode(await codec.encode(none))).channels[0].length).toBe(0);
  const bad = { sampleRate: 16_000, channels: [Float32Array.of(0, NaN)] };
  await expect(codec.encode(bad)).rejects.toThrow("NaN");
  await expect(codec.encode({ sampleRate: 16_000, channels: [Float32Array.of(30_000)] })).rejects.toThrow("full scale");
});

test("files of other models are refused with a sentence", async () => {
  await expect(codec.decode(fixture("golden/v1.fsq"))).rejects.toThrow("the file: is of model 'golden', and here are only");
});
