"""Composes the corpora of the benchmarks from the example's photos: 3,000 small JPEGs, and 48 of 12 megapixels.

One rule: a corpus is a function of its seed, the photos and the version of Pillow; it is cached in fixtures/.
"""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageChops

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "search_by_image"))
from photos import FIXTURES, jpeg, photos_folder

PHOTOS, CUTOUTS = 211, 74  # those with the most pixels
TILE = (1000, 750)
TILES = 4  # a side of a large picture
SCHEMA = pa.schema({"id": pa.int64(), "bytes": pa.binary()})


class Materials:
    """The photos and cut-outs that pictures are composed from, still encoded."""

    def __init__(self, fixtures: Path) -> None:
        folder = photos_folder(fixtures)
        self._photos = _largest(folder / "photos.parquet", PHOTOS)
        self._cutouts = _largest(folder / "cutouts.parquet", CUTOUTS)

    def photo(self, choice: random.Random, size: tuple[int, int]) -> Image.Image:
        """Return a part of some photo, at least 70 % of its longer way, perhaps mirrored, as `size`."""
        image = _open(choice.choice(self._photos))
        share = choice.uniform(0.7, 1.0) * min(image.width / size[0], image.height / size[1])
        width, height = share * size[0], share * size[1]
        left, top = choice.uniform(0, image.width - width), choice.uniform(0, image.height - height)
        part = image.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
        return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if choice.random() < 0.5 else part

    def paste_cutout(self, choice: random.Random, onto: Image.Image) -> None:
        """Put some cut-out anywhere on the picture, a fifth to a half of its height."""
        cutout = _open(choice.choice(self._cutouts))
        scale = choice.uniform(0.2, 0.5) * onto.height / cutout.height
        cutout = cutout.resize((round(cutout.width * scale), round(cutout.height * scale)))
        at = (choice.randrange(onto.width), choice.randrange(onto.height))
        onto.paste(cutout, (at[0] - cutout.width // 2, at[1] - cutout.height // 2), _not_white(cutout))


def small_picture(choice: random.Random, materials: Materials) -> Image.Image:
    """Compose a picture of about 500 x 375: a photo and up to two cut-outs."""
    height = choice.randrange(340, 411)
    picture = materials.photo(choice, (height * 4 // 3, height))
    for _ in range(choice.randrange(3)):
        materials.paste_cutout(choice, picture)
    return picture


def large_picture(choice: random.Random, materials: Materials) -> Image.Image:
    """Compose a picture of 12 megapixels: photos side by side, so that its detail is a camera's."""
    picture = Image.new("RGB", (TILE[0] * TILES, TILE[1] * TILES))
    for number in range(TILES * TILES):
        tile = materials.photo(choice, TILE)
        picture.paste(tile, (number % TILES * TILE[0], number // TILES * TILE[1]))
    return picture


def small_corpus(fixtures: Path = FIXTURES) -> Path:
    """Return the folder with 3,000 JPEGs of about 500 x 375, 375 a file."""
    return _corpus(fixtures, "corpus-small-1", small_picture, files=8, rows=375)


def large_corpus(fixtures: Path = FIXTURES) -> Path:
    """Return the folder with 48 JPEGs of 4000 x 3000, 6 a file."""
    return _corpus(fixtures, "corpus-large-1", large_picture, files=8, rows=6)


def _corpus(
    fixtures: Path, name: str, compose: Callable[[random.Random, Materials], Image.Image], files: int, rows: int
) -> Path:
    folder, unfinished = fixtures / name, fixtures / f"{name}.part"
    if folder.exists():
        return folder
    unfinished.mkdir(parents=True, exist_ok=True)
    materials, choice = Materials(fixtures), random.Random(name)
    for number in range(files):
        pictures = [jpeg(compose(choice, materials)) for _ in range(rows)]
        table = pa.table([range(number * rows, (number + 1) * rows), pictures], schema=SCHEMA)
        pq.write_table(table, unfinished / f"{number:02}.parquet", row_group_size=max(rows // 5, 1), compression="none")
    return unfinished.rename(folder)


def _largest(path: Path, count: int) -> list[bytes]:
    pictures: list[bytes] = pq.read_table(path, columns=["bytes"])["bytes"].to_pylist()
    return sorted(pictures, key=_pixels, reverse=True)[:count]


def _pixels(picture: bytes) -> int:
    width, height = _open(picture).size
    return width * height


def _open(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture))


def _not_white(image: Image.Image) -> Image.Image:
    """Return the mask of what is not the white behind a cut-out."""
    red, green, blue = image.split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    return darkest.point([255] * 245 + [0] * 11)


if __name__ == "__main__":
    print(small_corpus())
    print(large_corpus())
