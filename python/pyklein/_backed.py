"""What is remembered by key where there may be more than memory holds: keys of late in memory, all others on disk."""

from __future__ import annotations

from ._state import MapState, Remembered, ValueState, check_types, columns_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import pyarrow

    from . import _core

_TOGETHER = 8192  # keys that are written at once
_A_KEY = 320  # bytes that a key takes here beside its own and its value: entries of dicts and sets, a pair


class Backed:
    """The memory of a state, in two halves: keys of the rows at hand are in the younger.

    Once that is full, what has changed in the older is written and the older forgotten; the younger becomes it. So a
    key that is asked for often stays, and looking one up costs what it costs where all are in memory.
    """

    def __init__(self, name: str, state: Remembered, held: _core.HeldState, room: int) -> None:
        from ._formats import arrow

        self._name = name
        self._state = state
        self._rows = held.add(state._declared.schema, not isinstance(state, ValueState))
        self._half = room // 2
        self._older: dict[bytes, Any] = {}
        self._older_bytes = 0
        self._bytes = 0  # of the younger
        self._at_hand: Iterable[bytes] = ()
        self._weight = 0  # of those at hand, as they came
        primitive = all(arrow().types.is_primitive(type) for type in state._declared.schema.types)
        self._fixed = isinstance(state, ValueState) and primitive
        self._each = _A_KEY  # then every key takes so much

    def fetch(self, keys: set[bytes]) -> None:
        """These are the keys at hand from now on."""
        state = self._state
        if self._fixed:
            self._bytes = len(state._of) * self._each
        else:
            self._bytes += self._weigh(self._at_hand) - self._weight
        if self._bytes > self._half:
            self._turn()
        of = state._of
        missing = [key for key in keys if key not in of]
        if missing:
            older, changed, cold = self._older, state._changed, []
            for key in missing:
                held = older.pop(key, None)
                if held is not None:
                    of[key] = held
                elif key not in changed:  # else it was cleared
                    cold.append(key)
            if cold:
                self._load(cold)
        if self._fixed:
            self._each = _A_KEY + 64 + len(next(iter(keys), b""))
            return
        self._weight = self._weigh(keys)
        self._bytes += self._weigh(missing)
        self._at_hand = keys

    def _load(self, keys: list[bytes]) -> None:
        from ._formats import arrow

        batch = self._rows.read(keys)
        if not len(batch):
            return
        columns = [column.to_pylist(maps_as_pydicts="lossy") for column in arrow().record_batch(batch).columns]
        load = self._state.load
        for key, *values, expiry in zip(*columns, strict=True):
            load(key, tuple(values), expiry)

    def _turn(self) -> None:
        state = self._state
        of = state._of
        self._write([key for key in state._changed if key not in of], self._older)
        state._changed = {key for key in state._changed if key in of}
        self._older, self._older_bytes = of, self._bytes
        state._of, self._bytes = {}, 0

    def write_changed(self) -> None:
        """What has changed is on disk too."""
        state = self._state
        of, changed = state._of, state._changed
        self._write([key for key in changed if key in of], of)
        self._write([key for key in changed if key not in of], self._older)
        state._changed = set()

    def _write(self, keys: list[bytes], of: dict[bytes, Any]) -> None:
        """What `of` has of these keys."""
        from ._formats import arrow

        pa = arrow()
        state = self._state
        now_of = state._of
        state._of = of
        try:
            for first in range(0, len(keys), _TOGETHER):
                some = keys[first : first + _TOGETHER]
                rows = state.save(some)
                columns = [*columns_of(self._name, state, rows), pa.array([row[2] for row in rows], pa.int64())]
                names = ["key", *state._declared.schema.names, "expiry"]
                self._rows.write(some, pa.table(columns, names))
        finally:
            state._of = now_of

    def changed(self) -> int:
        """At most of how many keys `cut` gives rows, but for a whole one."""
        return self._rows.changed()

    def cut(self, *, whole: bool) -> _core.LateRows:
        """The rows of a checkpoint: all of them, or those that have changed since the last ones."""
        return self._rows.all() if whole else self._rows.changes()

    def restore(self, table: pyarrow.Table, now: int) -> None:
        """Adds rows of a checkpoint."""
        check_types(self._name, self._state, table)
        self._rows.restore(table, now)

    def memory(self) -> int:
        """Bytes that it takes here, about."""
        return self._bytes + self._older_bytes

    def _weigh(self, keys: Iterable[bytes]) -> int:
        of = self._state._of
        is_map = isinstance(self._state, MapState)
        return sum(_A_KEY + len(key) + _weight(of[key] if is_map else of[key][0]) for key in keys if key in of)


def _weight(value: Any) -> int:
    """Bytes of a value, of what holds others by its first."""
    size: int = value.__sizeof__() + 16
    if isinstance(value, dict) and value:
        key = next(iter(value))
        size += len(value) * (_weight(key) + _weight(value[key]))
    elif isinstance(value, (list, tuple)) and value:
        size += len(value) * _weight(value[0])
    return size
