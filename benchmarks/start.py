"""Process start to first row, beside bare Python in the same rounds: a whole process, by its wall time.

python benchmarks/start.py --rounds 15
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time

from measure import report, spread

PROGRAMS = {
    "bare Python": ("pass", None),
    "import pyklein": ("import pyklein", None),
    "Parquet to first row": (
        "import os, pyklein as klein\nrows = klein.read_parquet('{file}').take(1)\nassert rows == [{{'id': 0}}], rows",
        0.060,
    ),
    "Parquet to Parquet": (
        "import pyklein as klein\n"
        "klein.read_parquet('{file}').write_parquet('{out}', mode='overwrite').run(progress=False)",
        0.060,
    ),
    "the program uses pyarrow": (
        "import pyarrow, pyklein as klein\nassert klein.read_parquet('{file}').to_arrow().num_rows == 3",
        0.190,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"id": [0, 1, 2]}), f"{folder}/in.parquet")
        taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
        for _ in range(rounds):
            for name, (program, _) in PROGRAMS.items():
                text = program.format(file=f"{folder}/in.parquet", out=f"{folder}/out")
                begun = time.perf_counter()
                subprocess.run([sys.executable, "-c", text], check=True, env=environment)
                taken[name].append(time.perf_counter() - begun)
    bare = spread(taken["bare Python"])["median"]
    for name, (_, target) in PROGRAMS.items():
        figures = spread(taken[name])
        report(
            f"{name}, seconds", **figures, over_bare=figures["median"] / bare, **({"target": target} if target else {})
        )


if __name__ == "__main__":
    main()
