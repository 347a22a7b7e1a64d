/** What the page is busy with: shown with its progress, one task at a time, and a way to end it. */

import type { CallOptions } from "../worker/client.ts";
import { byId, say } from "./dom.ts";

let current: AbortController | undefined;

byId("cancel").onclick = () => current?.abort();

/** Runs a task; a new one ends the one before. Errors are shown; returns whether all went well. */
export async function task(name: string, work: (how: CallOptions) => Promise<void>): Promise<boolean> {
  current?.abort();
  const mine = new AbortController();
  current = mine;
  say("");
  const bar = byId<HTMLProgressElement>("done");
  const show = (text: string, value?: number) => {
    if (current === mine) {
      byId("task-name").textContent = text;
      value === undefined ? bar.removeAttribute("value") : (bar.value = value);
    }
  };
  show(`${name} ...`);
  byId("task").hidden = false;
  try {
    await work({
      signal: mine.signal,
      onProgress: (stage, done) => show(stage === "loading" ? "Loading the model ..." : `${name} ...`, done),
    });
    return !mine.signal.aborted;
  } catch (error) {
    if (!mine.signal.aborted) {
      say((error as Error).message);
    }
    return false;
  } finally {
    if (current === mine) {
      current = undefined;
      byId("task").hidden = true;
    }
  }
}
