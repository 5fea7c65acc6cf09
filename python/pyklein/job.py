"""A running flow: wait for it, look at it, stop it."""

from __future__ import annotations

import sys

from . import _core
from .errors import InvalidError, refuse_not_built

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from os import PathLike
    from typing import Any

    from .flow import Flow
    from .report import RunReport

_loading = False  # while the command `klein` loads a program: it runs the flows itself
_SLICE = 100  # milliseconds between two looks at signals
_left: list[_core.Job] = []  # jobs that were given up while a function held them


class Job:
    """A flow that runs in this process. It ends by itself, by `stop`, or with the program."""

    __slots__ = ("__weakref__", "_checkpoint", "_core", "_seeded")

    def __init__(self, flows: Sequence[_core.Flow], options: dict[str, Any]) -> None:
        self._core = _core.start(list(flows), options)
        self._seeded = options.get("seed") is not None
        self._checkpoint: str | None = options.get("checkpoint")

    def wait(self, progress: bool = False) -> RunReport:
        """Waits until the job has ended; its report, or the exception that ended it.

        The first Ctrl-C lets the job finish what it has read and gives its report, with `stopped` true; the second one
        stops it as soon as each step ends, nothing is committed, and KeyboardInterrupt is raised; the third one raises
        it at once and leaves the job behind.
        """
        interrupts = 0
        while True:
            try:
                self._wait(progress and interrupts == 0)
                break
            except KeyboardInterrupt:
                interrupts += 1
                self._interrupted(interrupts)
        report = self._report()
        if interrupts > 1:
            raise KeyboardInterrupt
        return report

    def _interrupted(self, times: int) -> None:
        if times > 2:  # a function that does not return holds it: leave it behind, the program's end waits for it
            _left.append(self._core)
            raise KeyboardInterrupt
        first = "finishing what was read" if self._checkpoint is None else "with a snapshot"
        told = f"{first}; Ctrl-C again stops now" if times == 1 else "as soon as each step ends"
        print(f"stopping{'' if times == 1 else ' now'}: {told}", file=sys.stderr, flush=True)
        self._core.stop(drain=times == 1)

    def _wait(self, progress: bool) -> None:
        if self._seeded or self._core.wait_for(_SLICE):
            return
        if progress:
            self._show()
        while not self._core.wait_for(_SLICE):
            pass

    def _show(self) -> None:
        from .progress import QUIET_SECONDS, Progress

        if self._core.wait_for(int(QUIET_SECONDS * 1000) - _SLICE):
            return
        shown = Progress()
        try:
            while not self._core.wait_for(_SLICE):
                shown.show(self._core.stats())
        finally:
            shown.clear()

    def _report(self) -> RunReport:
        from .report import RunReport

        facts, text = self._core.wait()
        return RunReport(facts, text)

    def stop(self, savepoint: str | PathLike[str] | None = None, *, now: bool = False) -> None:
        """Ends the job: what was read is finished and committed; with `now`, nothing is.

        A job with a checkpoint takes a snapshot instead, from which the same job goes on. With `savepoint`, a new
        folder, this waits for it and leaves a copy there, from which others may begin: `start(from_savepoint=)`.
        """
        if savepoint is None:
            self._core.stop(drain=not now)
            return
        from ._savepoint import check_new, save

        folder = _folder("savepoint", savepoint)
        if self._checkpoint is None or now:
            raise InvalidError("a savepoint is a snapshot: start the job with checkpoint=, and stop it without now=")
        check_new(folder)
        self._core.stop(drain=True)
        while not self._core.wait_for(_SLICE):
            pass
        self._core.wait()  # or the error that ended it
        save(self._checkpoint, folder)

    def snapshot(self) -> None:
        """Takes a snapshot soon; the job goes on meanwhile. It needs a checkpoint."""
        self._core.snapshot()

    def status(self) -> str:
        """ "running" or "ended"."""
        return "ended" if self._core.wait_for(0) else "running"

    def metrics(self) -> dict[str, Any]:
        """Rows, seconds and each step's share, as they are now."""
        return self._core.stats()

    def __repr__(self) -> str:
        return f"<Job {self.status()}, {self._core.stats()['rows_in']} rows read>"


