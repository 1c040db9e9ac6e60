"""Conflicts of interest (回避): who must not go to which visit, and for which reasons.

Rules enforced here:
1. A rule is a frozen value with a stable name and one pure method, which bars pairs of a visit and
   an inspector; it knows of no team, no odds and no randomness.
2. A pair is barred when any rule bars it, and keeps all its reasons, in the order of the rules.
3. What is declared about an owner (`OwnerRelation`, `FormerEmployer`) holds for all that it owns,
   however far.
4. A rule that looks at history refuses to work without one.
5. A stranger's rule is checked: positions that do not exist are an error that names the rule.

>>> from randcheck.matching.conflicts import DEFAULT_RULES, Rotation, SameStreet
>>> rules = (*DEFAULT_RULES, Rotation(months=12), SameStreet())
>>> [rule.name for rule in rules][-2:]
['rotation', 'same-street']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, ClassVar, Protocol

import attrs
import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.exclusions import months_before, positive
from randcheck.history import History, needed
from randcheck.matching.visits import Visits
from randcheck.registry import InspectorRegistry
from randcheck.strategy import has

IntArray = npt.NDArray[np.int64]

#: Barred pairs: positions of visits, and positions of inspectors.
Pairs = tuple[IntArray, IntArray]


class ConflictRule(Protocol):
    """What a rule offers.

    A rule that may stand several times in one list, each time with other parameters, has a true
    attribute `repeatable` as well.
    """

    @property
    def name(self) -> str:
        """The reason why somebody is barred."""
        ...

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        """The barred pairs: positions in `visits` and in the registry, two equally long arrays.

        Their order does not matter, and a pair may stand there twice.
        """
        ...


@frozen
class DeclaredRelation:
    """The subject is among the inspector's declared conflicts."""

    name: ClassVar[str] = "declared-relation"

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        return _meet(_subjects(visits), _named(inspectors, "conflicts"))


@frozen
class OwnerRelation:
    """One of the subject's owners is among the inspector's conflicts, kin or interests."""

    name: ClassVar[str] = "owner-relation"

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        return _meet(_owners(visits), _named(inspectors, "conflicts", "kin", "interests"))


@frozen
class Kinship:
    """A relative of the inspector runs the subject."""

    name: ClassVar[str] = "kinship"

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        return _meet(_subjects(visits), _named(inspectors, "kin"))


@frozen
class FinancialInterest:
    """The inspector has a financial interest in the subject."""

    name: ClassVar[str] = "financial-interest"

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        return _meet(_subjects(visits), _named(inspectors, "interests"))


@frozen
class FormerEmployer:
    """The inspector's job at the subject, or at one of its owners, ended less than `years` ago.

    Who left on a day is free again on the same day `years` years later; on 28 February for one who
    left on 29 February, where that year has no such day. A job that goes on bars as well.
    """

    name: ClassVar[str] = "former-employer"
    years: int = field(default=3, validator=positive)

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        recent = (
            (position, employer)
            for position, jobs in enumerate(inspectors.column("employers"))
            for employer, ended in jobs.items()
            if not _is_over(ended, self.years, visits.as_of)
        )
        return _meet([*_subjects(visits), *_owners(visits)], recent)


@frozen
class Rotation:
    """The inspector went to the subject the last time, or within the last `months` months.

    Without `months` the last time is the latest day of the history with a known team, and all the
    teams of that day are barred. With it, somebody who went on the very day `months` months before
    the as-of date is free again.
    """

    name: ClassVar[str] = "rotation"
    months: int | None = field(default=None, validator=attrs.validators.optional(positive))

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        teams = _past_teams(visits, needed(visits.history, f"the rule {self.name!r}"), self.months)
        return _meet(teams, enumerate(inspectors.ids))


@frozen
class SameStreet:
    """The inspector lives in the street where the subject is; both must be known."""

    name: ClassVar[str] = "same-street"

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        return _meet(_known(visits.column("street")), _known(inspectors.column("street")))


def _as_text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(
            f"{type(instance).__name__}.{attribute.name}",
            shorten(value),
            "is no text",
            "give a text that is not empty",
        )


