"""Processing many files, sequentially or in several processes, with progress and failure reports."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

import click

from audiocodec._util.terminal import printable
from audiocodec.cli.paths import PIPE, Plan
from audiocodec.cli.progress import progress
from audiocodec.errors import AudioCodecError

NAMED = 20  # failures listed in the summary


@dataclass(frozen=True)
class Done:
    """The result of one file.

    Attributes:
        line: to print.
        notes: remarks about it that may apply to many files.
        error: the reason it failed, or empty.
    """

    line: str = ""
    notes: tuple[str, ...] = ()
    error: str = ""


Work = Callable[[str, str, Callable[[float], None]], Done]  # source, target, callback for the fraction done


@dataclass
class _Tally:
    quiet: bool
    failures: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def take(self, done: Done) -> None:
        if done.error:
            click.echo(printable(f"error: {done.error}"), err=True)
            self.failures.append(done.error)
        elif not self.quiet:
            click.echo(printable(done.line), err=True)
        self.notes.update(done.notes)


def run_all(plan: Plan, work: Work, jobs: int = 1, skip_existing: bool = False, quiet: bool = False) -> None:
    """Process all files and report each; exit code 1 at the end if any failed.

    Args:
        plan: sources and targets.
        work: codes one file. With one file its error is raised; with several it is printed and the others continue.
            Must be picklable, to be sent to other processes.
        jobs: processes.
        skip_existing: skip files whose target exists.
        quiet: print errors only.

    Raises:
        AudioCodecError: the only file failed.
    """
    pairs = [pair for pair in plan.pairs if not (skip_existing and pair[1] != PIPE and Path(pair[1]).exists())]
    total = len(plan.pairs) + len(plan.refused)
    tally = _Tally(quiet)
    for sentence in plan.refused:
        tally.take(Done(error=sentence))
    if total == 1:
        _single(pairs, work, tally)
    elif jobs == 1 or len(pairs) < 2:
        _in_turn(pairs, work, tally)
    else:
        _in_processes(pairs, work, jobs, tally)
    _conclude(tally, total, len(plan.pairs) - len(pairs))


def _single(pairs: list[tuple[str, str]], work: Work, tally: _Tally) -> None:
    for source, target in pairs:
        with progress(source, 1.0, tally.quiet) as advance:
            done = work(source, target, advance)
        tally.take(done)


def _weight(source: str) -> float:
    with contextlib.suppress(OSError):
        return float(max(1, Path(source).stat().st_size))
    return 1.0


def _in_turn(pairs: list[tuple[str, str]], work: Work, tally: _Tally) -> None:
    weights = [_weight(source) for source, _ in pairs]
    with progress(f"{len(pairs)} files", sum(weights), tally.quiet) as advance:
        for (source, target), weight in zip(pairs, weights, strict=True):
            told = [0.0]

            def part(share: float, told: list[float] = told, weight: float = weight) -> None:
                told[0] += share
                advance(share * weight)

            tally.take(_attempt(work, source, target, part))
            advance((1 - told[0]) * weight)


def _nothing(share: float) -> None:
    """Other processes report whole files only."""


def _attempt(work: Work, source: str, target: str, advance: Callable[[float], None] = _nothing) -> Done:
    """Process one of several files: errors are part of the result."""
    try:
        return work(source, target, advance)
    except BrokenPipeError:
        raise
    except (AudioCodecError, OSError) as error:
        named = any(name in str(error) for name in (source, target))
        return Done(error=str(error) if named else f"{source}: {error}")


def _in_processes(pairs: list[tuple[str, str]], work: Work, jobs: int, tally: _Tally) -> None:
    """Results are printed in the order of the files, not in the order in which they finish."""
    weights = [_weight(source) for source, _ in pairs]
    with progress(f"{len(pairs)} files", sum(weights), tally.quiet) as advance:
        with _pool(min(jobs, len(pairs))) as pool:
            do = functools.partial(_in_worker, work)
            futures: list[Future[Done]] = [pool.submit(do, source, target) for source, target in pairs]
            try:
                for future, weight in zip(futures, weights, strict=True):
                    tally.take(future.result())
                    advance(weight)
            except BrokenProcessPool as error:
                raise AudioCodecError(
                    "A process was killed, perhaps for lack of memory; resume with --skip-existing and fewer --jobs."
                ) from error


@contextlib.contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes are stopped, and remove unfinished files, if an exception leaves the block."""
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin_worker)
    try:
        yield pool
    except BaseException:
        for worker in list((pool._processes or {}).values()):
            worker.terminate()
        pool.shutdown(cancel_futures=True)  # waits: its thread may not close pipes while Python's exit uses them
        raise
    pool.shutdown()


_working = False


def _begin_worker() -> None:
    """Ctrl-C is handled by the parent process, which stops this one with SIGTERM."""
    from audiocodec.cli.main import settle_streams

    settle_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if _working:
        raise KeyboardInterrupt
    os._exit(1)


def _in_worker(work: Work, source: str, target: str) -> Done:
    global _working
    _working = True
    try:
        return _attempt(work, source, target)
    except KeyboardInterrupt:
        os._exit(1)
    finally:
        _working = False


def _conclude(tally: _Tally, total: int, skipped: int) -> None:
    """Notes, what was skipped, and a summary of failures."""
    for note, count in () if tally.quiet else tally.notes.items():
        where = "" if total == 1 else f"{count} of {total} files: "
        click.echo(printable(f"note: {where}{note}"), err=True)
    if skipped and not tally.quiet:
        click.echo(f"skipped {skipped} of {total} files whose results exist already", err=True)
    if not tally.failures:
        return
    click.echo(f"{len(tally.failures)} of {total} files failed:", err=True)
    for sentence in tally.failures[:NAMED]:
        click.echo(printable(f"  {sentence}"), err=True)
    if len(tally.failures) > NAMED:
        click.echo(f"  and {len(tally.failures) - NAMED} more", err=True)
    raise click.exceptions.Exit(1)
