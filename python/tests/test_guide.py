"""docs/guide: the Python of each page is run from top to bottom, and prints the text that stands below it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from kafka_client import make_topics
from PIL import Image

onnx = pytest.importorskip("onnx", reason="the guide's model is made with onnx")

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:```text\n(?P<shown>.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def write_photos(folder: Path) -> None:
    """Three pictures, each of one shade of grey."""
    folder.mkdir()
    for name, size, shade in (("1.jpg", (200, 150), 50), ("2.jpg", (64, 48), 100), ("3.png", (120, 120), 200)):
        Image.new("RGB", size, (shade, shade, shade)).save(folder / name)


def write_model(path: Path) -> None:
    """`embedding` = the mean of each channel of `images`, RGB of 32 x 32 in planes."""
    make = onnx.helper
    graph = make.make_graph(
        [
            make.make_node("GlobalAveragePool", ["images"], ["means"]),
            make.make_node("Flatten", ["means"], ["embedding"]),
        ],
        "guide",
        [make.make_tensor_value_info("images", onnx.TensorProto.FLOAT, ["N", 3, 32, 32])],
        [make.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, ["N", 3])],
    )
    model = make.make_model(graph, ir_version=8, opset_imports=[make.make_opsetid("", 17)])
    path.write_bytes(model.SerializeToString())


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Each block of Python, moved down to its line in the page, and what it is to print."""
    text = page.read_text()
    assert text.count("```python") == len(BLOCK.findall(text))
    for found in BLOCK.finditer(text):
        yield "\n" * text[: found.start("code")].count("\n") + found["code"], found["shown"] or ""


@pytest.mark.parametrize("page", sorted(path.name for path in GUIDE.glob("*.md")))
def test_a_page_of_the_guide_does_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if page == "kafka.md":
        servers = request.getfixturevalue("broker").servers
        monkeypatch.setenv("KAFKA", servers)
        make_topics(servers, "orders", "dear")
    write_photos(tmp_path / "photos")
    write_model(tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KLEIN_HOME", str(tmp_path / "home"))
    program: dict[str, object] = {"__name__": "guide"}
    for code, wanted in blocks(GUIDE / page):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, str(GUIDE / page), "exec"), program)
        assert printed.getvalue().rstrip() == wanted.rstrip(), f"what is printed by\n{code.strip()}"
