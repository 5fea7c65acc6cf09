"""The example's photos: resource files are read as they are written, and copies of photos are altered as they say."""

import io
import struct
import sys
import zlib
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("PIL", reason="the examples need pillow")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "search_by_image"))

from alterations import ALTERATIONS, altered_copies
from debian import PackageUnavailable, package_folder
from photos import jpeg, on_white, resource_label
from PIL import Image
from rcc import RccFile

ZLIB, FOLDER = 1, 2


def resource_file(path: Path, version: int = 3) -> Path:
    """Write a resource file: /pictures/a.txt plain, /pictures/b.txt packed."""
    names, offsets = b"", {}
    for name in ("pictures", "a.txt", "b.txt"):
        offsets[name] = len(names)
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    packed = struct.pack(">I", 5) + zlib.compress(b"world")
    data = struct.pack(">I", 5) + b"hello" + struct.pack(">I", len(packed)) + packed
    tree = struct.pack(">IHIIQ", 0, FOLDER, 1, 1, 0)
    tree += struct.pack(">IHIIQ", offsets["pictures"], FOLDER, 2, 2, 0)
    tree += struct.pack(">IHIIQ", offsets["a.txt"], 0, 0, 0, 0)
    tree += struct.pack(">IHIIQ", offsets["b.txt"], ZLIB, 0, 9, 0)
    header = 24
    places = (header, header + len(tree), header + len(tree) + len(data))
    path.write_bytes(b"qres" + struct.pack(">5I", version, *places, 0) + tree + data + names)
    return path


def test_a_resource_file_gives_plain_and_packed_entries(tmp_path):
    entries = dict(RccFile(resource_file(tmp_path / "x.rcc")).entries())
    assert entries == {"/pictures/a.txt": b"hello", "/pictures/b.txt": b"world"}


def test_a_resource_file_of_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"not a Qt resource file of format 2 or 3"):
        RccFile(resource_file(tmp_path / "x.rcc", version=1))


def test_a_label_is_the_folder_that_says_what_is_shown():
    base = "/gcompris/src/activities"
    assert resource_label(f"{base}/categorization/resource/images/fishes/fish1.webp") == "fishes"
    assert resource_label(f"{base}/explore_monuments/resource/france/x.webp") == "monuments"
    assert resource_label(f"{base}/erase/resource/x.webp") == "animals"


def test_an_installed_package_is_read_where_it_is(tmp_path):
    assert package_folder("any", "usr/share", tmp_path) == Path("/usr/share")


def test_without_apt_the_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageUnavailable, match=r"apt-get install some-photos.*--photos DIR --query FILE"):
        package_folder("some-photos", "usr/share/some-photos", tmp_path)


def test_transparency_becomes_white():
    assert on_white(Image.new("RGBA", (2, 2), (255, 0, 0, 0))).getpixel((0, 0)) == (255, 255, 255)
    assert on_white(Image.new("LA", (2, 2), (0, 255))).getpixel((0, 0)) == (0, 0, 0)


def halves() -> Image.Image:
    """Return a picture that is red on the left and blue on the right."""
    picture = Image.new("RGB", (100, 60), "red")
    picture.paste("blue", (50, 0, 100, 60))
    return picture


def altered(name: str) -> Image.Image:
    alter, _ = ALTERATIONS[name]
    return alter(halves(), Random(1))


def test_alterations_do_what_their_names_say():
    assert altered("cropped to 80 %").size == (80, 48)
    assert altered("cropped to 60 %").size == (60, 36)
    assert altered("mirrored").getpixel((0, 0)) == (0, 0, 255)
    assert altered("turned by 90°").size == (60, 100)
    assert altered("turned by 180°").getpixel((0, 0)) == (0, 0, 255)
    assert altered("turned by 10°").getpixel((0, 0)) == (255, 255, 255)


def test_copies_are_the_same_for_a_seed_and_name_their_original():
    photos = [("a.jpg", jpeg(halves()))]
    copies = list(altered_copies(photos, seed=7))
    assert copies == list(altered_copies(photos, seed=7))
    assert [copy["alteration"] for copy in copies] == list(ALTERATIONS)
    assert {copy["path"] for copy in copies} == {"a.jpg"}


def test_saving_badly_makes_a_smaller_file_of_the_same_size():
    noise = Image.effect_noise((200, 150), 80).convert("RGB")
    copies = {copy["alteration"]: copy["bytes"] for copy in altered_copies([("n", jpeg(noise))])}
    bad, good = copies["JPEG quality 30"], copies["mirrored"]
    assert len(bad) < len(good) / 2
    assert Image.open(io.BytesIO(bad)).size == noise.size
