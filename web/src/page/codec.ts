/** The codec of this page, opened when it is first needed. */

import { load, type ModelFacts, type WebCodec } from "../browser.ts";
import { ModelError } from "../errors.ts";
import { controlled } from "./offline.ts";

let opened: Promise<WebCodec> | undefined;

export function openCodec(): Promise<WebCodec> {
  opened ??= controlled().then(() => load());
  opened.catch(() => (opened = undefined));
  return opened;
}

/** What models there are: no codec is loaded for that. */
export async function listModels(): Promise<ModelFacts[]> {
  const response = await fetch("models/models.json").catch(() => null);
  if (!response?.ok) {
    throw new ModelError("the models of this page cannot be loaded; write the folder again with audiocodec web");
  }
  return (await response.json()) as ModelFacts[];
}
