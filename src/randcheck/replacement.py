"""Replacement (替补): a firm that is not there is replaced, item by item, by its cell's reserves.

Rules enforced here (docs/replacement.md):
1. Nobody leaves the sample without an absence: a reason, evidence, a day, two persons who decided.
2. An item that was to be checked at an absent firm goes to the next reserve of the same cell that
   has the item in this cell, does not check it yet and is not absent itself. No new chance enters.
3. Only an `among` above 1 leaves a choice, always the same one: of the next `among` such reserves
   the first that is visited anyway, else the first. Whoever is passed over is listed.
4. An item that nobody takes over says why. A cell taken whole has no reserve.
5. Original and responding sample are both kept, each item with its exact inclusion probability.
6. A successor holds nothing but absences and what follows from them: anyone computes it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from traceback import format_exception_only
from typing import Any

import attrs
from attrs import field, frozen

from randcheck import canonical, dataframes
from randcheck.canonical import CanonicalObject
from randcheck.errors import DataError, ParameterError, Problem, RecordError, shorten
from randcheck.fields import DAY, ID, NAME, Fact, Fault, FrozenMapping, Kind, choice, declare
from randcheck.ids import suspects
from randcheck.record import DrawRecord, RecordedVisit, Reserve
from randcheck.tickets import PROTOCOL
from randcheck.verify import Finding, Report, verify

#: Why a firm is not there: closed (注销或不再经营), moved away (迁出), not to be found (查无下落).
REASONS = ("gone", "moved", "not found")

#: Why nobody stands in, as the record says it.
TAKEN_WHOLE = "the cell is taken whole: nobody is left to stand in"
NOT_THEIRS = "the item applies to none of the cell's reserves: give it a task of its own"
USED_UP = "the cell's reserves are used up: give the item a task of its own, or plan more reserves"

#: The numbers of the checks of a successor's lists; what else it states is check 4.
CHECKS = {"absences": 5, "substitutes": 6, "unreplaced": 6, "visits": 7}

#: The keys of a successor with the types of their values.
KEYS: dict[str, type] = dict.fromkeys(CHECKS, list) | {"among": int, "parent": str}
KEYS |= {"protocol": str, "record": str}


def _clean_evidence(value: Any) -> FrozenMapping:
    remedy = "give a text, or descriptions with the document's SHA-256 in lower-case hex (or None)"
    try:
        pairs = [(value, None)] if isinstance(value, str) else value
        pairs = list(pairs.items() if isinstance(pairs, Mapping) else pairs)
        given = dict(pairs)
    except (TypeError, ValueError):
        raise Fault("is no evidence", remedy) from None
    if not given or len(given) < len(pairs):
        raise Fault("is no evidence, or describes two documents alike", remedy)
    for text, digest in given.items():
        NAME.clean(text)
        if digest is not None and not canonical.is_sha256(NAME.clean(digest)):
            raise Fault(f"holds {shorten(digest)}, which is no SHA-256", remedy)
    return FrozenMapping(given)


def _clean_people(value: Any) -> tuple[str, ...]:
    remedy = "give the ids of at least two different persons who were there"
    if not isinstance(value, list | tuple | set | frozenset):
        raise Fault("is no list of persons", remedy)
    people = tuple(sorted({ID.clean(person) for person in value}))
    if len(people) < 2 or suspects(people):
        raise Fault("may be fewer than two persons", remedy)
    return people


@frozen
class Absence(Fact):
    """A firm that is not there, as two persons decided on a day.

    `reason` is one of `REASONS`; `evidence` a text, or descriptions of documents with their SHA-256
    (a mapping or pairs). Raises `DataError`, for all fields at once.
    """

    subject_id: str = declare(ID)
    reason: str = declare(Kind(choice(*REASONS)))
    evidence: Mapping[str, str | None] = declare(Kind(_clean_evidence, plain=dict))
    decided: date = declare(DAY)
    decided_by: tuple[str, ...] = declare(Kind(_clean_people, plain=list))


@frozen(slots=False)
class SubstitutionRecord(CanonicalObject):
    """The record's successor: absences and what follows from them, as canonical JSON holds it."""

    def __attrs_post_init__(self) -> None:
        try:
            value = canonical.loads(self.data)
            fits = isinstance(value, dict) and {k: type(x) for k, x in value.items()} == KEYS
            stated = [absence.to_json() for absence in self.absences] if fits else []
        except (ValueError, AttributeError) as error:  # not canonical, or no absence
            raise RecordError("successor", str(error)) from None
        if not fits or value["protocol"] != PROTOCOL:
            raise RecordError("successor", f"has not the keys of {PROTOCOL}: {', '.join(KEYS)}")
        if stated != value["absences"]:
            raise RecordError("successor", "writes an absence in another way than its own")

    @property
    def absences(self) -> tuple[Absence, ...]:
        """The absences that it states."""
        return tuple(Absence.from_json(each) for each in self["absences"])


