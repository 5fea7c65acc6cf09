"""What a run is told: sizes, times and folders as people write them, as the engine takes them."""

from __future__ import annotations

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from os import PathLike
    from typing import Any

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def bytes_of(memory: int | str | None, name: str = "memory") -> int | None:
    """256 << 20, "256MB" or "1GiB"."""
    if memory is None or isinstance(memory, int):
        return memory
    digits = memory.strip().rstrip("KMGTBkmgtib ")
    unit = memory.strip()[len(digits) :].strip().lower().removesuffix("b")
    try:
        return int(float(digits) * _UNITS[unit])
    except (KeyError, ValueError):
        raise InvalidError(f'{name} is bytes, or a size like "256MB", not {memory!r}') from None


_SECONDS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def nanoseconds(interval: float | str | timedelta, name: str = "interval") -> int:
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
        raise InvalidError(f'{name} is seconds, or a time like "30s" or "500ms", not {interval!r}')
    return int(seconds * 1e9)


def folder_of(name: str, given: str | PathLike[str]) -> str:
    from os import fspath

    folder = fspath(given)
    if not isinstance(folder, str) or not folder or "://" in folder:
        raise InvalidError(f"{name} is a local folder, not {given!r}")
    return folder


def pace_of(interval: Any = None, timeout: Any = None, retention: Any = None) -> dict[str, int]:
    """When snapshots are taken, given up and forgotten: what of it is given."""
    pace = {}
    if interval is not None:
        pace["interval"] = nanoseconds(interval)
    if timeout is not None:
        pace["timeout"] = nanoseconds(timeout, "timeout")
    if retention is not None:
        if not isinstance(retention, int) or isinstance(retention, bool) or not 0 < retention < 1 << 31:
            raise InvalidError(f"retention is how many snapshots are kept, at least 1, not {retention!r}")
        pace["retention"] = retention
    return pace


DURABLE = ("checkpoint", "interval", "timeout", "retention", "restart", "from_savepoint")


def durable(given: dict[str, Any]) -> dict[str, Any]:
    """The options of DURABLE, checked; a savepoint becomes the beginning of its checkpoint."""
    if given["checkpoint"] is None:
        for name in DURABLE:
            if given[name]:
                raise InvalidError(f"{name}= is about snapshots, and there are none without checkpoint=, a folder")
        return {}
    folder = folder_of("checkpoint", given["checkpoint"])
    pace = pace_of(given["interval"], given["timeout"], given["retention"])
    if given["from_savepoint"] is not None:
        from ._savepoint import load

        if given["restart"]:
            raise InvalidError("restart=True begins anew and from_savepoint= does not: give one of them")
        load(folder_of("from_savepoint", given["from_savepoint"]), folder)
    return {"checkpoint": folder, "restart": bool(given["restart"]), **pace}