@frozen
class NamedExclusion:
    """One inspector must not go to one subject, for a reason that `evidence` documents.

    Raises `UnknownNameError` for an inspector that the registry does not have. A subject that is
    not visited bars nothing.
    """

    name: ClassVar[str] = "named-exclusion"
    repeatable: ClassVar[bool] = True
    inspector: str = field(validator=_as_text)
    subject: str = field(validator=_as_text)
    evidence: str = field(validator=_as_text)

    def bars(self, visits: Visits, inspectors: InspectorRegistry) -> Pairs:
        [position] = inspectors.positions((self.inspector,), "inspector").tolist()
        return _meet(_subjects(visits), [(position, self.subject)])


#: The rules that hold unless a planner says otherwise.
DEFAULT_RULES: tuple[ConflictRule, ...] = (
    DeclaredRelation(),
    OwnerRelation(),
    Kinship(),
    FormerEmployer(),
    FinancialInterest(),
)

#: Our rules by name.
CONFLICT_RULES: dict[str, type[Any]] = {
    kind.name: kind
    for kind in (
        DeclaredRelation,
        OwnerRelation,
        Kinship,
        FormerEmployer,
        FinancialInterest,
        Rotation,
        SameStreet,
        NamedExclusion,
    )
}


# --- all rules together ------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Barred:
    """All barred pairs, each once, by visit and then by inspector. Made by `barred`.

    `visits` and `inspectors` are positions, one entry a pair; those of one visit stand from
    `starts[visit]` up to `starts[visit + 1]`.
    """

    visits: IntArray
    inspectors: IntArray
    starts: IntArray
    #: for each reason, `visit * width + inspector` of the pairs that it bars, ascending
    _by_reason: tuple[tuple[str, IntArray], ...]
    _width: int

    def __len__(self) -> int:
        return len(self.visits)

    def __repr__(self) -> str:
        return f"<Barred of {len(self)} pairs>"

    def reasons(self, visit: int, inspector: int) -> tuple[str, ...]:
        """All reasons why the inspector must not go there, in the order of the rules."""
        _check_position("visit", visit, len(self.starts) - 1)
        _check_position("inspector", inspector, self._width)
        pair = visit * self._width + inspector
        return tuple(name for name, pairs in self._by_reason if _between(pairs, pair, pair + 1))

    def counts(self, visit: int) -> dict[str, int]:
        """How many inspectors each reason bars from a visit; a reason that bars nobody is absent.

        An inspector with several reasons counts once for each.
        """
        _check_position("visit", visit, len(self.starts) - 1)
        first, after = visit * self._width, (visit + 1) * self._width
        counted = {name: _between(pairs, first, after) for name, pairs in self._by_reason}
        return {name: count for name, count in counted.items() if count}


def barred(rules: Iterable[ConflictRule], visits: Visits, inspectors: InspectorRegistry) -> Barred:
    """All pairs that the rules bar, with all their reasons.

    Raises `ParameterError` for a rule without a name or with another's, and for one whose pairs are
    none; and what a rule itself raises.
    """
    rules = tuple(rules)
    _check_names(rules)
    width = len(inspectors)
    found: dict[str, list[IntArray]] = {}
    for rule in rules:
        rows, people = _checked(rule, rule.bars(visits, inspectors), len(visits), width)
        found.setdefault(rule.name, []).append(rows * width + people)
    by_reason = tuple((name, _distinct(pairs)) for name, pairs in found.items())
    every = _distinct(pairs for _, pairs in by_reason)
    rows, people = np.divmod(every, max(width, 1))
    starts = np.searchsorted(rows, np.arange(len(visits) + 1)).astype(np.int64)
    for array in (rows, people, starts):
        array.flags.writeable = False
    return Barred(rows, people, starts, by_reason, width)


def _distinct(parts: Iterable[IntArray]) -> IntArray:
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *parts]))


def _between(ascending: IntArray, first: int, after: int) -> int:
    """How many entries are at least `first` and less than `after`."""
    low, high = np.searchsorted(ascending, (first, after))
    return int(high - low)


def _check_position(name: str, value: int, size: int) -> None:
    if not 0 <= value < size:
        raise ParameterError(name, shorten(value), "is no position", f"there are {size}, from 0")


def _check_names(rules: tuple[ConflictRule, ...]) -> None:
    before: dict[str, list[ConflictRule]] = {}
    for rule in rules:
        name = getattr(rule, "name", None)
        if not isinstance(name, str) or not name or not has(rule, "bars"):
            raise ParameterError(
                "rules", shorten(rule), "is no rule", "a rule has a name and a method bars"
            )
        for other in before.setdefault(name, []):
            alike = type(rule) is type(other) and getattr(rule, "repeatable", False)
            if not alike or rule == other:
                raise ParameterError(
                    "rules",
                    shorten(rule),
                    f"has the name {name!r}, which another rule has already",
                    "keep one of the two",
                )
        before[name].append(rule)


