"""bf16 and OpenVINO by one word: what they give beside fp32, what the plan says, what is refused."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyklein as klein
import pytest
from precision_models import cosines, network, pictures

openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="the wheel openvino is not installed")
bf16 = pytest.mark.skipif("avx512_bf16" not in Path("/proc/cpuinfo").read_text(), reason="this processor has no bf16")


@pytest.fixture
def model(tmp_path: Path) -> str:
    return network(tmp_path / "small.onnx")


def embedded(model: str, count: int = 50, **words: Any) -> klein.Flow:
    return pictures(count).infer(model, inputs={"images": "pixels"}, mean=127, std=128, **words)


def vectors(flow: klein.Flow) -> Any:
    return np.stack([row["embedding"] for row in sorted(flow.take_all(), key=lambda row: row["id"])])


@openvino
def test_openvino_in_fp32_gives_what_onnxruntime_gives(model: str) -> None:
    difference = vectors(embedded(model, runtime="openvino")) - vectors(embedded(model))
    assert np.abs(difference).max() < 1e-5


@openvino
@bf16
def test_bf16_keeps_the_direction_of_vectors(model: str) -> None:
    assert cosines(vectors(embedded(model, precision="bf16")), vectors(embedded(model))).min() > 0.999


@openvino
@bf16
@pytest.mark.parametrize("size", [1, 7, 64, "auto"])
def test_every_row_gets_its_answer_whatever_a_call_takes(model: str, size: Any) -> None:
    found = vectors(embedded(model, precision="bf16", batch_size=size))
    assert cosines(found, vectors(embedded(model))).min() > 0.999


@openvino
def test_a_model_of_a_fixed_number_of_rows_is_filled_up(tmp_path: Path) -> None:
    fixed = network(tmp_path / "fixed.onnx", rows=8)
    difference = vectors(embedded(fixed, 13, runtime="openvino")) - vectors(embedded(fixed, 13))
    assert np.abs(difference).max() < 1e-5


@openvino
@bf16
def test_the_plan_says_precision_and_runtime(model: str) -> None:
    plan = embedded(model, precision="bf16").explain("logical", format="json")
    assert '"precision": "bf16"' in plan and '"runtime": "auto"' in plan


def test_bf16_is_refused_of_a_runtime_that_has_none(model: str) -> None:
    with pytest.raises(klein.InvalidError, match="ONNX Runtime has no bf16 on processors: leave out runtime="):
        embedded(model, precision="bf16", runtime="onnxruntime")


def test_words_that_are_none_are_refused_with_the_known_ones(model: str) -> None:
    with pytest.raises(klein.InvalidError, match=r"openvino"):
        embedded(model, runtime="openvin")


def test_without_the_wheel_one_sentence_says_what_to_install(model: str) -> None:
    program = (
        "import pyklein as klein, pyklein._library as library\n"
        "library.tell_runtimes = lambda: None\n"
        f"rows = klein.from_items([{{'x': 1}}])\nrows.infer({model!r}, runtime='openvino')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"KLEIN_OPENVINO": "/nowhere", "PYTHONPATH": str(Path(klein.__file__).parent.parent)},
    )
    assert "OpenVINO is not installed, run: pip install 'pyklein[openvino]'" in done.stderr


@openvino
def test_the_package_openvino_is_never_imported(model: str) -> None:
    vectors(embedded(model, 3, runtime="openvino"))
    assert "openvino" not in sys.modules
