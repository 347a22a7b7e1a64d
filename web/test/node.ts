/** What tests of the codec share. */

export { concatSamples as concatFloats } from "../src/sound/sound.ts";
export { Codec, openCodec } from "../src/node.ts";
