"""Stages: what needs new randomness after a record. Teams in a second step, and recusals (回避).

Rules enforced here (docs/spec.md, section 3):
1. A stage has a commitment of its own, whose parent is the record before; its randomness comes
   later.
2. In a two-step draw the commitment holds the visits and the odds of all teams, so that anyone who
   verifies the stage knows that they were fixed before the second randomness.
3. A recusal draws substitutes for one visit alone, by odds that the published numerators give; all
   other teams, and who stays, are left as they are. Nobody can know the substitute beforehand.
4. Where nobody is left, that is an error with its reason; no rule is relaxed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from attrs import field, frozen

from randcheck import canonical, tickets
from randcheck.canonical import CanonicalObject
from randcheck.commitment import Rehearsal, Source, check_randomness
from randcheck.draw import needs_of
from randcheck.errors import (
    CanonicalError,
    ParameterError,
    RecordError,
    StaffingError,
    UnknownNameError,
    shorten,
)
from randcheck.history import History
from randcheck.matching import FairMatcher, Matcher, Odds, Visits, assign
from randcheck.matching.rounding import members
from randcheck.record import DrawRecord
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry
from randcheck.strategy import describe
from randcheck.tickets import PROTOCOL
from randcheck.units import largest_remainders, proportional

COMMITMENT_KEYS = (
    "inputs", "kind", "matcher", "nonce", "odds_sha256", "parent", "protocol", "recusal", "source",
    "task", "visits",
)  # fmt: skip
RECORD_KEYS = (
    "commitment", "inspectors_seed", "protocol", "randomness", "seed", "teams",
)  # fmt: skip


@frozen(slots=False)
class StageRecord(CanonicalObject):
    """What a stage decided: the whole object, as canonical JSON holds it."""

    def __attrs_post_init__(self) -> None:
        try:
            value = canonical.loads(self.data)
        except CanonicalError as error:
            raise RecordError("stage", str(error)) from None
        for name, keys, each in (
            ("stage", RECORD_KEYS, value),
            ("stage.commitment", COMMITMENT_KEYS, _get(value, "commitment")),
        ):
            if not isinstance(each, dict) or tuple(each) != keys:
                found = sorted(each) if isinstance(each, dict) else each
                raise RecordError(name, f"has {shorten(found)} where the keys {list(keys)} belong")
            if each["protocol"] != PROTOCOL:
                raise RecordError(name, f"is of protocol {shorten(each['protocol'])}")

    @classmethod
    def of(cls, **values: Any) -> StageRecord:
        """The record with these values for all keys but `protocol`."""
        return cls(canonical.dumps({"protocol": PROTOCOL, **values}))

    @cached_property
    def _value(self) -> dict[str, Any]:
        return self.to_json()

    def __getitem__(self, key: str) -> Any:
        """One entry of the object, such as `record["teams"]`."""
        return self._value[key]

    @property
    def commitment(self) -> dict[str, Any]:
        """The object of the stage's commitment."""
        bound: dict[str, Any] = self["commitment"]
        return bound

    @property
    def randomness(self) -> str:
        """The text that the stage was drawn with."""
        return str(self["randomness"])

    @property
    def teams(self) -> dict[str, tuple[str, ...]]:
        """The team of each subject that this stage drew for."""
        return {entry["subject"]: tuple(entry["team"]) for entry in self["teams"]}


def read_record(data: bytes) -> DrawRecord | StageRecord:
    """The record of a draw or of a stage; `RecordError` if the bytes are neither."""
    try:
        stage = "teams" in canonical.loads(data)
    except (CanonicalError, TypeError) as error:
        raise RecordError("record", str(error)) from None
    return StageRecord(data) if stage else DrawRecord.from_bytes(data)


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


@frozen
class Stage:
    """The outcome of a stage: its record, and the odds by which it was drawn."""

    record: StageRecord
    odds: Odds

    @property
    def teams(self) -> dict[str, tuple[str, ...]]:
        """The team of each subject that this stage drew for."""
        return self.record.teams


