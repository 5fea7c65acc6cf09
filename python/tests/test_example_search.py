"""The example's search: nearest pictures, how good they are, and the page that shows them."""

import base64
import io
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("usearch", reason="the examples need usearch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "search_by_image"))

from example import arguments
from page import Card, Page, Shown, render, thumbnail
from photos import jpeg
from PIL import Image
from search import Match, PhotoIndex, as_matrix, precision_at_5, recall_at_1, recall_by_alteration


def found(*paths: str) -> list[Match]:
    return [Match(path, 1.0) for path in paths]


def test_the_nearest_picture_is_the_one_in_the_same_direction():
    vectors = np.eye(4, dtype=np.float32)
    query = np.array([[0, 10, 1, 0]], np.float32)
    nearest = PhotoIndex(["a", "b", "c", "d"], vectors).nearest(query, 2)[0]
    assert [match.path for match in nearest] == ["b", "c"]
    assert nearest[0].score == pytest.approx(10 / np.sqrt(101), abs=1e-3)


def test_more_neighbours_than_pictures_are_all_pictures():
    vectors = np.eye(2, dtype=np.float32)
    assert len(PhotoIndex(["a", "b"], vectors).nearest(vectors, 5)[0]) == 2


def test_recall_counts_only_the_nearest():
    answers = [found("a", "b"), found("b", "a")]
    assert recall_at_1(["a", "a"], answers) == 0.5
    assert recall_by_alteration(["turned", "mirrored"], ["a", "a"], answers) == {"turned": 1.0, "mirrored": 0.0}


def test_precision_leaves_the_picture_itself_out_and_asks_only_about_common_labels():
    paths = [*"abcdef", "x"]
    labels = ["fish"] * 6 + ["rare"]
    answers = [found(path, *(p for p in "abcdef" if p != path)) for path in "abcdef"] + [found("x", *"abcde")]
    assert precision_at_5(paths, labels, answers) == 1.0
    answers[0] = found("a", "b", "c", "d", "e", "x")
    assert precision_at_5(paths, labels, answers) == pytest.approx((5 + 0.8) / 6)
    assert precision_at_5(["a", "b"], ["fish", "fish"], [found("a", "b"), found("b", "a")]) is None


def test_a_column_of_vectors_is_a_matrix_whatever_arrow_calls_it():
    lists = pa.chunked_array([pa.array([[1, 2], [3, 4]], pa.list_(pa.float32(), 2))])
    tensors = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [2]), lists.chunk(0))
    for column in (lists, pa.chunked_array([tensors])):
        np.testing.assert_array_equal(as_matrix(column), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(as_matrix(lists.slice(1)), [[3, 4]])


def test_a_query_that_is_no_picture_is_refused_at_once(tmp_path, capsys):
    file = tmp_path / "notes.jpg"
    file.write_text("no picture")
    with pytest.raises(SystemExit):
        arguments(["--query", str(file)])
    assert f"--query {file}: " in capsys.readouterr().err


def test_the_page_escapes_every_name():
    picture, evil = jpeg(Image.new("RGB", (4, 4))), '<script>"&$x'
    card = Card(evil, evil, picture, [Shown(picture, evil, evil, right=True)])
    html = render(Page(evil, {evil: evil}, {evil: 0.5}, [card], [card], evil))
    assert "<script>" not in html
    assert html.count("&lt;script&gt;&quot;&amp;$x") == 5 + 2 * (2 + 3)


def test_the_page_holds_its_pictures_and_asks_the_network_for_nothing():
    picture = jpeg(Image.new("RGB", (4, 4)))
    html = render(Page("", {}, {}, [Card("", "", picture, [])], [], ""))
    assert 'src="data:image/jpeg;base64,' in html
    assert "http" not in html


def test_a_thumbnail_is_small_and_the_right_way_up():
    image, tag = Image.new("RGB", (1000, 500)), Image.Exif()
    tag[0x0112] = 6  # turned by a quarter
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=tag)
    small = Image.open(io.BytesIO(base64.b64decode(thumbnail(buffer.getvalue()).split(",")[1])))
    assert small.size == (130, 260)
