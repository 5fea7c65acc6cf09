"""The job itself: pictures in, vectors out. Library and queries go through the same function.

One rule: all of the work on pictures happens in `embed`, and Klein does it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pyklein as klein
from model import MEAN, SIZE, STD

OnError = Literal["raise", "skip", "dead_letter"]


class Run(NamedTuple):
    """What it took to embed a library."""

    report: klein.RunReport
    seconds: float
    cpu_seconds: float  # of the whole process, the reading of the model included


def embed(flow: klein.Flow, model: Path, on_error: OnError = "raise") -> klein.Flow:
    """Add a column `vector`, what the model sees in the picture in `bytes`."""
    pictures = flow.decode_image("bytes", size=(SIZE, SIZE), into="pixels", resample="bicubic", on_error=on_error)
    return pictures.infer(
        str(model), inputs={"images": "pixels"}, outputs={"embedding": "vector"}, mean=MEAN, std=STD, name="embed"
    )


def embed_library(pictures: klein.Flow, model: Path, vectors: Path, progress: bool) -> Run:
    """Write path and vector of every picture that can be decoded as Parquet into the folder `vectors`."""
    flow = embed(pictures, model, on_error="skip").select("path", "vector")
    wall, cpu = time.perf_counter(), time.process_time()
    report = flow.write_parquet(f"{vectors}/", mode="overwrite").run(progress=progress)
    return Run(report, time.perf_counter() - wall, time.process_time() - cpu)


def read_vectors(vectors: Path) -> pa.Table:
    """Return path and vector of the library, in the order of their paths."""
    return pq.read_table(vectors).sort_by("path")


def embed_altered(queries: Path, model: Path) -> pa.Table:
    """Return path, alteration and vector of every row in the file of altered copies."""
    return embed(klein.read_parquet(str(queries)), model).select("path", "alteration", "vector").to_arrow()


def check_picture(file: Path) -> None:
    """Raise what `embed_files` would raise of a file that is no picture."""
    klein.from_items([{"bytes": file.read_bytes()}]).decode_image("bytes", size=(SIZE, SIZE)).count()


def embed_files(files: Sequence[Path], model: Path) -> pa.Table:
    """Return path and vector of the pictures in `files`, in their order."""
    rows = klein.from_items([{"path": str(file), "bytes": file.read_bytes()} for file in files])
    return embed(rows, model).select("path", "vector").to_arrow()