@frozen(slots=False)
class OpenStage:
    """A stage that is committed and waits for its randomness."""

    data: bytes = field(repr=lambda data: canonical.sha256(data))
    odds: Odds
    _source: Source | None = field(default=None, repr=False)

    def to_bytes(self) -> bytes:
        """The commitment's canonical bytes."""
        return self.data

    @property
    def digest(self) -> str:
        """The commitment's digest: publish it, with the odds, before the randomness exists."""
        return canonical.sha256(self.data)

    @cached_property
    def commitment(self) -> dict[str, Any]:
        """The commitment's object."""
        value: dict[str, Any] = canonical.loads(self.data)
        return value

    def draw(self, randomness: str) -> Stage:
        """The teams that follow from the text that the source gave.

        Raises `ParameterError` for an empty text, or one that the named source cannot have given.
        """
        check_randomness(self._source, randomness)
        seed = tickets.seed(self.commitment["task"]["id"], self.digest, randomness)
        inspectors_seed = tickets.purpose_seed(seed, "inspectors")
        drawn = dict(zip(self.odds.visits, assign(self.odds, inspectors_seed), strict=True))
        recusal = self.commitment["recusal"]
        staying = () if recusal is None else recusal["staying"]
        record = StageRecord.of(
            commitment=self.commitment,
            randomness=randomness,
            seed=seed,
            inspectors_seed=inspectors_seed,
            teams=[
                {"subject": subject, "team": sorted({*staying, *drawn[subject]})}
                for subject in self.commitment["visits"]
            ],
        )
        return Stage(record, self.odds)


def _open(
    record: DrawRecord | StageRecord,
    odds: Odds,
    *,
    kind: str,
    matcher: Matcher,
    as_of: date,
    recusal: Mapping[str, Any] | None,
    inputs: Mapping[str, Any],
    source: Source | None,
    nonce: str,
) -> OpenStage:
    value = {
        "inputs": {name: None if table is None else table.digest for name, table in inputs.items()},
        "kind": kind,
        "matcher": describe(matcher),
        "nonce": nonce,
        "odds_sha256": odds.digest,
        "parent": record.digest,
        "protocol": PROTOCOL,
        "recusal": recusal,
        "source": (source or Rehearsal()).to_json(),
        "task": {"as_of": as_of.isoformat(), "id": _task(record)["id"]},
        "visits": list(odds.visits),
    }
    return OpenStage(canonical.dumps(value), odds, source)


def _task(record: DrawRecord | StageRecord) -> Any:
    return record.commitment["task"]


# --- teams in a second step
# ------------------------------------------------------------------------


def commit_teams(
    record: DrawRecord,
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry,
    matcher: Matcher | None = None,
    history: History | None = None,
    as_of: date | None = None,
    source: Source | None = None,
    nonce: str = "",
) -> OpenStage:
    """The second step of a draw whose record has no teams: the odds of all teams, committed.

    `matcher` is `FairMatcher()` unless given; `as_of` the task's day unless given. Raises
    `StaffingError` when not all visits can be staffed, and `ParameterError` for a record that has
    teams already or drew nobody.
    """
    if any(visit.team is not None for visit in record.visits):
        remedy = "draw teams in one step, or commit without inspectors first"
        raise ParameterError("record", record.digest[:12], "has teams already", remedy)
    if not record.visits:
        raise ParameterError("record", record.digest[:12], "drew nobody", "nobody need be sent")
    chosen = FairMatcher() if matcher is None else matcher
    day = as_of or date.fromisoformat(record.commitment["task"]["as_of"])
    drawn = [(visit.subject, visit.items) for visit in record.visits]
    odds = chosen.odds(Visits(needs_of(drawn, subjects, catalog), day, history), inspectors)
    return _open(
        record,
        odds,
        kind="teams",
        matcher=chosen,
        as_of=day,
        recusal=None,
        inputs=_inputs(subjects, catalog, inspectors, history),
        source=source,
        nonce=nonce,
    )


def _inputs(
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry,
    history: History | None,
) -> dict[str, Any]:
    return {"history": history, "inspectors": inspectors, "items": catalog, "subjects": subjects}


# --- recusal
# ---------------------------------------------------------------------------------------


