"""Altered copies of photos: the questions whose answers are known.

One rule: the same photos and the same seed give the same copies.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from photos import jpeg, on_white, open_picture
from PIL import Image

Alteration = Callable[[Image.Image, random.Random], Image.Image]
LONGEST = 800  # pixels of a copy's longer side, as a messenger would send it
SCHEMA = pa.schema({"path": pa.string(), "alteration": pa.string(), "bytes": pa.binary()})


def crop(share: float) -> Alteration:
    """Keep `share` of the width and of the height, at a place chosen by chance."""

    def alter(image: Image.Image, choice: random.Random) -> Image.Image:
        width, height = max(round(image.width * share), 1), max(round(image.height * share), 1)
        left, top = choice.randint(0, image.width - width), choice.randint(0, image.height - height)
        return image.crop((left, top, left + width, top + height))

    return alter


def turn(degrees: int) -> Alteration:
    """Turn counter-clockwise; what comes into view is white."""
    return lambda image, _: image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def mirror(image: Image.Image, _: random.Random) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def unchanged(image: Image.Image, _: random.Random) -> Image.Image:
    return image


ALTERATIONS: dict[str, tuple[Alteration, int]] = {  # and the JPEG quality that the copy is saved with
    "cropped to 80 %": (crop(0.8), 90),
    "cropped to 60 %": (crop(0.6), 90),
    "mirrored": (mirror, 90),
    "turned by 10°": (turn(10), 90),
    "turned by 90°": (turn(90), 90),
    "turned by 180°": (turn(180), 90),
    "JPEG quality 30": (unchanged, 30),
}


def altered_copies(photos: Iterable[tuple[str, bytes]], seed: int = 1) -> Iterator[dict[str, str | bytes]]:
    """Yield every alteration of every photo as a row of SCHEMA; `path` names the original."""
    choice = random.Random(seed)
    for path, content in photos:
        image = on_white(open_picture(content))
        image.thumbnail((LONGEST, LONGEST))
        for name, (alter, quality) in ALTERATIONS.items():
            yield {"path": path, "alteration": name, "bytes": jpeg(alter(image, choice), quality)}


def write_queries(photos: Iterable[tuple[str, bytes]], path: Path) -> Path:
    """Write the altered copies of `photos`, 64 a row group; the file appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    table = pa.Table.from_pylist(list(altered_copies(photos)), SCHEMA)
    pq.write_table(table, unfinished, row_group_size=64, compression="none")
    return unfinished.rename(path)
