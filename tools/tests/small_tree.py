"""A small tree of files, written for a check to look at."""

from collections.abc import Callable
from pathlib import Path

TOOLS = Path(__file__).parent.parent

Tree = Callable[[dict[str, str]], Path]
