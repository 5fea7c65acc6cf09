"""What a whole job shows while it runs: a table that redraws itself on a real terminal, plain lines into a pipe."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

SECONDS = 60  # until a test gives up
# One row of many is held until this test has seen what it waits for, so nothing is timed.
PROGRAM = """
import sys
import pyklein as klein
from pyklein import progress

progress.PLAIN_SECONDS = 0.0

def hold(row):
    if row["id"] == 5:
        sys.stdin.readline()
    return row

klein.range(200_000, name="numbers").map(hold, name="hold").discard(name="nowhere").run(cores=1)
"""


@contextmanager
def running(errors: int) -> Iterator[subprocess.Popen[bytes]]:
    """The program, whose errors go to this end of a terminal or a pipe."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stderr=errors)
    os.close(errors)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(file: int, wanted: str) -> str:
    """What comes, up to the first that matches."""
    text, end = "", monotonic() + SECONDS
    while not re.search(wanted, text):
        assert select.select([file], [], [], max(end - monotonic(), 0))[0], f"no {wanted!r} in {text!r}"
        more = os.read(file, 65536).decode()
        assert more, f"it ended without {wanted!r}: {text!r}"
        text += more
    return text


def release(process: subprocess.Popen[bytes], file: int) -> str:
    """Lets the job end; what it shows until then."""
    process.stdin.close()
    text = ""
    try:
        while more := os.read(file, 65536).decode():
            text += more
    except OSError:  # how a terminal says that nobody writes any more
        pass
    os.close(file)
    assert process.wait(SECONDS) == 0
    return text


def test_a_terminal_shows_rows_rate_time_left_and_busy_steps_and_is_clean_again_at_the_end() -> None:
    terminal, other_end = os.openpty()
    with running(other_end) as process:
        shown = read_until(terminal, r" left\r\n.*\n.*\n.*\n\x1b\[4F")  # drawn, and again over the same four lines
        rest = release(process, terminal)
    headline, *steps = shown.split("\x1b[4F")[-2].splitlines()
    assert re.fullmatch(r"\x1b\[2K[\d,]+ of 200,000 \(\d+ %\) rows, [\d,]+ rows/s, [\d:]+, [\d:]+ left", headline)
    for line, step in zip(steps, ("numbers", "hold   ", "nowhere"), strict=True):
        assert re.fullmatch(rf"\x1b\[2K  {step} █* * +\d+ % busy  [\d,]+ rows", line)
    assert rest.endswith("\x1b[4F\x1b[J")


def test_a_pipe_gets_plain_lines() -> None:
    pipe, other_end = os.pipe()
    with running(other_end) as process:
        shown = read_until(pipe, r"\n.*\n") + release(process, pipe)
    for line in shown.splitlines():
        assert re.fullmatch(r"[\d,]+ of 200,000 \(\d+ %\) rows, [\d,]+ rows/s, [\d:]+(, [\d:]+ left)?", line)