def _checked(rule: ConflictRule, given: Any, visits: int, inspectors: int) -> Pairs:
    """The pairs that a rule gave, as arrays of `int64`; `ParameterError` when they are none."""
    try:
        rows, people = (np.asarray(part) for part in given)
    except (TypeError, ValueError):
        raise _bad(rule, given, "are no two arrays") from None
    for part, size, of in ((rows, visits, "visits"), (people, inspectors, "inspectors")):
        if part.ndim != 1 or (part.size and part.dtype.kind not in "iu"):
            raise _bad(rule, part, f"are no positions of {of}")
        if part.size and (part.min() < 0 or part.max() >= size):
            raise _bad(rule, part, f"hold a position that none of the {size} {of} has")
    if len(rows) != len(people):
        raise _bad(rule, (len(rows), len(people)), "have different lengths")
    return rows.astype(np.int64), people.astype(np.int64)


def _bad(rule: ConflictRule, value: object, reason: str) -> ParameterError:
    return ParameterError(
        f"the pairs of rule {rule.name!r}",
        shorten(value),
        reason,
        "give two equally long int64 arrays: positions of visits, and of inspectors",
    )


# --- what rules are made of --------------------------------------------------------------------


def _meet(offered: Iterable[tuple[int, str]], declared: Iterable[tuple[int, str]]) -> Pairs:
    """All pairs of a visit and an inspector that have a text in common.

    `offered` are positions of visits with a text, `declared` positions of inspectors with one. The
    work is that of reading both and of writing the pairs; no other pair is looked at.
    """
    codes: dict[str, int] = {}
    read = [(row, codes.setdefault(text, len(codes))) for row, text in offered]
    rows, texts = _columns(read)
    rows = rows[np.argsort(texts, kind="stable")]
    starts = np.concatenate(([0], np.cumsum(np.bincount(texts, minlength=len(codes)))))
    people, wanted = _columns([(person, codes[text]) for person, text in declared if text in codes])
    sizes = starts[wanted + 1] - starts[wanted]
    shift = np.repeat(starts[wanted] - np.cumsum(sizes) + sizes, sizes)
    return rows[shift + np.arange(len(shift))], np.repeat(people, sizes)


def _columns(pairs: list[tuple[int, int]]) -> Pairs:
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return first, second


def _subjects(visits: Visits) -> Iterator[tuple[int, str]]:
    return enumerate(visits.ids)


def _owners(visits: Visits) -> Iterator[tuple[int, str]]:
    return ((row, owner) for row, need in enumerate(visits) for owner in need.owners)


def _known(texts: Iterable[str | None]) -> Iterator[tuple[int, str]]:
    return ((position, text) for position, text in enumerate(texts) if text is not None)


def _named(inspectors: InspectorRegistry, *columns: str) -> Iterator[tuple[int, str]]:
    """What the inspectors name in some columns that hold sets."""
    for column in columns:
        for position, names in enumerate(inspectors.column(column)):
            for name in names:
                yield position, name


def _past_teams(visits: Visits, history: History, months: int | None) -> Iterator[tuple[int, str]]:
    """The visits with each inspector who went there the last time, or in the last months."""
    since = None if months is None else months_before(visits.as_of, months)
    known = np.flatnonzero(history.codes("team").where(bool))
    subjects, days, teams = (
        history.column(name)[known] for name in ("subject", "drawn_on", "team")
    )
    # A history is in the order of subjects and then of days.
    firsts = np.searchsorted(subjects, visits.ids, "left").tolist()
    afters = np.searchsorted(subjects, visits.ids, "right").tolist()
    for row, (first, after) in enumerate(zip(firsts, afters, strict=True)):
        for past in range(first, after):
            if days[past] == days[after - 1] if since is None else days[past] > since:
                for inspector in teams[past]:
                    yield row, inspector


def _is_over(ended: date, years: int, as_of: date) -> bool:
    """Whether a day lies `years` years back: 28 February stands for a 29th that is not there."""
    if ended.year + years > date.max.year:
        return False
    try:
        free = ended.replace(year=ended.year + years)
    except ValueError:
        free = date(ended.year + years, 2, 28)
    return as_of >= free
