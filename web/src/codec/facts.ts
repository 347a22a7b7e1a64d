/** What is known of a model without loading it: an entry of `models.json`, which the Python package writes. */

import { ConfigError, ModelError } from "../errors.ts";
import { fromHex, hex } from "../tokens/bytes.ts";
import { Header, JOINT, type Joint } from "../tokens/header.ts";
import type { Metadata } from "../tokens/metadata.ts";

export interface ModelFacts {
  readonly name: string;
  readonly version: string;
  /** Of the weights that turn codes into latents, hexadecimal. */
  readonly hash: string;
  readonly sampleRate: number;
  /** Samples of a frame. */
  readonly hopLength: number;
  /** Samples by which decoded sound is late. */
  readonly delay: number;
  /** Frames before one that its sound depends on. */
  readonly past: number;
  readonly codebooks: number;
  readonly levels: readonly number[];
  /** Two channels are coded in one row. */
  readonly jointStereo: boolean;
  /** Hash of the entropy model of rows of one channel, hexadecimal. */
  readonly entropy: string;
  /** Hash of the entropy model of rows of two channels. */
  readonly jointEntropy: string;
  /** Numbers that one stream remembers. */
  readonly encoderState: number;
  readonly decoderState: number;
  /** Where the decoder's state counts steps, and how many a frame has; null: it does not. */
  readonly counter: number | null;
  readonly stepsPerFrame: number;
  readonly encoderBytes: number;
  readonly decoderBytes: number;
}

/** How channels become rows where their sound is not known yet; see `chooseWay`. */
export function jointOf(facts: ModelFacts, channels: number): Joint {
  return channels === 2 && facts.jointStereo ? JOINT.MID_SIDE : JOINT.APART;
}

/** Bits per second of one codebook in all channels. */
export function codebookBitrate(facts: ModelFacts, channels: number): number {
  const size = facts.levels.reduce((product, level) => product * level, 1);
  return (facts.sampleRate / facts.hopLength) * Math.log2(size) * (jointOf(facts, channels) ? 1 : channels);
}

/** What to encode at: a number of codebooks, or as many as fit a bitrate (bits per second); all by default. */
export interface Depth {
  readonly codebooks?: number;
  readonly bitrate?: number;
}

export function chooseCodebooks(facts: ModelFacts, channels: number, { codebooks, bitrate }: Depth): number {
  if (codebooks !== undefined && bitrate !== undefined) {
    throw new ConfigError("give codebooks or bitrate, not both");
  }
  if (bitrate !== undefined) {
    const each = codebookBitrate(facts, channels);
    if (!(bitrate >= each)) {
      throw new ConfigError(
        `bitrate ${Math.round(bitrate)} is below the ${Math.ceil(each)} bit/s of one codebook in all channels`,
      );
    }
    return Math.min(facts.codebooks, Math.floor(bitrate / each));
  }
  const chosen = codebooks ?? facts.codebooks;
  if (!Number.isInteger(chosen) || chosen < 1 || chosen > facts.codebooks) {
    throw new ConfigError(`codebooks is ${chosen}, it must be 1 to ${facts.codebooks}`);
  }
  return chosen;
}

/** A header for codes of a model. */
export function headerOf(
  facts: ModelFacts,
  sound: { sampleRate: number; channels: number; samples: bigint | null },
  codebooks: number,
  joint: Joint,
  metadata: Metadata = {},
): Header {
  return new Header({
    model: facts.name,
    modelHash: fromHex(facts.hash),
    ...sound,
    modelSampleRate: facts.sampleRate,
    hopLength: facts.hopLength,
    delay: facts.delay,
    codebooks,
    levels: facts.levels,
    framesPerPage: Math.max(1, Math.round(facts.sampleRate / facts.hopLength)),
    entropy: fromHex(joint ? facts.jointEntropy : facts.entropy),
    metadata,
    joint,
    variable: false,
    strides: [],
  });
}

/** The model that tokens were made with: of the same weights, under any name. */
export function modelOf(header: Header, models: readonly ModelFacts[], file: string): ModelFacts {
  const [wanted, name] = [hex(header.modelHash), header.model];
  const found = models.find((facts) => facts.hash === wanted);
  if (!found) {
    const named = models.find((facts) => facts.name === name);
    throw new ModelError(
      named
        ? `${file}: was made with other weights of '${name}' ` +
            `(hash ${wanted.slice(0, 8)}, here ${named.hash.slice(0, 8)})`
        : `${file}: is of model '${name}', and here are only ${models.map((facts) => facts.name).join(", ")}`,
    );
  }
  const layout = [header.modelSampleRate, header.hopLength, header.delay, header.levels];
  if (String(layout) !== String([found.sampleRate, found.hopLength, found.delay, found.levels])) {
    throw new ModelError(`${file}: does not have the layout of '${name}'`);
  }
  return found;
}
