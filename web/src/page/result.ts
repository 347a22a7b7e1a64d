/** The sound on the page: original and coded, to be heard, seen, and taken along. */

import { audioBufferOf, codebookBitrate, type ModelFacts, type Sound, writeWav } from "../browser.ts";
import { clock, spoken } from "../player/times.ts";
import { openCodec } from "./codec.ts";
import { Deck, type Side } from "./deck.ts";
import { byId, bytesText, rateText, save, say } from "./dom.ts";
import { drawSpectrogram } from "./spectrogram.ts";
import { task } from "./task.ts";

export interface Original {
  readonly sound: Sound;
  /** Of the file; undefined: it was recorded. */
  readonly bytes: number | undefined;
}

/** Tokens at all their codebooks, and what is heard of them. */
interface Shown {
  readonly name: string;
  readonly tokens: Uint8Array<ArrayBuffer>;
  readonly codebooks: number;
  readonly facts: ModelFacts;
  readonly channels: number;
  readonly variable: boolean;
  readonly original: Original | undefined;
  coded?: { readonly file: Uint8Array<ArrayBuffer>; readonly sound: Sound };
}

let shown: Shown | undefined;
const deck = new Deck(() => showState());
const position = byId<HTMLInputElement>("position");
const slider = byId<HTMLInputElement>("codebooks");
const choice = byId("ab") as HTMLElement;

/** Shows tokens, with the sound that they were made of if it is there. */
export async function show(tokens: Uint8Array<ArrayBuffer>, name: string, original: Original | undefined): Promise<void> {
  const codec = await openCodec();
  const file = await codec.openFile(new File([tokens], name));
  const { info } = file;
  file.close();
  const facts = codec.models.find((model) => model.name === info.model) ?? codec.models[0];
  shown = { name, tokens, codebooks: info.codebooks, facts, channels: info.channels, variable: info.variable, original };
  deck.pause();
  deck.load("original", original && audioBufferOf(original.sound));
  slider.max = String(info.codebooks);
  slider.value = slider.max;
  choice.hidden = !original;
  byId("original-figure").hidden = !original;
  byId<HTMLInputElement>("ab").querySelector<HTMLInputElement>("[value=coded]")!.checked = true;
  deck.listen("coded");
  if (await decode()) {
    deck.seek(0, false);
    byId("name").textContent = name;
    byId("result").hidden = false;
    draw();
  }
}

/** Decodes as many codebooks as the slider says. */
async function decode(): Promise<boolean> {
  const now = shown!;
  const codebooks = Number(slider.value);
  return task("Decoding", async (how) => {
    const codec = await openCodec();
    const source = new File([now.tokens], now.name);
    const sound = await codec.decodeSound(source, codebooks, how);
    const file = codebooks === now.codebooks ? now.tokens : await codec.truncate(source, codebooks);
    if (how.signal?.aborted || now !== shown) {
      return;
    }
    now.coded = { file, sound };
    deck.load("coded", audioBufferOf(sound));
    showRate();
    showSizes(now, file, sound);
    showState();
  });
}

function showRate(): void {
  const { facts, channels, codebooks, variable } = shown!;
  const count = Number(slider.value);
  const text = `${variable ? "up to " : ""}${rateText(count * codebookBitrate(facts, channels))}, ${count} of ${codebooks} codebooks`;
  byId("rate").textContent = text;
  slider.setAttribute("aria-valuetext", text);
}

function showSizes({ original }: Shown, file: Uint8Array, { sampleRate, channels }: Sound): void {
  const seconds = Math.max(1e-9, channels[0].length / sampleRate);
  const plain = 2 * channels.length * channels[0].length;
  const rows = [
    ["Sound", `${clock(seconds)}, ${sampleRate} Hz, ${channels.length === 1 ? "mono" : `${channels.length} channels`}`],
    ...(original?.bytes === undefined ? [] : [["Original file", bytesText(original.bytes)]]),
    ["Plain, 16 bits", bytesText(plain)],
    ["Token file", `${bytesText(file.length)}, ${rateText((8 * file.length) / seconds)} on disk`],
    ["Smaller than plain", `${Math.round(plain / file.length)} times`],
  ];
  byId("sizes").innerHTML = rows.map(([name, text]) => `<dt>${name}</dt><dd>${text}</dd>`).join("");
}

function draw(): void {
  const pictures: [Side, Sound | undefined][] = [["original", shown?.original?.sound], ["coded", shown?.coded?.sound]];
  for (const [side, sound] of pictures) {
    const canvas = byId<HTMLCanvasElement>(`${side}-picture`);
    canvas.setAttribute("aria-label", `Spectrogram of the ${side} sound, 0 to ${(sound?.sampleRate ?? 0) / 2} Hz`);
    if (sound && canvas.clientWidth) {
      drawSpectrogram(canvas, sound);
    }
  }
}

function showState(): void {
  byId("play").textContent = deck.playing ? "Pause" : "Play";
  position.max = String(deck.duration);
  tick();
}

function tick(): void {
  const { seconds, duration, playing } = deck;
  position.value = String(seconds);
  position.setAttribute("aria-valuetext", `${spoken(seconds)} of ${spoken(duration)}`);
  byId("time").textContent = `${clock(seconds)} / ${clock(duration)}`;
  if (playing) {
    requestAnimationFrame(tick);
  }
}

/** Plays or stops, and says what keeps it from that. */
function toggle(): void {
  try {
    deck.playing ? deck.pause() : deck.play();
  } catch (error) {
    say((error as Error).message);
  }
}

byId("play").onclick = toggle;
position.oninput = () => {
  deck.seek(Number(position.value));
  tick();
};
slider.oninput = showRate;
slider.onchange = () => void decode().then((done) => done && draw());
choice.onchange = (event) => deck.listen((event.target as HTMLInputElement).value as Side);

const stem = () => shown!.name.replace(/\.[^.]*$/, "");
byId("save-fsq").onclick = () => save(shown!.coded!.file, `${stem()}.fsq`, "application/octet-stream");
byId("save-wav").onclick = () => save(writeWav(shown!.coded!.sound), `${stem()}.decoded.wav`, "audio/wav");

let resizing = 0;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(draw, 200);
});
