"""What tests of jobs that run share: files that are moved in whole, rows that are shown, and waiting for either."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def wait_until(true: Callable[[], bool]) -> None:
    """Half a minute at most."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it did not come about within half a minute"
        time.sleep(0.005)


def put(folder: Path, name: str, write: Callable[[Path], object]) -> None:
    """Writes a file beside the folder and moves it in, whole."""
    folder.mkdir(exist_ok=True)
    hidden = folder.parent / f".{name}"
    write(hidden)
    hidden.rename(folder / name)


def put_rows(folder: Path, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """The same, of rows of JSON."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    put(folder, name, lambda path: path.write_text(text))


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """What a reader of the folder of `write_json` sees."""
    files = [path for path in folder.rglob("part-*") if ".klein-" not in str(path)]
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]
