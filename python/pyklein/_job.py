"""A running flow: wait for it, look at it, stop it."""

from __future__ import annotations

import sys

from . import _core
from ._options import DURABLE, bytes_of, durable, folder_of, pace_of
from .errors import InvalidError, refuse_not_built

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from os import PathLike
    from typing import Any

    from ._serving import Server
    from .flow import Flow
    from .report import RunReport

_loading = False  # while the command `klein` loads a program: it runs the flows itself
_SLICE = 100  # milliseconds between two looks at signals
_left: list[_core.Job] = []  # jobs that were given up while a function held them


class Job:
    """A flow that runs in this process. It ends by itself, by `stop`, or with the program."""

    __slots__ = ("__weakref__", "_checkpoint", "_core", "_seeded", "_server")

    def __init__(self, flows: Sequence[_core.Flow], options: dict[str, Any]) -> None:
        self._core = _core.start(list(flows), options)
        self._seeded = options.get("seed") is not None
        self._checkpoint: str | None = options.get("checkpoint")
        self._server: Server | None = None  # with a name

    @property
    def name(self) -> str | None:
        """By which other processes find it."""
        return self._server.name if self._server else None

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

        if self._server:
            self._server.end(self)  # its name is free once this returns
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

        folder = folder_of("savepoint", savepoint)
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

    def configure(
        self,
        *,
        interval: float | str | timedelta | None = None,
        timeout: float | str | timedelta | None = None,
        retention: int | None = None,
    ) -> None:
        """Changes what is given, from now on: when snapshots are taken, given up and forgotten."""
        self._core.set_pace(pace_of(interval, timeout, retention))

    def status(self) -> dict[str, Any]:
        """How the job is: state, rates, what each step's tasks do with their time, snapshots, watermarks."""
        from os import getpid

        return {"name": self.name, "pid": getpid(), **self._core.status()}

    def metrics(self) -> dict[str, Any]:
        """Rows, seconds and each step's share, as they are now."""
        return self._core.stats()

    def __repr__(self) -> str:
        status = self._core.status()
        name = f" {self.name!r}" if self.name else ""
        return f"<Job{name} {status['state']}, {status['rows_in']} rows read>"


def run(*flows: Flow, progress: bool = True, **options: Any) -> RunReport:
    """Run flows that end in sinks as one job: what they share runs once. The options are those of `Flow.run`."""
    return start(*flows, **options).wait(progress=progress)


def start(*flows: Flow, name: str | None = None, **options: Any) -> Job:
    """Begin to run flows that end in sinks as one job. The options are those of `Flow.start`."""
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
    known |= {key: bytes_of(options.pop(key, None), key) for key in ("memory", "state_memory")}
    kept = {key: options.pop(key, None) for key in DURABLE}
    refuse_not_built(**options)
    if name is None:
        return _started(flows, known, kept)
    from ._serving import Server

    if known["seed"] is not None:
        raise InvalidError(
            "a job with a seed runs inside wait() and can't be found by others: leave out name= or seed="
        )
    server = Server(name)
    try:
        job = _started(flows, known, kept)
        server.serve(job)
    except BaseException:
        server.close()
        raise
    return job


def _started(flows: Sequence[Flow], known: dict[str, Any], kept: dict[str, Any]) -> Job:
    return Job([flow._core for flow in flows], {**known, **durable(kept)})
