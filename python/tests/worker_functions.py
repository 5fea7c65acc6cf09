"""Functions that tests run in worker processes, where this module is imported by its name."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def double(row):
    return {"n": row["id"] * 2}


def pid_of(row):
    return {"id": row["id"], "pid": os.getpid()}


class Scale:
    """Counts how often it is made."""

    def __init__(self, folder, by=1):
        Path(folder, f"made-{os.getpid()}").touch()
        self.by = by

    def __call__(self, batch):
        return {"n": batch["id"] * self.by}


class Poison:
    """Ends its process, or hangs, at the rows of some ids; `once`: a file that says that it has."""

    def __init__(self, how, ids=(), once=None):
        self.how, self.ids, self.once = how, set(ids), once

    def __call__(self, row):
        if row["id"] in self.ids and not (self.once and Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            self.strike()
        return row

    def strike(self):
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.how == "segfault":
            import ctypes

            ctypes.string_at(0)
        elif self.how == "exit":
            os._exit(3)
        elif self.how == "hang":
            while True:
                time.sleep(60)
        elif self.how == "memory":
            self.hoard = bytearray(200 << 20)
            while True:
                time.sleep(60)
        elif self.how == "raise":
            raise ValueError("poison")
        sys.exit(0)
