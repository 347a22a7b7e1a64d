/** A range coder in whole numbers; all stay below 2^53, and no bit operation sees more than 32 bits. */

export const SHARE_BITS = 14;
const TOP = 2 ** 24;
const FULL = 2 ** 32 - 1;
const LAST = 2 ** SHARE_BITS - 1;

export class RangeEncoder {
  private readonly out: number[] = [];
  private low = 0;
  private width = FULL;

  /** A value with this share, where the shares of smaller values sum to `start`. */
  put(start: number, share: number): void {
    const unit = this.width >>> SHARE_BITS;
    this.low += unit * start;
    this.width = unit * share;
    if (this.low > FULL) {
      this.carry();
      this.low -= FULL + 1;
    }
    while (this.width < TOP) {
      this.out.push(this.low >>> 24);
      this.low = (this.low % TOP) * 256;
      this.width *= 256;
    }
  }

  private carry(): void {
    let at = this.out.length - 1;
    while (this.out[at] === 255) {
      this.out[at--] = 0;
    }
    this.out[at]++;
  }

  /** All bytes, zero bytes at the end left off. */
  done(): Uint8Array {
    const { low, width, out } = this;
    let last = low;
    for (const step of [2 ** 32, 2 ** 24, 2 ** 16, 2 ** 8]) {
      const rounded = Math.ceil(low / step) * step;
      if (rounded < low + width) {
        last = rounded;
        break;
      }
    }
    if (last > FULL) {
      this.carry();
      last -= FULL + 1;
    }
    for (const step of [2 ** 24, 2 ** 16, 2 ** 8, 1]) {
      out.push(Math.floor(last / step) % 256);
    }
    let end = out.length;
    while (end && out[end - 1] === 0) {
      end--;
    }
    return Uint8Array.from(out.slice(0, end));
  }
}

/** Takes the values out again; of bytes that no encoder makes it takes some values or other. */
export class RangeDecoder {
  private at = 4;
  private offset = 0;
  private width = FULL;
  private inside = true;

  constructor(private readonly data: Uint8Array) {
    for (let i = 0; i < 4; i++) {
      this.offset = this.offset * 256 + (data[i] ?? 0);
    }
  }

  /** Whether the bytes could be an encoder's: no point outside the interval, no byte left over. */
  get sound(): boolean {
    return this.inside && this.at >= this.data.length;
  }

  /** The next value, of `count`. @param sums of the shares below each value, from `first` on, and the whole. */
  take(sums: Int32Array, first: number, count: number): number {
    const unit = this.width >>> SHARE_BITS;
    let position = Math.floor(this.offset / unit);
    if (position > LAST) {
      this.inside = false;
      position = LAST;
      this.offset = unit * LAST;
    }
    let value = 0;
    while (value + 1 < count && sums[first + value + 1] <= position) {
      value++;
    }
    const low = sums[first + value];
    this.offset -= unit * low;
    this.width = unit * (sums[first + value + 1] - low);
    while (this.width < TOP) {
      this.offset = this.offset * 256 + (this.data[this.at++] ?? 0);
      this.width *= 256;
    }
    return value;
  }
}
