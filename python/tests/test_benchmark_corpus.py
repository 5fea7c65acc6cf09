"""The benchmarks' corpora: composed alike for a seed, of the sizes and in the files that are promised."""

import io
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytest.importorskip("PIL", reason="the corpora need pillow")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import corpus
from photos import STAMP, Photo, write_photos
from PIL import Image


@pytest.fixture
def fixtures(tmp_path: Path) -> Path:
    """A fixtures folder with two photos and a cut-out."""
    folder = tmp_path / "photos"
    folder.mkdir()
    photos = [Photo(name, "noise", Image.effect_noise((320, 240), sigma)) for name, sigma in (("a", 20), ("b", 90))]
    write_photos(folder / "photos.parquet", iter(photos), first_id=0)
    cutout = Image.new("RGBA", (80, 90), (200, 0, 0, 255))
    write_photos(folder / "cutouts.parquet", iter([Photo("c", "red", cutout)]), first_id=2)
    (folder / STAMP).touch()
    return tmp_path


def compose(fixtures: Path, name: str) -> list[dict]:
    folder = corpus._corpus(fixtures, name, corpus.small_picture, files=2, rows=3)
    assert [file.name for file in sorted(folder.iterdir())] == ["00.parquet", "01.parquet"]
    return pq.read_table(folder).to_pylist()


def test_a_corpus_depends_on_its_seed_alone(fixtures):
    first = compose(fixtures, "one")
    (fixtures / "one").rename(fixtures / "kept")
    assert compose(fixtures, "one") == first
    assert compose(fixtures, "two") != first
    assert [row["id"] for row in first] == list(range(6))


def test_small_pictures_are_about_500_by_375_in_420(fixtures):
    for row in compose(fixtures, "one"):
        image = Image.open(io.BytesIO(row["bytes"]))
        assert 450 <= image.width <= 550
        assert image.width * 3 // 4 == pytest.approx(image.height, abs=1)
        assert [each[1:3] for each in image.layer] == [(2, 2), (1, 1), (1, 1)]


def test_large_pictures_have_12_megapixels(fixtures):
    picture = corpus.large_picture(corpus.random.Random(1), corpus.Materials(fixtures))
    assert picture.size == (4000, 3000)


def test_what_is_composed_once_is_kept(fixtures):
    (fixtures / "corpus-small-1").mkdir()
    assert corpus.small_corpus(fixtures) == fixtures / "corpus-small-1"
