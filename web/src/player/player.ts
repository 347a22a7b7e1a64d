/** `<fsq-player>` with a codec that is loaded from a folder, once for all players of it. */

import { load, type WebCodec } from "../browser.ts";
import { definePlayer } from "./element.ts";

const codecs = new Map<string, Promise<WebCodec>>();

definePlayer((base) => {
  const folder = new URL(base ?? "./", base === null ? import.meta.url : document.baseURI).href;
  let codec = codecs.get(folder);
  if (!codec) {
    codec = load(folder);
    codec.catch(() => codecs.delete(folder));
    codecs.set(folder, codec);
  }
  return codec;
});
