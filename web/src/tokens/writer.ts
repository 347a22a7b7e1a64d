/** Writes a token file page by page, without knowing its length. */

import type { EntropyModel } from "../entropy/model.ts";
import { TokenFileError } from "../errors.ts";
import { concat } from "./bytes.ts";
import { Codes } from "./codes.ts";
import type { Header } from "./header.ts";
import { PageCodec } from "./page.ts";
import type { Tokens } from "./reader.ts";
import { Trailer } from "./trailer.ts";

/** Collects codes into pages. */
export class TokenWriter {
  private readonly pages: PageCodec;
  private readonly parts: Uint8Array[] = [];
  private pending: Codes;
  private frames = 0;

  /** @param entropy the model that the header names. */
  constructor(
    private readonly header: Header,
    entropy?: EntropyModel,
  ) {
    header.check();
    this.pages = new PageCodec(header, entropy, header.model);
    this.pending = new Codes(header.rows, header.codebooks, 0);
  }

  /** Any number of frames. */
  push(codes: Codes): void {
    const { rows, codebooks, codebookSize: size, framesPerPage: each, leastCode: least } = this.header;
    if (codes.rows !== rows || codes.codebooks !== codebooks) {
      throw new TokenFileError(
        `codes have shape (${codes.rows}, ${codes.codebooks}, ${codes.frames}), ` +
          `the file takes (${rows}, ${codebooks}, t)`,
      );
    }
    if (codes.data.some((code) => code < least || code >= size)) {
      throw new TokenFileError(`a code is outside [${least}, ${size})`);
    }
    let pending = Codes.join(rows, codebooks, [this.pending, codes]);
    while (pending.frames >= each) {
      this.page(pending.slice(0, each));
      pending = pending.slice(each, pending.frames);
    }
    this.pending = pending;
  }

  private page(codes: Codes): void {
    this.parts.push(this.pages.build(this.parts.length, codes));
    this.frames += codes.frames;
  }

  /** The whole file. @param samples of each source channel. */
  close(samples: bigint): Uint8Array<ArrayBuffer> {
    const frames = BigInt(this.frames + this.pending.frames);
    const needed = this.header.framesFor(samples);
    if (frames !== needed) {
      throw new TokenFileError(`${samples} samples take ${needed} frames, but the codes have ${frames}`);
    }
    if (this.pending.frames) {
      this.page(this.pending);
    }
    const sizes = this.parts.map((part) => part.length);
    const header = this.header.with({ samples }).toBytes();
    return concat([header, ...this.parts, new Trailer(samples, frames, sizes).toBytes()]);
  }
}

/** A token file of codes. */
export function writeTokens({ header, codes }: Tokens, entropy?: EntropyModel): Uint8Array<ArrayBuffer> {
  if (header.samples === null) {
    throw new TokenFileError("the header gives no number of samples");
  }
  const writer = new TokenWriter(header, entropy);
  writer.push(codes);
  return writer.close(header.samples);
}
