/** Errors that a user can cause, each one sentence. Their names are those of the Python package. */

export class AudioCodecError extends Error {
  override name = "AudioCodecError";
}

/** A sound file or samples cannot be used. */
export class AudioError extends AudioCodecError {
  override name = "AudioError";
}

/** A token file cannot be used. */
export class TokenFileError extends AudioCodecError {
  override name = "TokenFileError";
}

/** A token file is cut short, or a checksum in it does not match. */
export class DamagedFileError extends TokenFileError {
  override name = "DamagedFileError";
}

/** A token file was written by a newer version of the format. */
export class VersionError extends TokenFileError {
  override name = "VersionError";
}

/** A model is unknown, cannot be had, or is not the one that made the tokens. */
export class ModelError extends AudioCodecError {
  override name = "ModelError";
}

/** Something was asked for that cannot be. */
export class ConfigError extends AudioCodecError {
  override name = "ConfigError";
}

/** The browser lacks what is needed to run a network. */
export class EngineError extends AudioCodecError {
  override name = "EngineError";
}

const KINDS = {
  AudioCodecError,
  AudioError,
  TokenFileError,
  DamagedFileError,
  VersionError,
  ModelError,
  ConfigError,
  EngineError,
};

/** An error of another thread, of the class that its name says. */
export function revive(name: string, message: string): Error {
  return name in KINDS ? new KINDS[name as keyof typeof KINDS](message) : new Error(`${name}: ${message}`);
}
