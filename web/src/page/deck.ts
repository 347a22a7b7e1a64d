/** Two sounds at one position: playing goes on while one changes places with the other. */

import { AudioError } from "../errors.ts";

const FADE_SECONDS = 0.008;

export type Side = "original" | "coded";

interface Voice {
  readonly node: AudioBufferSourceNode;
  readonly gain: GainNode;
}

export class Deck {
  playing = false;
  private context: AudioContext | undefined;
  private readonly buffers = new Map<Side, AudioBuffer>();
  private readonly voices = new Map<Side, Voice>();
  private side: Side = "coded";
  private position = 0; // seconds, where it stands still
  private started = 0; // time of the context at which it would have been at 0

  /** @param onState told when playing begins or ends. */
  constructor(private readonly onState: () => void) {}

  /** Puts a sound in the place of another; playing goes on. */
  load(side: Side, buffer: AudioBuffer | undefined): void {
    const playing = this.playing;
    this.pause();
    if (buffer) {
      this.buffers.set(side, buffer);
    } else {
      this.buffers.delete(side);
    }
    if (playing) {
      this.play();
    }
  }

  get duration(): number {
    return this.buffers.get("coded")?.duration ?? 0;
  }

  get seconds(): number {
    return this.playing ? Math.min(this.duration, this.context!.currentTime - this.started) : this.position;
  }

  play(): void {
    const rate = this.buffers.get("coded")?.sampleRate;
    if (this.playing || rate === undefined) {
      return;
    }
    if (this.context?.sampleRate !== rate) {
      void this.context?.close();
      try {
        this.context = new AudioContext({ sampleRate: rate }); // so that nothing is resampled by the browser's graph
      } catch {
        throw new AudioError(`this browser plays no sound of ${rate} Hz`);
      }
    }
    void this.context.resume();
    const start = this.position < this.duration - 0.01 ? this.position : 0;
    this.buffers.forEach((buffer, side) => this.voices.set(side, this.voice(buffer, side, start)));
    this.started = this.context.currentTime - start;
    this.playing = true;
    this.onState();
  }

  private voice(buffer: AudioBuffer, side: Side, start: number): Voice {
    const [node, gain] = [this.context!.createBufferSource(), this.context!.createGain()];
    node.buffer = buffer;
    gain.gain.value = side === this.side ? 1 : 0;
    node.connect(gain).connect(this.context!.destination);
    node.start(0, start);
    if (side === "coded") {
      node.onended = () => this.voices.get(side)?.node === node && this.seek(0, false);
    }
    return { node, gain };
  }

  pause(): void {
    const was = this.playing;
    this.position = this.seconds;
    this.playing = false;
    this.voices.forEach(({ node }) => node.stop());
    this.voices.clear();
    if (was) {
      this.onState();
    }
  }

  seek(seconds: number, playing = this.playing): void {
    this.pause();
    this.position = Math.min(this.duration, Math.max(0, seconds));
    if (playing) {
      this.play();
    }
  }

  listen(side: Side): void {
    this.side = side;
    this.voices.forEach(({ gain }, other) => {
      const now = this.context!.currentTime;
      gain.gain.cancelScheduledValues(now);
      gain.gain.setTargetAtTime(other === side ? 1 : 0, now, FADE_SECONDS);
    });
  }
}
