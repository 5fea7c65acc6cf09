"""A named job's side of its socket: a line of JSON is asked, a line of JSON is the answer.

A caller says {"id": the job's, "do": what, ...} and gets {"is": the result}, {"error": a sentence, "code": its kind},
or, to `wait`, {"is": the report, "text": the same in words} once the job has ended.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
from contextlib import suppress
from threading import Lock, Thread
from weakref import WeakSet, ref

from ._registry import Taken
from .errors import Error, InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._job import Job

_LOOK = 100  # milliseconds between two looks at whether its owner still has the job
_PATIENCE = 5.0  # seconds for a caller to say what it wants, and to take the answer
_LONGEST_QUESTION = 1 << 16


class Server:
    """Answers in threads of its own until the job has ended or was given up."""

    def __init__(self, name: str) -> None:
        self._taken = Taken(name)
        self.name = name
        self._lock = Lock()  # of what stands below, for a moment
        self._closing = Lock()  # whoever comes second finds the name free
        self._open = True
        self._outcome: dict[str, Any] | None = None
        self._waiting: list[socket.socket] = []
        self._saving: list[Thread] = []
        self._threads: list[Thread] = []
        _servers.add(self)

    def serve(self, job: Job) -> None:
        """Begins to."""
        job._server = self
        self._job = ref(job)  # not the job itself: that its owner let go of it must stay visible
        for target in (self._accept, self._watch):
            self._begin(Thread(target=target, name="klein-named", daemon=True))

    def _begin(self, thread: Thread) -> None:
        with self._lock:
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
            thread.start()

    def leave(self) -> None:
        """The program ends. A thread that is within the engine then would abort it."""
        self.close()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def end(self, job: Job) -> None:
        """The job has ended: the name is free, and those who wait hear how it went. Any thread; once."""
        while self._saving:
            self._saving.pop().join()  # a savepoint is whole before the program may end
        self.close(_outcome_of(job))

    def close(self, outcome: dict[str, Any] | None = None) -> None:
        """Gives the name back."""
        with self._closing:
            with self._lock:
                if not self._open:
                    return
                self._open = False
                self._outcome = outcome or _refusal(Error(f"the job '{self.name}' was given up by its owner"))
                waiting, self._waiting = self._waiting, []
            with suppress(OSError):
                self._taken.listener.shutdown(socket.SHUT_RDWR)  # whoever waits in accept goes on
            self._taken.listener.close()
            self._taken.give_back()
            for caller in waiting:
                _say(caller, self._outcome)

    def forget(self) -> None:
        """In a forked child: it has neither the job nor the threads, and must not keep callers waiting."""
        self._open = False
        for kept in (self._taken.listener, *self._waiting):
            kept.close()

    def _watch(self) -> None:
        while self._open:
            job = self._job()
            if job is None:
                return self.close()
            if job._core.wait_for(_LOOK):
                return self.end(job)
            del job
        return None

    def _accept(self) -> None:
        while self._open:
            try:
                caller = self._taken.listener.accept()[0]
            except OSError:  # closed
                return
            self._begin(Thread(target=self._hear, args=(caller,), name="klein-named", daemon=True))

    def _hear(self, caller: socket.socket) -> None:
        try:
            caller.settimeout(_PATIENCE)
            with caller.makefile(encoding="utf-8") as lines:
                asked = json.loads(lines.readline(_LONGEST_QUESTION))
            if not isinstance(asked, dict):
                raise ValueError("not an object")
        except (OSError, ValueError):  # it left, or speaks something else
            caller.close()
            return
        if asked.get("do") == "wait" and self._keep_waiting(caller):
            return
        _say(caller, self._answer(asked))

    def _keep_waiting(self, caller: socket.socket) -> bool:
        with self._lock:
            if self._open:
                self._waiting.append(caller)
            return self._open

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            if asked.get("id") != self._taken.id:
                raise InvalidError(f"the job '{self.name}' has ended, and another one has its name")
            if asked.get("do") == "wait" and self._outcome:
                return self._outcome
            job = self._job()
            if job is None or not self._open:
                raise InvalidError(f"the job '{self.name}' has ended")
            return {"is": self._done(job, asked)}
        except Exception as problem:  # whatever it is, the caller hears of it and the job goes on
            return _refusal(problem)

    def _done(self, job: Job, asked: dict[str, Any]) -> Any:
        do = asked.get("do")
        if do == "status":
            return job.status()
        if do == "metrics":
            return job.metrics()
        if do == "snapshot":
            return job.snapshot()
        if do == "configure":
            return job.configure(**{key: asked.get(key) for key in ("interval", "timeout", "retention")})
        if do == "stop":
            return self._stop(job, asked.get("savepoint"), bool(asked.get("now")))
        raise InvalidError(f"a job does not know how to {do!r}")

    def _stop(self, job: Job, savepoint: str | None, now: bool) -> None:
        from threading import current_thread

        if savepoint is not None:
            self._saving.append(current_thread())
        job.stop(savepoint, now=now)


def _outcome_of(job: Job) -> dict[str, Any]:
    status = job.status()
    if status["state"] == "failed":
        return _refusal(Error(status["failure"]))
    facts, text = job._core.wait()
    return {"is": facts, "text": text}


def _refusal(problem: Exception) -> dict[str, Any]:
    return {"error": str(problem), "code": problem.code if isinstance(problem, Error) else "user"}


def _say(caller: socket.socket, answer: dict[str, Any]) -> None:
    with suppress(OSError):  # it left
        caller.sendall((json.dumps(answer) + "\n").encode())
    caller.close()


_servers: WeakSet[Server] = WeakSet()


def _forked() -> None:
    for server in list(_servers):
        server.forget()


def _leave() -> None:
    for server in list(_servers):
        server.leave()


os.register_at_fork(after_in_child=_forked)
atexit.register(_leave)
