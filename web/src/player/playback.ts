/** Plays an open token file from any place on, as it is decoded. */

import type { OpenFile } from "../browser.ts";
import { AudioError } from "../errors.ts";

const AHEAD_SECONDS = 4; // of sound that is decoded before it is heard
const ALLOWED_MS = 1500;
const START_SECONDS = 0.06; // until what is decoded first is heard

export interface PlaybackEvents {
  /** Playing began, stopped or ended. */
  onState(): void;
  /** Sound was decoded. @param start its first sample. */
  onPiece(start: number, channels: readonly Float32Array[]): void;
  onError(error: Error): void;
}

export class Playback {
  playing = false;
  private context: AudioContext | undefined;
  private turn = 0;
  private readonly nodes = new Set<AudioBufferSourceNode>();
  private position = 0; // samples, where it stands still
  private origin: number | null = null; // time of the context at which sample 0 would have been heard

  constructor(
    readonly file: OpenFile,
    private readonly events: PlaybackEvents,
  ) {}

  get seconds(): number {
    const { samples, sampleRate } = this.file.info;
    const played = this.playing && this.origin !== null ? this.context!.currentTime - this.origin : 0;
    return Math.min(samples / sampleRate, Math.max(this.position / sampleRate, played));
  }

  get duration(): number {
    return this.file.info.samples / this.file.info.sampleRate;
  }

  /** Has to be called where a user did something: browsers play nothing else. */
  play(): void {
    if (this.playing) {
      return;
    }
    if (this.position >= this.file.info.samples) {
      this.position = 0;
    }
    try {
      this.context ??= new AudioContext({ sampleRate: this.file.info.sampleRate });
    } catch {
      this.events.onError(new AudioError(`this browser plays no sound of ${this.file.info.sampleRate} Hz`));
      return;
    }
    void this.context.resume();
    setTimeout(() => this.checkAllowed(), ALLOWED_MS);
    this.playing = true;
    this.events.onState();
    void this.run(this.position).catch((error: Error) => {
      this.pause();
      this.events.onError(error);
    });
  }

  /** Some browsers want another press where loading took long. */
  private checkAllowed(): void {
    if (this.playing && this.context?.state === "suspended") {
      this.pause();
      this.events.onError(new AudioError("the browser wants you to press play once more"));
    }
  }

  pause(): void {
    this.position = Math.round(this.seconds * this.file.info.sampleRate);
    this.stop();
  }

  private stop(): void {
    const was = this.playing;
    this.turn++;
    this.nodes.forEach((node) => node.stop());
    this.nodes.clear();
    this.origin = null;
    this.playing = false;
    void this.context?.suspend();
    if (was) {
      this.events.onState();
    }
  }

  seek(seconds: number): void {
    const { samples, sampleRate } = this.file.info;
    const playing = this.playing;
    this.stop();
    this.position = Math.min(samples, Math.max(0, Math.round(seconds * sampleRate)));
    if (playing) {
      this.play();
    } else {
      this.events.onState();
    }
  }

  private async run(start: number): Promise<void> {
    const turn = ++this.turn;
    const context = this.context!;
    const { sampleRate } = this.file.info;
    let at = start;
    for await (const channels of this.file.from(start)) {
      if (turn !== this.turn) {
        return;
      }
      this.events.onPiece(at, channels);
      const late = this.origin !== null && this.origin + at / sampleRate < context.currentTime;
      if (this.origin === null || late) {
        this.origin = context.currentTime + START_SECONDS - at / sampleRate;
      }
      this.schedule(channels, this.origin + at / sampleRate, sampleRate);
      at += channels[0].length;
      while (turn === this.turn && this.origin + at / sampleRate - context.currentTime > AHEAD_SECONDS) {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    while (turn === this.turn && context.currentTime < this.origin! + at / sampleRate) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (turn === this.turn) {
      this.stop();
      this.position = this.file.info.samples;
      this.events.onState();
    }
  }

  private schedule(channels: readonly Float32Array<ArrayBuffer>[], when: number, sampleRate: number): void {
    const buffer = new AudioBuffer({ sampleRate, numberOfChannels: channels.length, length: channels[0].length });
    channels.forEach((channel, c) => buffer.copyToChannel(channel, c));
    const node = this.context!.createBufferSource();
    node.buffer = buffer;
    node.connect(this.context!.destination);
    node.onended = () => this.nodes.delete(node);
    this.nodes.add(node);
    node.start(when);
  }

  close(): void {
    this.stop();
    void this.context?.close();
    this.file.close();
  }
}
