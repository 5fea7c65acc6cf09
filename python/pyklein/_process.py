"""The user's code by key as the engine calls it: rows in, timers rung, what it remembers saved and given back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from ._backed import Backed
from ._counting import Metrics
from ._state import Place, Remembered, StateDeclaration, from_table, to_table
from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import pyarrow

    from . import _core

    Timer = tuple[int, bytes, int]  # when, in nanoseconds; the key's bytes; how Python has the time: 0, 1, 2 as below

_NEVER = 2**63 - 1
_TOGETHER = 1024  # timers that ring before the runtime is asked again
_EPOCH = datetime(1970, 1, 1)
_BY_CLOCK = 3
_TAKEN = 16  # added to the form of a timer that is set no more, in a checkpoint
_FEW = 1024  # rows of which a snapshot is always whole
_CHANGES = 255  # snapshots that hold only what has changed, behind one that is whole


class Recipe:
    """Makes, once a task, what the engine calls."""

    def __init__(
        self, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], states: Mapping[str, StateDeclaration]
    ) -> None:
        self._fn = fn
        self._is_class = isinstance(fn, type)
        self._args = args
        self._kwargs = kwargs
        self._states = _declared(fn) if self._is_class else dict(states)

    def __call__(self) -> Instance:
        place = Place()
        states = {name: declared.made(declared, place) for name, declared in self._states.items()}
        if not self._is_class:
            context = Context(place, states)
            return Instance(context, states, self._fn, None, context)
        made = self._fn.__new__(self._fn)
        vars(made).update(states)
        made.__init__(*self._args, **self._kwargs)
        return Instance(Context(place, {}), states, made.on_row, getattr(made, "on_timer", None), made)


def _declared(made: type) -> dict[str, StateDeclaration]:
    found: dict[str, StateDeclaration] = {}
    for base in reversed(made.__mro__):
        found.update({name: value for name, value in vars(base).items() if isinstance(value, StateDeclaration)})
    return found


class Context:
    """What the user's code is told of its row, and what it asks for."""

    def __init__(self, place: Place, states: dict[str, Remembered]) -> None:
        self.timers = Timers(self, place)
        self.metrics = Metrics()
        self._place = place
        self._row: dict[str, Any] = {}
        self._keys: Sequence[str] = ()
        self._values: tuple[Any, ...] | None = None  # of the key, where no row says them
        self._time: int | None = None
        self._form = 0
        self._emitted: list[Any] = []
        vars(self).update(states)

    @property
    def key(self) -> Any:
        """The row's key: a value, or a tuple where the key is of several columns."""
        values: tuple[Any, ...] = self._values or tuple(self._row[name] for name in self._keys)
        return values[0] if len(values) == 1 else values

    @property
    def time(self) -> Any:
        """When the row's event was, as its column has it: milliseconds or a datetime. None without event time."""
        return None if self._time is None else _as_python(self._time, self._form)

    def emit(self, row: dict[str, Any]) -> None:
        """Give a row; what `on_row` and `on_timer` return is given too."""
        self._emitted.append(row)


