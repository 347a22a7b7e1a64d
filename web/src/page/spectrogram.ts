/** The spectrogram of a sound on a canvas: time to the right, frequency upwards, 80 dB from black to white. */

import { prepare } from "../player/waveform.ts";
import type { Sound } from "../sound/sound.ts";
import { Fft } from "./fft.ts";

const SIZE = 512; // samples of a window
const RANGE_DB = 80;

/** Colours from silence to full scale: black, violet, orange, white. */
const COLOURS = [
  [0, 0, 0],
  [70, 20, 110],
  [190, 55, 80],
  [245, 150, 50],
  [255, 255, 230],
];

function colour(level: number): number[] {
  const place = Math.min(1, Math.max(0, level)) * (COLOURS.length - 1);
  const below = Math.min(COLOURS.length - 2, Math.floor(place));
  return COLOURS[below].map((value, i) => value + (place - below) * (COLOURS[below + 1][i] - value));
}

const TABLE = Array.from({ length: 256 }, (_, i) => colour(i / 255));

export function drawSpectrogram(canvas: HTMLCanvasElement, sound: Sound): void {
  const { context } = prepare(canvas);
  const { width, height } = canvas;
  const picture = context.createImageData(width, height);
  const [fft, bins] = [new Fft(SIZE), SIZE / 2];
  const mono = sound.channels[0];
  const window = Float32Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / SIZE));
  const frame = new Float32Array(SIZE);
  for (let x = 0; x < width; x++) {
    const centre = Math.floor(((x + 0.5) / width) * mono.length) - SIZE / 2;
    for (let i = 0; i < SIZE; i++) {
      frame[i] = (mono[centre + i] ?? 0) * window[i];
    }
    const power = fft.power(frame);
    for (let y = 0; y < height; y++) {
      const bin = Math.min(bins - 1, Math.floor((1 - (y + 0.5) / height) * bins));
      const db = 10 * Math.log10(power[bin] / (SIZE / 4) ** 2 + 1e-12);
      const [r, g, b] = TABLE[Math.min(255, Math.max(0, Math.round((1 + db / RANGE_DB) * 255)))];
      picture.data.set([r, g, b, 255], 4 * (y * width + x));
    }
  }
  context.putImageData(picture, 0, 0);
}
