// Speed, cold start and memory in headless Chromium, one thread; prints a table of Markdown.
//
//     make web-test && cd web && npm run bench -- http://localhost:8000/     # the page served by audiocodec web --serve
//
// Wall time is what a user waits; processor time of the tab's process tells what other work on the machine took.

import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";

const address = process.argv[2] ?? "http://localhost:8000/";
const minutes = Number(process.argv[3] ?? 10); // of live sound, for memory
const sounds = {
  "speech-16k": "../build/web-fixtures/sounds/speech.wav",
  "audio-44k": "../build/web-fixtures/sounds/stereo.wav",
};
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];
const browser = await chromium.launch({ executablePath, args });
const system = await browser.newBrowserCDPSession();

/** Processor seconds and resident MB of the tab's process: the one that works most. */
async function tab() {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  const tabs = processInfo.filter(({ type }) => type === "renderer").sort((a, b) => b.cpuTime - a.cpuTime);
  const pages = Number(readFileSync(`/proc/${tabs[0].id}/statm`, "utf8").split(" ")[1]);
  return { cpu: tabs[0].cpuTime, mb: (pages * 4096) / 1e6 };
}

async function opened() {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto(address);
  await page.evaluate(async (wavs) => {
    const { load, readWav } = await import(new URL("codec.js", location.href).href);
    window.load = load;
    window.sounds = {};
    for (const [model, text] of Object.entries(wavs)) {
      const once = readWav(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), model);
      const times = Math.ceil((30 * once.sampleRate) / once.channels[0].length); // about 30 s
      const channels = once.channels.map((channel) => {
        const long = new Float32Array(times * channel.length);
        for (let i = 0; i < times; i++) {
          long.set(channel, i * channel.length);
        }
        return long;
      });
      window.sounds[model] = { sampleRate: once.sampleRate, channels };
    }
  }, Object.fromEntries(Object.entries(sounds).map(([model, path]) => [model, readFileSync(path, "base64")])));
  return { context, page };
}

console.log(`Chromium ${browser.version()}\n\n| | wall | processor |\n|---|---|---|`);
for (const model of Object.keys(sounds)) {
  const { context, page } = await opened();
  const seconds = await page.evaluate((name) => window.sounds[name].channels[0].length / window.sounds[name].sampleRate, model);
  const measure = async (work, inputs) => {
    const before = await tab();
    const ms = await page.evaluate(work, inputs);
    return { wall: ms / 1000, cpu: (await tab()).cpu - before.cpu };
  };
  const start = async (name) => {
    const begun = performance.now();
    window.codec = await window.load();
    const { sampleRate, channels } = window.sounds[name];
    const short = channels.map((channel) => channel.slice(0, 1000));
    window.short = await window.codec.encode({ sampleRate, channels: short }, { model: name });
    return performance.now() - begun;
  };
  const encode = async (name) => {
    const begun = performance.now();
    window.file = await window.codec.encode(window.sounds[name], { model: name });
    return performance.now() - begun;
  };
  const decode = async (which) => {
    const begun = performance.now();
    await window.codec.decode(window[which]);
    return performance.now() - begun;
  };
  const shown = (name, { wall, cpu }, text) => console.log(`| ${model}: ${name} | ${text(wall)} | ${text(cpu)} |`);
  const asSeconds = (time) => `${time.toFixed(2)} s`;
  shown("first start: encoder, 20 ms of sound", await measure(start, model), asSeconds);
  shown("then the decoder", await measure(decode, "short"), asSeconds);
  await page.evaluate(encode, model); // the browser compiles the runtime better meanwhile
  await page.evaluate(decode, "file");
  const speed = (time) => `${(seconds / time).toFixed(0)} x real time`;
  shown("encode", await measure(encode, model), speed);
  shown("decode", await measure(decode, "file"), speed);
  await context.close();
}

// The live loop at the model's rate, a frame at a time, as fast as it goes.
const { page } = await opened();
await page.evaluate(async () => {
  const codec = await window.load();
  window.live = await codec.openLive("speech-16k", 16000, {});
});
const stream = (frames) =>
  page.evaluate(async (count) => {
    const [sound] = window.sounds["speech-16k"].channels;
    const times = [];
    for (let frame = 0; frame < count; frame++) {
      const start = (320 * frame) % (sound.length - 320);
      const begun = performance.now();
      await window.live.push(sound.slice(start, start + 320));
      times.push(performance.now() - begun);
    }
    times.sort((a, b) => a - b);
    return [times[count >> 1], times[Math.floor(count * 0.99)]];
  }, frames);
await stream(500);
const before = await tab();
const [median, worst] = await stream(50 * 60 * minutes);
const after = await tab();
const each = (1000 * (after.cpu - before.cpu)) / (50 * 60 * minutes);
console.log(`| speech-16k: a live frame of 20 ms, encode and decode: median, 99th percentile | ${median.toFixed(1)}, ${worst.toFixed(1)} ms | ${each.toFixed(1)} ms |`);
console.log(`\nMemory of the tab: ${before.mb.toFixed(0)} MB, after ${minutes} minutes of live sound ${after.mb.toFixed(0)} MB`);
await browser.close();