@frozen
class Place:
    """One item to be checked at one subject, and what became of it.

    `probability` is take ÷ size of the cell, the same for whoever stands in; `status` is
    `"responding"` (drawn, and there), `"absent"` or `"substitute"`; `stands_for` the drawn subject
    whose place it takes, `None` for a drawn one; `reason` that of its absence.
    """

    subject_id: str
    item: str
    cell: int
    probability: Fraction
    status: str = "responding"
    stands_for: str | None = None
    reason: str | None = None


@frozen
class Substitution:
    """A successor record, and all places so far: those drawn, and those of substitutes."""

    record: SubstitutionRecord
    places: tuple[Place, ...] = field(repr=lambda places: f"<{len(places)}>")

    @property
    def original(self) -> tuple[Place, ...]:
        """The sample as drawn, with those that are absent."""
        return tuple(place for place in self.places if place.stands_for is None)

    @property
    def responding(self) -> tuple[Place, ...]:
        """The sample that is visited: drawn ones that are there, and substitutes."""
        return tuple(place for place in self.places if place.status != "absent")

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """One row a place, with the fields of `Place`; `probability` is exact text."""
        names = [each.name for each in attrs.fields(Place)]
        columns = {name: [getattr(place, name) for place in self.places] for name in names}
        columns["probability"] = [str(value) for value in columns["probability"]]
        types = {name: "int" if name == "cell" else "text" for name in names}
        return dataframes.build(columns, types, backend)


def replace(
    record: DrawRecord,
    absences: Iterable[Absence],
    *,
    sheet: Any,
    among: int = 1,
    earlier: Sequence[Substitution | SubstitutionRecord] = (),
) -> Substitution:
    """Who stands in for absent firms: the same, whoever computes it.

    `sheet` is the odds sheet (`draw.design`, or its bytes), `among` the number announced before
    the draw, `earlier` the successors so far, in their order. Raises `DataError` for a record that
    does not hold with its sheet and for absences that cannot be, `ParameterError` for the others.
    """
    if type(among) is not int or among < 1:
        raise ParameterError("among", shorten(among), "is not a whole number from 1", "give an int")
    data = _bytes(sheet)
    if broken := verify(record, data).findings:
        remedy = "give a record and its own odds sheet"
        rows = (Problem(None, x.where, x.found, f"is not {x.expected}", remedy) for x in broken)
        raise DataError("record", rows)
    sample = _Sample(record, data, among)
    for row, each in enumerate(x.record if isinstance(x, Substitution) else x for x in earlier):
        if sample.problems(each.absences) or sample.after(each.absences) != each:
            reason = "does not follow from the record, the successors before it and this `among`"
            remedy = "give all successors so far in their order, and the same among"
            raise ParameterError(f"earlier[{row}]", each.digest[:12], reason, remedy)
    given = tuple(absences)
    if problems := sample.problems(given):
        raise DataError("absences", problems)
    return Substitution(sample.after(given), sample.all_places())


