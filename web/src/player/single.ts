/** One HTML file with a sound, its model and the runtime inside: a player that works from `file://`. */

import { WebCodec } from "../browser.ts";
import { definePlayer } from "./element.ts";

/** The bytes of a script element of base64. */
function given(id: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(document.getElementById(id)!.textContent!.trim()), (letter) => letter.charCodeAt(0));
}

const names = Array.from(document.querySelectorAll("script[data-file]"), ({ id }) => id);

function openCodec(): Promise<WebCodec> {
  const worker = new Worker(URL.createObjectURL(new Blob([given("worker.js")], { type: "text/javascript" })));
  return WebCodec.open(worker, { files: Object.fromEntries(names.map((name) => [name, given(name)])) });
}

let codec: Promise<WebCodec> | undefined;
definePlayer(() => (codec ??= openCodec()));

document.querySelectorAll("fsq-player").forEach((player) => {
  (player as unknown as { file: Uint8Array<ArrayBuffer> }).file = given("sound.fsq");
});
