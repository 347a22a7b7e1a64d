/** Recording, and the live loop: microphone to tokens to loudspeaker, with the delay shown. */

import type { Live, ModelFacts, Sound } from "../browser.ts";
import { concatSamples } from "../sound/sound.ts";
import { openCodec } from "./codec.ts";
import { byId } from "./dom.ts";
import { type Microphone, openMicrophone } from "./microphone.ts";
import { task } from "./task.ts";

const MOST_SECONDS = 20 * 60;

/** A recording under way. */
export class Recording {
  private readonly parts: Float32Array[] = [];
  private count = 0;
  private constructor(private readonly ended: () => void) {}
  private microphone!: Microphone;

  /** @param onEnd told when it is as long as a recording may be. */
  static async start(onEnd: () => void): Promise<Recording> {
    const recording = new Recording(onEnd);
    recording.microphone = await openMicrophone(({ samples }) => recording.add(samples));
    return recording;
  }

  private add(samples: Float32Array): void {
    this.parts.push(samples);
    this.count += samples.length;
    if (this.count > MOST_SECONDS * this.microphone.sampleRate) {
      this.ended();
    }
  }

  get seconds(): number {
    return this.count / this.microphone.sampleRate;
  }

  stop(): Sound {
    this.microphone.close();
    return { sampleRate: this.microphone.sampleRate, channels: [concatSamples(this.parts)] };
  }
}

const button = byId<HTMLButtonElement>("loop");
const delay = byId("delay");
let stop: (() => void) | undefined;

/** @param chosen the model to use. */
export function wireLive(chosen: () => ModelFacts): void {
  button.onclick = () => (stop ? stop() : void start(chosen()));
}

async function start(facts: ModelFacts): Promise<void> {
  button.disabled = true;
  let [live, microphone]: [Live | undefined, Microphone | undefined] = [undefined, undefined];
  let [busy, frameMs] = [Promise.resolve(), 0];
  let shownAt = 0;
  const done = await task("Starting", async (how) => {
    const codec = await openCodec();
    microphone = await openMicrophone(({ samples, queued }) => {
      busy = busy.then(async () => {
        const begun = performance.now();
        const heard = await live?.push(samples);
        if (heard?.length) {
          frameMs += 0.05 * (performance.now() - begun - frameMs);
          microphone?.play(heard);
        }
      });
      if (live && microphone && performance.now() - shownAt > 500) {
        shownAt = performance.now();
        showDelay(facts, queued / microphone.sampleRate + microphone.outputSeconds, frameMs);
      }
    });
    live = await codec.openLive(facts.name, microphone.sampleRate, {}, how);
  });
  button.disabled = false;
  if (!done) {
    (microphone as Microphone | undefined)?.close();
    return;
  }
  button.textContent = "Stop";
  button.setAttribute("aria-pressed", "true");
  stop = () => {
    (microphone as Microphone | undefined)?.close();
    (live as Live | undefined)?.close();
    live = undefined; // pieces that wait go nowhere
    stop = undefined;
    delay.textContent = "";
    button.textContent = "Start";
    button.setAttribute("aria-pressed", "false");
  };
}

/** A frame has to be complete, the decoder is late by its delay, and sound waits to be played. */
function showDelay(facts: ModelFacts, waitingSeconds: number, frameMs: number): void {
  const codec = (facts.hopLength + facts.delay) / facts.sampleRate;
  const all = Math.round(1000 * (codec + waitingSeconds));
  delay.textContent = `Delay about ${all} ms, ${Math.round(1000 * codec)} of them the codec's; ${frameMs.toFixed(1)} ms of work a frame`;
}

/** Ends the live loop, if it runs. */
export function stopLive(): void {
  stop?.();
}