class _Sample:
    """Who is checked on what now, beginning with a record that holds with its sheet."""

    def __init__(self, record: DrawRecord, sheet: bytes, among: int) -> None:
        self.record, self.among, self.parent = record, among, record.digest
        known: list[RecordedVisit | Reserve] = [*record.visits, *record.reserves]
        self.tickets = {each.subject: each.ticket for each in known}
        self.items, self.lines = _read_sheet(sheet, self.tickets)
        self.queues: dict[int, list[str]] = {cell: [] for cell in range(len(record.cells))}
        for reserve in record.reserves:
            self.queues[reserve.cell].append(reserve.subject)
        self.teams = {visit.subject: visit.team for visit in record.visits}
        self.absent: set[str] = set()
        self.places: dict[tuple[str, str], Place] = {}
        for visit in record.visits:
            for item in visit.items:
                self._place(visit.subject, item, self.lines[visit.subject][item])

    def _place(self, subject: str, item: str, cell: int, **more: Any) -> None:
        rate = Fraction(self.record.cells[cell].take, self.record.cells[cell].size)
        self.places[subject, item] = Place(subject, item, cell, rate, **more)

    def all_places(self) -> tuple[Place, ...]:
        """All places, in order of tickets, ids, and the sheet's items."""
        row = {item: number for number, item in enumerate(self.items)}
        keys = sorted(self.places, key=lambda key: (self.tickets[key[0]], key[0], row[key[1]]))
        return tuple(self.places[key] for key in keys)

    def problems(self, absences: Sequence[Absence]) -> list[Problem]:
        """Everything that keeps these absences from being next."""
        found = [] if absences else [Problem(None, None, "nobody", "is absent", "name somebody")]
        seen = set(self.absent)
        for row, each in enumerate(absences):
            name = each.subject_id if isinstance(each, Absence) else ""
            fault = ("is absent already", "state an absence once") if name in seen else None
            if name not in self.tickets:
                fault = ("is neither drawn nor a reserve", "give the Absence of one who is")
            if fault:
                found.append(Problem(row, "subject_id", shorten(name or each), *fault))
            seen.add(name)
        return found

    def after(self, absences: Iterable[Absence]) -> SubstitutionRecord:
        """The successor with these absences, which from then on are part of the past."""
        now = sorted(absences, key=lambda each: (self.tickets[each.subject_id], each.subject_id))
        self.absent |= {each.subject_id for each in now}
        left = []
        for each in now:
            keys = [(each.subject_id, item) for item in self.items]
            mine = [self.places[key] for key in keys if key in self.places]
            for place in sorted(mine, key=lambda x: x.cell):  # stable: items stay in order
                gone = attrs.evolve(place, status="absent", reason=each.reason)
                self.places[place.subject_id, place.item] = gone
                left.append(place)
        visited = {x.subject_id for x in self.places.values() if x.status != "absent"}
        entries = [self._stand_in(place, visited) for place in left]
        successor = SubstitutionRecord.from_json({
            "absences": [each.to_json() for each in now],
            "among": self.among,
            "parent": self.parent,
            "protocol": PROTOCOL,
            "record": self.record.digest,
            "substitutes": [each for each in entries if "subject" in each],
            "unreplaced": [each for each in entries if "subject" not in each],
            "visits": self._visits(),
        })  # fmt: skip
        self.parent = successor.digest
        return successor

    def _stand_in(self, place: Place, visited: set[str]) -> dict[str, Any]:
        """Who takes over one item of an absent subject, by rules 2 and 3, or why nobody does."""
        cell, item, drawn = place.cell, place.item, self.record.cells[place.cell]
        entry: dict[str, Any] = {"cell": cell, "for": place.subject_id, "item": item}
        reserves = self.queues[cell]
        fitting = [name for name in reserves if self.lines[name].get(item) == cell]
        queue = [name for name in reserves if (name, item) not in self.places]
        nearest = [x for x in queue if x in fitting and x not in self.absent][: self.among]
        if not nearest:
            reason = USED_UP if fitting or not reserves else NOT_THEIRS
            reason = TAKEN_WHOLE if drawn.take == drawn.size else reason
            return entry | {"reason": reason, "reserves": len(reserves)}
        chosen = next((name for name in nearest if name in visited), nearest[0])
        entry["passed"] = [
            {"subject": name, "why": "the item does not apply" if name not in fitting
             else "absent" if name in self.absent else "another is visited anyway"}
            for name in queue[: queue.index(chosen)]
        ]  # fmt: skip
        first = place.stands_for or place.subject_id
        self._place(chosen, item, cell, status="substitute", stands_for=first)
        entry |= {"subject": chosen, "ticket": self.tickets[chosen], "visited": chosen in visited}
        visited.add(chosen)
        return entry

    def _visits(self) -> list[dict[str, Any]]:
        """The responding sample, in ticket order."""
        visits: dict[str, list[dict[str, Any]]] = {}
        for each in self.all_places():
            if each.status != "absent":
                entry = {"cell": each.cell, "for": each.stands_for, "item": each.item}
                visits.setdefault(each.subject_id, []).append(entry)
        found = []
        for name, items in visits.items():  # a substitute is visited by the team of the absent firm
            teams = {self.teams[each["for"]] for each in items if name not in self.teams}
            common = teams.pop() if len(teams) == 1 else None  # several: to be decided
            team = self.teams.get(name, common)
            visit = {"items": items, "subject": name, "ticket": self.tickets[name]}
            found.append(visit | {"team": None if team is None else list(team)})
        return found


