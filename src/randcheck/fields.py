"""What each field of a fact may hold, stated once for single values and for whole columns.

Rules enforced here:
1. A field's kind cleans a value or says what is wrong with it; it never guesses.
2. A set is given as an iterable of texts; a bare text is refused, since it would become letters.
3. A date is a `datetime.date`; text is read as a date only where a format says so (JSON, `io`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

import attrs
from attrs import frozen

from randcheck.errors import DataError, ParameterError, Problem, shorten
from randcheck.ids import credit_code_fault, id_fault


class FrozenMapping(Mapping[str, Any]):
    """A mapping that never changes, in ascending order of its keys; hashable where its values are.

    Strategies hold their mappings in it, so that they compare, hash and pickle as data.
    """

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = {key: data[key] for key in sorted(data)}

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __hash__(self) -> int:
        return hash(tuple(self._data.items()))

    def __repr__(self) -> str:
        return repr(self._data)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMapping, (self._data,)


def as_mapping(value: Any, name: str) -> Mapping[str, Any]:
    """The mapping that a parameter needs, with texts as keys; `ParameterError` otherwise."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ParameterError(name, shorten(value), "is no mapping", "write {'name': value}")
    return value


class Fault(Exception):  # noqa: N818  a fault is caught and becomes a Problem; nobody sees it raised
    """A value that its field cannot hold: the reason, and what would be right."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy


_PERIODS_REMEDY = "give pairs of days, first and last; in a CSV file 2026-07-01/2026-07-14"
_DATED_IDS_REMEDY = "give a day for each id, each id once; in a CSV file id=2024-05-31"


def _same(value: Any) -> Any:
    return value


@frozen
class Kind:
    """A kind of field.

    `clean` gives the value to keep or raises `Fault`; `plain` and `parse` go to JSON and back;
    `few` says that a column of it has few distinct values; `column` is its type in a dataframe.
    `glance` may say of a whole column that it is certainly clean, so that nobody looks closer.
    """

    clean: Callable[[Any], Any]
    plain: Callable[[Any], Any] = _same
    parse: Callable[[Any], Any] = _same
    few: bool = True
    column: str = "text"
    glance: Callable[[list[Any]], bool] = lambda values: False


def declare(kind: Kind, **options: Any) -> Any:
    """An attrs field of this kind."""
    return attrs.field(metadata={"kind": kind}, **options)


def _attributes(model: Any) -> tuple[attrs.Attribute[Any], ...]:
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(model)
    return fields


def kinds(model: type) -> dict[str, Kind]:
    """The kinds of a model's fields, in the order of the model."""
    return {field.name: field.metadata["kind"] for field in _attributes(model)}


class Fact:
    """What the models share: cleaning of every field at once, JSON, and no other behaviour."""

    __slots__ = ()

    def __attrs_post_init__(self) -> None:
        problems = []
        for name, kind in kinds(type(self)).items():
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, kind.clean(value))
            except Fault as fault:
                problems.append(Problem(None, name, shorten(value), fault.reason, fault.remedy))
        if not problems:
            problems = [Problem(None, *found) for found in self.contradictions()]
        if problems:
            raise DataError(type(self).__name__, problems)

    def contradictions(self) -> Iterable[tuple[str, str, str, str]]:
        """`(column, value, reason, remedy)` for each pair of fields that cannot both be so."""
        return ()

    @classmethod
    def trusted(cls, values: Mapping[str, Any]) -> Any:
        """A fact from values that were cleaned before."""
        fact = object.__new__(cls)
        for name, value in values.items():
            object.__setattr__(fact, name, value)
        return fact

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them; a field that equals its default is left out."""
        described = {}
        for field in _attributes(type(self)):
            value = getattr(self, field.name)
            if field.default is attrs.NOTHING or value != default_of(field):
                described[field.name] = field.metadata["kind"].plain(value)
        return described

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Any:
        """The fact that `to_json` described; `DataError` for unknown or missing fields."""
        known = kinds(cls)
        values, problems = {}, []
        for name, value in data.items():
            if name not in known:
                remedy = f"fields are {', '.join(known)}"
                problems.append(Problem(None, name, shorten(value), "is no known field", remedy))
                continue
            try:
                values[name] = known[name].parse(value)
            except Fault as fault:
                problems.append(Problem(None, name, shorten(value), fault.reason, fault.remedy))
        problems += [
            Problem(None, field.name, "nothing", "is missing", "give it")
            for field in _attributes(cls)
            if field.default is attrs.NOTHING and field.name not in data
        ]
        if problems:
            raise DataError(cls.__name__, problems)
        return cls(**values)


def default_of(field: attrs.Attribute[Any]) -> Any:
    """The default of a field as a cleaned fact holds it."""
    default: Any = field.default
    return default.factory() if hasattr(default, "factory") else default


# --- the kinds ---------------------------------------------------------------------------------


def _clean_id(value: Any) -> str:
    if fault := id_fault(value):
        raise Fault(*fault)
    return str(value)


def _clean_credit_code(value: Any) -> str | None:
    if value is None:
        return None
    if fault := credit_code_fault(value):
        raise Fault(*fault)
    return str(value)


def _clean_text(value: Any) -> str:
    if not isinstance(value, str):
        raise Fault(f"is not text but {type(value).__name__}", "give it as text")
    if not value.strip():
        raise Fault("is empty", "give a text")
    for char in value if not value.isprintable() else "":
        if char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff":
            raise Fault(f"holds U+{ord(char):04X}, which is not text", "remove it at the source")
    return str(value)


def optional(clean: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same rule for a field that may be unknown."""
    return lambda value: None if value is None else clean(value)


