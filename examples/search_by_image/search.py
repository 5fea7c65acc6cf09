"""An index of picture vectors, and how good its answers are.

One rule: two pictures are as near as the cosine of the angle between their vectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from usearch.index import Index

Vectors = npt.NDArray[np.float32]


class Match(NamedTuple):
    """A picture found, and how near it is: 1 is the same direction."""

    path: str
    score: float


class PhotoIndex:
    """The vectors of a library, found by nearness."""

    def __init__(self, paths: Sequence[str], vectors: Vectors) -> None:
        self._paths = list(paths)
        self._index = Index(ndim=vectors.shape[1], metric="cos", dtype="f32")
        self._index.add(np.arange(len(vectors)), vectors)

    def nearest(self, vectors: Vectors, count: int) -> list[list[Match]]:
        """Return for each vector its `count` nearest pictures, the nearest first."""
        return [self._matches(self._index.search(vector, min(count, len(self._paths)))) for vector in vectors]

    def save(self, path: Path) -> None:
        self._index.save(str(path))

    def _matches(self, found: Any) -> list[Match]:
        pairs = zip(found.keys.tolist(), found.distances.tolist(), strict=True)
        return [Match(self._paths[key], 1.0 - distance) for key, distance in pairs]


def as_matrix(column: pa.ChunkedArray) -> Vectors:
    """Return a column of vectors of one length as a matrix, a row each."""
    array = column.combine_chunks()
    storage = array.storage if isinstance(array, pa.ExtensionArray) else array
    numbers: Vectors = storage.flatten().to_numpy()
    return numbers.reshape(len(array), -1)


def recall_at_1(originals: Sequence[str], answers: Sequence[Sequence[Match]]) -> float:
    """Return the share of queries whose nearest picture is the original they were made from."""
    hits = sum(matches[0].path == original for original, matches in zip(originals, answers, strict=True))
    return hits / len(originals)


def recall_by_alteration(
    alterations: Sequence[str], originals: Sequence[str], answers: Sequence[Sequence[Match]]
) -> dict[str, float]:
    """Return the recall of each alteration, in the order they first appear."""
    rows = list(zip(alterations, originals, answers, strict=True))
    chosen = {name: [row for row in rows if row[0] == name] for name in dict.fromkeys(alterations)}
    return {name: recall_at_1([row[1] for row in some], [row[2] for row in some]) for name, some in chosen.items()}


def precision_at_5(paths: Sequence[str], labels: Sequence[str], answers: Sequence[Sequence[Match]]) -> float | None:
    """Return the share of a picture's five nearest, itself left out, that have its label.

    Only pictures whose label at least five others share are asked about; None where there are none.
    """
    label = dict(zip(paths, labels, strict=True))
    common = {name for name, count in Counter(labels).items() if count > 5}
    shares = [
        sum(label[match.path] == label[path] for match in [m for m in matches if m.path != path][:5]) / 5
        for path, matches in zip(paths, answers, strict=True)
        if label[path] in common
    ]
    return sum(shares) / len(shares) if shares else None
