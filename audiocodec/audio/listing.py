"""Which files of a folder are sounds."""

from __future__ import annotations

from pathlib import Path

from audiocodec._util.folders import files_below, is_folder, tell_left_out
from audiocodec.audio import ffmpeg
from audiocodec.errors import AudioError

SUFFIXES = frozenset(
    {".wav", ".wave", ".bwf", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".aif", ".aiff", ".aifc", ".au", ".snd"}
    | {".caf", ".w64", ".rf64", ".sph", ".nist", ".voc"}
)


def known_suffixes() -> frozenset[str]:
    """Suffixes of files that can be read here: those of libsndfile, and with ffmpeg more."""
    return SUFFIXES | ffmpeg.SUFFIXES if ffmpeg.program() else SUFFIXES


def list_audio_files(root: Path) -> list[Path]:
    """Every sound file below `root` (or `root` itself), sorted, recognized by suffix; links are followed.

    All other files are counted in a warning. Folders that cannot be read are in the list: whoever opens them fails.

    Raises:
        AudioError: there is none.
    """
    if not root.is_dir():
        return [root]
    every, known = sorted(files_below(root)), known_suffixes()
    paths = [path for path in every if path.suffix.lower() in known or is_folder(path)]
    if not paths:
        raise AudioError(f"{root}: no sound file found here (looked for {' '.join(sorted(known))})")
    tell_left_out(str(root), (path.suffix for path in sorted({*every} - {*paths})))
    return paths
