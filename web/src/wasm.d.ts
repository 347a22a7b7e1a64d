/** Files that the build puts into the script. */
declare module "speex.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