_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def _bytes(memory: int | str | None) -> int | None:
    """256 << 20, "256MB" or "1GiB"."""
    if memory is None or isinstance(memory, int):
        return memory
    digits = memory.strip().rstrip("KMGTBkmgtib ")
    unit = memory.strip()[len(digits) :].strip().lower().removesuffix("b")
    try:
        return int(float(digits) * _UNITS[unit])
    except (KeyError, ValueError):
        raise InvalidError(f'memory is bytes, or a size like "256MB", not {memory!r}') from None


_SECONDS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def nanoseconds(interval: float | str | timedelta) -> int:
    """Seconds, "500ms", "30s", "5min" or a timedelta."""
    seconds: float | None = None
    if hasattr(interval, "total_seconds"):
        seconds = interval.total_seconds()
    elif isinstance(interval, str):
        digits = interval.strip().rstrip("abcdefghijklmnopqrstuvwxyz ")
        unit = _SECONDS.get(interval.strip()[len(digits) :].strip())
        seconds = float(digits) * unit if unit and digits.replace(".", "", 1).isdigit() else None
    elif isinstance(interval, (int, float)) and not isinstance(interval, bool):
        seconds = float(interval)
    if seconds is None or not 0 < seconds < 1e9:
        raise InvalidError(f'interval is seconds, or a time like "30s" or "500ms", not {interval!r}')
    return int(seconds * 1e9)


def _folder(name: str, given: str | PathLike[str]) -> str:
    from os import fspath

    folder = fspath(given)
    if not isinstance(folder, str) or not folder or "://" in folder:
        raise InvalidError(f"{name} is a local folder, not {given!r}")
    return folder


def _durable(checkpoint: Any, interval: Any, restart: Any, from_savepoint: Any) -> dict[str, Any]:
    if checkpoint is None:
        for name, given in (("interval", interval), ("restart", restart), ("from_savepoint", from_savepoint)):
            if given:
                raise InvalidError(f"{name}= is about snapshots, and there are none without checkpoint=, a folder")
        return {}
    folder = _folder("checkpoint", checkpoint)
    if from_savepoint is not None:
        from ._savepoint import load

        if restart:
            raise InvalidError("restart=True begins anew and from_savepoint= does not: give one of them")
        load(_folder("from_savepoint", from_savepoint), folder)
    given = {} if interval is None else {"interval": nanoseconds(interval)}
    return {"checkpoint": folder, "restart": bool(restart), **given}


def run(*flows: Flow, progress: bool = True, **options: Any) -> RunReport:
    """Run flows that end in sinks as one job: what they share runs once. The options are those of `Flow.run`."""
    return start(*flows, **options).wait(progress=progress)


def start(*flows: Flow, memory: int | str | None = None, **options: Any) -> Job:
    """Begin to run flows that end in sinks as one job. The options are those of `Flow.run`."""
    for flow in flows:
        if not hasattr(flow, "_core"):
            raise InvalidError(f"give flows, each an argument of its own, not {flow!r}")
        flow._ran = True  # or an error says why not
    if _loading:
        raise InvalidError(
            "`klein` runs the flows that a program defines; put its own run() under `if __name__ == '__main__':`"
        )
    if not flows:
        raise InvalidError("there is nothing to run: give at least one flow that ends in a sink")
    known = {key: options.pop(key, None) for key in ("cores", "mode", "seed")}
    durable = _durable(
        **{key: options.pop(key, None) for key in ("checkpoint", "interval", "restart", "from_savepoint")}
    )
    refuse_not_built(**options)
    return Job([flow._core for flow in flows], {**known, **durable, "memory": _bytes(memory)})
