"""The C++ and Python files of the tree, and what they include: shared by the checks of this folder."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"(?P<quoted>[^"]+)"|<(?P<angled>[^>]+)>)')
SKIPPED = {"build", "dist", "out", "fixtures", "node_modules", "include", "__pycache__"}


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Every file with one of these suffixes; what is built, fetched or hidden is left out."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(suffixes):
                yield Path(folder, name)


def cpp_files(root: Path) -> list[Path]:
    return list(files(root, ".h", ".cpp"))


def is_test_header(file: Path) -> bool:
    return file.name.endswith(("_test.h", "_suite.h"))


def resolve(root: Path, file: Path, header: str) -> Path | None:
    """The file of this tree that `#include "header"` in `file` means."""
    for folder in (file.parent, root, root / "core"):
        if (folder / header).is_file():
            return (folder / header).resolve()
    return None


def closure(root: Path, file: Path) -> set[Path]:
    """`file` and every file of this tree that it includes, near or far."""
    seen, waiting = {file}, [file]
    while waiting:
        current = waiting.pop()
        for line in current.read_text().splitlines():
            include = INCLUDE.match(line)
            if include and include["quoted"]:
                found = resolve(root, current, include["quoted"])
                if found and found not in seen:
                    seen.add(found)
                    waiting.append(found)
    return seen
