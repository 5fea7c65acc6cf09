"""`klein inspect`: what a checkpoint holds. The format is docs/formats/checkpoint.md."""

from __future__ import annotations

import os
import zlib

from ..errors import CorruptError, InvalidError
from . import WORKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

_HEADING = b"klein manifest 1 "
_TOMBSTONE = b"klein discarded 1\n"


def _manifest(path: str) -> dict[str, Any] | None:
    """A sealed epoch; None where it was given up."""
    import json

    with open(path, "rb") as file:
        held = file.read()
    if held == _TOMBSTONE:
        return None
    text = held[len(_HEADING) + 9 : -1]
    checksum = held[len(_HEADING) : len(_HEADING) + 8]
    if not held.startswith(_HEADING) or checksum != b"%08x" % zlib.crc32(text):
        problem = f"{path} is damaged, or of a later version"
        raise CorruptError(problem, problem, "", "")
    return dict(json.loads(text))


def _groups(path: str, batches: int) -> set[int]:
    """The key groups of the rows of a table: its first column. The format is docs/formats/batch.md."""
    import pyarrow

    found: set[int] = set()
    with pyarrow.memory_map(path) as file:
        for _ in range(batches):
            length = int.from_bytes(file.read(8), "little")
            batch = file.read_buffer(length)
            head = bytes(batch[:12])
            rows = batch[12 + int.from_bytes(head[8:12], "little") :]
            if len(batch) < length or head[:3] != b"KLB":
                raise CorruptError(said := f"{path} is damaged, or of a later version", said, "", "")
            table = pyarrow.ipc.open_stream(rows).read_all()
            found.update(table.column("group").to_pylist())
    return found


def _table(folder: str, stored: list[dict[str, Any]]) -> dict[str, Any]:
    groups: set[int] = set()
    for each in stored:
        groups |= _groups(os.path.join(folder, each["key"]), each["batches"])
    return {
        "rows": sum(each["rows"] for each in stored),
        "bytes": sum(each["bytes"] for each in stored),
        "key_groups": len(groups),
    }


def _facts(folder: str, number: str) -> dict[str, Any]:
    """What `klein inspect` says of an epoch."""
    path = os.path.join(folder, "manifest", number)
    manifest = _manifest(path)
    if manifest is None:
        return {"epoch": int(number), "given_up": True}
    flying = [stored for all_of in manifest["in_flight"].values() for stored in all_of]
    return {
        "epoch": int(number),
        "given_up": False,
        "sealed_at": os.path.getmtime(path),
        "finished": manifest["finished"],
        "committed": os.path.exists(os.path.join(folder, "committed", number)),
        "steps": manifest["steps"],
        "splits_left": {source: len(splits) for source, splits in manifest["splits"].items()},
        "rows_in_flight": sum(stored["rows"] for stored in flying),
        "bytes_in_flight": sum(stored["bytes"] for stored in flying),
        "states": {step: len(states) for step, states in manifest["states"].items()},
        "tables": {
            step: {name: _table(folder, stored) for name, stored in tables.items()}
            for step, tables in manifest.get("tables", {}).items()
        },
        "staged": len(manifest["tokens"]),
    }


def _shown(facts: dict[str, Any]) -> str:
    if facts["given_up"]:
        return f"epoch {facts['epoch']}: given up"
    from datetime import datetime

    state = "finished" if facts["finished"] else "goes on"
    sealed = datetime.fromtimestamp(facts["sealed_at"]).strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"epoch {facts['epoch']}: sealed {sealed}, {state}, {'' if facts['committed'] else 'not '}committed"]
    lines.append(f"  steps: {', '.join(facts['steps'])}")
    lines += [f"  {source}: {count} splits left to read" for source, count in facts["splits_left"].items()]
    lines += [f"  {step}: the state of {count} tasks" for step, count in facts["states"].items()]
    for step, tables in facts["tables"].items():
        for name, told in tables.items():
            size = f"{told['rows']} rows, {told['bytes']} bytes in {told['key_groups']} of 720 key groups"
            lines.append(f"  {step}: {_name(name)}: {size}")
    lines.append(f"  in flight: {facts['rows_in_flight']} rows, {facts['bytes_in_flight']} bytes")
    lines.append(f"  staged by sinks: {facts['staged']} tokens")
    return "\n".join(lines)


def _name(table: str) -> str:
    """What a table holds: `state.total` is what a function declares as `total`."""
    return f"the state '{table.removeprefix('state.')}'" if table.startswith("state.") else table


def inspect(options: Namespace) -> int:
    """Prints a checkpoint's epochs, the newest last."""
    folder = os.path.join(options.checkpoint, "manifest")
    if not os.path.isdir(folder):
        raise InvalidError(f"{options.checkpoint} holds no checkpoint")
    epochs = [_facts(options.checkpoint, number) for number in sorted(os.listdir(folder)) if number.isdigit()]
    if options.json:
        import json

        print(json.dumps(epochs))
    else:
        print("\n".join(_shown(facts) for facts in epochs))
    return WORKED
