/** Files of the user as sound. */

import { AudioError } from "../errors.ts";
import { rateOf } from "../sound/rate.ts";
import { checkSound, type Sound } from "../sound/sound.ts";
import { isWav, readWav, wavLayout } from "../sound/wav.ts";
import { soundOf } from "../browser.ts";

const MOST_MINUTES = 20;
const MOST_CHANNELS = 2;
const MOST_BYTES = 100 * 2 ** 20; // of a compressed file
const HEAD_BYTES = 2 ** 16;

function checkSize(minutes: number, channels: number, name: string): void {
  if (minutes > MOST_MINUTES) {
    throw new AudioError(
      `${name}: is ${Math.round(minutes)} minutes long, this page takes ${MOST_MINUTES}; ` +
        "audiocodec encode takes any length",
    );
  }
  if (channels > MOST_CHANNELS) {
    throw new AudioError(
      `${name}: has ${channels} channels, this page takes ${MOST_CHANNELS}; audiocodec encode takes up to 255`,
    );
  }
}

export async function soundOfFile(file: File): Promise<Sound> {
  const { name } = file;
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (!head.length) {
    throw new AudioError(`${name}: is empty (0 bytes)`);
  }
  if (isWav(head)) {
    const { samples, sampleRate, channels } = wavLayout(head, file.size, name);
    checkSize(samples / sampleRate / 60, channels, name);
    return checked(readWav(new Uint8Array(await file.arrayBuffer()), name), name);
  }
  if (file.size > MOST_BYTES) {
    throw new AudioError(`${name}: has ${Math.round(file.size / 2 ** 20)} MiB, this page takes ${MOST_BYTES / 2 ** 20}`);
  }
  return checked(await decoded(file, rateOf(head) ?? 48_000), name);
}

/** By the browser, at the rate of the file: at another one it resamples badly. */
async function decoded(file: File, sampleRate: number): Promise<Sound> {
  try {
    const context = new OfflineAudioContext(1, 1, sampleRate);
    return soundOf(await context.decodeAudioData(await file.arrayBuffer()));
  } catch {
    throw new AudioError(`${file.name}: is not sound that this browser reads; wav, flac, mp3 and ogg are`);
  }
}

function checked(sound: Sound, name: string): Sound {
  const samples = sound.channels[0].length;
  checkSize(samples / sound.sampleRate / 60, sound.channels.length, name);
  if (!samples) {
    throw new AudioError(`${name}: holds no samples`);
  }
  checkSound(sound, name);
  return sound;
}
