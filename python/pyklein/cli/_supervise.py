"""`klein run --supervise`: the same command as a child, begun again when it is killed or crashes.

What it goes on from is its checkpoint's business; a flow that fails by itself is not tried again.
"""

from __future__ import annotations

import signal
import subprocess
import sys

from ..errors import InvalidError
from . import FAILED, STOPPED, WORKED, WRONG
from ._detach import again, forget_ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

LONGEST_WAIT = 60.0  # seconds before it is begun again; each wait is twice the last one
LASTING = 60.0  # seconds after which a child that ran is no longer one that fails at once


def _crashed(code: int) -> bool:
    """Killed by a signal, or ended in a way that no command of ours does."""
    return code not in (WORKED, FAILED, WRONG, STOPPED)


class _Child:
    """The command that runs now. Signals that would end the one that looks after it are its own."""

    def __init__(self) -> None:
        from threading import Event

        self.process: subprocess.Popen[bytes] | None = None
        self.told = Event()  # to end
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._pass_on)

    def _pass_on(self, number: int, frame: object) -> None:
        self.told.set()
        if number != signal.SIGINT and self.process:  # a terminal's Ctrl-C has reached it already
            self.process.send_signal(signal.SIGINT)

    def run(self, command: list[str]) -> int:
        self.process = subprocess.Popen(command, close_fds=False)  # it may have to say that its job has begun
        forget_ready()
        return self.process.wait()


def supervise(options: Namespace) -> int:
    """Runs it until it ends by itself, or has crashed too often."""
    from time import monotonic

    from .._options import nanoseconds

    if options.attempts < 1:
        raise InvalidError(f"--attempts is at least 1, not {options.attempts}")
    first_wait = wait = nanoseconds(options.backoff, "--backoff") / 1e9
    child, crashes = _Child(), 0
    named = [] if options.name is None else [f"--name={options.name}"]
    anew = ["--restart"] if options.restart else []  # later ones go on
    while True:
        begun = monotonic()
        code = child.run(again(options, *named, *anew))
        if child.told.is_set() or not _crashed(code):
            return code if code >= 0 else 128 - code
        if monotonic() - begun > LASTING:
            crashes, wait = 0, first_wait
        crashes, anew = crashes + 1, []
        if crashes >= options.attempts:
            print(f"klein: the run {_told(code)}, {crashes} times in a row: given up", file=sys.stderr)
            return FAILED
        goes_on = "goes on from its last snapshot" if options.checkpoint else "begins anew, as it has no --checkpoint"
        print(f"klein: the run {_told(code)}; in {wait:g} s it {goes_on}", file=sys.stderr, flush=True)
        if child.told.wait(wait):
            return STOPPED
        wait = min(2 * wait, LONGEST_WAIT)


def _told(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"crashed with exit code {code}"
