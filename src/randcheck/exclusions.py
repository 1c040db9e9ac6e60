"""Who is left out of a draw because of what happened before.

Rules enforced here:
1. An exclusion is a frozen value with one pure method; its `reason` stands in the commitment.
2. What the given history holds counts, whether before the as-of date or after it.
3. An exclusion that looks at history refuses to work without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Protocol

import attrs
import numpy as np
from attrs import field, frozen

from randcheck.errors import ParameterError, UnknownNameError, shorten
from randcheck.history import History, needed
from randcheck.registry import SubjectRegistry
from randcheck.table import Mask


class Exclusion(Protocol):
    """What an exclusion offers."""

    @property
    def name(self) -> str:
        """Its name in a task's JSON."""
        ...

    @property
    def reason(self) -> str:
        """Why somebody is left out, as the commitment counts it."""
        ...

    def excludes(
        self, subjects: SubjectRegistry, history: History | None, as_of: date, before: Mask
    ) -> Mask:
        """Who is left out, shape `(len(subjects),)`.

        `before` says whom the exclusions stated earlier leave out.
        """
        ...


def positive(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """The attrs validator of a whole number from 1; `ParameterError` otherwise."""
    if type(value) is not int or value < 1:
        raise ParameterError(
            f"{type(instance).__name__}.{attribute.name}",
            shorten(value),
            "is not a whole number from 1",
            "give an int",
        )


@frozen
class DrawnWithin:
    """Drawn by any task within the last `months` months before the as-of date.

    A subject drawn on the very day `months` months before is free again.
    """

    name: ClassVar[str] = "drawn-within"
    months: int = field(validator=positive)

    @property
    def reason(self) -> str:
        return f"drawn-within-{self.months}-months"

    def excludes(
        self, subjects: SubjectRegistry, history: History | None, as_of: date, before: Mask
    ) -> Mask:
        return (
            _drawn_after(
                subjects,
                needed(history, f"the exclusion {self.name!r}"),
                months_before(as_of, self.months),
            )
            > 0
        )


@frozen
class DrawnThisYear:
    """Drawn by any task in the calendar year of the as-of date."""

    name: ClassVar[str] = "drawn-this-year"
    reason: ClassVar[str] = "drawn-this-year"

    def excludes(
        self, subjects: SubjectRegistry, history: History | None, as_of: date, before: Mask
    ) -> Mask:
        return _drawn_in(subjects, needed(history, f"the exclusion {self.name!r}"), as_of.year) > 0


@frozen
class YearlyCap:
    """Drawn `times` times already in the calendar year of the as-of date, by any tasks."""

    name: ClassVar[str] = "yearly-cap"
    times: int = field(validator=positive)

    @property
    def reason(self) -> str:
        return f"yearly-cap-{self.times}"

    def excludes(
        self, subjects: SubjectRegistry, history: History | None, as_of: date, before: Mask
    ) -> Mask:
        return (
            _drawn_in(subjects, needed(history, f"the exclusion {self.name!r}"), as_of.year)
            >= self.times
        )


@frozen
class OwnerExcluded:
    """An attached object (附属客体) whose owner is left out by an exclusion stated earlier.

    Raises `UnknownNameError` when an owner is not in the registry, since nobody could tell.
    """

    name: ClassVar[str] = "owner-excluded"
    reason: ClassVar[str] = "owner-excluded"

    def excludes(
        self, subjects: SubjectRegistry, history: History | None, as_of: date, before: Mask
    ) -> Mask:
        attached = np.flatnonzero(subjects.matches("kind", ("attached object",)))
        owners = subjects.positions(subjects.column("owner")[attached], "owner")
        found = np.zeros(len(subjects), dtype=bool)
        found[attached] = before[owners]
        return found


#: The exclusions by name, as a task's JSON or TOML states them.
EXCLUSIONS: dict[str, type[Any]] = {
    kind.name: kind for kind in (DrawnWithin, DrawnThisYear, YearlyCap, OwnerExcluded)
}


def exclusion_to_json(exclusion: Any) -> dict[str, Any]:
    """`{"name": …}` with the parameters beside it."""
    return {"name": exclusion.name, **attrs.asdict(exclusion)}


def exclusion_from_json(data: Mapping[str, Any]) -> Exclusion:
    """The exclusion of a name and its parameters; unknown ones are refused."""
    if not isinstance(data, Mapping):
        remedy = "write a table with its name, such as {name = 'drawn-this-year'}"
        raise ParameterError("exclusions", shorten(data), "is no exclusion", remedy)
    given = dict(data)
    name = given.pop("name", None)
    if not isinstance(name, str) or name not in EXCLUSIONS:
        raise UnknownNameError("exclusion", (str(name),), tuple(EXCLUSIONS))
    kind = EXCLUSIONS[name]
    allowed = [attribute.name for attribute in attrs.fields(kind)]
    if set(given) != set(allowed):
        raise ParameterError(
            f"exclusion {name!r}",
            shorten(given),
            "has not its parameters",
            f"give exactly: {', '.join(allowed) or 'none'}",
        )
    exclusion: Exclusion = kind(**given)
    return exclusion


def _drawn_after(subjects: SubjectRegistry, history: History, day: date) -> np.ndarray[Any, Any]:
    return times_drawn(
        subjects, history, history.codes("drawn_on").where(lambda drawn: drawn > day)
    )


def _drawn_in(subjects: SubjectRegistry, history: History, year: int) -> np.ndarray[Any, Any]:
    days = history.codes("drawn_on")
    return times_drawn(subjects, history, days.where(lambda drawn: drawn.year == year))


def times_drawn(subjects: SubjectRegistry, history: History, counted: Mask) -> np.ndarray[Any, Any]:
    """How often each subject stands in the counted rows; those no longer known are nobody's."""
    names = history.column("subject")[counted]
    rows = [subjects.position(name) for name in names if name in subjects]
    return np.bincount(np.array(rows, dtype=np.int64), minlength=len(subjects))


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` months before, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except (ValueError, OverflowError):
            continue
    raise ParameterError("months", str(months), "goes back before the year 1", "give fewer")
