"""Everything that can go wrong, as a tree.

Rules enforced here:
1. One root, `RandcheckError`; each leaf is named for the fact and has fields and a stable `code`.
2. Every error pickles, and its text is one clear line made of its fields alone, unless it holds
   several problems: then a first line counts them, and one line follows for each.
3. A problem names the row, the column, the value, and what would be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from attrs import define, field, frozen

#: How many problems an error's text shows; `problems` always holds all of them.
SHOWN = 20


def shorten(value: object, limit: int = 60) -> str:
    """`repr` of a value, cut in the middle when it is longer than `limit` characters."""
    text = repr(value)
    if len(text) <= limit:
        return text
    return f"{text[: limit - 20]}…{text[-15:]}"


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@frozen
class Problem:
    """One thing wrong with data: where it is, what stands there, and what would be right.

    `row` is the position in the input (from 0, or as the reader counts), `None` for a single value;
    `value` is the shortened `repr` of what was found.
    """

    row: int | None
    column: str | None
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        where = [] if self.row is None else [f"row {self.row}"]
        if self.column is not None:
            where.append(self.column)
        place = f"{', '.join(where)}: " if where else ""
        return f"{place}{self.value} {self.reason}; {self.remedy}"


def _problems(values: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(values)


def _list(what: str, problems: tuple[Problem, ...]) -> str:
    if len(problems) == 1:
        return f"{what}: {problems[0]}"
    lines = [f"{what}: {len(problems)} problems"]
    lines += [f"  {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  … and {len(problems) - SHOWN} more")
    return "\n".join(lines)


@define(slots=False)
class RandcheckError(Exception):
    """The root of all errors that randcheck raises on purpose."""

    code: ClassVar[str] = "randcheck"


@define(slots=False)
class DataError(RandcheckError, ValueError):
    """Data that cannot be used. All bad rows at once, in `problems`."""

    code: ClassVar[str] = "data"
    what: str
    problems: tuple[Problem, ...] = field(converter=_problems)

    def __str__(self) -> str:
        return _list(self.what, self.problems)


@define(slots=False)
class ParameterError(RandcheckError, ValueError):
    """A parameter of a task, a strategy or a call that cannot be meant."""

    code: ClassVar[str] = "parameter"
    name: str
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} = {self.value} {self.reason}; {self.remedy}"


@define(slots=False)
class RateError(ParameterError):
    """A rate that is not an exact fraction between 0 and 1."""

    code: ClassVar[str] = "rate"


@define(slots=False)
class UnknownNameError(RandcheckError, LookupError):
    """A name that nothing here answers to: an item, a region, a specialty, a sampler, an id."""

    code: ClassVar[str] = "unknown-name"
    kind: str
    names: tuple[str, ...] = field(converter=_texts)
    known: tuple[str, ...] = field(converter=_texts)
    remedy: str = ""

    def __str__(self) -> str:
        text = f"unknown {self.kind}: {', '.join(shorten(name) for name in self.names[:SHOWN])}"
        if len(self.names) > SHOWN:
            text += f" … and {len(self.names) - SHOWN} more"
        if self.known:
            shown = ", ".join(self.known[:SHOWN]) + (" …" if len(self.known) > SHOWN else "")
            text += f"; known: {shown}"
        return f"{text}; {self.remedy}" if self.remedy else text


@define(slots=False)
class EmptyFrameError(RandcheckError, ValueError):
    """Nobody could be drawn. `excluded` says how many were left out for each reason."""

    code: ClassVar[str] = "empty-frame"
    task_id: str
    excluded: Mapping[str, int]

    def __str__(self) -> str:
        if not self.excluded:
            return f"task {self.task_id!r}: the frame is empty, because the registry of subjects is"
        reasons = ", ".join(f"{count} for {reason!r}" for reason, count in self.excluded.items())
        return f"task {self.task_id!r}: the frame is empty; left out were {reasons}"


@define(slots=False)
class DesignError(RandcheckError, ValueError):
    """Cells that are not a design, or counts that a stratum cannot give."""

    code: ClassVar[str] = "design"
    task_id: str
    problems: tuple[Problem, ...] = field(converter=_problems)

    def __str__(self) -> str:
        return _list(f"task {self.task_id!r}", self.problems)


@define(slots=False)
class OddsError(RandcheckError, ValueError):
    """An odds table that is none: sums that are not whole places, ids out of order, bad bytes."""

    code: ClassVar[str] = "odds"
    problems: tuple[Problem, ...] = field(converter=_problems)

    def __str__(self) -> str:
        return _list("odds", self.problems)


@define(slots=False)
class StaffingError(RandcheckError, ValueError):
    """No team can be found. `visits` names the subjects that cannot be staffed together.

    `needed` places in their teams outnumber the `available`; `helps` are single changes, any of
    which would make these visits feasible (in words, with ids of inspectors).
    """

    code: ClassVar[str] = "staffing"
    visits: tuple[str, ...] = field(converter=_texts)
    needed: int
    available: int
    reason: str
    helps: tuple[str, ...] = field(default=(), converter=_texts)

    def __str__(self) -> str:
        named = ", ".join(self.visits[:SHOWN]) + (" …" if len(self.visits) > SHOWN else "")
        return f"{len(self.visits)} visits cannot be staffed ({named}): {self.reason}" + (
            f"; what would help: {', or '.join(self.helps)}" if self.helps else ""
        )


@define(slots=False)
class CommitmentError(RandcheckError, ValueError):
    """A commitment that is malformed, or that does not bind what it is used for."""

    code: ClassVar[str] = "commitment"
    reason: str

    def __str__(self) -> str:
        return self.reason


@define(slots=False)
class RecordError(RandcheckError, ValueError):
    """Bytes that are not a record: `where` in it, and what is wrong there."""

    code: ClassVar[str] = "record"
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@define(slots=False)
class CanonicalError(RandcheckError, ValueError):
    """A value or bytes that canonical JSON does not have."""

    code: ClassVar[str] = "canonical"
    reason: str

    def __str__(self) -> str:
        return self.reason


@define(slots=False)
class MissingExtraError(RandcheckError, ImportError):
    """A package that an extra of randcheck brings is not installed."""

    code: ClassVar[str] = "missing-extra"
    package: str
    extra: str
    purpose: str

    def __str__(self) -> str:
        return (
            f"{self.purpose} needs the package {self.package!r}: "
            f"pip install 'randcheck[{self.extra}]'"
        )
