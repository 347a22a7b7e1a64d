/** A Fourier transform of 2^n real numbers. */

export class Fft {
  private readonly cos: Float32Array;
  private readonly sin: Float32Array;
  private readonly order: Uint32Array;
  private readonly re: Float32Array;
  private readonly im: Float32Array;

  constructor(private readonly size: number) {
    this.cos = Float32Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.sin = Float32Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
    this.order = new Uint32Array(size);
    for (let i = 1; i < size; i++) {
      this.order[i] = (this.order[i >> 1] >> 1) | (i & 1 ? size / 2 : 0);
    }
    this.re = new Float32Array(size);
    this.im = new Float32Array(size);
  }

  /** Squares of the magnitudes of the lower half. */
  power(samples: Float32Array): Float32Array {
    const { size, cos, sin, order, re, im } = this;
    for (let i = 0; i < size; i++) {
      re[i] = samples[order[i]];
      im[i] = 0;
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [a, b] = [start + k, start + k + half];
          const [c, s] = [cos[k * step], sin[k * step]];
          const x = re[b] * c + im[b] * s;
          const y = im[b] * c - re[b] * s;
          [re[b], im[b]] = [re[a] - x, im[a] - y];
          re[a] += x;
          im[a] += y;
        }
      }
    }
    return Float32Array.from({ length: size / 2 }, (_, i) => re[i] ** 2 + im[i] ** 2);
  }
}