def _joined(values: list[Any]) -> str | None:
    """All values as lines of one text, or `None` if one is no text or has several lines."""
    try:
        joined = "\n".join(values)
    except TypeError:
        return None
    alone = joined.count("\n") + 1 == len(values) and set(map(type, values)) == {str}
    return joined if alone else None


def _glance_ids(values: list[Any]) -> bool:
    joined = _joined(values)
    return (
        joined is not None
        and joined.isascii()
        and joined.replace("\n", "").isprintable()
        and not any(edge in f"\n{joined}\n" for edge in ("\n ", " \n", "\n\n"))
    )


def _glance_names(values: list[Any]) -> bool:
    joined = _joined(values)
    return (
        joined is not None
        and joined.replace("\n", "").isprintable()
        and not any(edge in f"\n{joined}\n" for edge in ("\n ", "\n\n"))
    )


def _clean_texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise Fault("is not a set of texts", "give a tuple or a set, such as ('food',)")
    return tuple(sorted({_clean_text(entry) for entry in value}))


def _clean_some(value: Any) -> tuple[str, ...]:
    texts = _clean_texts(value)
    if not texts:
        raise Fault("is an empty set, which lets nobody in", "give None for any")
    return texts


def _clean_date(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise Fault(f"is not a date but {type(value).__name__}", "give a datetime.date")
    return value


def _parse_date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Fault("is not a date", "write YYYY-MM-DD") from None


def _clean_period(value: Any) -> tuple[date, date]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise Fault(f"holds {shorten(value)}, which is no first and last day", _PERIODS_REMEDY)
    first, last = (_clean_date(day) for day in value)
    if last < first:
        raise Fault(f"holds a period that begins on {first} and ends on {last}", "swap the days")
    return first, last


def _clean_periods(value: Any) -> tuple[tuple[date, date], ...]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise Fault("is not a set of periods", _PERIODS_REMEDY)
    return tuple(sorted({_clean_period(period) for period in value}))


def _plain_periods(periods: tuple[tuple[date, date], ...]) -> list[list[str]]:
    return [[day.isoformat() for day in period] for period in periods]


def _parse_periods(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(period, list) for period in value):
        return value
    return tuple(tuple(_parse_date(day) for day in period) for period in value)


def _clean_dated_ids(value: Any) -> FrozenMapping:
    if not isinstance(value, Mapping):
        raise Fault("is not a mapping of ids to days", _DATED_IDS_REMEDY)
    return FrozenMapping({_clean_id(name): _clean_date(day) for name, day in value.items()})


def _plain_dated_ids(days: Mapping[str, date]) -> dict[str, str]:
    return {name: day.isoformat() for name, day in days.items()}


def _parse_dated_ids(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _parse_date(day) for name, day in value.items()}


def _clean_count(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or value < 0:
        raise Fault("is not a whole number from 0", "give an int, or None for no limit")
    return value


def _clean_score(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MOST_SCORE:
        remedy = f"give an int up to {MOST_SCORE}, or None where it is not known"
        raise Fault("is not a whole number from 0", remedy)
    return value


def choice(*allowed: str) -> Callable[[Any], str]:
    """The rule of a field that is one of a few words."""

    def clean(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Fault("is not known here", f"one of: {', '.join(allowed)}")
        return str(value)

    return clean


def _choices(*allowed: str) -> Callable[[Any], tuple[str, ...]]:
    """The rule of a set of some of a few words."""

    def clean(value: Any) -> tuple[str, ...]:
        texts = _clean_some(value)
        for text in texts:
            if text not in allowed:
                raise Fault(f"holds {text!r}, which is not known", f"some of: {', '.join(allowed)}")
        return texts

    return clean


def _as_list(value: Any) -> Any:
    return None if value is None else list(value)


def _as_iso(value: date) -> str:
    return value.isoformat()


@cache
def maybe(kind: Kind) -> Kind:
    """The same kind of field, where the value may be unknown: `None`. The same object each time."""
    return attrs.evolve(
        kind, clean=optional(kind.clean), plain=optional(kind.plain), parse=optional(kind.parse)
    )


ID = Kind(_clean_id, few=False, glance=_glance_ids)
OWNER = maybe(ID)
CREDIT_CODE = Kind(_clean_credit_code, few=False)
NAME = Kind(_clean_text, few=False, glance=_glance_names)
WORD = Kind(_clean_text)
MAYBE_WORD = maybe(WORD)
WORDS = Kind(_clean_texts, plain=_as_list, column="texts")
SOME = Kind(optional(_clean_some), plain=_as_list, column="texts")


def some_of(*allowed: str) -> Kind:
    """A set of some of a few words, or `None` for any."""
    return Kind(optional(_choices(*allowed)), plain=_as_list, column="texts")


DAY = Kind(_clean_date, plain=_as_iso, parse=_parse_date, column="date")
#: A set of periods, each its first and its last day, both included.
PERIODS = Kind(_clean_periods, plain=_plain_periods, parse=_parse_periods, column="json")
#: A day for each of some ids.
DATED_IDS = Kind(_clean_dated_ids, plain=_plain_dated_ids, parse=_parse_dated_ids, column="json")
COUNT = Kind(_clean_count, column="int")
#: The highest score that a subject may have.
MOST_SCORE = 1_000_000
SCORE = Kind(_clean_score, column="int")
ADDRESS = maybe(NAME)


def _clean_flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Fault("is not a bool", "give True or False")
    return value


FLAG = Kind(_clean_flag, column="bool")
