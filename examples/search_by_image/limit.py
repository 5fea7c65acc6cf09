"""What the job costs at least: each of its parts alone, in a bare loop on one thread, the fastest way known to Python.

One rule: the loop does the job's own work on the job's own pictures, resampling included, so they may be compared.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import simplejpeg
from model import MEAN, SIZE, STD
from PIL import Image

PARTS = ("read", "decode", "resize", "normalise", "model", "write")
Pixels = npt.NDArray[np.uint8]


class Limit:
    """Adds up CPU-seconds by part over the pictures it is given."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._session.run(["embedding"], {"images": np.zeros((1, 3, SIZE, SIZE), np.float32)})  # the first is slower
        self._mark = 0.0
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.pictures = 0

    def measure(self, pictures: Iterable[tuple[str, bytes]], scratch: Path) -> None:
        """Embed `pictures` one by one and write the vectors to `scratch`."""
        paths, vectors = [], []
        self._mark = time.thread_time()
        for path, content in pictures:
            self._lap("read")
            paths.append(path)
            vectors.append(self._embed(content))
        if not vectors:
            return
        column = pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(vectors)), vectors[0].size)
        pq.write_table(pa.table({"path": paths, "vector": column}), scratch, compression="zstd")
        self._lap("write")
        self.pictures += len(paths)

    def images_per_cpu_second(self) -> float:
        """Return 1 / (sum of the parts)."""
        return self.pictures / sum(self.seconds.values())

    def milliseconds(self) -> dict[str, float]:
        """Return CPU milliseconds a picture, by part."""
        return {part: 1000 * seconds / self.pictures for part, seconds in self.seconds.items()}

    def _embed(self, content: bytes) -> npt.NDArray[np.float32]:
        pixels = decode(content)
        self._lap("decode")
        image = Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        self._lap("resize")
        scaled = np.subtract(np.asarray(image).transpose(2, 0, 1), np.float32(MEAN), dtype=np.float32, order="C")
        scaled *= np.float32(1 / STD)
        self._lap("normalise")
        vector: npt.NDArray[np.float32] = self._session.run(["embedding"], {"images": scaled[np.newaxis]})[0][0]
        self._lap("model")
        return vector

    def _lap(self, part: str) -> None:
        now = time.thread_time()
        self.seconds[part] += now - self._mark
        self._mark = now


def decode(content: bytes) -> Pixels:
    """Return RGB pixels; a JPEG comes no larger than the model needs, which its format makes cheap."""
    if simplejpeg.is_jpeg(content):
        pixels: Pixels = simplejpeg.decode_jpeg(content, min_height=SIZE, min_width=SIZE)
        return pixels
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
