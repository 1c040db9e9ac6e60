"""What the fields of steps may hold, beyond those of `randcheck.fields`.

Rules enforced here:
1. Moments are UTC in whole seconds; days are the office's own.
2. What is stored as JSON comes back equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from randcheck import canonical
from randcheck.errors import shorten
from randcheck.fields import ID, MAYBE_WORD, NAME, WORD, Fact, Fault, FrozenMapping, Kind, declare
from randcheck.signatures import as_moment


def _clean_moment(value: Any) -> str:
    moment = as_moment(value)
    if moment is None:
        remedy = "give a datetime with a time zone, or text such as 2026-07-01T09:00:00Z"
        raise Fault("is no moment", remedy)
    return moment


def _clean_ids(value: Any) -> tuple[str, ...]:
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        raise Fault("is no list of ids", "give a list, such as ['I-07', 'I-12']")
    return tuple(sorted({ID.clean(each) for each in value}))


def _clean_number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise Fault("is no whole number from 0", "give an int")
    return value


def _clean_version(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise Fault("is no version", "give an int from 1")
    return value


def files(names: Kind) -> Kind:
    """Files by names of a kind, each with the SHA-256 of its bytes."""

    def clean(value: Any) -> FrozenMapping:
        if not isinstance(value, Mapping):
            raise Fault("is no mapping of files", "give {'name': its SHA-256}")
        for name, digest in value.items():
            names.clean(name)
            try:
                DIGEST.clean(digest)
            except Fault as fault:
                raise Fault(f"holds {shorten(digest)} for {name}", fault.remedy) from None
        return FrozenMapping(value)

    return Kind(clean, plain=dict, column="json")


def _clean_by_item(value: Any) -> FrozenMapping:
    if not isinstance(value, Mapping) or not value:
        raise Fault("is no mapping of items", "give {'item': 'department'}")
    return FrozenMapping({ID.clean(item): MAYBE_WORD.clean(word) for item, word in value.items()})


def _clean_digest(value: Any) -> str:
    if not canonical.is_sha256(value):
        raise Fault("is no SHA-256", "give 64 lower-case hex digits")
    return str(value)


MOMENT = Kind(_clean_moment)
IDS = Kind(_clean_ids, plain=list, column="texts")
#: A department for each item, `None` where the item has none.
BY_ITEM = Kind(_clean_by_item, plain=dict, column="json")
DIGEST = Kind(_clean_digest)
#: A whole number from 0.
NUMBER = Kind(_clean_number, column="int")
#: The number of a version, from 1.
VERSION = Kind(_clean_version, column="int")
#: Who organises and publishes: 省级, 市级, 县级, from above.
LEVELS = ("province", "city", "county")


@frozen
class Result(Fact):
    """What was found for one item: a code of the office's set, and what there is to say of it."""

    code: str = declare(ID)
    note: str | None = declare(MAYBE_WORD, default=None)


def _clean_results(value: Any) -> FrozenMapping:
    if not isinstance(value, Mapping) or not value:
        raise Fault("is no mapping of results", "give {'item': Result('none')}")
    for item, result in value.items():
        ID.clean(item)
        if not isinstance(result, Result):
            raise Fault(f"holds {shorten(result)}, which is no Result", "give Result(code, note)")
    return FrozenMapping(value)


def _plain_results(results: Mapping[str, Result]) -> dict[str, Any]:
    return {item: result.to_json() for item, result in results.items()}


def _parse_results(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        item: Result.from_json(each) if isinstance(each, Mapping) else each
        for item, each in value.items()
    }


RESULTS = Kind(_clean_results, plain=_plain_results, parse=_parse_results, column="json")


@frozen
class Nothing(Fact):
    """A step that says no more than that it was taken."""


@frozen
class Because(Fact):
    """A step with its reason."""

    reason: str = declare(NAME)


@frozen
class Somewhere(Fact):
    """A step that made something public: where, such as an address of a page."""

    where: str = declare(WORD)
