"""Reads the tensors of a file that torch.save wrote before its version 1.6, without torch.

One rule: the pickles inside may build nothing but an ordered dictionary of tensors; any other name is refused.
"""

from __future__ import annotations

import collections
import pickle
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class View(NamedTuple):
    """A tensor as the pickle describes it: a window on a storage that follows later in the file."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in elements; kernels that came from TensorFlow are not contiguous


class _Reader(pickle.Unpickler):
    """Unpickles a state dictionary into views, and remembers the element type of each storage."""

    def __init__(self, file: IO[bytes], types: dict[str, np.dtype[Any]]) -> None:
        super().__init__(file)
        self._types = types

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: View(storage, offset, shape, strides)
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"a file of weights has no business with {module}.{name}")

    def persistent_load(self, reference: Any) -> str:
        _, element_type, key, *_ = reference  # ("storage", type, key, place, count, view)
        self._types[key] = element_type
        return str(key)


def read_tensors(path: Path) -> dict[str, Array]:
    """Return the tensors in `path` by name, each contiguous."""
    types: dict[str, np.dtype[Any]] = {}
    with path.open("rb") as file:
        _check_header(file, path)
        views: dict[str, View] = _Reader(file, types).load()
        keys: list[str] = _Reader(file, types).load()
        storages = {key: _read_storage(file, types[key]) for key in keys}
    return {name: _cut(storages[view.storage], view) for name, view in views.items()}


def _check_header(file: IO[bytes], path: Path) -> None:
    try:
        magic, protocol, system = (_Reader(file, {}).load() for _ in range(3))
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path} is not a file of torch.save before 1.6: {error}") from error
    if magic != MAGIC or protocol != PROTOCOL or not system["little_endian"]:
        raise ValueError(f"{path} is not a little-endian file of torch.save before 1.6")


def _read_storage(file: IO[bytes], element_type: np.dtype[Any]) -> Array:
    count = int.from_bytes(file.read(8), "little")
    return np.frombuffer(file.read(count * element_type.itemsize), element_type)


def _cut(storage: Array, view: View) -> Array:
    strides = [step * storage.itemsize for step in view.strides]
    return np.lib.stride_tricks.as_strided(storage[view.offset :], view.shape, strides).copy()
