"""What every strategy must be: a value with a description, which survives JSON and pickle."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import attrs

from randcheck import canonical, strategy
from randcheck.errors import RandcheckError


class CheckError(AssertionError):
    """A property that a strategy must have and has not: its name in `check`, and words."""

    def __init__(self, check: str, words: str) -> None:
        super().__init__(check, words)
        self.check = check
        self.words = words

    def __str__(self) -> str:
        return f"{self.check}: {self.words}"


def check_value(value: Any) -> None:
    """A strategy has an exact description, and is the same after JSON and after pickling."""
    try:
        described = strategy.describe(value)
        again = canonical.loads(canonical.dumps(described))
    except RandcheckError as error:
        raise CheckError("description", f"{value!r} has none for a record: {error}") from error
    if attrs.has(type(value)):
        try:
            rebuilt = strategy.rebuild(again, _known(value))
        except Exception as error:
            words = f"{value!r} cannot be made again from what a record says: {error}"
            raise CheckError("json", words) from error
        if strategy.describe(rebuilt) != described or rebuilt != value:
            raise CheckError("json", f"{value!r} is another after JSON: {rebuilt!r}")
    try:
        copy = copied(value)
    except Exception as error:
        raise CheckError("pickle", f"{value!r} does not pickle: {error}") from error
    if strategy.describe(copy) != described:
        raise CheckError("pickle", f"{value!r} is another after pickling: {copy!r}")


def copied(value: Any) -> Any:
    """The same value out of its pickle."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301  our own bytes


def _known(value: Any) -> dict[str, type]:
    """The strategies in a strategy, by name: itself, and those among its parameters."""
    known = {strategy.name_of(value): type(value)}
    waiting = [getattr(value, each.name) for each in attrs.fields(type(value))]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
        elif attrs.has(type(each)):
            known |= _known(each)
    return known
