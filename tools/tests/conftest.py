"""The checks are programs, not a package: their folder is put on the path; `tree` writes a small tree to check."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent
sys.path.insert(0, str(TOOLS))

Tree = Callable[[dict[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write
