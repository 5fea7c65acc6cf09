"""Names of running jobs: a folder of the user's, and in it for each job a file that tells where it is, and its socket.

One rule: what is read from the folder is JSON, never code.
"""

from __future__ import annotations

import json
import os
import re
import socket
from contextlib import contextmanager, suppress

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_LONGEST_PATH = 107  # of a Unix socket


def home() -> str:
    """KLEIN_HOME, or the user's own folder for what runs."""
    given = os.environ.get("KLEIN_HOME")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return given or (os.path.join(runtime, "klein") if runtime else os.path.expanduser("~/.cache/klein"))


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

    where = os.path.join(home(), "jobs")
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
            return {**entry, "socket": path + ".socket"}
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


def entries() -> list[dict[str, Any]]:
    """Of the jobs that run, by name."""
    with _locked() as where:
        names = sorted(file.removesuffix(".json") for file in os.listdir(where) if file.endswith(".json"))
        return [entry for entry in (_entry(where, name) for name in names) if entry]


def entry_of(name: str) -> dict[str, Any] | None:
    """None where no job of that name runs."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return None
    with _locked() as where:
        return _entry(where, name)


class Taken:
    """A name that this process has, and the socket behind it."""

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise InvalidError(f"name is up to 40 letters, digits and any of '_.-', not {name!r}")
        self.name = name
        self.id = os.urandom(8).hex()  # of this job: the next one of the name is another
        with _locked() as where:
            other = _entry(where, name)
            if other:
                raise InvalidError(f"a job '{name}' already runs, in process {other['pid']}: stop it or choose a name")
            self._path = os.path.join(where, name)
            if len(os.fsencode(self._path + ".socket")) > _LONGEST_PATH:
                raise InvalidError(f"{where} is too long a path for a socket: set KLEIN_HOME to a shorter one")
            _remove(self._path)
            self.listener = self._listen()
            with open(self._path + ".json", "w") as file:
                json.dump({"name": name, "pid": os.getpid(), "began": _began(os.getpid()), "id": self.id}, file)

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        try:
            listener.bind(self._path + ".socket")
            os.chmod(self._path + ".socket", 0o600)
            listener.listen()
        except BaseException:
            listener.close()
            raise
        return listener

    def give_back(self) -> None:
        """The name is free."""
        with _locked() as where:
            found = _entry(where, self.name)
            if found and found["id"] == self.id:  # whoever emptied the folder may have let another have it
                _remove(self._path)
