/**
 * `<fsq-player src="sound.fsq">` plays a token file: a button, a waveform to seek in, the time.
 *
 * Attributes: `src`, URL of the file; `base`, URL of the folder that `audiocodec web` wrote, by default where this
 * script lies; `label`, a name for screen readers, by default the title in the file or its name.
 * The codec is loaded when someone first plays or seeks.
 */

import type { OpenFile, WebCodec } from "../browser.ts";
import { Playback } from "./playback.ts";
import { clock, spoken } from "./times.ts";
import { drawWaveform, Peaks } from "./waveform.ts";

const STEP_SECONDS = 5;
const WHOLE_MINUTES = 10; // longer sounds are drawn only where they were heard

const STYLE = `
:host { --accent: #1a5fb4; --wave: #8a8f98; --text: #1c1e21; --back: #f3f4f6; display: block; color: var(--text);
  font: 15px/1.3 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  :host { --accent: #7db4ff; --wave: #7a808a; --text: #e8eaed; --back: #24272c; }
}
.player { display: flex; align-items: center; gap: .75rem; padding: .5rem .75rem; border-radius: .75rem;
  background: var(--back); }
button { flex: none; width: 2.75rem; height: 2.75rem; border: 0; border-radius: 50%; background: var(--accent);
  cursor: pointer; }
button svg { width: 1.25rem; height: 1.25rem; fill: var(--back); vertical-align: middle; }
.place { flex: 1; min-width: 0; height: 3rem; cursor: pointer; touch-action: none; border-radius: .25rem; }
canvas { display: block; width: 100%; height: 100%; }
button:focus-visible, .place:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
time { flex: none; font-variant-numeric: tabular-nums; font-size: .85rem; }
p { margin: .35rem .75rem 0; font-size: .9rem; }
p:empty { display: none; }
`;
const PLAY = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 4v16l13-8z"/></svg>`;
const PAUSE = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 4h4v16H6zM14 4h4v16h-4z"/></svg>`;

