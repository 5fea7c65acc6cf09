"""Real photos for the example, the tests and the benchmarks, read from two Debian packages.

One rule: they are written once into fixtures/photos/ as JPEG in Parquet (id, path, label, bytes), and never committed.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from debian import PackageUnavailable, package_folder
from PIL import Image, ImageOps
from rcc import RccFile

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
STAMP = "format-2"  # raise it when the photos change
RESOURCES = ("categorization", "erase", "explore_*")  # of GCompris: what else it holds is drawings and puzzle pieces
STAMPS = ("animals", "food", "hobbies", "household", "plants", "sports", "vehicles")  # of Tux Paint: photo cut-outs
LABELS = {"erase": "animals"}  # an activity whose name says nothing of its photos
SMALLEST = 64  # pixels of a cut-out's short side
SCHEMA = pa.schema({"id": pa.int64(), "path": pa.string(), "label": pa.string(), "bytes": pa.binary()})


class Photo(NamedTuple):
    """A picture, where it came from, and the folder that serves as its label."""

    path: str
    label: str
    image: Image.Image


def photos_folder(fixtures: Path = FIXTURES) -> Path:
    """Return the folder with photos.parquet and cutouts.parquet; make it if this is the first call."""
    folder = fixtures / "photos"
    if not (folder / STAMP).exists():
        _make(folder, fixtures / "scratch")
    return folder


def _make(folder: Path, scratch: Path) -> None:
    resources = package_folder("gcompris-qt-data", "usr/share/gcompris-qt/rcc", scratch)
    stamps = package_folder("tuxpaint-stamps-default", "usr/share/tuxpaint/stamps", scratch)
    folder.mkdir(parents=True, exist_ok=True)
    count = write_photos(folder / "photos.parquet", full_frames(resources), first_id=0)
    write_photos(folder / "cutouts.parquet", cutouts(stamps), first_id=count)
    (folder / STAMP).touch()
    shutil.rmtree(scratch, ignore_errors=True)


def full_frames(resources: Path) -> Iterator[Photo]:
    """Yield the photos in GCompris' resource files, in the order of their paths."""
    files = sorted(path for pattern in RESOURCES for path in resources.glob(f"{pattern}.rcc"))
    for file in files:
        for path, content in sorted(RccFile(file).entries()):
            if content[8:12] == b"WEBP":
                yield Photo(path.removeprefix("/gcompris/src/activities/"), resource_label(path), open_picture(content))


def resource_label(path: str) -> str:
    """Name the category of a GCompris photo: its sub-folder in categorization, elsewhere the activity."""
    activity, *folders, _ = path.removeprefix("/gcompris/src/activities/").split("/")
    return folders[-1] if activity == "categorization" else LABELS.get(activity, activity.removeprefix("explore_"))


def cutouts(stamps: Path) -> Iterator[Photo]:
    """Yield Tux Paint's photo cut-outs, transparent where the background was."""
    for file in sorted(path for folder in STAMPS for path in (stamps / folder).rglob("*.png")):
        path = file.relative_to(stamps)
        image = Image.open(file)
        drawn = image.mode != "RGBA" or any("cartoon" in part for part in path.parts)
        if not drawn and min(image.size) >= SMALLEST:
            yield Photo(str(path), "/".join(path.parts[:-1][:2]), image)


def open_picture(content: bytes) -> Image.Image:
    """Return the picture the way up that its EXIF note asks for."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(content)))


def on_white(image: Image.Image) -> Image.Image:
    """Return `image` as RGB, with white behind what is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """Encode as JPEG with 4:2:0 chroma."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def write_photos(path: Path, photos: Iterator[Photo], first_id: int) -> int:
    """Write `photos` as JPEG of quality 90, 64 a row group; return how many there were."""
    rows = [
        {"id": number, "path": photo.path, "label": photo.label, "bytes": jpeg(on_white(photo.image))}
        for number, photo in enumerate(photos, first_id)
    ]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, row_group_size=64, compression="none")
    return len(rows)


if __name__ == "__main__":
    try:
        print(photos_folder())
    except PackageUnavailable as error:
        raise SystemExit(str(error)) from None