def recuse(
    drawn: DrawRecord | Stage,
    subject_id: str,
    *,
    leaving: Iterable[str],
    reason: str,
    decided: date,
    odds: Odds | None = None,
    record: DrawRecord | None = None,
    earlier: Sequence[Stage] = (),
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry,
    matcher: Any = None,
    history: History | None = None,
    source: Source | None = None,
    nonce: str = "",
) -> OpenStage:
    """A recusal, sickness or no-show: substitutes for one visit, committed before the randomness.

    `drawn` is what drew the team: a draw's record, with its `odds`, or the stage of a two-step
    draw, with the `record` that it went on from; `earlier` are the recusals since, in order.
    `leaving` are the inspectors who go, `reason` and `decided` the decision and its day, on which
    eligibility is looked at in these registries. Raises `StaffingError` when too few could come.
    """
    published = drawn.odds if isinstance(drawn, Stage) else odds
    base = drawn.record if isinstance(drawn, Stage) else drawn
    first = record if isinstance(drawn, Stage) else drawn
    if published is None or first is None or not isinstance(reason, str) or not reason.strip():
        remedy = "give odds= with a draw's record, record= with a stage, and a reason in words"
        raise ParameterError("recuse", shorten(reason), "says too little", remedy)
    now = _Teams(base, published, earlier)
    if subject_id not in now.slots:
        raise UnknownNameError("visit", (subject_id,), sorted(now.slots))
    team = now.team(subject_id)
    gone = tuple(sorted(set(leaving)))
    if not gone or not set(gone) <= set(team):
        reason = f"are not members of the team {team}"
        raise ParameterError("leaving", shorten(gone), reason, "name those who leave it")
    staying = tuple(name for name in team if name not in gone)
    chosen = FairMatcher() if matcher is None else matcher
    items = next(visit.items for visit in first.visits if visit.subject == subject_id)
    visit = Visits(needs_of([(subject_id, items)], subjects, catalog), decided, history)
    able = _still_able(chosen, visit, inspectors, now) - {*team} - now.left[subject_id]
    table = _substitutes(published, subject_id, now, gone, staying, able)
    last: DrawRecord | StageRecord = earlier[-1].record if earlier else base
    return _open(
        last,
        table,
        kind="recusal",
        matcher=chosen,
        as_of=decided,
        recusal={
            "decided": decided.isoformat(),
            "leaving": list(gone),
            "reason": reason,
            "staying": list(staying),
        },
        inputs=_inputs(subjects, catalog, inspectors, history),
        source=source,
        nonce=nonce,
    )


class _Teams:
    """Who fills which slot of each visit now: by the published odds, and the recusals since."""

    def __init__(
        self, base: DrawRecord | StageRecord, published: Odds, earlier: Sequence[Stage]
    ) -> None:
        stated = base.odds_sha256 if isinstance(base, DrawRecord) else (
            base["commitment"]["odds_sha256"])  # fmt: skip
        if stated != published.digest:
            remedy = "give the table whose SHA-256 the record states"
            raise ParameterError("odds", published.digest[:12], "are not the record's", remedy)
        seed = base.inspectors_seed if isinstance(base, DrawRecord) else base["inspectors_seed"]
        self.slots = _filled(published, str(seed))
        #: who left each visit before: nobody comes back
        self.left: dict[str, set[str]] = {subject: set() for subject in self.slots}
        parent = base.digest
        for stage in earlier:
            bound = stage.record["commitment"]
            if bound["parent"] != parent or bound["kind"] != "recusal":
                reason = "does not go on from the record before it"
                remedy = "give all recusals since, in their order"
                raise ParameterError("earlier", stage.record.digest[:12], reason, remedy)
            parent = stage.record.digest
            self._substitute(stage)

    def _substitute(self, stage: Stage) -> None:
        [subject] = stage.record["commitment"]["visits"]
        leaving = set(stage.record["commitment"]["recusal"]["leaving"])
        self.left[subject] |= leaving
        [came] = _filled(stage.odds, stage.record["inspectors_seed"]).values()
        lost = [slot for slot, own in enumerate(self.slots[subject]) if leaving & set(own)]
        for slot, substitutes in zip(lost, came, strict=True):
            stay = [name for name in self.slots[subject][slot] if name not in leaving]
            self.slots[subject][slot] = sorted([*stay, *substitutes])

    def team(self, subject_id: str) -> tuple[str, ...]:
        return tuple(sorted(name for slot in self.slots[subject_id] for name in slot))

    def loads(self) -> dict[str, int]:
        """In how many teams each inspector is."""
        loads: dict[str, int] = {}
        for subject in self.slots:
            for name in self.team(subject):
                loads[name] = loads.get(name, 0) + 1
        return loads


