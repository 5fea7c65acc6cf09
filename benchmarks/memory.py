"""Memory stays: ten times the corpus peaks where one does, and a fast source into a slow sink holds steady.

python benchmarks/memory.py
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from measure import child, report, spread


def decode(times: int) -> None:
    """Decode a file of the small corpus `times` over, so often that every core has one; the peak is this process's."""
    import pyklein as klein
    from corpus import small_corpus

    first = min(small_corpus().glob("*.parquet"))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(times):
            Path(folder, f"{number:03}.parquet").symlink_to(first)
        done = (
            klein.read_parquet(folder)
            .decode_image("bytes", size=(224, 224), into="pixels")
            .discard()
            .run(progress=False)
        )
    print(json.dumps({"rows": done.rows_out, "peak": done.peak_memory}))


def slow_sink(seconds: int) -> None:
    """A source of wide rows as fast as it goes, into a sink that takes its time."""
    import pyklein as klein

    def slow(batch: dict[str, object]) -> dict[str, object]:
        time.sleep(0.02)
        return batch

    end = time.monotonic() + seconds
    peaks = []
    job = klein.range(1 << 40).map_batches(slow, batch_size=1024).discard().start()
    while time.monotonic() < end:
        peaks.append(resident())
        time.sleep(0.25)
    job.stop(now=True)
    half = len(peaks) // 2
    print(json.dumps({"first_half": max(peaks[:half]), "second_half": max(peaks[half:])}))


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    peaks: dict[str, list[float]] = {"4": [], "40": []}
    for _ in range(5):
        for files, taken in peaks.items():
            taken.append(child("memory.py", "decode", files)["peak"] / 1e6)
    small, large = spread(peaks["4"]), spread(peaks["40"])
    report(
        "peak of ten corpora over one", value=large["median"] / small["median"], small=small, large=large, target=1.05
    )
    steady = child("memory.py", "slow_sink", "10")
    report("slow sink: second half over first", value=steady["second_half"] / steady["first_half"], target=1.05)


if __name__ == "__main__":
    kinds = {"decode": decode, "slow_sink": slow_sink}
    if sys.argv[1:2] and sys.argv[1] in kinds:
        kinds[sys.argv[1]](int(sys.argv[2]))
    else:
        main()
