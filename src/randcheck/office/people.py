"""The registry of inspectors (执法检查人员名录库): certificates, trainings, conflicts, each change.

Rules enforced here:
1. Certificate, specialties, leave and all other properties change from a day on, with a reason.
2. A conflict of interest (回避) is declared by the inspector, or by somebody else, and decided by a
   third person: confirmed or refused, and later lifted. Each step says by whom and why, and stays.
3. A declared conflict keeps the inspector away until it is decided, unless the office says
   otherwise.
4. A training counts from the day of its completion to the last day of its validity.
5. Who has left is in no registry from that day on; the history stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from attrs import evolve, field, frozen

from randcheck import canonical
from randcheck.errors import DataError, Problem, UnknownNameError, shorten
from randcheck.fields import (
    DAY,
    FLAG,
    ID,
    WORD,
    Fact,
    FrozenMapping,
    Kind,
    choice,
    declare,
    maybe,
)
from randcheck.models import Inspector
from randcheck.office.changes import Change, Changes
from randcheck.registry import InspectorRegistry, Registry

#: What a decision about a conflict makes of it, and what it must have been before.
DECISIONS = {"confirmed": "declared", "refused": "declared", "lifted": "confirmed"}


@frozen
class Conflict(Fact):
    """That an inspector must not inspect a subject, and how far that is decided."""

    id: str = declare(ID)
    inspector: str = declare(ID)
    subject: str = declare(ID)
    status: str = declare(Kind(choice("declared", *DECISIONS)))


@frozen
class Training(Fact):
    """A training that an inspector completed on a day, valid up to and including `until`."""

    id: str = declare(ID)
    inspector: str = declare(ID)
    training: str = declare(WORD)
    completed: date = declare(DAY)
    until: date | None = declare(maybe(DAY), default=None)


class ConflictRegistry(Registry[Conflict]):
    """Conflicts on a day."""

    model = Conflict
    title = "conflicts"


class TrainingRegistry(Registry[Training]):
    """Trainings on a day."""

    model = Training
    title = "trainings"


class ConflictHistory(Changes[Conflict]):
    """All conflicts with their steps; the source of a step is who took it."""

    registry = ConflictRegistry


class TrainingHistory(Changes[Training]):
    """All trainings, renewed ones too."""

    registry = TrainingRegistry


class InspectorHistory(Changes[Inspector]):
    """All inspectors with their changes; conflicts and trainings have histories of their own."""

    registry = InspectorRegistry
    more = FrozenMapping({"left": FLAG})
    apart = ("conflicts", "trainings")


class _Ground(NamedTuple):
    """Since when a change holds, who says so, and why."""

    since: date
    source: str
    reason: str


@frozen
class People:
    """Inspectors, their conflicts and their trainings, as three histories. It starts empty."""

    inspectors: InspectorHistory = field(factory=InspectorHistory)
    conflicts: ConflictHistory = field(factory=ConflictHistory)
    trainings: TrainingHistory = field(factory=TrainingHistory)

    def registered(
        self,
        inspectors: InspectorRegistry | Iterable[Any],
        *,
        since: date,
        source: str,
        reason: str,
    ) -> People:
        """With new inspectors. Conflicts that they come with count as confirmed by the source,
        trainings as completed on that day.
        """
        facts = (
            inspectors
            if isinstance(inspectors, InspectorRegistry)
            else InspectorRegistry.from_records(inspectors)
        )
        bare = InspectorRegistry.from_records(evolve(f, conflicts=(), trainings=()) for f in facts)
        conflicts = [
            Conflict(_key(fact.id, subject), fact.id, subject, "confirmed")
            for fact in facts
            for subject in fact.conflicts
        ]
        trainings = [
            Training(_key(fact.id, name), fact.id, name, since)
            for fact in facts
            for name in fact.trainings
        ]
        ground = _Ground(since, source, reason)._asdict()
        return People(
            self.inspectors.registered(bare, **ground),
            self.conflicts.registered(conflicts, **ground),
            self.trainings.registered(trainings, **ground),
        )

    def changed(
        self,
        name: str,
        values: Mapping[str, Any],
        *,
        since: date,
        source: str,
        reason: str,
        correction: bool = False,
    ) -> People:
        """With another value of a property, such as `leave`, or `left` for who goes for good."""
        changed = self.inspectors.changed(
            name, values, since=since, source=source, reason=reason, correction=correction
        )
        return evolve(self, inspectors=changed)

    # --- conflicts -----------------------------------------------------------------------------

    def declared(
        self, inspector: str, subject: str, *, on: date, reason: str, by: str | None = None
    ) -> People:
        """With a conflict that the inspector declares, or that `by` reports."""
        _all_there(self.inspectors, [inspector], on)
        key, ground = _key(inspector, subject), _Ground(on, by or inspector, reason)
        if key not in self.conflicts:
            new = [Conflict(key, inspector, subject, "declared")]
            return evolve(self, conflicts=self.conflicts.registered(new, **ground._asdict()))
        if (status := self._status(key)) in ("declared", "confirmed"):
            raise _no_step(key, status, "is there already", "decide it, or leave it")
        return self._with_status(key, "declared", ground)

    def decided(
        self, inspector: str, subject: str, decision: str, *, on: date, by: str, reason: str
    ) -> People:
        """With a declared conflict `"confirmed"` or `"refused"`, or a confirmed one `"lifted"`.

        Neither the inspector nor who declared it decides.
        """
        key = _key(inspector, subject)
        if decision not in DECISIONS:
            remedy = f"one of {', '.join(DECISIONS)}"
            raise _no_step(key, decision, "is no decision", remedy)
        status = self._status(key) if key in self.conflicts else "nothing"
        if status != DECISIONS[decision]:
            remedy = f"only what is {DECISIONS[decision]} is {decision}"
            raise _no_step(key, status, f"cannot be {decision}", remedy)
        steps = [each for each in self.conflicts.history(key) if each.value == "declared"]
        if by in {inspector, *(each.source for each in steps[-1:])}:
            raise _no_step(key, by, "decides in his own matter", "have somebody else decide")
        return self._with_status(key, decision, _Ground(on, by, reason))

    def undecided(self, day: date) -> tuple[Conflict, ...]:
        """Conflicts that are declared and not decided on a day, by inspector and subject."""
        return tuple(each for each in self.conflicts.as_of(day) if each.status == "declared")

    def _status(self, key: str) -> str:
        """What was said last of a conflict."""
        steps = [each for each in self.conflicts.history(key) if each.field == "status"]
        return str(steps[-1].value)

    def _with_status(self, key: str, status: str, ground: _Ground) -> People:
        conflicts = self.conflicts.changed("status", {key: status}, **ground._asdict())
        return evolve(self, conflicts=conflicts)

    # --- trainings -----------------------------------------------------------------------------

    def trained(
        self,
        training: str,
        ids: Iterable[str],
        *,
        on: date,
        source: str,
        reason: str,
        until: date | None = None,
    ) -> People:
        """With a training that some completed on a day, for the first time or again."""
        given = sorted({*ids})
        _all_there(self.inspectors, given, on)
        if until is not None and until < on:
            found = Problem(
                None, "until", str(until), f"is before {on}", "give a later day, or None"
            )
            raise DataError("trainings", [found])
        keys = {_key(name, training): name for name in given}
        ground = _Ground(on, source, reason)._asdict()
        new = [
            Training(key, name, training, on, until)
            for key, name in keys.items()
            if key not in self.trainings
        ]
        again = [key for key in keys if key in self.trainings]
        trainings = self.trainings.registered(new, **ground)
        for name, value in (("completed", on), ("until", until)):
            trainings = trainings.changed(name, dict.fromkeys(again, value), **ground)
        return evolve(self, trainings=trainings)

    # --- reading -------------------------------------------------------------------------------

    def as_of(self, day: date, *, undecided: bool = True) -> InspectorRegistry:
        """The inspectors on a day, with the trainings that are valid then, and their conflicts:
        those confirmed, and with `undecided` those declared.
        """
        counts = ("confirmed", "declared") if undecided else ("confirmed",)
        conflicts: dict[str, list[str]] = {}
        for conflict in self.conflicts.as_of(day):
            if conflict.status in counts:
                conflicts.setdefault(conflict.inspector, []).append(conflict.subject)
        trainings: dict[str, list[str]] = {}
        for training in self.trainings.as_of(day):
            if training.until is None or day <= training.until:
                trainings.setdefault(training.inspector, []).append(training.training)
        left = dict(zip(self.inspectors.ids, self.inspectors.values("left", day), strict=True))
        return InspectorRegistry.from_records(
            evolve(
                fact,
                conflicts=conflicts.get(fact.id, ()),
                trainings=trainings.get(fact.id, ()),
            )
            for fact in self.inspectors.as_of(day)
            if not left[fact.id]
        )

    def history(self, inspector: str) -> tuple[Change, ...]:
        """All that was ever said of an inspector, conflicts and trainings too, by day."""
        found = [*self.inspectors.history(inspector)]
        for history in (self.conflicts, self.trainings):
            owners = zip(history.ids, history.values("inspector", date.max), strict=True)
            for key in (key for key, owner in owners if owner == inspector):
                found += history.history(key)
        return tuple(sorted(found, key=lambda change: change.since))


def missing_training(
    people: People, needed: Iterable[str], day: date, *, among: Iterable[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Who lacks which of the trainings that a task needs before a visit on a day, by inspector.

    All who are there on that day, or those `among` them, such as a team; `UnknownNameError` for
    one who is not.
    """
    registry, wanted = people.as_of(day), sorted({*needed})
    ids = registry.ids.tolist() if among is None else sorted({*among})
    if unknown := [name for name in ids if name not in registry]:
        raise UnknownNameError("inspector", unknown, (), f"not in the registry on {day}")
    lacks = {name: tuple(t for t in wanted if t not in registry[name].trainings) for name in ids}
    return {name: trainings for name, trainings in lacks.items() if trainings}


def _key(inspector: str, other: str) -> str:
    """One id of two, whatever characters they hold."""
    return canonical.dumps([inspector, other]).decode()


def _all_there(inspectors: InspectorHistory, ids: Iterable[str], day: date) -> None:
    there = {
        name for name, here in zip(inspectors.ids, inspectors.present(day), strict=True) if here
    }
    if unknown := [name for name in ids if name not in there]:
        raise UnknownNameError("inspector", unknown, (), f"not in the registry on {day}")


def _no_step(key: str, found: str, reason: str, remedy: str) -> DataError:
    return DataError("conflicts", [Problem(None, key, shorten(found), reason, remedy)])
