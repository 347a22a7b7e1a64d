/** Samples in memory. */

import { AudioError } from "../errors.ts";

export interface Sound {
  readonly sampleRate: number;
  /** One array a channel, all of one length. */
  readonly channels: readonly Float32Array<ArrayBuffer>[];
}

const MIN_SAMPLE_RATE = 100;
const MAX_SAMPLE_RATE = 1_000_000;
const MAX_CHANNELS = 255;
const MAX_PEAK = 100; // what is louder has another full scale

export function lengthOf(sound: Sound): number {
  return sound.channels[0]?.length ?? 0;
}

/** Refuses what no encoder can take. @param name for messages. */
export function checkSound(sound: Sound, name: string): void {
  checkFormat(sound.sampleRate, sound.channels.length, name);
  for (const channel of sound.channels) {
    let peak = 0;
    for (const sample of channel) {
      peak = Math.max(peak, Math.abs(sample)); // NaN stays
    }
    if (!Number.isFinite(peak)) {
      throw new AudioError(`${name}: holds NaN or infinite samples`);
    }
    if (peak > MAX_PEAK) {
      throw new AudioError(`${name}: has a peak of ${peak.toPrecision(6)} where full scale is 1`);
    }
  }
}

export function checkFormat(sampleRate: number, channels: number, name: string): void {
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    throw new AudioError(
      `${name}: sample rate ${sampleRate} Hz is outside ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE} Hz`,
    );
  }
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw new AudioError(`${name}: has ${channels} channels; 1 to ${MAX_CHANNELS} can be coded`);
  }
}

export function concatSamples(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
