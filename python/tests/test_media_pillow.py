"""Pictures as Pillow decodes, turns and resizes them."""

from __future__ import annotations

import io

import numpy
import pyklein as klein
import pytest
from PIL import Image, ImageOps

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
}


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Smooth shapes and noise, from a seed."""
    random = numpy.random.default_rng(width * 1000 + height)
    rows, columns = numpy.mgrid[0:height, 0:width]
    waves = [128 + 90 * numpy.sin(rows / (5 + band) + columns / (9 - band)) for band in range(3)]
    noisy = numpy.stack(waves, axis=2) + random.normal(0, 12, (height, width, 3))
    return Image.fromarray(numpy.clip(noisy, 0, 255).astype(numpy.uint8)).convert(mode)


def file_of(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def decoded(content: bytes, **options: object) -> numpy.ndarray:
    rows = klein.from_items([{"bytes": content}]).decode_image("bytes", into="pixels", **options)
    return rows.to_arrow().column("pixels").combine_chunks().to_numpy_ndarray()[0]


@pytest.mark.parametrize("resample", FILTERS)
@pytest.mark.parametrize(("width", "height"), [(97, 61), (64, 64), (300, 200), (33, 250)])
@pytest.mark.parametrize("size", [(24, 31), (224, 224), (50, 97)])
def test_resizing_is_pillows_to_a_level_but_for_one_value_in_ten_thousand(
    resample: str, width: int, height: int, size: tuple[int, int]
) -> None:
    image = picture(width, height)
    wanted = numpy.asarray(image.resize((size[1], size[0]), FILTERS[resample])).astype(int)
    made = decoded(file_of(image), size=size, resample=resample).astype(int)
    difference = numpy.abs(made - wanted)
    assert (difference > 1).mean() < 1e-4
    assert difference.max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_exif_says(orientation: int) -> None:
    image = picture(40, 24)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file_of(image, "JPEG", quality=95, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    made = decoded(content, size=(upright.height, upright.width)).astype(int)
    assert numpy.abs(made - numpy.asarray(upright)).mean() < 1


@pytest.mark.parametrize(
    ("mode", "format", "options"),
    [
        ("RGB", "JPEG", {"quality": 95, "progressive": True}),
        ("L", "JPEG", {"quality": 95}),
        ("CMYK", "JPEG", {"quality": 95}),
        ("L", "PNG", {}),
        ("P", "PNG", {}),
        ("RGB", "WEBP", {"lossless": True}),
    ],
)
def test_every_kind_of_file_has_pillows_colours(mode: str, format: str, options: dict[str, object]) -> None:
    content = file_of(picture(48, 32, mode), format, **options)
    wanted = numpy.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert numpy.abs(decoded(content, size=(32, 48)).astype(int) - wanted).mean() < 1


def test_transparent_pictures_stand_on_the_background() -> None:
    image = picture(20, 10).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((20, 10)))
    for name in ("white", "black", "#204060"):
        wanted = Image.alpha_composite(Image.new("RGBA", image.size, name), image).convert("RGB")
        made = decoded(file_of(image), size=(10, 20), background=name).astype(int)
        assert numpy.abs(made - numpy.asarray(wanted)).max() <= 1