class Timers:
    """`ctx.timers`: when `on_timer` is to be called for this key. Setting one twice sets one."""

    def __init__(self, context: Context, place: Place) -> None:
        self._context = context
        self._place = place
        self.set: set[Timer] = set()
        self._changed: dict[Timer, bool] = {}  # since the last snapshot: whether it is set
        self.by_event: list[Timer] = []  # heaps; those that were cancelled are not in `set`
        self.by_clock: list[Timer] = []

    def at(self, time: Any) -> None:
        """Once the time of the events has passed `time`: a datetime, or milliseconds since 1970."""
        self.add((_nanoseconds(time), self._place.key, self._context._form))

    def after(self, duration: Any) -> None:
        """So long from now by the clock: "10s", seconds, or a timedelta. `on_timer` then gets None as its time.

        One that is not due when the rows end does not ring: nobody waits for it, and early it would mean another thing.
        """
        from ._options import nanoseconds

        self.add((self._place.now + nanoseconds(duration), self._place.key, _BY_CLOCK))

    def cancel(self, time: Any) -> None:
        """Forget what `at` set."""
        self.take((_nanoseconds(time), self._place.key, self._context._form))

    def take(self, timer: Timer) -> bool:
        """It is set no more; whether it was."""
        if timer not in self.set:
            return False
        self.set.discard(timer)
        self._changed[timer] = False
        return True

    def add(self, timer: Timer) -> None:
        if timer not in self.set:
            self.set.add(timer)
            self._changed[timer] = True
            heappush(self.by_clock if timer[2] == _BY_CLOCK else self.by_event, timer)

    def due(self, heap: list[Timer], time: int, most: int) -> list[Timer]:
        found: list[Timer] = []
        while heap and heap[0][0] <= time and len(found) < most:
            timer = heappop(heap)
            if timer in self.set:
                found.append(timer)
        return found

    def rings(self, timer: Timer) -> bool:
        """Whether one that is due rings now: those that rang before it may have cancelled it, or set an earlier one."""
        heap = self.by_clock if timer[2] == _BY_CLOCK else self.by_event
        if heap and heap[0] < timer:
            heappush(heap, timer)  # its turn comes behind that one's
            return False
        return self.take(timer)

    def to_table(self, now: int, *, whole: bool) -> pyarrow.Table:
        """The rows of a checkpoint: those that are set, or those that were set or taken since the last one."""
        from ._formats import arrow

        pa = arrow()
        changed, self._changed = self._changed, {}
        rows = [(time, key, form) for time, key, form in sorted(self.set)]
        if not whole:
            rows = [(time, key, form if is_set else form + _TAKEN) for (time, key, form), is_set in changed.items()]
        times = [time - now if form % _TAKEN == _BY_CLOCK else time for time, _, form in rows]
        columns = [pa.array([key for _, key, _ in rows], pa.binary()), pa.array(times, pa.int64())]
        columns.append(pa.array([form for _, _, form in rows], pa.int8()))
        return pa.table(columns, ["key", "time", "form"])

    def load(self, time: int, key: bytes, form: int, now: int) -> None:
        """Adds a row of a checkpoint."""
        timer = (time + now if form % _TAKEN == _BY_CLOCK else time, key, form % _TAKEN)
        if form < _TAKEN:
            self.add(timer)
        else:
            self.take(timer)


def _nanoseconds(time: Any) -> int:
    if isinstance(time, datetime):
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
        microseconds: int = (time - _EPOCH) // timedelta(microseconds=1)
        return microseconds * 1000
    if isinstance(time, int) and not isinstance(time, bool):
        return time * 1_000_000
    raise InvalidError(f"a timer is at a datetime, or at milliseconds since 1970, not {time!r}")


