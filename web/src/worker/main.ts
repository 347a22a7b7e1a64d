/** The worker: answers one message after the other, tasks side by side. */

/// <reference lib="webworker" />
import speex from "speex.wasm";
import type { Progress } from "../codec/codec.ts";
import { ortEngine } from "../codec/ort.ts";
import type { Cancel, Reply, Request } from "./messages.ts";
import { service } from "./service.ts";

declare const self: DedicatedWorkerGlobalScope;

const calls = service(ortEngine, speex);
const cancelled = new Set<number>();

/** Lets messages in, such as that a task is to end. */
const pause = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve();
    port2.postMessage(0);
  });

function say(reply: Reply, transfer: Transferable[] = []): void {
  self.postMessage(reply, transfer);
}

/** Buffers that go to the page instead of being copied. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const values = Array.isArray(result) ? result : [result, ...((result as { channels?: [] } | null)?.channels ?? [])];
  const arrays = values.filter((value): value is Uint8Array<ArrayBuffer> => ArrayBuffer.isView(value));
  return [...new Set(arrays.map((array) => array.buffer))];
}

self.onmessage = async ({ data }: MessageEvent<Request | Cancel>) => {
  if ("cancel" in data) {
    cancelled.add(data.cancel);
    return;
  }
  const { id, call } = data;
  const progress = async (stage: "loading" | "coding", done: number) => {
    say({ id, stage, done });
    if (stage === "loading") {
      return;
    }
    await pause();
    if (cancelled.delete(id)) {
      throw new DOMException("the task was ended", "AbortError");
    }
  };
  try {
    const answer = calls[call] as (inputs: unknown, progress: Progress) => unknown;
    const result = await answer(data.arguments, progress);
    say({ id, result }, buffersOf(result));
  } catch (error) {
    const { name, message } = error as Error;
    say({ id, error: { name, message } });
  }
};
