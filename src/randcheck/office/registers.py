"""The registry of subjects (检查对象名录库) with its history, and what is frozen of any registry.

Rules enforced here:
1. A natural person stands under a keyed pseudonym alone; an attached object (附属客体) names an
   owner who is there by that day. It holds on every day of the history, also after a correction.
2. A region claims (认领) only its own subjects, one region at a time. Who moves out of it is
   unclaimed until the new region claims, and unclaimed subjects are listed, never left out.
3. A tag that a rule gives is there exactly where the rule's scope holds; other tags stay.
4. What a registry was on a day is frozen in the ledger by its digest, and not before that day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from attrs import frozen

from randcheck.errors import DataError, ParameterError, Problem, shorten
from randcheck.fields import (
    DAY,
    MAYBE_WORD,
    WORD,
    Fact,
    Fault,
    FrozenMapping,
    Kind,
    declare,
    maybe,
)
from randcheck.frame import in_scope
from randcheck.models import RISK_CLASSES, SCOPE, Scope, subject_contradictions
from randcheck.office.changes import Change, Changes
from randcheck.office.forms import DIGEST, NUMBER
from randcheck.office.life import Life, Step, need
from randcheck.office.rows import Batch, shown
from randcheck.registry import Registry, SubjectRegistry

ABOUT = "registry"

#: Which registries are frozen: subjects, inspectors, the list of items (一单两库).
REGISTRIES = ("subjects", "inspectors", "items")

#: The form of a keyed pseudonym; how many digits says `randcheck.pseudonyms`, at least 128 bits.
_PSEUDONYM = re.compile("p-[0-9a-f]{32,64}")


@frozen
class TagRule(Fact):
    """A tag (行业、重点领域标签) and whom it is for."""

    tag: str = declare(WORD)
    scope: Scope = declare(SCOPE)


class SubjectHistory(Changes[Any]):
    """The subjects with all their changes. `claimed_by` is the region that claimed one."""

    registry = SubjectRegistry
    more = FrozenMapping({"claimed_by": MAYBE_WORD})

    def claimed(
        self, region: str, ids: Iterable[str], *, since: date, source: str, reason: str
    ) -> SubjectHistory:
        """With subjects claimed by a region, a prefix of theirs; all that it cannot claim at once.

        A claim is given back by `changed("claimed_by", {id: None}, …)`.
        """
        given = list(ids)
        now = zip(self.values("region", since), self.values("claimed_by", since), strict=True)
        places = dict(zip(self.ids, now, strict=True))
        problems = []
        for row, name in enumerate(given):
            place, by = places.get(name, (None, None))  # a stranger is refused by `changed`
            if place is not None and not place.startswith(region):
                reason_, remedy = f"is in {place}, not in {region}", "move it first, with a reason"
                problems.append(Problem(row, "claimed_by", shown(name), reason_, remedy))
            elif _covers(by, place) and by != region:
                remedy = f"have {by} give it back first, with a reason"
                problems.append(Problem(row, "claimed_by", shown(name), f"is {by}'s", remedy))
        if problems:
            raise DataError("claims", problems)
        claims = dict.fromkeys(given, region)
        return self.changed("claimed_by", claims, since=since, source=source, reason=reason)

    def unclaimed(self, day: date) -> tuple[str, ...]:
        """Who is there on a day and claimed by no region, or by one it has left; ids ascend."""
        places = zip(self.values("region", day), self.values("claimed_by", day), strict=True)
        there = zip(self.ids, places, self.present(day).tolist(), strict=True)
        return tuple(sorted(name for name, (at, by), here in there if here and not _covers(by, at)))

    def retagged(
        self, rules: Iterable[TagRule], *, since: date, source: str, reason: str
    ) -> SubjectHistory:
        """With the tags that rules give on a day; only who has other tags then is changed.

        Raises `ParameterError` for a rule that asks for a tag which a rule gives.
        """
        given = tuple(rules)
        owned = {rule.tag for rule in given}
        for rule in given:
            if circle := sorted(owned & {*(rule.scope.tags or ())}):
                found = f"asks for {', '.join(circle)}, which a rule gives"
                raise ParameterError("rules", shorten(rule.tag), found, "ask for something else")
        subjects: SubjectRegistry = self.as_of(since)
        new: list[set[str]] = [{*tags} - owned for tags in subjects.column("tags")]
        for rule in given:
            for row in np.flatnonzero(in_scope(rule.scope, subjects)).tolist():
                new[row].add(rule.tag)
        rows = zip(subjects.ids, subjects.column("tags"), new, strict=True)
        other = {name: tuple(sorted(tags)) for name, old, tags in rows if tags != {*old}}
        return self.changed("tags", other, since=since, source=source, reason=reason)

    def unclassified_since(self, first: date, day: date) -> tuple[str, ...]:
        """Active subjects on a day whose risk class was not said from `first` on (按月分类); ids
        ascend.
        """
        said = self.said("risk_class", day)
        statuses = zip(self.ids, self.values("status", day), self.present(day), strict=True)
        active = (name for name, status, here in statuses if here and status == "active")
        return tuple(sorted(name for name in active if said.get(name, date.min) < first))

    def orphans(self, day: date) -> tuple[str, ...]:
        """Active objects on a day whose owner is not active any more; ids ascend."""
        statuses = dict(zip(self.ids, self.values("status", day), strict=True))
        owners = zip(self.ids, self.values("owner", day), self.present(day), strict=True)
        owned = ((name, owner) for name, owner, here in owners if here and owner is not None)
        active = (pair for pair in owned if statuses[pair[0]] == "active")
        return tuple(sorted(name for name, owner in active if statuses.get(owner) != "active"))

    def _contradictions(self, batches: Sequence[Batch]) -> Iterator[Problem]:
        """Owners and natural persons, on each day on which kind or owner of somebody changed."""
        touched = {
            name: row
            for batch in reversed(batches)
            if batch.field in ("kind", "owner")
            for name, row in zip(batch.ids, batch.rows, strict=True)
        }
        first = self._first_days()
        for name, kind, owner, day in self._kinds_and_owners(touched) if touched else ():
            found = [*subject_contradictions(name, kind, owner), *_unnamed(name, kind)]
            if owner is not None and not (
                owner in self and first[self._code(owner)] <= day.toordinal()
            ):
                reason = f"is no subject on {day}"
                found.append(("owner", shown(owner), reason, "register the owner first"))
            yield from (Problem(touched[name], *each) for each in found)

    def _kinds_and_owners(
        self, names: Iterable[str]
    ) -> Iterator[tuple[str, str, str | None, date]]:
        """Kind and owner of some subjects on each day on which one of them changed."""
        changes: dict[str, list[Change]] = {}
        for change in self._changes_of([*map(self._code, names)], ("kind", "owner")):
            changes.setdefault(change.id, []).append(change)
        usual = {field: self._default(field) for field in ("kind", "owner")}
        for name, own in changes.items():
            state = {**usual}
            for day, same in groupby(sorted(own, key=_since), key=_since):
                state.update((each.field, each.value) for each in same)
                yield name, state["kind"], state["owner"], day


def _since(change: Change) -> date:
    return change.since


def _covers(by: str | None, region: str | None) -> bool:
    """Whether a claim holds for a subject in a region."""
    return by is not None and region is not None and region.startswith(by)


def _unnamed(name: str, kind: str) -> Iterator[tuple[str, str, str, str]]:
    if kind == "natural person" and not _PSEUDONYM.fullmatch(name):
        remedy = "import natural persons through randcheck.pseudonyms"
        yield "id", "(not shown)", "is no keyed pseudonym", remedy


# --- frozen in the ledger ----------------------------------------------------------------------

#: What stands for subjects without a risk class in counts.
NO_CLASS = "none"


def _clean_counts(value: Any) -> FrozenMapping:
    remedy = "give {'990102': {'A': 120, 'none': 3}}"
    if not isinstance(value, Mapping):
        raise Fault("is no mapping of regions", remedy)
    for region, by in value.items():
        WORD.clean(region)
        if not isinstance(by, Mapping) or not {*by} <= {*RISK_CLASSES, NO_CLASS}:
            raise Fault(f"holds {shorten(by)}, which are no classes", remedy)
        for count in by.values():
            NUMBER.clean(count)
    return FrozenMapping({region: FrozenMapping(by) for region, by in value.items()})


def _plain_counts(counts: Mapping[str, Mapping[str, int]]) -> Any:
    return {region: dict(by) for region, by in counts.items()}


#: For each region how many of each class.
COUNTS = Kind(_clean_counts, plain=_plain_counts, column="json")


@frozen
class Frozen(Fact):
    """A registry as it was on a day: its digest, how many it counts, and how many of each class.

    `counts` says for each region how many of each risk class there are, `"none"` for no class.
    """

    sha256: str = declare(DIGEST)
    count: int = declare(NUMBER)
    on: date = declare(DAY)
    counts: Mapping[str, Mapping[str, int]] | None = declare(maybe(COUNTS), default=None)

    def contradictions(self) -> Iterator[tuple[str, str, str, str]]:
        """Counts that make another number."""
        if self.counts is not None:
            together = sum(sum(by.values()) for by in self.counts.values())
            if together != self.count:
                yield "counts", str(together), f"are not {self.count}", "count the same subjects"


@frozen
class FrozenRegistry:
    """The state of a registry in the ledger: all that was frozen, the days ascending."""

    id: str
    status: str
    frozen: tuple[Frozen, ...]


def freeze(registry: Registry[Any], on: date, *, among: Scope | None = None) -> Frozen:
    """What is frozen of a registry as of a day. The digest is always that of the whole registry.

    Subjects are counted by region and class: all of them, or those of the scope `among`, which is
    the office's choice of who counts as a firm.
    """
    if not isinstance(registry, SubjectRegistry):
        return Frozen(registry.digest, len(registry), on)
    counted = np.ones(len(registry), dtype=bool) if among is None else in_scope(among, registry)
    places = registry.column("region")[counted], registry.column("risk_class")[counted]
    counts: dict[str, dict[str, int]] = {}
    for (region, name), count in Counter(zip(*places, strict=True)).items():
        counts.setdefault(region, {})[name or NO_CLASS] = count
    return Frozen(registry.digest, int(counted.sum()), on, counts)


def _frozen(state: FrozenRegistry | None, step: Step, fact: Frozen) -> FrozenRegistry:
    need(step.id in REGISTRIES, step, f"one of {', '.join(REGISTRIES)}", step.id)
    need(fact.on <= step.day, step, "a day that is not to come", fact.on)
    before = () if state is None else state.frozen
    return FrozenRegistry(
        step.id, "frozen", tuple(sorted((*before, fact), key=lambda each: each.on))
    )


def registry_life() -> Life:
    """The life of a registry: it is frozen, again and again."""
    return Life(ABOUT, {"frozen": (Frozen, _frozen)})
