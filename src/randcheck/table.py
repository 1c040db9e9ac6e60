"""Facts in columns: a million rows without a million objects.

Rules enforced here:
1. A table is a set of facts in a canonical order; the order of the input's rows changes nothing.
2. All bad rows are reported at once, with row, column, value and remedy; no row is repaired,
   merged or dropped.
3. The canonical bytes are lines of canonical JSON: a header, then one line a fact in order; their
   SHA-256 is the table's digest, computed once.

A column with few distinct values is stored as codes into them; any other as Python texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, pairwise, repeat
from typing import Any, ClassVar, Generic, Self, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from randcheck import canonical, dataframes
from randcheck.errors import CanonicalError, DataError, Problem, UnknownNameError, shorten
from randcheck.fields import Fact, Fault, Kind, default_of, kinds

F = TypeVar("F", bound=Fact)
Objects = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int32]

#: How many lines are joined before they are hashed.
CHUNK = 1 << 16


class Codes:
    """A column of few distinct values: `values[codes[row]]`."""

    __slots__ = ("codes", "values")

    def __init__(self, codes: Positions, values: tuple[Any, ...]) -> None:
        self.codes = codes
        self.values = values

    def decode(self) -> Objects:
        return _objects(self.values)[self.codes]

    def take(self, rows: npt.NDArray[Any]) -> Codes:
        return Codes(self.codes[rows], self.values)

    def where(self, holds: Callable[[Any], bool]) -> Mask:
        """The rows whose value satisfies a predicate, which is asked once for each value."""
        return np.array([holds(value) for value in self.values], dtype=bool)[self.codes]


class Table(Generic[F]):
    """The common ground of the registries and the history. Make one by a `from_` constructor."""

    model: ClassVar[type[Any]]
    title: ClassVar[str]
    #: the columns that order the facts; in a registry, the id
    key: ClassVar[tuple[str, ...]]

    def __init__(self, columns: Mapping[str, Objects | Codes], size: int) -> None:
        self._columns = dict(columns)
        self._size = size

    @classmethod
    def from_records(cls, rows: Iterable[F | Mapping[str, Any]]) -> Self:
        """A table from facts or from mappings of field names to values.

        Raises `DataError` that lists every bad row; rows are counted from 0.
        """
        problems: list[Problem] = []
        records = [_as_mapping(cls, row, number, problems) for number, row in enumerate(rows)]
        defaults = _defaults(cls.model)
        for number, record in enumerate(records):
            if not record.keys() <= defaults.keys():
                problems += _unknown_columns(record.keys() - defaults.keys(), defaults, number)
        columns = {
            name: [record.get(name, default) for record in records]
            for name, default in defaults.items()
        }
        return cls._from_clean(columns, range(len(records)), problems)

    @classmethod
    def from_dataframe(cls, df: Any) -> Self:
        """A table from a pandas, polars or pyarrow table, or an Arrow stream.

        Needs the extra `dataframe` (narwhals). Raises as `from_records`.
        """
        columns = dataframes.read_columns(df)
        for name, kind in kinds(cls.model).items():
            if kind.column == "json" and name in columns:
                columns[name] = [_parse_json(value, kind) for value in columns[name]]
        return cls.from_columns(columns)

    @classmethod
    def from_columns(
        cls, columns: Mapping[str, Sequence[Any]], *, row_numbers: Sequence[int] | None = None
    ) -> Self:
        """A table from columns of equal length; a column left out has its field's default.

        `row_numbers` are the numbers of the rows in errors, from 0 where none are given.
        """
        given = {name: list(values) for name, values in columns.items()}
        schema, defaults = kinds(cls.model), _defaults(cls.model)
        size = max((len(values) for values in given.values()), default=0)
        problems = _unknown_columns(given.keys() - schema.keys(), schema, None)
        for name in schema:
            if name not in given:
                if defaults[name] is _MISSING and size:
                    remedy = f"give it; columns are {', '.join(schema)}"
                    problems.append(Problem(None, name, "nothing", "is missing", remedy))
                given[name] = [defaults[name]] * size
            if len(given[name]) != size:
                found = f"{len(given[name])} rows"
                problems.append(Problem(None, name, found, "are too few", f"give {size}"))
        if problems:
            raise DataError(cls.title, problems)
        numbers = range(size) if row_numbers is None else row_numbers
        return cls._from_clean({name: given[name] for name in schema}, numbers, problems)

    @classmethod
    def _from_clean(
        cls, columns: dict[str, list[Any]], numbers: Sequence[int], problems: list[Problem]
    ) -> Self:
        """The last steps of every constructor: clean each column, then look at whole rows."""
        size = len(next(iter(columns.values())))
        clean = {
            name: _clean_column(name, kind, columns[name], numbers, problems)
            for name, kind in kinds(cls.model).items()
        }
        problems += cls._contradictions(clean, numbers)
        order = cls._order(clean, numbers, problems)
        if problems:
            problems.sort(key=lambda problem: -1 if problem.row is None else problem.row)
            raise DataError(cls.title, problems)
        rows = np.asarray(order, dtype=np.int64)
        return cls({name: _take(column, rows) for name, column in clean.items()}, size)

    @classmethod
    def _contradictions(
        cls, columns: Mapping[str, Objects | Codes], numbers: Sequence[int]
    ) -> list[Problem]:
        """What cannot be true of a row although each of its values can."""
        return []

    @classmethod
    def _order(
        cls, columns: Mapping[str, Objects | Codes], numbers: Sequence[int], problems: list[Problem]
    ) -> list[int]:
        """The canonical order of rows; duplicates of the key are reported."""
        parts = [decoded(columns[name]).tolist() for name in cls.key]
        keys = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
        sound: Sequence[int] = range(len(keys))
        if problems:  # a key that could not be cleaned is reported already and equals no other
            sound = [row for row in sound if None not in (part[row] for part in parts)]
        order = sorted(sound, key=keys.__getitem__)
        for before, row in pairwise(order):
            if keys[before] == keys[row]:
                problems.append(
                    Problem(
                        numbers[row],
                        cls.key[0],
                        shorten(keys[row]),
                        f"is already in row {numbers[before]}",
                        "keep one of the two rows",
                    )
                )
        return order

    # --- reading -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[F]:
        columns = [decoded(self._columns[name]) for name in kinds(self.model)]
        names = tuple(kinds(self.model))
        for values in zip(*columns, strict=True):
            yield self.model.trusted(dict(zip(names, values, strict=True)))

    def fact(self, row: int) -> F:
        """The fact in a row, counted in the table's order."""
        values = {}
        for name in kinds(self.model):
            column = self._columns[name]
            values[name] = (
                column.values[column.codes[row]] if isinstance(column, Codes) else column[row]
            )
        fact: F = self.model.trusted(values)
        return fact

    def column(self, name: str) -> Objects:
        """A column as an array of Python values, shape `(len(self),)`, in the table's order."""
        return decoded(self._stored(name))

    def codes(self, name: str) -> Codes:
        """A column of few distinct values as codes; ids, names and owners are not stored so."""
        column = self._stored(name)
        if not isinstance(column, Codes):
            few = [other for other in self._columns if isinstance(self._columns[other], Codes)]
            raise UnknownNameError("column of few values", (name,), few)
        return column

    def _stored(self, name: str) -> Objects | Codes:
        if name not in self._columns:
            raise UnknownNameError("column", (name,), self._columns)
        return self._columns[name]

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """The table as a dataframe of `"pandas"`, `"polars"` or `"pyarrow"`."""
        schema = kinds(self.model)
        columns = {name: _plain_column(self.column(name), kind) for name, kind in schema.items()}
        return dataframes.build(columns, {n: kind.column for n, kind in schema.items()}, backend)

    # --- canonical bytes -----------------------------------------------------------------------

    def lines(self) -> Iterator[bytes]:
        """The canonical bytes in pieces: the header's line, then the facts' lines in order."""
        yield canonical.dumps({"facts": self.title, "protocol": "randcheck/v1"}) + b"\n"
        for start in range(0, self._size, CHUNK):
            rows = slice(start, min(start + CHUNK, self._size))
            pieces: list[Iterable[str]] = []
            fixed: str = "{"
            required_seen = False
            for name in sorted(self._columns):
                always, texts = self._pieces(name, rows, required_seen)
                required_seen = required_seen or _defaults(self.model)[name] is _MISSING
                fixed += always
                if texts is not None:
                    pieces += [repeat(fixed), texts] if fixed else [texts]
                    fixed = ""
            yield "".join(chain.from_iterable(zip(*pieces, repeat(fixed + "}\n")))).encode()

    def _pieces(
        self, name: str, rows: slice, after_required: bool
    ) -> tuple[str, Iterable[str] | None]:
        """What the lines of some rows say of a column: what all say, then what each says.

        A comma stands before each entry, but after those that precede the first required one.
        """
        column, kind = self._columns[name], kinds(self.model)[name]
        default = _defaults(self.model)[name]
        required = default is _MISSING
        before, after = (",", "") if after_required else ("", "" if required else ",")
        start = f"{before}{canonical.quote(name)}:"

        def entry(value: Any) -> str:
            if not required and value == default:
                return ""
            return start + canonical.dumps(_jsonable(kind, value)).decode() + after

        if isinstance(column, Codes):
            texts = [entry(value) for value in column.values]
            return "", _objects(texts)[column.codes[rows]].tolist() if any(texts) else None
        values = column[rows]
        if required:
            return start, map(canonical.quote, values)
        given = [
            "" if value is None else f"{start}{canonical.quote(value)}{after}" for value in values
        ]
        return "", given if any(given) else None

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical bytes, lower-case hex."""
        digest = hashlib.sha256()
        for piece in self.lines():
            digest.update(piece)
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._size} rows>"


# --- columns -----------------------------------------------------------------------------------

_MISSING: Any = type("Missing", (), {"__repr__": lambda _: "nothing"})()


def _defaults(model: type[Any]) -> dict[str, Any]:
    return {
        field.name: _MISSING if field.default is attrs.NOTHING else default_of(field)
        for field in attrs.fields(model)
    }


def _as_mapping(
    cls: type[Table[Any]], row: Any, number: int, problems: list[Problem]
) -> Mapping[str, Any]:
    if isinstance(row, cls.model):
        return {name: getattr(row, name) for name in kinds(cls.model)}
    if isinstance(row, Mapping):
        return row
    remedy = f"give {cls.model.__name__} values or mappings"
    problems.append(Problem(number, None, shorten(row), "is no row", remedy))
    return {}


def _unknown_columns(
    unknown: Iterable[str], known: Iterable[str], row: int | None
) -> list[Problem]:
    remedy = f"columns are {', '.join(known)}"
    return [
        Problem(row, str(name), "this column", "is unknown", remedy)
        for name in sorted(unknown, key=str)
    ]


def _clean_column(
    name: str, kind: Kind, values: list[Any], numbers: Sequence[int], problems: list[Problem]
) -> Objects | Codes:
    if kind.few:
        return _clean_codes(name, kind, values, numbers, problems)
    if kind.glance(values):
        return _objects(values)
    cleaned: list[Any] = []
    for row, value in enumerate(values):
        try:
            cleaned.append(kind.clean(value))
        except Fault as fault:
            problems.append(_problem(numbers[row], name, value, fault))
            cleaned.append(None)
    return _objects(cleaned)


def _clean_codes(
    name: str, kind: Kind, values: list[Any], numbers: Sequence[int], problems: list[Problem]
) -> Codes:
    found: dict[Any, int] = {}
    raw = [found.setdefault(_hashable(value), len(found)) for value in values]
    cleaned: list[Any] = []
    faults: dict[int, Fault] = {}
    for code, (_, value) in enumerate(found):
        try:
            cleaned.append(kind.clean(value.value if type(value) is _Alone else value))
        except Fault as fault:
            faults[code] = fault
            cleaned.append(None)
    if faults:
        problems += [
            _problem(numbers[row], name, values[row], faults[code])
            for row, code in enumerate(raw)
            if code in faults
        ]
    distinct = sorted(set(cleaned), key=lambda value: canonical.dumps(_jsonable(kind, value)))
    final = {value: code for code, value in enumerate(distinct)}
    recode = np.array([final[value] for value in cleaned], dtype=np.int32)
    return Codes(recode[np.array(raw, dtype=np.int32)] if raw else recode, tuple(distinct))


class _Alone:
    """A raw value that has no hash: before it is cleaned it equals no other."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _hashable(value: Any) -> tuple[type, Any]:
    """A key under which equal raw values of one type meet, and others never."""
    if type(value) is str or value is None:
        return (type(value), value)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        value = tuple(value)
    try:
        hash(value)
    except TypeError:
        value = _Alone(value)
    return (type(value), value)


