from pathlib import Path

import pytest
from small_tree import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes files by name into one folder, which it gives."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write
