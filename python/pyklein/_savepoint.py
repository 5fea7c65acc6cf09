"""Savepoints: a job's last sealed epoch in a folder of its own, from which any number of jobs may begin."""

from __future__ import annotations

import json
import os

from .errors import InvalidError

_TOMBSTONE = b"klein discarded"


def _newest(checkpoint: str) -> str:
    """The name of the newest sealed epoch."""
    folder = os.path.join(checkpoint, "manifest")
    names = sorted(os.listdir(folder), reverse=True) if os.path.isdir(folder) else []
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            if name.isdigit() and not file.read(len(_TOMBSTONE)).startswith(_TOMBSTONE):
                return name
    raise InvalidError(f"{checkpoint} holds no snapshot")


def _stored(checkpoint: str, epoch: str) -> list[str]:
    """The files of rows that the epoch's manifest names, also those of epochs before it."""
    with open(os.path.join(checkpoint, "manifest", epoch), "rb") as file:
        manifest = json.loads(file.read().partition(b"\n")[2])
    by_edge = [manifest["in_flight"], *manifest.get("tables", {}).values()]
    return sorted({each["key"] for named in by_edge for stored in named.values() for each in stored})


def _copy(source: str, target: str) -> None:
    """What a restore of the newest epoch needs; whole or not at all."""
    import shutil

    epoch = _newest(source)
    target = os.path.normpath(target)
    staged = f"{target}.{os.getpid()}"
    try:
        for name in (f"manifest/{epoch}", f"committed/{epoch}", "attempt", "staged", *_stored(source, epoch)):
            held, put = os.path.join(source, name), os.path.join(staged, name)
            os.makedirs(os.path.dirname(put), exist_ok=True)
            if os.path.isdir(held):  # a writer's name is of one checkpoint alone
                shutil.copytree(held, put, dirs_exist_ok=True, ignore=shutil.ignore_patterns("writer-*"))
            elif os.path.exists(held):
                shutil.copy2(held, put)
        os.sync()
        os.rename(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def check_new(savepoint: str) -> None:
    """Refuses a folder that holds something."""
    if os.path.exists(savepoint) and (not os.path.isdir(savepoint) or os.listdir(savepoint)):
        raise InvalidError(f"savepoint= names a new folder, and {savepoint} holds something")


def save(checkpoint: str, savepoint: str) -> None:
    """Copies the checkpoint's newest snapshot into a new folder."""
    os.makedirs(os.path.dirname(os.path.abspath(savepoint)), exist_ok=True)
    _copy(checkpoint, savepoint)


def load(savepoint: str, checkpoint: str) -> None:
    """Makes the savepoint the beginning of a checkpoint that holds nothing yet; one that is used goes on by itself."""
    _newest(savepoint)
    if os.path.isdir(os.path.join(checkpoint, "manifest")):
        return
    os.makedirs(os.path.dirname(os.path.abspath(checkpoint)), exist_ok=True)
    if os.path.isdir(checkpoint) and not os.listdir(checkpoint):
        os.rmdir(checkpoint)
    _copy(savepoint, checkpoint)