def _filled(odds: Odds, inspectors_seed: str) -> dict[str, list[list[str]]]:
    """For each subject the members that rounding gives each of its slots."""
    chosen = members(odds, inspectors_seed)
    filled: dict[str, list[list[str]]] = {subject: [] for subject in odds.visits}
    for visit in odds.visit_of.tolist():
        filled[odds.visits[visit]].append([])
    for slot, person in zip(
        odds.slot_of_entries[chosen].tolist(), odds.people[chosen].tolist(), strict=True
    ):
        own = filled[odds.visits[odds.visit_of[slot]]]
        own[odds.place_in_visit[slot]].append(odds.inspectors[person])
    return filled


def _still_able(
    matcher: Any, visit: Visits, inspectors: InspectorRegistry, now: _Teams
) -> set[str]:
    """Whom no rule keeps from the visit on the day of the decision, with capacity left."""
    if not callable(getattr(matcher, "eligibility", None)):
        remedy = "give it a method eligibility(visits, inspectors)"
        raise ParameterError("matcher", shorten(matcher), "cannot say who is eligible", remedy)
    eligibility = matcher.eligibility(visit, inspectors)
    able = eligibility.able & eligibility.in_region(visit.needs[0].subject.region)
    able[eligibility.barred_from(0)] = False
    loads, limits = now.loads(), inspectors.column("capacity")
    names = inspectors.ids
    return {
        names[row]
        for row in np.flatnonzero(able).tolist()
        if limits[row] is None or loads.get(names[row], 0) < limits[row]
    }


def _substitutes(
    published: Odds,
    subject_id: str,
    now: _Teams,
    leaving: Sequence[str],
    staying: Sequence[str],
    able: set[str],
) -> Odds:
    """The odds of substitutes, by the rule of the specification."""
    weights = _weights(published, subject_id)
    one = published.denominator
    given: dict[str, int] = {}
    slots = []
    for slot, filled in enumerate(now.slots[subject_id]):
        places = len(set(filled) & set(leaving))
        if not places:
            continue
        own = {name: w for name, w in weights[slot].items() if name in able}
        room = {name: one - given.get(name, 0) for name in own}
        numerators = _fill(own, room, places * one)
        if numerators is None:
            reason = (
                f"after {', '.join(leaving)} left, {places} must come from those with published "
                f"odds in the same place; {len(own)} of them are eligible now, with capacity left"
            )
            raise StaffingError([subject_id], places, len(own), reason)
        for name, numerator in numerators.items():
            given[name] = given.get(name, 0) + numerator
        slots.append((places, numerators))
    named = {name for _, numerators in slots for name in numerators}
    return Odds.of(published.bits, {subject_id: slots}, dict.fromkeys(sorted(named)))


def _weights(odds: Odds, subject_id: str) -> list[dict[str, int]]:
    """The published numerators of each slot of a visit."""
    entries = odds.entries_of(subject_id)
    first = int(odds.slot_of_entries[entries][0])
    weights: list[dict[str, int]] = []
    for slot, person, numerator in zip(
        odds.slot_of_entries[entries].tolist(),
        odds.people[entries].tolist(),
        odds.numerators[entries].tolist(),
        strict=True,
    ):
        while len(weights) <= slot - first:
            weights.append({})
        weights[slot - first][odds.inspectors[person]] = numerator
    return weights


def _fill(weights: Mapping[str, int], room: Mapping[str, int], total: int) -> dict[str, int] | None:
    """min(room, c · weight) with the one c that adds up, in whole numbers; `None` if none does."""
    names = sorted(weights)
    most = [room[name] for name in names]
    if sum(most) < total:
        return None
    shares = proportional(total, [weights[name] for name in names], [0] * len(names), most)
    numerators = zip(names, largest_remainders(total, shares, most), strict=True)
    return {name: numerator for name, numerator in numerators if numerator}
