/** The microphone: pieces of sound as they come in, and a way to play others. */

import { AudioError } from "../errors.ts";

export interface Piece {
  readonly samples: Float32Array<ArrayBuffer>;
  /** Samples that wait to be played. */
  readonly queued: number;
}

export interface Microphone {
  readonly sampleRate: number;
  /** Seconds between the page and the loudspeaker. */
  readonly outputSeconds: number;
  play(samples: Float32Array<ArrayBuffer>): void;
  close(): void;
}

const REFUSED: Record<string, string> = {
  NotAllowedError: "the microphone was refused; allow it in the settings of the browser for this page",
  NotFoundError: "there is no microphone",
  NotReadableError: "another program holds the microphone",
};

export async function openMicrophone(onPiece: (piece: Piece) => void): Promise<Microphone> {
  if (!navigator.mediaDevices || !window.AudioWorkletNode) {
    throw new AudioError("this page has no microphone: browsers give it to pages of https or of localhost alone");
  }
  const context = new AudioContext(); // at its own rate: a browser resamples a microphone badly, or not at all
  try {
    const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    await context.audioWorklet.addModule("worklet.js");
    const node = new AudioWorkletNode(context, "loop", { outputChannelCount: [1] });
    node.port.onmessage = ({ data }: MessageEvent<Piece>) => onPiece(data);
    context.createMediaStreamSource(stream).connect(node).connect(context.destination);
    await context.resume();
    return {
      sampleRate: context.sampleRate,
      outputSeconds: (context.baseLatency || 0) + (context.outputLatency || 0),
      play: (samples) => node.port.postMessage(samples, [samples.buffer]),
      close() {
        stream.getTracks().forEach((track) => track.stop());
        void context.close();
      },
    };
  } catch (error) {
    void context.close();
    const { name, message } = error as Error;
    throw new AudioError(REFUSED[name] ?? `the microphone cannot be used (${message})`);
  }
}
