/** The codec of a page: a worker that it talks to. */

import { EngineError, revive } from "../errors.ts";
import type { Calls, Reply, Request } from "./messages.ts";

export type Told = (stage: "loading" | "coding", done: number) => void;

export interface CallOptions {
  readonly transfer?: Transferable[];
  readonly onProgress?: Told;
  /** Ends the task; what was asked for fails with an `AbortError`. */
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: Told | undefined;
}

export class WorkerClient {
  private readonly waiting = new Map<number, Waiting>();
  private count = 0;

  constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const error = new EngineError(`the worker of the codec does not run (${event.message || "it cannot be loaded"})`);
      this.waiting.forEach(({ reject }) => reject(error));
      this.waiting.clear();
    };
  }

  call<Name extends keyof Calls>(
    name: Name,
    inputs: Parameters<Calls[Name]>,
    { transfer = [], onProgress, signal }: CallOptions = {},
  ): Promise<ReturnType<Calls[Name]>> {
    const id = ++this.count;
    signal?.addEventListener("abort", () => this.worker.postMessage({ cancel: id }));
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, onProgress });
      this.worker.postMessage({ id, call: name, arguments: inputs } satisfies Request<Name>, transfer);
    });
  }

  private hear(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    if ("stage" in reply) {
      waiting?.onProgress?.(reply.stage, reply.done);
      return;
    }
    this.waiting.delete(reply.id);
    if ("error" in reply) {
      const { name, message } = reply.error;
      waiting?.reject(name === "AbortError" ? new DOMException(message, name) : revive(name, message));
    } else {
      waiting?.resolve(reply.result as never);
    }
  }
}
