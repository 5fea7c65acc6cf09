"""Reads Qt resource files (.rcc, format 2 and 3): a big-endian header, a tree of nodes, their names, their data.

One rule: it gives back what the file holds, entry by entry, and refuses what it does not understand.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

NODE_BYTES = 22  # name offset, flags, two or three fields, time of modification
ZLIB, FOLDER, ZSTD = 1, 2, 4  # flags of a node


class RccFile:
    """One resource file, held in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = path.read_bytes()
        magic, version, self._tree, self._data, self._names = struct.unpack_from(">4s4I", self._bytes)
        if magic != b"qres" or version not in (2, 3):
            raise ValueError(f"{path} is not a Qt resource file of format 2 or 3")

    def entries(self, node: int = 0, folder: str = "") -> Iterator[tuple[str, bytes]]:
        """Yield (path inside the file, content) of every file below `node`."""
        at = self._tree + node * NODE_BYTES
        _, flags, count, first = struct.unpack_from(">IHII", self._bytes, at)
        path = f"{folder}/{self._name(at)}" if node else ""
        if not flags & FOLDER:
            yield path, self._content(at, flags)
            return
        for child in range(first, first + count):
            yield from self.entries(child, path)

    def _name(self, at: int) -> str:
        start = self._names + int.from_bytes(self._bytes[at : at + 4], "big")
        length = int.from_bytes(self._bytes[start : start + 2], "big")
        return self._bytes[start + 6 : start + 6 + 2 * length].decode("utf-16-be")  # 4 bytes of hash stand between

    def _content(self, at: int, flags: int) -> bytes:
        start = self._data + int.from_bytes(self._bytes[at + 10 : at + 14], "big")
        size = int.from_bytes(self._bytes[start : start + 4], "big")
        content = self._bytes[start + 4 : start + 4 + size]
        if flags & ZSTD:
            raise ValueError(f"{self._path} holds entries packed with zstd, which this reader does not know")
        return zlib.decompress(content[4:]) if flags & ZLIB else content  # the first 4 bytes: the unpacked size