def _as_python(time: int, form: int) -> Any:
    if form == 0:
        return time // 1_000_000
    naive = _EPOCH + timedelta(microseconds=time // 1000)
    return naive if form == 1 else naive.replace(tzinfo=UTC)


class Instance:
    """One task's."""

    def __init__(
        self,
        context: Context,
        states: dict[str, Remembered],
        on_row: Callable[..., Any],
        on_timer: Callable[..., Any] | None,
        owner: Any,
    ) -> None:
        self._context = context
        self._timers = context.timers
        self._place = context._place
        self._states = states
        self._on_row = on_row
        self._on_timer = on_timer
        self._owner = owner
        self._backed: dict[str, Backed] = {}  # what there may be more of than memory holds
        self._held: _core.HeldState | None = None
        self._whole = 0  # rows of the last snapshot that was whole; 0: there was none
        self._since = 0  # rows of those behind it
        self._changes = 0  # how many these are

    def open(self, metrics: _core.UserMetrics, held: _core.HeldState | None, room: int) -> None:
        """Called first. With `held`, states have `room` bytes of memory together, and what is more goes there."""
        self._context.metrics.made = metrics
        self._held = held
        if held is not None:
            each = room // max(1, len(self._states))
            self._backed = {name: Backed(name, state, held, each) for name, state in self._states.items()}

    def begin(self, now: int, form: int, keys: Sequence[str]) -> None:
        """Rows of a batch follow."""
        self._place.now = now
        self._context._form = form
        self._context._keys = keys
        self._context._values = None
        for state in () if self._backed else self._states.values():
            state.sweep()

    def fetch(self, keys: set[bytes]) -> None:
        """Of rows or timers of these keys comes what follows, until this is called again."""
        memory = 0
        for backed in self._backed.values():
            backed.fetch(keys)
            memory += backed.memory()
        if self._held is not None:
            self._held.in_front(memory)

    def row(self, row: dict[str, Any], key: bytes, time: int | None) -> list[Any] | None:
        """What a row becomes."""
        context = self._context
        self._place.key = key
        context._row = row
        context._time = time
        return self._given(self._on_row(row, context))

    def _given(self, returned: Any) -> list[Any] | None:
        context = self._context
        if returned is not None:
            if isinstance(returned, dict):
                context._emitted.append(returned)
            elif hasattr(returned, "__iter__"):
                context._emitted.extend(returned)
            else:
                raise InvalidError(f"it gave {type(returned).__name__}; it gives a row, a dict, or several, or None")
        if not context._emitted:
            return None
        emitted, context._emitted = context._emitted, []
        return emitted

    def due(self, time: int, now: int) -> list[Timer]:
        """The next timers that ring; others may be due after them."""
        self._place.now = now
        timers = self._timers
        found = timers.due(timers.by_event, time, _TOGETHER)
        found += timers.due(timers.by_clock, now, _TOGETHER - len(found))
        if self._backed and found:
            self.fetch({key for _, key, _ in found})
        return found

    def ring(self, timer: Timer, key: tuple[Any, ...]) -> list[Any] | None:
        """What a timer's ringing gives."""
        if self._on_timer is None:
            raise InvalidError("a timer rang, and there is no on_timer(self, time, ctx): give a class that has one")
        if not self._timers.rings(timer):
            return None
        context = self._context
        time, self._place.key, form = timer
        context._values = key
        context._row = {}
        context._time = None if form == _BY_CLOCK else time
        context._form = 0 if form == _BY_CLOCK else form
        return self._given(self._on_timer(context.time, context))

    def next_timers(self) -> tuple[int, int]:
        """When the next are due: of the events (never: the highest number), by the clock (never: 0)."""
        timers = self._timers
        return (
            timers.by_event[0][0] if timers.by_event else _NEVER,
            timers.by_clock[0][0] if timers.by_clock else 0,
        )

    def snapshot(self, now: int) -> tuple[dict[str, pyarrow.Table | _core.LateRows], bool]:
        """Tables whose first column is the key's bytes; and whether they hold only what has changed since the last.

        What changes is written behind what there was, until that is as much again: so a snapshot costs what has
        changed, a restore reads at most twice what there is, and of many keys each is written anew now and then.
        """
        whole = self._whole < _FEW or self._since > self._whole or self._changes >= _CHANGES
        tables: dict[str, pyarrow.Table] = {}
        for name, state in self._states.items():
            if vars(self._owner).get(name) is not state:
                raise InvalidError(f"the state '{name}' was assigned to: set {name}.value, or change what it holds")
            if not self._backed:
                changed = state.changes()
                tables[f"state.{name}"] = to_table(name, state, now, None if whole else changed)
        tables["timers"] = self._timers.to_table(now, whole=whole)
        rows = sum(table.num_rows for table in tables.values())
        late, kept = self._late(whole=whole)
        rows += kept
        self._whole = rows if whole else self._whole
        self._since = 0 if whole else self._since + rows
        self._changes = 0 if whole else self._changes + 1
        if whole:  # nothing is as good as no row; of changes it says when they were looked for
            tables = {name: table for name, table in tables.items() if table.num_rows}
        return {**tables, **late}, not whole

    def _late(self, *, whole: bool) -> tuple[dict[str, _core.LateRows], int]:
        """As `snapshot`, of what is backed, and about how many rows it is."""
        if self._held is None:
            return {}, 0
        for backed in self._backed.values():
            backed.write_changed()
        rows = self._held.keys() if whole else sum(backed.changed() for backed in self._backed.values())
        return {f"state.{name}": backed.cut(whole=whole) for name, backed in self._backed.items()}, rows

    def restore(self, name: str, rows: Any, now: int) -> None:
        """Adds what `snapshot` gave."""
        from ._formats import arrow

        table = arrow().Table.from_batches([arrow().record_batch(rows)])
        if name == "timers":
            for key, time, form in zip(*(column.to_pylist() for column in table.columns), strict=True):
                self._timers.load(time, key, form, now)
            return
        name = name.removeprefix("state.")
        if name not in self._states:
            known = ", ".join(self._states) or "none"
            raise InvalidError(f"the checkpoint has the state '{name}', which is declared no more; there are: {known}")
        if name in self._backed:
            self._backed[name].restore(table, now)
        else:
            from_table(name, self._states[name], table, now)
