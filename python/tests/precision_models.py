"""Small real networks and rows for tests of precision: convolutions over pictures, scores of classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pyklein as klein
from onnx import TensorProto, helper, numpy_helper

SIZE, CLASSES = 16, 5


def network(path: Path, seed: int = 0, rows: str | int = "n") -> str:
    """A network of two convolutions: `embedding` of 8 numbers, `scores` of 5 classes; RGB of 16 x 16 in planes."""
    random = np.random.default_rng(seed)

    def constant(name: str, *shape: int) -> onnx.TensorProto:
        scale = np.sqrt(2 / np.prod(shape[1:]))
        return numpy_helper.from_array((random.standard_normal(shape) * scale).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["images", "first"], ["a"], name="conv1", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"], name="relu1"),
        helper.make_node("Conv", ["b", "second"], ["c"], name="conv2", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["d"], name="relu2"),
        helper.make_node("GlobalAveragePool", ["d"], ["e"], name="pool"),
        helper.make_node("Flatten", ["e"], ["embedding"], name="flatten"),
        helper.make_node("Gemm", ["embedding", "third"], ["scores"], name="gemm", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [rows, 3, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [rows, CLASSES]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [rows, 8]),
        ],
        [constant("first", 16, 3, 3, 3), constant("second", 8, 16, 3, 3), constant("third", CLASSES, 8)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return str(path)


def pictures(count: int, seed: int = 1) -> klein.Flow:
    """Rows of `id` and `pixels`: smooth pictures, each of its own colours."""
    import pyarrow as pa

    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (count, 4, 4, 3), dtype=np.uint8)
    pixels = coarse.repeat(SIZE // 4, 1).repeat(SIZE // 4, 2)
    column = pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(pixels))
    return klein.from_arrow(pa.table({"id": range(count), "pixels": column}))


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Of two rows each."""
    return (left * right).sum(1) / (np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1))
