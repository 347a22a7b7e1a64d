/** Peaks of a sound and their picture. */

export class Peaks {
  /** Largest magnitude of each stretch; NaN: not known yet. */
  readonly values: Float32Array;

  constructor(
    private readonly samples: number,
    count = 600,
  ) {
    this.values = new Float32Array(Math.max(1, Math.min(count, samples))).fill(NaN);
  }

  /** @param start the first sample of what is there now. */
  add(start: number, channels: readonly Float32Array[]): void {
    const { values, samples } = this;
    for (let i = 0; i < channels[0].length; i++) {
      const place = Math.min(values.length - 1, Math.floor(((start + i) / samples) * values.length));
      let peak = 0;
      for (const channel of channels) {
        peak = Math.max(peak, Math.abs(channel[i]));
      }
      values[place] = Math.max(values[place] || 0, peak);
    }
  }

  /** Of what is known between two places, 0 to 1. */
  largest(start: number, end: number): number {
    const [first, behind] = [start, end].map((share) => Math.floor(share * this.values.length));
    const part = this.values.subarray(first, Math.max(first + 1, behind));
    return part.reduce((most, value) => Math.max(most, value || 0), 0);
  }
}

/** Fits a canvas to its place on the screen; returns what to draw with, in pixels of the page. */
export function prepare(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } {
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  return { context, width, height };
}

/** Bars, those before `played` (0 to 1) in the colour of the accent. */
export function drawWaveform(canvas: HTMLCanvasElement, peaks: Peaks | undefined, played: number): void {
  const { context, width, height } = prepare(canvas);
  const style = getComputedStyle(canvas);
  const [quiet, accent] = [style.getPropertyValue("--wave"), style.getPropertyValue("--accent")];
  const bars = Math.max(1, Math.floor(width / 3));
  for (let bar = 0; bar < bars; bar++) {
    const peak = peaks?.largest(bar / bars, (bar + 1) / bars) ?? 0;
    const size = Math.max(2, Math.min(1, Math.sqrt(peak)) * (height - 4)); // quiet speech is to be seen, too
    context.fillStyle = (bar + 0.5) / bars < played ? accent : quiet;
    context.fillRect(bar * 3, (height - size) / 2, 2, size);
  }
}
