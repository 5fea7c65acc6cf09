"""The example's job, on a few small pictures and a tiny network: every picture gets its vector."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("simplejpeg", reason="the examples need simplejpeg")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "search_by_image"))

from job import embed_altered, embed_files, embed_library, read_vectors
from library import OwnPictures, plain_name
from limit import Limit
from PIL import Image
from search import as_matrix

onnx = pytest.importorskip("onnx", reason="the examples need onnx")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A network that gives a picture's mean colour: enough to tell pictures apart."""
    floats, helper = onnx.TensorProto.FLOAT, onnx.helper
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean_colour",
        [helper.make_tensor_value_info("images", floats, ["n", 3, 224, 224])],
        [helper.make_tensor_value_info("embedding", floats, ["n", 3])],
    )
    path = tmp_path / "mean_colour.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three plain pictures and a file that only says it is one."""
    folder = tmp_path / "pictures"
    for place, colour in {"warm/red.jpg": "red", "warm/yellow.png": "yellow", "cold/blue.JPG": "blue"}.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (300, 240), colour).save(path)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def test_a_library_and_its_queries_get_the_vectors_that_the_model_gives(pictures, model, tmp_path):
    library = OwnPictures(pictures)
    run = embed_library(library.flow(), model, tmp_path / "vectors", progress=False)
    table = read_vectors(tmp_path / "vectors")
    names = [library.name(path) for path in table["path"].to_pylist()]
    assert run.report.rows_out == 3
    assert names == ["blue.JPG", "red.jpg", "yellow.png"]
    expected = (np.array([[0, 0, 255], [255, 0, 0], [255, 255, 0]]) - 127) / 128
    np.testing.assert_allclose(as_matrix(table["vector"]), expected, atol=0.02)
    asked = embed_files([pictures / "warm/red.jpg"], model)
    np.testing.assert_allclose(as_matrix(asked["vector"]), expected[1:2], atol=0.02)


def test_altered_copies_of_own_pictures_name_their_originals(pictures, model, tmp_path):
    library = OwnPictures(pictures)
    asked = embed_altered(library.queries(tmp_path), model)
    assert asked.num_rows == 3 * 7
    assert {library.name(path) for path in asked["path"].to_pylist()} == {"red.jpg", "yellow.png", "blue.JPG"}


def test_the_bare_loop_counts_each_picture_and_all_parts(pictures, model, tmp_path):
    limit = Limit(model)
    limit.measure(OwnPictures(pictures), tmp_path / "limit.parquet")
    limit.measure([], tmp_path / "limit.parquet")
    assert limit.pictures == 3
    assert all(seconds > 0 for seconds in limit.seconds.values())
    assert limit.images_per_cpu_second() == pytest.approx(1000 / sum(limit.milliseconds().values()))


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"no pictures \(.jpg"):
        OwnPictures(tmp_path)


def test_a_pictures_label_is_its_folder(pictures):
    library = OwnPictures(pictures)
    labels = {library.name(path): library.label(path) for path, _ in library}
    assert labels == {"red.jpg": "warm", "yellow.png": "warm", "blue.JPG": "cold"}


def test_file_names_become_words():
    assert plain_name("meidumPyramid") == "meidum pyramid"
    assert plain_name("red_panda-2") == "red panda 2"
