"""What the benchmarks share: CPU-seconds of child processes, medians, JSON lines."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def child(script: str, *arguments: str) -> dict[str, Any]:
    """Run `script` of this folder in a fresh process; what it printed as JSON, with its CPU and wall seconds."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments], capture_output=True, text=True, env=environment, check=False
    )
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{script} {' '.join(arguments)} failed:\n{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = done.stdout.strip().splitlines()
    return {**(json.loads(lines[-1]) if lines else {}), "process_cpu": cpu, "process_wall": wall}


def spin() -> float:
    """CPU-seconds over wall seconds of a fixed piece of work: far below 1 where somebody else takes the core."""
    wall, cpu = time.perf_counter(), time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number
    return (time.process_time() - cpu) / (time.perf_counter() - wall)


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}


def report(benchmark: str, **figures: object) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"benchmark": benchmark, **figures}), flush=True)
