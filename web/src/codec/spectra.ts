/** Powers of the spectra of two channels, of frames of any length, by the way of Bluestein (1970). */

export class Spectra {
  private readonly window: Float64Array;
  private readonly padded: number;
  /** e^(i pi n^2 / size), whose transform as a filter makes a convolution of the transform of that size. */
  private readonly chirp: [Float64Array, Float64Array];
  private readonly filter: [Float64Array, Float64Array];

  constructor(private readonly size: number) {
    this.window = Float64Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (size - 1)));
    this.padded = 2 ** Math.ceil(Math.log2(2 * size));
    const angles = Array.from({ length: size }, (_, n) => (Math.PI * ((n * n) % (2 * size))) / size);
    this.chirp = [Float64Array.from(angles, Math.cos), Float64Array.from(angles, Math.sin)];
    this.filter = [new Float64Array(this.padded), new Float64Array(this.padded)];
    this.filter.forEach((part, i) => {
      part.set(this.chirp[i]);
      part.set(this.chirp[i].slice(1).reverse(), this.padded - size + 1);
    });
    transform(...this.filter);
  }

  /** Of left, right, their sum and their difference, the last two halved. */
  powers(left: Float32Array, right: Float32Array): Float64Array[] {
    const [re, im] = this.transformed(left, right);
    const bins = Math.floor(this.size / 2) + 1;
    const found = Array.from({ length: 4 }, () => new Float64Array(bins));
    for (let k = 0; k < bins; k++) {
      const back = (this.size - k) % this.size; // left and right are the even and the odd part of one transform
      const [a, b] = [(re[k] + re[back]) / 2, (im[k] - im[back]) / 2];
      const [c, d] = [(im[k] + im[back]) / 2, (re[back] - re[k]) / 2];
      found[0][k] = a * a + b * b;
      found[1][k] = c * c + d * d;
      found[2][k] = ((a + c) ** 2 + (b + d) ** 2) / 2;
      found[3][k] = ((a - c) ** 2 + (b - d) ** 2) / 2;
    }
    return found;
  }

  /** The transform of the windowed frame left + i right. */
  private transformed(left: Float32Array, right: Float32Array): [Float64Array, Float64Array] {
    const { size, padded, window, chirp, filter } = this;
    const [re, im] = [new Float64Array(padded), new Float64Array(padded)];
    for (let n = 0; n < size; n++) {
      const [x, y] = [left[n] * window[n], right[n] * window[n]];
      re[n] = x * chirp[0][n] + y * chirp[1][n];
      im[n] = y * chirp[0][n] - x * chirp[1][n];
    }
    transform(re, im);
    for (let k = 0; k < padded; k++) {
      // the second transform gives the inverse one if its input is conjugated
      [re[k], im[k]] = [
        re[k] * filter[0][k] - im[k] * filter[1][k],
        -re[k] * filter[1][k] - im[k] * filter[0][k],
      ];
    }
    transform(re, im);
    for (let k = 0; k < size; k++) {
      const [x, y] = [re[k] / padded, -im[k] / padded];
      [re[k], im[k]] = [x * chirp[0][k] + y * chirp[1][k], y * chirp[0][k] - x * chirp[1][k]];
    }
    return [re, im];
  }
}

/** The transform of 2^n complex numbers, in place. */
function transform(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) {
      j ^= bit;
    }
    j ^= bit;
    if (i < j) {
      [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
    }
  }
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0; k < half; k++) {
      const [c, s] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)];
      for (let a = k, b = k + half; a < size; a += 2 * half, b += 2 * half) {
        const [x, y] = [re[b] * c - im[b] * s, re[b] * s + im[b] * c];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}
