"""Jobs of other processes, by their names."""

from __future__ import annotations

import json
import os
import socket

from ._registry import entries, entry_of
from .errors import Error, InvalidError, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import timedelta
    from os import PathLike
    from typing import Any

    from .report import RunReport

PATIENCE = 10.0  # seconds for a job to answer what needs no waiting


def jobs() -> list[str]:
    """The names of the jobs that run, in this process and in others of the user."""
    return [entry["name"] for entry in entries()]


def job(name: str) -> NamedJob:
    """The running job of that name, in whichever process it is."""
    return NamedJob(name)


class NamedJob:
    """A job by its name: what other processes see of it, and do with it."""

    __slots__ = ("_ended", "_id", "_outcome", "_socket", "name", "pid")

    def __init__(self, name: str) -> None:
        entry = entry_of(name)
        if entry is None:
            raise InvalidError(f"no job '{name}' runs; those that do: {', '.join(jobs()) or 'none'}")
        self.name = name
        self.pid: int = entry["pid"]
        self._id: str = entry["id"]
        self._socket: str = entry["socket"]
        self._ended: socket.socket | None = None  # where it will be told how the job ended, once it was stopped
        self._outcome: dict[str, Any] | None = None

    def status(self) -> dict[str, Any]:
        """How it is: the same as `Job.status` in its own process."""
        return dict(self._ask("status")["is"])

    def metrics(self) -> dict[str, Any]:
        """Rows, seconds and each step's share, as they are now."""
        return dict(self._ask("metrics")["is"])

    def snapshot(self) -> None:
        """Takes a snapshot soon; the job goes on meanwhile. It needs a checkpoint."""
        self._ask("snapshot")

    def configure(
        self,
        *,
        interval: float | str | timedelta | None = None,
        timeout: float | str | timedelta | None = None,
        retention: int | None = None,
    ) -> None:
        """Changes what is given, from now on: when snapshots are taken, given up and forgotten."""
        times = {"interval": _seconds(interval), "timeout": _seconds(timeout)}
        self._ask("configure", **times, retention=retention)

    def stop(self, savepoint: str | PathLike[str] | None = None, *, now: bool = False) -> None:
        """Ends the job, as `Job.stop` does in its own process; with `savepoint`, this waits until it is there."""
        if self._ended is None:
            self._ended = self._asked("wait", None)  # first: it may have ended before this returns
        if savepoint is None:
            self._ask("stop", now=now)
        else:
            self._ask("stop", PATIENCE if now else None, savepoint=os.path.abspath(savepoint), now=now)

    def wait(self) -> RunReport:
        """Waits until the job has ended; its report, or an Error that says why it failed. Ctrl-C leaves it alone."""
        from .report import RunReport

        if self._outcome is None:
            with self._ended or self._asked("wait", None) as server:
                self._outcome = self._heard(server)
        answer = _checked(self._outcome)
        return RunReport(answer["is"], answer["text"])

    def watched(self, every: float) -> Generator[dict[str, Any], None, RunReport]:
        """Its metrics, again each `every` seconds; at its end the iterator returns its report, as `wait` does."""
        from select import select

        if self._ended is None:
            self._ended = self._asked("wait", None)
        while not select([self._ended], [], [], every)[0]:
            try:
                now = self.metrics()
            except Error:  # it has just ended, or is halted
                continue
            yield now
        return self.wait()

    def _ask(self, do: str, patience: float | None = PATIENCE, **more: Any) -> dict[str, Any]:
        with self._asked(do, patience, **more) as server:
            return _checked(self._heard(server))

    def _asked(self, do: str, patience: float | None, **more: Any) -> socket.socket:
        """A connection on which the answer comes."""
        server = socket.socket(socket.AF_UNIX)
        try:
            server.settimeout(patience)
            server.connect(self._socket)
            server.sendall((json.dumps({"id": self._id, "do": do, **more}) + "\n").encode())
        except TimeoutError:
            server.close()
            raise self._silent() from None
        except OSError:
            server.close()
            raise InvalidError(f"the job '{self.name}' has ended") from None
        return server

    def _heard(self, server: socket.socket) -> dict[str, Any]:
        try:
            with server.makefile(encoding="utf-8") as lines:
                line = lines.readline()
        except TimeoutError:
            raise self._silent() from None
        except OSError:
            line = ""
        if not line:
            gone = f"the process {self.pid} of the job '{self.name}' ended before it could answer"
            raise UnavailableError(gone)
        return dict(json.loads(line))

    def _silent(self) -> Error:
        told = f"the job '{self.name}' in process {self.pid} does not answer: the process is halted, or very busy"
        return UnavailableError(told)

    def __del__(self) -> None:
        ended = getattr(self, "_ended", None)
        if ended:
            ended.close()

    def __repr__(self) -> str:
        return f"<NamedJob {self.name!r} in process {self.pid}>"


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise InvalidError(answer["error"]) if answer["code"] == "invalid" else Error(answer["error"])
    return answer


def _seconds(time: float | str | timedelta | None) -> float | None:
    from ._options import nanoseconds

    return None if time is None else nanoseconds(time) / 1e9
