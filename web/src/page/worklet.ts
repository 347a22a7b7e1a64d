/** The sound card's side of recording and of the live loop: gives what comes in, plays what is given. */

declare const sampleRate: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;

const PIECE_SECONDS = 0.01;
const START_SECONDS = 0.05; // of sound that is waited for, at the start and after a gap

class Loop extends AudioWorkletProcessor {
  private collected: number[] = [];
  private readonly queue: Float32Array[] = [];
  private queued = 0;
  private at = 0; // in the first of the queue
  private playing = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      this.queue.push(data);
      this.queued += data.length;
    };
  }

  process([input]: Float32Array[][], [output]: Float32Array[][]): boolean {
    const frames = output[0].length;
    for (let i = 0; i < frames; i++) {
      this.collected.push(input.length ? input.reduce((sum, channel) => sum + channel[i], 0) / input.length : 0);
    }
    if (this.collected.length >= PIECE_SECONDS * sampleRate) {
      const samples = Float32Array.from(this.collected);
      this.collected = [];
      this.port.postMessage({ samples, queued: this.queued }, [samples.buffer]);
    }
    this.playing ||= this.queued >= START_SECONDS * sampleRate;
    for (let i = 0; i < frames && this.playing; i++) {
      const sample = this.next();
      output.forEach((channel) => (channel[i] = sample));
    }
    return true;
  }

  private next(): number {
    const first = this.queue[0];
    if (!first) {
      this.playing = false;
      return 0;
    }
    const sample = first[this.at++];
    this.queued--;
    if (this.at === first.length) {
      this.queue.shift();
      this.at = 0;
    }
    return sample;
  }
}

registerProcessor("loop", Loop);
export {};
