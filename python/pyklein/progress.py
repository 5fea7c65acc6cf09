"""How far a job is: a small table that redraws itself on a terminal, plain lines where output is piped."""

from __future__ import annotations

import sys
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

QUIET_SECONDS = 0.5  # shorter jobs show nothing
PLAIN_SECONDS = 5.0  # between two plain lines
_BAR = 20


def duration(seconds: float) -> str:
    """3661 -> "1:01:01"."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def headline(stats: dict[str, Any]) -> str:
    """Rows, rows a second and what is left, in a line."""
    rows, expected, seconds = stats["rows_in"], stats["rows_expected"], stats["seconds"]
    rate = rows / seconds if seconds > 0 else 0.0
    of = f" of {expected:,} ({100 * rows / expected:.0f} %)" if expected > 0 else ""
    left = f", {duration((expected - rows) / rate)} left" if expected > rows and rate > 0 else ""
    failed = f", {stats['rows_failed']:,} failed" if stats["rows_failed"] else ""
    return f"{rows:,}{of} rows, {rate:,.0f} rows/s, {duration(seconds)}{left}{failed}"


def busy_lines(stats: dict[str, Any]) -> list[str]:
    """A line a step: how busy its tasks were since the start."""
    width = max((len(step["name"]) for step in stats["steps"]), default=0)
    lines = []
    for step in stats["steps"]:
        share = min(step["busy_seconds"] / (stats["seconds"] * max(step["tasks"], 1) or 1), 1.0)
        bar = "█" * round(share * _BAR)
        lines.append(f"  {step['name']:<{width}} {bar:<{_BAR}} {100 * share:3.0f} % busy  {step['rows_out']:,} rows")
    return lines


class Progress:
    """Shows a job's statistics on `stream`; call `show` often, and `clear` at the end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._drawn = 0
        self._last = monotonic()

    def show(self, stats: dict[str, Any]) -> None:
        if self._terminal:
            self._draw([headline(stats), *busy_lines(stats)])
        elif monotonic() - self._last >= PLAIN_SECONDS:
            self._last = monotonic()
            print(headline(stats), file=self._stream, flush=True)

    def clear(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}F\x1b[J")
            self._stream.flush()
            self._drawn = 0

    def _draw(self, lines: list[str]) -> None:
        up = f"\x1b[{self._drawn}F" if self._drawn else ""
        self._stream.write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
        self._stream.flush()
        self._drawn = len(lines)
