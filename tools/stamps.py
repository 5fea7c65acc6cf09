"""Remembers by content what has already passed, so that a check is paid for once; shared by this folder's checks."""

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import closure


def digest(root: Path, file: Path, *more: str) -> str:
    """Changes with `file`, with everything of this tree that it includes, and with `more`."""
    parts = [part.read_bytes() for part in sorted(closure(root, file))]
    return hashlib.sha256(b"\0".join(parts + [text.encode() for text in more])).hexdigest()


def check_all(
    files: Iterable[Path], key: Callable[[Path], str], check: Callable[[Path], str], stamps: Path
) -> list[str]:
    """What `check` says of each file, where it says anything; two at a time. A file that passed is asked again only
    when its key has changed."""
    stamps.mkdir(parents=True, exist_ok=True)

    def once(file: Path) -> str:
        stamp = stamps / key(file)
        if stamp.exists():
            return ""
        complaint = check(file)
        if not complaint:
            stamp.touch()
        return complaint

    with ThreadPoolExecutor(2) as pool:
        return [complaint for complaint in pool.map(once, files) if complaint]
