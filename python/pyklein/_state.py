"""What the user's code remembers by key: values, lists and maps, declared with their types and how long they last."""

from __future__ import annotations

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta
    from typing import Any

    import pyarrow

    Duration = str | float | timedelta

_SWEPT = 1024
_FORGET = -1  # what is left, in a row of a checkpoint that ends what rows before it said of its key


class StateDeclaration:
    """`total = klein.value_state("float64", ttl="1h")` in a class, or an argument of `process`."""

    def __init__(self, made: type[Remembered], types: dict[str, Any], ttl: Duration | None) -> None:
        from ._functions import to_schema
        from ._options import nanoseconds

        self.made = made
        self.schema: pyarrow.Schema = to_schema(types)
        self.casts = [_cast_to(field.type) for field in self.schema]
        self.in_place = self.casts[-1] is None or self.schema.types[-1].num_fields > 0
        self.ttl = 0 if ttl is None else nanoseconds(ttl)

    def __repr__(self) -> str:
        return f"{self.made.__name__} of {', '.join(str(field.type) for field in self.schema)}"


def _cast_to(type: pyarrow.DataType) -> Callable[[Any], Any] | None:
    """What a value is made, so that it is the same after a restart; None: as it is."""
    from ._formats import arrow

    types = arrow().types
    if types.is_float16(type) or types.is_float32(type):
        return _rounded(type)
    wanted = (
        float if types.is_floating(type) else
        int if types.is_integer(type) else
        str if types.is_string(type) else
        bytes if types.is_binary(type) else
        bool if types.is_boolean(type) else
        dict if types.is_map(type) or types.is_struct(type) else
        list if types.is_list(type) or types.is_large_list(type) or types.is_fixed_size_list(type) else
        None
    )  # fmt: skip
    if wanted is None:
        return None

    def cast(value: Any) -> Any:
        if value.__class__ is wanted or value is None:
            return value
        try:
            if wanted in (float, dict, list) and not isinstance(value, (str, bytes)):
                return wanted(value)
            if wanted is int and hasattr(value, "__index__") and not isinstance(value, bool):
                return int(value)
        except (TypeError, ValueError):
            pass
        raise InvalidError(f"a state of {type} can't hold {value!r}")

    return cast


def _rounded(type: pyarrow.DataType) -> Callable[[Any], Any]:
    """To the bits that the type has."""
    from struct import Struct, error

    bits = Struct("e" if type.bit_width == 16 else "f")

    def cast(value: Any) -> Any:
        try:
            return None if value is None else bits.unpack(bits.pack(value))[0]
        except error:
            raise InvalidError(f"a state of {type} can't hold {value!r}") from None

    return cast


def value_state(type: Any, *, ttl: Duration | None = None) -> Any:
    """A value a key: `self.total.value`, None where there is none.

    `type` is a pyarrow type, its name, or int, float, str and so on: what a checkpoint holds it as. Lists are lists,
    maps and structs dicts, whatever was set. With `ttl` it is forgotten so long after it was set.
    """
    return StateDeclaration(ValueState, {"value": type}, ttl)


def list_state(type: Any, *, ttl: Duration | None = None) -> Any:
    """A list a key: `append`, `extend`, iteration, `len`, `clear`.

    With `ttl` all of it is forgotten so long after its last change.
    """
    return StateDeclaration(ListState, {"value": type}, ttl)


def map_state(key: Any, value: Any, *, ttl: Duration | None = None) -> Any:
    """A dict a key: `[...]`, `in`, `get`, `items`, `del`, `len`, `clear`.

    With `ttl` an entry is forgotten so long after it was set.
    """
    return StateDeclaration(MapState, {"entry": key, "value": value}, ttl)


class Place:
    """Which key it is about, and the time by the clock: shared by the states of an instance."""

    __slots__ = ("key", "now")

    def __init__(self) -> None:
        self.key = b""
        self.now = 0