/** @param openCodec loads the codec of a folder, once. */
export function definePlayer(openCodec: (base: string | null) => Promise<WebCodec>): void {
  class FsqPlayer extends HTMLElement {
    static readonly observedAttributes = ["src"];
    private readonly button = document.createElement("button");
    private readonly place = document.createElement("div");
    private readonly canvas = document.createElement("canvas");
    private readonly time = document.createElement("time");
    private readonly message = document.createElement("p");
    private readonly resized = new ResizeObserver(() => this.draw());
    private given: Blob | Uint8Array<ArrayBuffer> | null = null;
    private opening: Promise<Playback> | undefined;
    private playback: Playback | undefined;
    private peaks: Peaks | undefined;
    private frame = 0;

    constructor() {
      super();
      const style = document.createElement("style");
      style.textContent = STYLE;
      const row = document.createElement("div");
      row.className = "player";
      this.place.className = "place";
      this.place.tabIndex = 0;
      this.place.setAttribute("role", "slider");
      this.place.setAttribute("aria-valuemin", "0");
      this.message.setAttribute("role", "status");
      this.place.append(this.canvas);
      row.append(this.button, this.place, this.time);
      this.attachShadow({ mode: "open" }).append(style, row, this.message);
      this.button.onclick = () => this.toggle();
      this.place.onpointerdown = (event) => this.point(event);
      this.onkeydown = (event) => this.press(event);
    }

    connectedCallback(): void {
      this.resized.observe(this.canvas);
      this.show();
    }

    disconnectedCallback(): void {
      this.resized.disconnect();
      this.reset();
    }

    attributeChangedCallback(): void {
      this.given = null;
      this.reset();
    }

    /** A file instead of `src`. */
    set file(file: Blob | Uint8Array<ArrayBuffer>) {
      this.given = file;
      this.reset();
    }

    private reset(): void {
      this.playback?.close();
      void this.opening?.then((playback) => playback.close()).catch(() => undefined);
      this.opening = this.playback = this.peaks = undefined;
      this.message.textContent = "";
      this.show();
    }

    /** Plays or stops. */
    toggle(): void {
      if (this.playback?.playing) {
        this.playback.pause();
      } else {
        this.use((playback) => playback.play());
      }
    }

    private use(act: (playback: Playback) => void): void {
      if (this.playback) {
        act(this.playback);
        return;
      }
      this.message.textContent = "Loading ...";
      this.opening ??= this.open();
      const opening = this.opening;
      opening.then(
        (playback) => {
          if (opening === this.opening) {
            this.message.textContent = "";
            act(playback);
          }
        },
        (error: Error) => opening === this.opening && this.fail(error),
      );
    }

    private fail(error: Error): void {
      this.opening = undefined;
      this.message.textContent = error.message;
    }

    private async open(): Promise<Playback> {
      const source = this.given ?? new URL(this.getAttribute("src") ?? "", document.baseURI).href;
      const codec = await openCodec(this.getAttribute("base"));
      const file = await codec.openFile(source);
      const peaks = new Peaks(file.info.samples);
      const playback = new Playback(file, {
        onState: () => this.show(),
        onPiece: (start, channels) => this.add(peaks, start, channels),
        onError: (error) => this.fail(error),
      });
      [this.playback, this.peaks] = [playback, peaks];
      if (playback.duration <= 60 * WHOLE_MINUTES) {
        void this.sketch(file, peaks).catch((error: Error) => this.fail(error));
      }
      this.show();
      return playback;
    }

    /** Decodes the whole sound for its picture, behind what is played. */
    private async sketch(file: OpenFile, peaks: Peaks): Promise<void> {
      let at = 0;
      for await (const channels of file.from(0)) {
        if (peaks !== this.peaks) {
          return;
        }
        this.add(peaks, at, channels);
        at += channels[0].length;
      }
    }

    private add(peaks: Peaks, start: number, channels: readonly Float32Array[]): void {
      peaks.add(start, channels);
      if (!this.frame) {
        this.draw();
      }
    }

    private point(event: PointerEvent): void {
      const seek = ({ clientX }: PointerEvent) => {
        const { left, width } = this.place.getBoundingClientRect();
        const share = Math.min(1, Math.max(0, (clientX - left) / width));
        this.use((playback) => playback.seek(share * playback.duration));
      };
      this.place.setPointerCapture(event.pointerId);
      this.place.onpointermove = seek;
      this.place.onpointerup = this.place.onpointercancel = () => (this.place.onpointermove = null);
      seek(event);
    }

    private press(event: KeyboardEvent): void {
      const moves: Record<string, (playback: Playback) => number> = {
        ArrowLeft: ({ seconds }) => seconds - STEP_SECONDS,
        ArrowDown: ({ seconds }) => seconds - STEP_SECONDS,
        ArrowRight: ({ seconds }) => seconds + STEP_SECONDS,
        ArrowUp: ({ seconds }) => seconds + STEP_SECONDS,
        Home: () => 0,
        End: ({ duration }) => duration,
      };
      if (event.altKey || event.ctrlKey || event.metaKey) {
        return;
      }
      if (event.key in moves) {
        this.use((playback) => playback.seek(moves[event.key](playback)));
      } else if (event.key === " " && event.composedPath()[0] === this.place) {
        this.toggle();
      } else {
        return;
      }
      event.preventDefault();
    }

    private name(): string {
      const { title = "", name = "" } = this.playback?.file.info ?? {};
      return title || name || decodeURIComponent(this.getAttribute("src")?.split("/").pop() || "sound");
    }

    private show(): void {
      const playing = this.playback?.playing ?? false;
      const label = this.getAttribute("label") ?? this.name();
      this.button.innerHTML = playing ? PAUSE : PLAY;
      this.button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${label}`);
      this.place.setAttribute("aria-label", `Position in ${label}`);
      this.tick();
    }

    /** The time and what depends on it, again and again while it plays. */
    private tick(): void {
      const [seconds, duration] = [this.playback?.seconds ?? 0, this.playback?.duration ?? 0];
      this.place.setAttribute("aria-valuemax", String(Math.round(duration)));
      this.place.setAttribute("aria-valuenow", String(Math.round(seconds)));
      this.place.setAttribute("aria-valuetext", `${spoken(seconds)} of ${spoken(duration)}`);
      this.time.textContent = `${clock(seconds)} / ${this.playback ? clock(duration) : "-:--"}`;
      this.draw();
      cancelAnimationFrame(this.frame);
      this.frame = this.playback?.playing ? requestAnimationFrame(() => this.tick()) : 0;
    }

    private draw(): void {
      if (this.isConnected) {
        const { seconds, duration } = this.playback ?? { seconds: 0, duration: 0 };
        drawWaveform(this.canvas, this.peaks, duration ? seconds / duration : 0);
      }
    }
  }
  customElements.define("fsq-player", FsqPlayer);
}
