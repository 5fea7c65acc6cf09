"""Jobs with a name: a file that tells where each one is, and a socket on which its process answers.

One rule: what is read from the folder or the socket is JSON, never code.
"""

from __future__ import annotations

import json
import os
import re
import socket
from contextlib import contextmanager, suppress

from .errors import Error, InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .job import Job

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_LONGEST_PATH = 107  # of a Unix socket
_LOOK = 0.1  # seconds between two looks at whether the job has ended
_PATIENCE = 5.0  # seconds for a caller to say what it wants


def folder() -> str:
    """KLEIN_HOME, or the user's own folder for what runs."""
    home = os.environ.get("KLEIN_HOME")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = home or (os.path.join(runtime, "klein") if runtime else os.path.expanduser("~/.cache/klein"))
    return os.path.join(base, "jobs")


def _began(pid: int) -> str | None:
    """When a process began, in the kernel's ticks: with its id, no other process is the same. None: it is dead."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


@contextmanager
def _locked() -> Iterator[str]:
    """The folder, for one process at a time."""
    import fcntl

    where = folder()
    os.makedirs(where, mode=0o700, exist_ok=True)
    with open(os.path.join(where, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield where


def _entry(where: str, name: str) -> dict[str, Any] | None:
    """A running job's entry; that of a dead process is removed. Call it under the lock."""
    path = os.path.join(where, name)
    try:
        with open(path + ".json") as file:
            entry: dict[str, Any] = json.load(file)
        if _began(int(entry["pid"])) == entry["began"]:
            return entry
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        pass  # half written by a process that died
    _remove(path)
    return None


def _remove(path: str) -> None:
    for ending in (".json", ".socket"):
        with suppress(FileNotFoundError):
            os.unlink(path + ending)


def names() -> list[str]:
    """Of the jobs that run, in order."""
    with _locked() as where:
        found = sorted(file.removesuffix(".json") for file in os.listdir(where) if file.endswith(".json"))
        return [name for name in found if _entry(where, name)]


class Served:
    """A name that is taken, and the socket behind it."""

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidError(f"name is up to 40 letters, digits and any of '_.-', not {name!r}")
        with _locked() as where:
            taken = _entry(where, name)
            if taken:
                raise InvalidError(f"a job '{name}' already runs, in process {taken['pid']}: stop it or choose a name")
            self._path = os.path.join(where, name)
            if len(os.fsencode(self._path + ".socket")) > _LONGEST_PATH:
                raise InvalidError(f"{where} is too long a path for a socket: set KLEIN_HOME to a shorter one")
            _remove(self._path)
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self._path + ".socket")
            os.chmod(self._path + ".socket", 0o600)
            self._listener.listen()
            with open(self._path + ".json", "w") as file:
                json.dump({"name": name, "pid": os.getpid(), "began": _began(os.getpid())}, file)
        self._waiting: list[socket.socket] = []

    def close(self) -> None:
        """Gives the name back."""
        with _locked():
            _remove(self._path)
        self._listener.close()
        for caller in self._waiting:
            caller.close()  # they learn by it that the job has ended

    def serve(self, job: Job) -> None:
        """Answers in a thread of its own until the job has ended or was given up."""
        from threading import Thread
        from weakref import ref

        # Not the job itself: that its owner let go of it must stay visible.
        Thread(target=self._serve, args=(ref(job),), name="klein-named", daemon=True).start()

    def _serve(self, job: Any) -> None:
        self._listener.settimeout(_LOOK)
        try:
            while (here := job()) is not None and here.status() == "running":
                del here
                with suppress(TimeoutError):
                    caller = self._listener.accept()[0]
                    self._answer(caller, job())
        finally:
            self.close()

    def _answer(self, caller: socket.socket, job: Job | None) -> None:
        caller.settimeout(_PATIENCE)
        try:
            with caller.makefile("rw", encoding="utf-8") as lines:
                asked = json.loads(lines.readline(1 << 16))
                if asked.get("do") == "wait":
                    self._waiting.append(caller)
                    return
                lines.write(json.dumps(_done(job, asked)) + "\n")
        except (OSError, ValueError, AttributeError):
            pass  # the caller left, or speaks something else
        caller.close()


def _done(job: Job | None, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        if job is None:
            raise InvalidError("the job has ended")
        if asked["do"] == "metrics":
            return {"is": {"state": job.status(), "pid": os.getpid(), **job.metrics()}}
        if asked["do"] == "snapshot":
            return {"is": job.snapshot()}
        if asked["do"] == "stop":
            return {"is": job.stop(asked.get("savepoint"), now=bool(asked.get("now")))}
        raise InvalidError(f"a job does not know how to {asked['do']!r}")
    except Exception as problem:  # whatever it is, the caller hears of it and the job goes on
        return {"error": str(problem)}


class NamedJob:
    """A job of another process, by its name."""

    def __init__(self, name: str) -> None:
        with _locked() as where:
            entry = _entry(where, name) if _NAME.fullmatch(name) else None
        if entry is None:
            raise InvalidError(f"no job '{name}' runs; those that do: {', '.join(names()) or 'none'}")
        self.name = name
        self._socket = os.path.join(where, name + ".socket")

    def _ask(self, do: str, **more: Any) -> Any:
        try:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(self._socket)
                server.sendall((json.dumps({"do": do, **more}) + "\n").encode())
                with server.makefile(encoding="utf-8") as lines:
                    line = lines.readline()
        except OSError:
            line = ""
        if do == "wait":
            return None
        if not line:
            raise Error(f"the job '{self.name}' has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise Error(answer["error"])
        return answer["is"]

    def metrics(self) -> dict[str, Any]:
        """Its state, rows, seconds and each step's share, as they are now."""
        found: dict[str, Any] = self._ask("metrics")
        return found

    def snapshot(self) -> None:
        """Takes a snapshot soon; the job goes on meanwhile."""
        self._ask("snapshot")

    def stop(self, savepoint: str | None = None, *, now: bool = False) -> None:
        """Ends the job, as `Job.stop` does in its own process."""
        self._ask("stop", savepoint=None if savepoint is None else os.path.abspath(savepoint), now=now)

    def wait(self) -> None:
        """Until the job has ended."""
        self._ask("wait")


def job_named(name: str) -> NamedJob:
    """The running job of that name, in whichever process it is."""
    return NamedJob(name)


jobs = names