class Remembered:
    """A state of all keys of a task, as seen at one of them."""

    __slots__ = ("_cast", "_changed", "_declared", "_in_place", "_of", "_place", "_sweep_at", "_ttl")

    def __init__(self, declared: StateDeclaration, place: Place) -> None:
        self._declared = declared
        self._place = place
        self._ttl = declared.ttl
        self._cast = declared.casts[-1]  # of a value
        self._in_place = declared.in_place  # a value may be changed after it was read
        self._of: dict[bytes, Any] = {}  # by key; what it is depends on the kind
        self._changed: set[bytes] = set()  # the keys at which it is not as the last snapshot has it
        self._sweep_at = _SWEPT  # how many keys it may have before those whose time is over are looked for

    def _expiry(self) -> int:
        return self._place.now + self._ttl if self._ttl else 0

    def clear(self) -> None:
        """Forget it, for this key."""
        if self._of.pop(self._place.key, None) is not None:
            self._changed.add(self._place.key)

    def forget(self, key: bytes) -> None:
        """As `clear`, when rows of a checkpoint say so."""
        self._of.pop(key, None)

    def replaced(self, changed: set[bytes]) -> Iterable[bytes]:
        """Those of the keys of which rows of a checkpoint have to be forgotten before others are added."""
        return changed

    def changes(self) -> set[bytes]:
        """The keys at which it has changed since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    def sweep(self) -> None:
        """Gives up what is over of keys that nobody asks for; costs a visit a key when their number has doubled."""
        if not self._ttl or len(self._of) < self._sweep_at:
            return
        self._of = {key: held for key, held in self._of.items() if self._lives(held)}
        self._sweep_at = max(_SWEPT, 2 * len(self._of))

    def _lives(self, held: Any) -> bool:
        """Whether any of what a key has is not over."""
        return bool(held[1] > self._place.now)

    def save(self, keys: Iterable[bytes]) -> list[tuple[bytes, tuple[Any, ...], int]]:
        """The key, its values, and when they end (0: never), of those of the keys that have some."""
        raise NotImplementedError

    def load(self, key: bytes, values: tuple[Any, ...], expiry: int) -> None:
        """Adds what `save` gave."""
        raise NotImplementedError


class ValueState(Remembered):
    """A value a key."""

    __slots__ = ()

    @property
    def value(self) -> Any:
        """None where there is none."""
        found = self._of.get(self._place.key)
        if found is None:
            return None
        if self._in_place:
            self._changed.add(self._place.key)
        if found[1] and found[1] <= self._place.now:
            return None
        return found[0]

    @value.setter
    def value(self, value: Any) -> None:
        if value is None:
            self.clear()
            return
        if self._cast:
            value = self._cast(value)
        key = self._place.key
        self._of[key] = (value, self._expiry())
        self._changed.add(key)

    def save(self, keys: Iterable[bytes]) -> list[tuple[bytes, tuple[Any, ...], int]]:
        of = self._of
        return [(key, (of[key][0],), of[key][1]) for key in keys if key in of]

    def load(self, key: bytes, values: tuple[Any, ...], expiry: int) -> None:
        self._of[key] = (values[0], expiry)

    def replaced(self, changed: set[bytes]) -> Iterable[bytes]:
        return [key for key in changed if key not in self._of]  # a difference of sets would visit every key there is


class ListState(Remembered):
    """A list a key."""

    __slots__ = ()

    def _list(self) -> list[Any]:
        if self._in_place:
            self._changed.add(self._place.key)
        found = self._of.get(self._place.key)
        if found is None or (found[1] and found[1] <= self._place.now):
            return []
        return found[0]  # type: ignore[no-any-return]

    def append(self, value: Any) -> None:
        self.extend((value,))

    def extend(self, values: Iterable[Any]) -> None:
        of = self._list()
        of.extend(map(self._cast, values) if self._cast else values)
        self._of[self._place.key] = (of, self._expiry())
        self._changed.add(self._place.key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._list())

    def __len__(self) -> int:
        return len(self._list())

    def __getitem__(self, index: Any) -> Any:
        return self._list()[index]

    def save(self, keys: Iterable[bytes]) -> list[tuple[bytes, tuple[Any, ...], int]]:
        return [(key, (value,), self._of[key][1]) for key in keys if key in self._of for value in self._of[key][0]]

    def load(self, key: bytes, values: tuple[Any, ...], expiry: int) -> None:
        self._of.setdefault(key, ([], expiry))[0].append(values[0])


class MapState(Remembered):
    """A dict a key."""

    __slots__ = ()

    def _entries(self) -> dict[Any, tuple[Any, int]]:
        entries: dict[Any, tuple[Any, int]] = self._of.get(self._place.key, {})
        if self._in_place and entries:
            self._changed.add(self._place.key)
        if self._ttl:
            for key in [key for key, (_, expiry) in entries.items() if expiry <= self._place.now]:
                del entries[key]
        return entries

    def __getitem__(self, key: Any) -> Any:
        return self._entries()[key][0]

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._cast:
            value = self._cast(value)
        cast_key = self._declared.casts[0]
        self._of.setdefault(self._place.key, {})[cast_key(key) if cast_key else key] = (value, self._expiry())
        self._changed.add(self._place.key)

    def __delitem__(self, key: Any) -> None:
        del self._entries()[key]
        self._changed.add(self._place.key)

    def __contains__(self, key: object) -> bool:
        return key in self._entries()

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._entries()))

    def __len__(self) -> int:
        return len(self._entries())

    def get(self, key: Any, default: Any = None) -> Any:
        found = self._entries().get(key)
        return default if found is None else found[0]

    def items(self) -> list[tuple[Any, Any]]:
        return [(key, value) for key, (value, _) in self._entries().items()]

    def save(self, keys: Iterable[bytes]) -> list[tuple[bytes, tuple[Any, ...], int]]:
        return [
            (key, (entry, value), expiry) for key in keys for entry, (value, expiry) in self._of.get(key, {}).items()
        ]

    def load(self, key: bytes, values: tuple[Any, ...], expiry: int) -> None:
        self._of.setdefault(key, {})[values[0]] = (values[1], expiry)

    def _lives(self, held: Any) -> bool:
        return any(expiry > self._place.now for _, expiry in held.values())


def to_table(name: str, state: Remembered, now: int, changed: set[bytes] | None) -> pyarrow.Table:
    """The rows of a checkpoint: the key, the declared columns, and how long they have left (0: for ever).

    With `changed`, of those keys alone, and first a row for each that says that what was before is over.
    """
    from ._formats import arrow

    pa = arrow()
    schema = state._declared.schema
    rows: list[tuple[bytes, tuple[Any, ...], int]] = []
    if changed is not None:
        none = (None,) * len(schema)
        rows = [(key, none, now + _FORGET) for key in state.replaced(changed)]
    kept = state.save(state._of if changed is None else changed)
    rows += [row for row in kept if not row[2] or row[2] > now] if state._ttl else kept
    times = [row[2] - now if row[2] else 0 for row in rows]
    return pa.table([*columns_of(name, state, rows), pa.array(times, pa.int64())], ["key", *schema.names, "left"])


def columns_of(name: str, state: Remembered, rows: list[tuple[bytes, tuple[Any, ...], int]]) -> list[pyarrow.Array]:
    """The keys and the values of what `save` gave."""
    from ._formats import arrow

    pa = arrow()
    schema = state._declared.schema
    columns = [pa.array([row[0] for row in rows], pa.binary())]
    for place, field in enumerate(schema):
        try:
            columns.append(pa.array([row[1][place] for row in rows], field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as problem:
            said = f"the state '{name}' is declared {field.type}, and holds something else: {problem}"
            raise InvalidError(said) from None
    return columns


def from_table(name: str, state: Remembered, table: pyarrow.Table, now: int) -> None:
    """Adds the rows of a checkpoint."""
    check_types(name, state, table)
    columns = [column.to_pylist(maps_as_pydicts="lossy") for column in table.columns]
    for key, *values, left in zip(*columns, strict=True):
        if left == _FORGET:
            state.forget(key)
        else:
            state.load(key, tuple(values), now + left if left else 0)


def check_types(name: str, state: Remembered, table: pyarrow.Table) -> None:
    """Refuses rows of a checkpoint of another type than the state is declared now."""
    schema = state._declared.schema
    was = [table.schema.field(place).type for place in range(1, table.num_columns - 1)]
    if was != schema.types:
        raise InvalidError(
            f"the state '{name}' is of {', '.join(map(str, was))} in the checkpoint and declared "
            f"{', '.join(map(str, schema.types))} now: give it another name, or begin anew"
        )
