/** The page: a sound goes in, by file, drop or microphone, and its tokens come out. */

import type { ModelFacts, Sound } from "../browser.ts";
import { clock } from "../player/times.ts";
import { listModels, openCodec } from "./codec.ts";
import { byId, bytesText, rateText, say } from "./dom.ts";
import { soundOfFile } from "./input.ts";
import { Recording, stopLive, wireLive } from "./live.ts";
import { registerOffline, wireOffline } from "./offline.ts";
import { show } from "./result.ts";
import { task } from "./task.ts";
import { codebookBitrate } from "../browser.ts";

const MAGIC = "\x89FSQ";
const LABELS: Record<string, string> = { "speech-16k": "Speech", "audio-44k": "Any sound", "music-44k": "Music (older)" };
const select = byId<HTMLSelectElement>("model");
let models: readonly ModelFacts[] = [];

const chosen = (): ModelFacts => models.find((facts) => facts.name === select.value) ?? models[0];

async function encode(sound: Sound, name: string, bytes?: number): Promise<void> {
  const facts = chosen();
  let tokens: Uint8Array<ArrayBuffer> | undefined;
  await task("Encoding", async (how) => {
    tokens = await (await openCodec()).encode(sound, { model: facts.name, name }, how);
  });
  if (tokens) {
    await show(tokens, name, { sound, bytes });
  }
}

async function take(file: File): Promise<void> {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 4).arrayBuffer()));
  if (start === MAGIC || /\.fsq$/i.test(file.name)) {
    await task("Opening", async () => {
      await show(new Uint8Array(await file.arrayBuffer()), file.name, undefined);
    });
    return;
  }
  let sound: Sound | undefined;
  await task("Reading", async () => {
    sound = await soundOfFile(file);
  });
  if (sound) {
    await encode(sound, file.name, file.size);
  }
}

function wireFiles(): void {
  const input = byId<HTMLInputElement>("file");
  input.onchange = () => {
    const [file] = input.files ?? [];
    input.value = ""; // the same file may be chosen again
    if (file) {
      void take(file);
    }
  };
  const panel = byId("input");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    panel.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || panel.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    panel.classList.remove("over");
    const [file] = event.dataTransfer?.files ?? [];
    if (file) {
      void take(file);
    }
  });
}

function wireRecording(): void {
  const button = byId<HTMLButtonElement>("record");
  let recording: Recording | undefined;
  let timer = 0;
  const end = () => {
    const sound = recording?.stop();
    recording = undefined;
    clearInterval(timer);
    button.textContent = "Record";
    if (sound?.channels[0].length) {
      void encode(sound, "recording");
    }
  };
  button.onclick = async () => {
    if (recording) {
      end();
      return;
    }
    stopLive();
    button.disabled = true;
    say("");
    try {
      recording = await Recording.start(end);
      button.textContent = "Stop (0:00)";
      timer = setInterval(() => (button.textContent = `Stop (${clock(recording?.seconds ?? 0)})`), 250);
    } catch (error) {
      say((error as Error).message);
    }
    button.disabled = false;
  };
}

async function start(): Promise<void> {
  wireFiles();
  wireRecording();
  wireLive(chosen);
  void registerOffline();
  try {
    models = await listModels();
  } catch (error) {
    say((error as Error).message);
    return;
  }
  for (const facts of models) {
    const most = rateText(facts.codebooks * codebookBitrate(facts, 1));
    const size = bytesText(facts.encoderBytes + facts.decoderBytes);
    select.add(new Option(`${LABELS[facts.name] ?? facts.name}, up to ${most} (${size})`, facts.name));
  }
  wireOffline(models);
}

void start();
