"""The pictures to search: the example's photos, or a folder of one's own.

One rule: whatever the library, Klein reads it as a flow with the columns `path` and `bytes`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

import pyarrow.parquet as pq
import pyklein as klein
from alterations import write_queries
from photos import FIXTURES, photos_folder
from PIL import Image

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
QUERIES = "queries-1.parquet"  # raise the number when the alterations change
ALTERED = 200  # of one's own pictures, at most


class Library(Protocol):
    """Where pictures come from."""

    title: str

    def flow(self) -> klein.Flow: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[tuple[str, bytes]]: ...  # path and bytes, read the plainest way
    def label(self, path: str) -> str: ...
    def name(self, path: str) -> str: ...  # for people to read
    def picture(self, path: str) -> bytes: ...
    def queries(self, output: Path) -> Path: ...  # a Parquet file of altered copies


class DebianPhotos:
    """The 257 photos and 224 cut-outs from Debian packages; the photos are altered, all are searched."""

    title = "photos from two Debian packages"

    def __init__(self, fixtures: Path = FIXTURES) -> None:
        self._fixtures = fixtures
        self._folder = photos_folder(fixtures)
        self._files = [self._folder / "photos.parquet", self._folder / "cutouts.parquet"]
        columns = pq.read_table(self._files, columns=["path", "label"]).to_pydict()
        self._labels: dict[str, str] = dict(zip(columns["path"], columns["label"], strict=True))

    def flow(self) -> klein.Flow:
        return klein.read_parquet(f"{self._folder}/*.parquet", columns=["path", "bytes"])

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for file in self._files:
            yield from rows(file)

    def label(self, path: str) -> str:
        return self._labels[path]

    def name(self, path: str) -> str:
        return plain_name(Path(path).stem)

    def picture(self, path: str) -> bytes:
        table = pq.read_table(self._files, columns=["bytes"], filters=[("path", "==", path)])
        return bytes(table["bytes"][0].as_py())

    def queries(self, output: Path) -> Path:
        del output  # these are made once
        path = self._fixtures / "queries" / QUERIES
        return path if path.exists() else write_queries(rows(self._files[0]), path)


class OwnPictures:
    """The JPEG, PNG and WebP files in a folder and below it; a picture's label is its folder's name."""

    def __init__(self, folder: Path) -> None:
        self.title = f"pictures in {folder}"
        self._folder = folder
        self._files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
        if not self._files:
            raise SystemExit(f"no pictures ({', '.join(PICTURES)}) in {folder}: name a folder that has some")

    def flow(self) -> klein.Flow:
        return klein.read_images(str(self._folder), columns=["path", "bytes"], on_error="skip")

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for path in self._files:
            content = path.read_bytes()
            if readable(content):
                yield str(path), content

    def label(self, path: str) -> str:
        return Path(path).parent.name

    def name(self, path: str) -> str:
        return Path(path).name

    def picture(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def queries(self, output: Path) -> Path:
        step = -(-len(self) // ALTERED)
        return write_queries(islice(self, 0, None, step), output / "queries.parquet")


def readable(content: bytes) -> bool:
    """Tell whether these are a picture's bytes; only its head is looked at."""
    try:
        Image.open(io.BytesIO(content))
    except OSError:
        return False
    return True


def plain_name(stem: str) -> str:
    """Return the words of a file's name: "meidumPyramid" and "red_panda" are "meidum pyramid" and "red panda"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", stem).lower()


def rows(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of a file of photos, a row group at a time."""
    reader = pq.ParquetFile(file)
    for group in range(reader.num_row_groups):
        table = reader.read_row_group(group, columns=["path", "bytes"], use_threads=False)
        yield from zip(table["path"].to_pylist(), table["bytes"].to_pylist(), strict=True)