def _bytes(given: Any) -> bytes:
    """The bytes of a value, of the record in it, or of the file at a path."""
    given = getattr(given, "record", given)
    data = given.to_bytes() if hasattr(given, "to_bytes") else given
    return data if isinstance(data, bytes) else Path(data).read_bytes()


def _read_sheet(sheet: bytes, wanted: Iterable[str]) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """The items of a sheet that was verified, and item → cell for each of the wanted subjects."""
    header, *rows = sheet.split(b"\n")
    items = json.loads(header)["items"]
    names, lines = {canonical.dumps(name): name for name in wanted}, {}
    for row in rows:
        name, _, cells = row[1:].rpartition(b",[")
        if name in names:
            lines[names[name]] = dict(zip(items, json.loads(b"[" + cells[:-1]), strict=True))
    return items, lines


def check_replacement(
    successor: Any,
    record: Any,
    *,
    sheet: Any,
    earlier: Sequence[Any] = (),
    among: int | None = None,
) -> Report:
    """Whether a successor follows from its own absences; never raises, whatever it is given.

    All are bytes, paths or values. `among` is the number that was announced before the draw. The
    checks, by the number of their findings (those of 1 to 3 are fatal: the only ones):
    1. What is given can be read.  2. Successors are canonical JSON of the right form, with complete
    absences.  3. Record and sheet hold (`verify`), the `earlier` ones follow, absences can be.
    4. It goes on from them, with this `among`.  5. Absences are in ticket order.  6. Substitutes,
    those passed over and what is not replaced follow.  7. So do the visits.
    """
    unchecked = ["commitment", "randomness", "truth of the absences", *["among"] * (among is None)]
    findings, number = list[Finding](), 1
    try:
        data, before, lines, *past = map(_bytes, (successor, record, sheet, *earlier))
        number = 2
        found, *others = map(SubstitutionRecord, (data, *past))
        number = 3
        drawn, agreed = DrawRecord.from_bytes(before), found["among"] if among is None else among
        again = replace(drawn, found.absences, sheet=lines, among=agreed, earlier=others).record
        mine, theirs = _said(again), _said(found)
        for where in dict.fromkeys([*mine, *theirs]):
            told = [each.get(where, "nothing") for each in (mine, theirs)]
            if told[0] != told[1]:
                number = CHECKS.get(where.partition(" ")[0], 4)
                findings.append(Finding(number, "error", where, told[0][:200], told[1][:200]))
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = format_exception_only(error)[0].strip()[:1000]
        findings.append(Finding(number, "fatal", "successor", "what follows", text))
    return Report(tuple(findings[:100]), tuple(unchecked))


def _said(successor: SubstitutionRecord) -> dict[str, str]:
    """What stands at each place of a successor; entries are named by what tells them apart."""
    said: dict[str, Any] = {}
    for key, value in successor.to_json().items():
        names = []
        for each in value if key in CHECKS else ():
            found = [each[name] for name in ("subject_id", "for", "cell", "item") if name in each]
            names.append(json.dumps(found or each["subject"], ensure_ascii=False))
            said |= {f"{key} {names[-1]}: {part}": x for part, x in each.items()}
        said[f"{key} order" if key in CHECKS else key] = names if key in CHECKS else value
    return {where: json.dumps(each, ensure_ascii=False) for where, each in said.items()}
