/** Codes of any size in as few bits as they can take: groups of them are the digits of one whole number. */

export const GROUP = 1024;

const powers = new Map<string, bigint>();

function power(size: number, count: number): bigint {
  const key = `${size} ${count}`;
  let value = powers.get(key);
  if (value === undefined) {
    value = BigInt(size) ** BigInt(count);
    powers.set(key, value);
  }
  return value;
}

const bits = new Map<string, number>();

function groupBits(count: number, size: number): number {
  const key = `${size} ${count}`;
  let found = bits.get(key);
  if (found === undefined) {
    found = (power(size, count) - 1n).toString(2).length;
    bits.set(key, found);
  }
  return found;
}

/** Bits that `count` codes below `size` take. */
export function packedBits(count: number, size: number): number {
  const rest = count % GROUP;
  const full = (count - rest) / GROUP;
  return (full ? full * groupBits(GROUP, size) : 0) + (rest ? groupBits(rest, size) : 0);
}

/** How many codes fit a Number exactly. */
function leaf(size: number): number {
  return Math.max(1, Math.floor(53 / Math.log2(size) - 1e-9));
}

/** Writes numbers end to end, least significant bit first. */
export class BitPacker {
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** Appends all groups of the codes. */
  push(codes: ArrayLike<number>, size: number): void {
    for (let start = 0; start < codes.length; start += GROUP) {
      const end = Math.min(codes.length, start + GROUP);
      this.append(groupNumber(codes, start, end, size), groupBits(end - start, size));
    }
  }

  private append(number: bigint, count: number): void {
    const shift = this.at % 8;
    let at = (this.at - shift) / 8;
    const text = (number << BigInt(shift)).toString(16);
    for (let end = text.length; end > 0; end -= 2) {
      this.bytes[at++] |= parseInt(text.slice(Math.max(0, end - 2), end), 16);
    }
    this.at += count;
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.bytes;
  }
}

function groupNumber(codes: ArrayLike<number>, start: number, end: number, size: number): bigint {
  const each = leaf(size);
  const words: bigint[] = [];
  for (let at = start; at < end; at += each) {
    let word = 0;
    for (let i = Math.min(end, at + each) - 1; i >= at; i--) {
      word = word * size + codes[i];
    }
    words.push(BigInt(word));
  }
  return merge(words, 0, words.length, size, each);
}

function merge(words: bigint[], start: number, end: number, size: number, each: number): bigint {
  if (end - start === 1) {
    return words[start];
  }
  const half = Math.floor((end - start) / 2);
  const low = merge(words, start, start + half, size, each);
  return low + merge(words, start + half, end, size, each) * power(size, half * each);
}

/** Takes the numbers out again. */
export class BitUnpacker {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** The next codes, into `target`; false if a group's number is larger than its codes can make. */
  take(target: Float64Array, size: number): boolean {
    for (let start = 0; start < target.length; start += GROUP) {
      const count = Math.min(GROUP, target.length - start);
      const number = this.number(groupBits(count, size));
      if (number >= power(size, count)) {
        return false;
      }
      split(number, target.subarray(start, start + count), size);
    }
    return true;
  }

  /** Whether all bits left are 0. */
  get clean(): boolean {
    const first = Math.floor(this.at / 8);
    return this.bytes.subarray(first).every((byte, i) => (i ? byte : byte >> this.at % 8) === 0);
  }

  private number(count: number): bigint {
    const shift = this.at % 8;
    const start = (this.at - shift) / 8;
    let text = "";
    for (let i = Math.ceil((this.at + count) / 8) - 1; i >= start; i--) {
      text += this.bytes[i].toString(16).padStart(2, "0");
    }
    this.at += count;
    return BigInt.asUintN(count, BigInt(`0x${text || "0"}`) >> BigInt(shift));
  }
}

function split(number: bigint, target: Float64Array, size: number): void {
  const each = leaf(size);
  if (target.length <= each) {
    let word = Number(number);
    for (let i = 0; i < target.length; i++) {
      target[i] = word % size;
      word = Math.floor(word / size);
    }
    return;
  }
  const half = Math.ceil(target.length / each / 2) * each;
  const step = power(size, half);
  split(number % step, target.subarray(0, half), size);
  split(number / step, target.subarray(half), size);
}
