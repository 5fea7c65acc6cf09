"""The example's model: weights are read without torch, and the graph computes what the tensors say."""

import collections
import itertools
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the examples need onnx")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "search_by_image"))

import onnx
import onnxruntime
from model import EPSILON, STRIDES, Network, build
from torch_file import MAGIC, PROTOCOL, read_tensors

WIDTHS = (8, 4, 6, 6, 8, 8, 10, 10, 10, 12, 12, 12, 14, 14, 14, 14, 16)  # channels after the stem and each block


def normalisation(name: str, channels: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        f"{name}.weight": random.uniform(0.5, 1.5, channels).astype(np.float32),
        f"{name}.bias": random.normal(size=channels).astype(np.float32),
        f"{name}.running_mean": random.normal(size=channels).astype(np.float32),
        f"{name}.running_var": random.uniform(0.5, 1.5, channels).astype(np.float32),
        f"{name}.num_batches_tracked": np.int64(1),
    }


def small_network(classes: int = 5, width: int = 20) -> dict[str, np.ndarray]:
    """Return tensors of a network with the real one's structure and few channels."""
    random = np.random.default_rng(3)
    tensors: dict[str, np.ndarray] = {}

    def convolution(weight: str, norm: str, shape: tuple[int, ...]) -> None:
        tensors[f"{weight}.weight"] = random.normal(scale=0.3, size=shape).astype(np.float32)
        tensors.update(normalisation(norm, shape[0], random))

    convolution("_conv_stem", "_bn0", (WIDTHS[0], 3, 3, 3))
    for number, (before, after) in enumerate(itertools.pairwise(WIDTHS)):
        block, inner = f"_blocks.{number}.", before if number == 0 else 2 * before
        if number > 0:
            convolution(f"{block}_expand_conv", f"{block}_bn0", (inner, before, 1, 1))
        convolution(f"{block}_depthwise_conv", f"{block}_bn1", (inner, 1, 3, 3))
        convolution(f"{block}_project_conv", f"{block}_bn2", (after, inner, 1, 1))
    convolution("_conv_head", "_bn1", (width, WIDTHS[-1], 1, 1))
    tensors["_fc.weight"] = random.normal(size=(classes, width)).astype(np.float32)
    tensors["_fc.bias"] = random.normal(size=classes).astype(np.float32)
    return tensors


def test_the_graph_takes_any_number_of_pictures_and_gives_logits_and_embedding():
    session = onnxruntime.InferenceSession(build(small_network(), size=64).SerializeToString())
    pictures = np.random.default_rng(1).normal(size=(3, 3, 64, 64)).astype(np.float32)
    logits, embedding = session.run(["logits", "embedding"], {"images": pictures})
    assert logits.shape == (3, 5)
    assert embedding.shape == (3, 20)
    tensors = small_network()
    expected = embedding @ tensors["_fc.weight"].T + tensors["_fc.bias"]
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


def test_a_block_adds_its_input_only_where_neither_size_nor_channels_change():
    graph = build(small_network(), size=64).graph
    added = {node.output[0] for node in graph.node if node.op_type == "Add"}
    same = [n for n, stride in enumerate(STRIDES) if stride == 1 and WIDTHS[n] == WIDTHS[n + 1]]
    assert added == {f"blocks_{n}__project_conv_plus_input" for n in same}


def test_a_convolution_and_its_normalisation_become_one():
    random = np.random.default_rng(2)
    tensors = {"w.weight": random.normal(size=(4, 3, 1, 1)).astype(np.float32), **normalisation("n", 4, random)}
    network = Network(tensors, size=2)
    network.convolution("images", "w", "n")
    kernel, bias = (onnx.numpy_helper.to_array(each) for each in network.constants[-2:])
    pixel = random.normal(size=3).astype(np.float32)
    plain = tensors["w.weight"][:, :, 0, 0] @ pixel
    deviation = np.sqrt(tensors["n.running_var"] + EPSILON)
    expected = (plain - tensors["n.running_mean"]) / deviation * tensors["n.weight"] + tensors["n.bias"]
    np.testing.assert_allclose(kernel[:, :, 0, 0] @ pixel + bias, expected, rtol=1e-5, atol=1e-5)


def test_an_odd_pixel_of_padding_goes_to_the_bottom_and_the_right():
    graph = build(small_network(), size=64).graph
    stem = next(node for node in graph.node if node.op_type == "Conv")
    assert next(each.ints for each in stem.attribute if each.name == "pads") == [0, 0, 1, 1]


def test_a_tensor_without_a_place_is_refused():
    with pytest.raises(ValueError, match=r"does not use: left_over"):
        build({**small_network(), "left_over": np.zeros(1, np.float32)}, size=64)


class FloatStorage:
    """Stands for torch's class of that name: only its name is written."""


def _rebuild_tensor_v2() -> None:
    """Stands for torch's function of that name."""


FloatStorage.__module__ = "torch"
_rebuild_tensor_v2.__module__ = "torch._utils"


class Window:
    """A tensor that pickles as torch's do: a window on a storage."""

    def __init__(self, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> None:
        self.parts = (Storage(), offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return _rebuild_tensor_v2, self.parts


class Storage:
    """Stands in a pickle for the numbers that follow later in the file."""


class Writer(pickle.Pickler):
    def persistent_id(self, thing: object) -> object:
        return ("storage", FloatStorage, "0", "cpu", 6, None) if isinstance(thing, Storage) else None


def legacy_file(path: Path, state: object, magic: int = MAGIC) -> Path:
    with path.open("wb") as file:
        for each in (magic, PROTOCOL, {"little_endian": True}, state, ["0"]):
            Writer(file, protocol=2).dump(each)
        file.write((6).to_bytes(8, "little") + np.arange(6, dtype="<f4").tobytes())
    return path


@pytest.fixture
def torch_names(monkeypatch):
    """Let pickle find the two names of torch while a file is written."""
    torch, inner = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage, inner._rebuild_tensor_v2 = FloatStorage, _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", inner)


def test_tensors_are_read_by_their_strides_and_offsets(tmp_path, torch_names):
    state = collections.OrderedDict(turned=Window((3, 2), (1, 3), 0), last=Window((2,), (1,), 4))
    tensors = read_tensors(legacy_file(tmp_path / "w.pth", state))
    np.testing.assert_array_equal(tensors["turned"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(tensors["last"], [4, 5])


def test_a_file_that_would_run_code_is_refused(tmp_path, torch_names):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    with pytest.raises(pickle.UnpicklingError, match=r"no business with __builtin__.print"):
        read_tensors(legacy_file(tmp_path / "w.pth", {"x": Evil()}))


def test_another_kind_of_file_is_refused(tmp_path, torch_names):
    with pytest.raises(ValueError, match=r"not a little-endian file of torch.save"):
        read_tensors(legacy_file(tmp_path / "w.pth", {}, magic=1))
    (tmp_path / "zip.pth").write_bytes(b"PK\x03\x04 a newer file")
    with pytest.raises(ValueError, match=r"not a file of torch.save before 1.6"):
        read_tensors(tmp_path / "zip.pth")