def _jsonable(kind: Kind, value: Any) -> Any:
    return None if value is None else kind.plain(value)


def _problem(row: int, name: str, value: Any, fault: Fault) -> Problem:
    if value is None or value is _MISSING:
        return Problem(row, name, "nothing", "is missing", "give it")
    return Problem(row, name, shorten(value), fault.reason, fault.remedy)


def _objects(values: Sequence[Any]) -> Objects:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def decoded(column: Objects | Codes) -> Objects:
    """A column as a read-only array of Python values."""
    array = column.decode() if isinstance(column, Codes) else column.view()
    array.flags.writeable = False
    return array


def _take(column: Objects | Codes, rows: npt.NDArray[np.int64]) -> Objects | Codes:
    return column.take(rows) if isinstance(column, Codes) else column[rows]


def _plain_column(values: Objects, kind: Kind) -> list[Any]:
    if kind.column == "json":
        return [canonical.dumps(_jsonable(kind, value)).decode() for value in values]
    if kind.column == "texts":
        return [list(value) for value in values]
    return list(values)


def _parse_json(value: Any, kind: Kind) -> Any:
    """The value that canonical JSON describes; any other text is refused later, with its row."""
    try:
        return kind.parse(canonical.loads(value.encode())) if isinstance(value, str) else value
    except (CanonicalError, Fault):
        return value
