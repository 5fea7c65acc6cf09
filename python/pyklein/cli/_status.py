"""A job's status in words: a table of its steps, and what is known of its snapshots."""

from __future__ import annotations

from ..progress import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _share(part: float) -> str:
    return f"{100 * part:.0f} %"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)


def _delay(step: dict[str, Any]) -> str:
    late = step["watermark_delay"]
    return "" if late is None else _time(late) if late >= 0 else "-" + _time(-late)


_COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("step", lambda step: str(step["name"])),
    ("tasks", lambda step: str(step["tasks"])),
    ("rows in", lambda step: f"{step['rows_in']:,}"),
    ("rows out", lambda step: f"{step['rows_out']:,}"),
    ("failed", lambda step: f"{step['rows_failed']:,}"),
    ("busy", lambda step: _share(step["busy"])),
    ("idle", lambda step: _share(step["idle"])),
    ("back-pressured", lambda step: _share(step["back_pressured"])),
    ("watermark delay", _delay),
)


def _table(steps: list[dict[str, Any]]) -> list[str]:
    timeless = all(step["watermark_delay"] is None for step in steps)
    columns = _COLUMNS[:-1] if timeless else _COLUMNS
    rows = [[title for title, _ in columns], *([cell(step) for _, cell in columns] for step in steps)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    lines = []
    for row in rows:
        first, *others = zip(row, widths, strict=True)
        lines.append("  ".join([f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]).rstrip())
    return lines


def _metrics(steps: list[dict[str, Any]]) -> list[str]:
    """What the code of steps counts, a line a step."""
    lines = []
    for step in steps:
        told = [f"{name} {_number(value)}" for name, value in step["metrics"].items()]
        if told:
            lines.append(f"{step['name']} counts {', '.join(told)}")
    return lines


def _remembered(steps: list[dict[str, Any]]) -> list[str]:
    """How large what steps remember by key is, where that is known."""
    return [
        f"{step['name']} remembers {_size(step['state_memory'])} in memory, {_size(step['state_disk'])} on disk"
        for step in steps
        if step.get("state_memory") is not None
    ]


def _number(value: Any) -> str:
    if not isinstance(value, dict):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
    if not value["count"]:
        return "(none)"
    return f"({value['count']:,}: mean {value['mean']:,.6g}, p50 {value['p50']:,.6g}, p99 {value['p99']:,.6g})"


def _snapshots(told: dict[str, Any]) -> list[str]:
    last = told["last"]
    if last:
        took = f"took {_time(last['seconds'])}, {_size(last['bytes'])} in flight"
        text = f"last snapshot: epoch {last['epoch']}, {_time(last['age_seconds'])} ago, {took}"
    else:
        text = "last snapshot: none yet"
    text += f"; {told['sealed']} sealed"
    if told["resumed_from"]:
        text += f", went on from epoch {told['resumed_from']}"
    lines = [text]
    if told["given_up"]:
        lines.append(f"given up: {told['given_up']}, the last because {told['failure']}")
    every = f"every {_time(told['interval'])}" if told["interval"] else "only when asked"
    limit = f"given up after {_time(told['timeout'])}" if told["timeout"] else "none is given up for its age"
    lines.append(f"snapshots: {every}, {limit}, {told['retention']} are kept")
    return lines


def shown(status: dict[str, Any]) -> str:
    """Some lines, for a terminal."""
    seconds = duration(status["seconds"])
    lines = [f"{status['name']}: {status['state']} for {seconds} in process {status['pid']}, {status['mode']}"]
    if status["failure"]:
        lines.append(f"failure: {status['failure']}")
    failed = f", {status['rows_failed']:,} failed" if status["rows_failed"] else ""
    rows = f"{status['rows_in']:,} rows in, {status['rows_out']:,} out{failed}"
    if status["rows_expected"] > 0:
        rows += f", of {status['rows_expected']:,} ({_share(status['rows_in'] / status['rows_expected'])})"
    lines += [
        f"{rows}; lately {status['rows_per_second']:,.0f} rows/s",
        *_table(status["steps"]),
        *_remembered(status["steps"]),
        *_metrics(status["steps"]),
    ]
    return "\n".join(lines + (_snapshots(status["snapshots"]) if status["snapshots"] else []))
