"""The odds of every pair of visit and inspector: whole numerators over 2^k, fixed before the dice.

Rules enforced here (docs/spec.md, section 1):
1. A visit has slots; in each the numerators add up to its places, exactly.
2. An inspector's numerators add up to at most one in a visit, and in all visits to at most the
   capacity, exactly.
3. The table has one sequence of bytes: canonical JSON lines, a header, then one a visit in the
   order of the subjects' ids. Reading is strict.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from randcheck import canonical, dataframes
from randcheck.errors import CanonicalError, OddsError, Problem, UnknownNameError, shorten
from randcheck.tickets import PROTOCOL

Ints = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]

#: A slot as people write it: the places, and the numerator of each candidate's id.
Slot = tuple[int, Mapping[str, int]]

MOST_BITS = 30

_KEYS = ("bits", "capacities", "inspectors", "protocol")


@frozen
class Predictable:
    """A visit whose team is nearly known: how many could go, how many do, and who must."""

    subject_id: str
    eligible: int
    team_size: int
    certain: tuple[str, ...]


class Odds:
    """Whole-number odds of every pair, as published. Make one with `of` or `from_bytes`.

    `visits` and `inspectors` are ids, ascending. The table's entries lie in flat arrays: those of
    slot s are `people[starts[s]:starts[s + 1]]` (positions in `inspectors`) with their
    `numerators`; slot s belongs to the visit `visit_of[s]` and takes `places[s]` people.
    """

    def __init__(
        self,
        bits: int,
        visits: Sequence[str],
        inspectors: Sequence[str],
        capacities: Sequence[int | None],
        visit_of: Ints,
        places: Ints,
        starts: Offsets,
        people: Ints,
        numerators: Ints,
    ) -> None:
        self.bits = bits
        self.visits = tuple(visits)
        self.inspectors = tuple(inspectors)
        self.capacities = tuple(capacities)
        self.visit_of = visit_of
        self.places = places
        self.starts = starts
        self.people = people
        self.numerators = numerators
        problems = [*self._malformed()] or [*self._broken_sums()]
        if problems:
            raise OddsError(problems)
        for array in (visit_of, places, starts, people, numerators):
            array.flags.writeable = False

    @classmethod
    def of(
        cls,
        bits: int,
        lines: Mapping[str, Sequence[Slot]],
        capacities: Mapping[str, int | None],
    ) -> Odds:
        """Odds from each subject's slots and each inspector's capacity, in any order.

        Numerators of 0 are left out of the table. Raises `OddsError` that lists everything wrong.
        """
        visits, inspectors = sorted(lines), sorted(capacities)
        number = {name: position for position, name in enumerate(inspectors)}
        unknown = {
            name
            for slots in lines.values()
            for _, odds in slots
            for name in odds
            if name not in number
        }
        if unknown:
            raise UnknownNameError("inspector", sorted(unknown), (), "give each a capacity")
        visit_of, places, sizes, people, numerators = [], [], [], [], []
        for visit, subject in enumerate(visits):
            for count, odds in lines[subject]:
                entries = sorted((number[name], odds[name]) for name in odds if odds[name] != 0)
                visit_of.append(visit)
                places.append(count)
                sizes.append(len(entries))
                people += [person for person, _ in entries]
                numerators += [numerator for _, numerator in entries]
        limits = [capacities[name] for name in inspectors]
        return cls(
            bits,
            visits,
            inspectors,
            limits,
            _integers(visit_of),
            _integers(places),
            np.cumsum([0, *sizes], dtype=np.int64),
            _integers(people),
            _integers(numerators),
        )

    # --- what it says ----------------------------------------------------------------------------

    @property
    def denominator(self) -> int:
        """2 to the power of `bits`: what every numerator is over."""
        return 1 << self.bits

    def numerator(self, subject_id: str, inspector_id: str) -> int:
        """The numerator of a pair over `denominator`; 0 where they cannot meet.

        Raises `UnknownNameError` for a subject that is not visited or an unknown inspector.
        """
        person = _find(self.inspectors, inspector_id, "inspector")
        entries = self.entries_of(subject_id)
        return int(self.numerators[entries][self.people[entries] == person].sum())

    def probability(self, subject_id: str, inspector_id: str) -> Fraction:
        """The odds of a pair as a fraction."""
        return Fraction(self.numerator(subject_id, inspector_id), self.denominator)

    def entries_of(self, subject_id: str) -> slice:
        """Where a visit's entries lie in `people` and `numerators`."""
        visit = _find(self.visits, subject_id, "visit")
        first, last = np.searchsorted(self.visit_of, (visit, visit + 1)).tolist()
        return slice(int(self.starts[first]), int(self.starts[last]))

    def pairs(self) -> tuple[Ints, Ints, npt.NDArray[np.int64]]:
        """Each pair once: positions of visits and of inspectors, and the sums of numerators."""
        if len(self.visits) == len(self.places):
            return self.visit_of_entries, self.people, self.numerators.astype(np.int64)
        width = max(len(self.inspectors), 1)
        key = self.visit_of_entries.astype(np.int64) * width + self.people
        order = np.argsort(key, kind="stable")
        key = key[order]
        firsts = np.flatnonzero(np.diff(key, prepend=-1))
        sums = np.add.reduceat(self.numerators[order].astype(np.int64), firsts) if len(key) else key
        visits, people = np.divmod(key[firsts], width)
        return visits.astype(np.int32), people.astype(np.int32), sums

    @cached_property
    def slot_of_entries(self) -> Ints:
        """The slot of each entry."""
        slots = np.arange(len(self.places), dtype=np.int32)
        return np.repeat(slots, np.diff(self.starts))

    @cached_property
    def visit_of_entries(self) -> Ints:
        """The visit of each entry."""
        return np.repeat(self.visit_of, np.diff(self.starts))

    @cached_property
    def pair_of_entries(self) -> Ints:
        """For each entry the number of its pair if the pair has several entries, else -1."""
        return shared_pairs(self.visit_of, self.visit_of_entries, self.people)

    @cached_property
    def place_in_visit(self) -> Ints:
        """The number of each slot in its visit, from 0."""
        firsts = np.searchsorted(self.visit_of, self.visit_of, side="left")
        return (np.arange(len(self.places)) - firsts).astype(np.int32)

    def loads(self) -> npt.NDArray[np.int64]:
        """Each inspector's expected number of visits, as a numerator over `denominator`."""
        return _sums(self.people, self.numerators, len(self.inspectors))

    @cached_property
    def predictable(self) -> tuple[Predictable, ...]:
        """Visits whose teams are nearly known: fewer than q + 2 could go, or somebody must."""
        entries = np.bincount(self.visit_of_entries, minlength=len(self.visits))
        first, sums = self._shared
        again = np.flatnonzero(self.pair_of_entries >= 0)
        again = again[~np.isin(again, first)]
        sizes = entries - np.bincount(self.visit_of_entries[again], minlength=len(self.visits))
        teams = _sums(self.visit_of, self.places, len(self.visits))
        certain = np.flatnonzero(self.numerators == self.denominator)
        must: dict[int, list[str]] = {}
        for entry in sorted({*certain.tolist(), *first[sums == self.denominator].tolist()}):
            visit = int(self.visit_of_entries[entry])
            must.setdefault(visit, []).append(self.inspectors[self.people[entry]])
        return tuple(
            Predictable(
                self.visits[visit],
                int(sizes[visit]),
                int(teams[visit]),
                tuple(sorted(must.get(visit, ()))),
            )
            for visit in sorted({*np.flatnonzero(sizes < teams + 2).tolist(), *must})
        )

    @cached_property
    def _shared(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The first entry of each pair that has several, and the sum of the pair's numerators."""
        several = np.flatnonzero(self.pair_of_entries >= 0)
        pairs, first = np.unique(self.pair_of_entries[several], return_index=True)
        own = self.pair_of_entries[several]
        return several[first], _sums(own, self.numerators[several], len(pairs))

    def __repr__(self) -> str:
        return (
            f"<Odds of {len(self.people)} pairs over 2^{self.bits}: "
            f"{len(self.visits)} visits, {len(self.inspectors)} inspectors>"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Odds):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """One row a pair with odds above 0: `subject_id`, `inspector_id`, `numerator`."""
        visits, people, sums = self.pairs()
        columns: dict[str, list[Any]] = {
            "subject_id": _objects(self.visits)[visits].tolist(),
            "inspector_id": _objects(self.inspectors)[people].tolist(),
            "numerator": sums.tolist(),
        }
        types = {"subject_id": "text", "inspector_id": "text", "numerator": "int"}
        return dataframes.build(columns, types, backend)

    # --- bytes -----------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """The odds table: canonical JSON lines, UTF-8, each ended by a newline."""
        header = {
            "bits": self.bits,
            "capacities": list(self.capacities),
            "inspectors": list(self.inspectors),
            "protocol": PROTOCOL,
        }
        most = int(self.numerators.max(initial=0))
        texts = _objects([str(n) for n in range(max(len(self.inspectors), min(most, 1 << 16) + 1))])
        pieces, bounds = [canonical.dumps(header)], self.starts.tolist()
        slot, counts = 0, np.bincount(self.visit_of, minlength=len(self.visits)).tolist()
        places = self.places.tolist()
        for subject, count in zip(self.visits, counts, strict=True):
            slots = []
            for row in range(slot, slot + count):
                entries = slice(bounds[row], bounds[row + 1])
                people = ",".join(texts[self.people[entries]].tolist())
                own = self.numerators[entries]
                shown = texts[own].tolist() if most < len(texts) else map(str, own.tolist())
                slots.append(f"[{places[row]},[{people}],[{','.join(shown)}]]")
            slot += count
            pieces.append(f"[{canonical.quote(subject)},[{','.join(slots)}]]".encode())
        return b"\n".join([*pieces, b""])

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the table, lower-case hex: what `sha256sum` says of the file."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Odds:
        """The odds of a table's bytes; `OddsError` says where they are none."""
        try:
            header, *lines = [canonical.loads(line) for line in data.split(b"\n")[:-1]]
        except (CanonicalError, ValueError) as error:
            raise _unreadable(f"is not lines of canonical JSON: {error}") from None
        if not data.endswith(b"\n") or not isinstance(header, dict) or tuple(header) != _KEYS:
            raise _unreadable(f"has no header with exactly {', '.join(_KEYS)}")
        if header["protocol"] != PROTOCOL:
            raise _unreadable(f"is of protocol {shorten(header['protocol'])}")
        try:
            odds = cls._from_values(header, lines)
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            if isinstance(error, OddsError):
                raise
            raise _unreadable(f"holds values of another form: {error}") from None
        if odds.to_bytes() != data:
            raise _unreadable("is not in its canonical order")
        return odds

    @classmethod
    def _from_values(cls, header: Mapping[str, Any], lines: Iterable[Any]) -> Odds:
        rows = [(subject, *slot) for subject, slots in lines for slot in slots]
        visits = [subject for subject, _ in lines]
        number = {name: visit for visit, name in enumerate(visits)}
        people = [person for *_, own, _ in rows for person in own]
        numerators = [numerator for *_, own in rows for numerator in own]
        if any(len(own) != len(odds) for *_, own, odds in rows):
            raise _unreadable("has a slot with more inspectors than numerators, or fewer")
        return cls(
            header["bits"],
            visits,
            header["inspectors"],
            header["capacities"],
            _integers([number[subject] for subject, *_ in rows]),
            _integers([places for _, places, *_ in rows]),
            np.cumsum([0, *(len(own) for *_, own in rows)], dtype=np.int64),
            _integers(people),
            _integers(numerators),
        )

    # --- what must hold --------------------------------------------------------------------------

    def _malformed(self) -> Iterable[Problem]:
        """What must hold before sums mean anything."""
        if type(self.bits) is not int or not 1 <= self.bits <= MOST_BITS:
            remedy = f"give a whole number from 1 to {MOST_BITS}"
            yield Problem(None, "bits", shorten(self.bits), "is no precision", remedy)
        for name, ids in (("visits", self.visits), ("inspectors", self.inspectors)):
            if not all(isinstance(each, str) for each in ids):
                yield Problem(None, name, shorten(ids), "are not all texts", "give ids")
            elif not all(one < other for one, other in pairwise(ids)):
                yield Problem(None, name, shorten(ids), "do not ascend", "sort them, each once")
        limits = self.capacities
        if any(limit is not None and (type(limit) is not int or limit < 0) for limit in limits):
            remedy = "give whole numbers from 0"
            yield Problem(None, "capacities", shorten(limits), "are not all counts", remedy)
        if len(self.capacities) != len(self.inspectors):
            counts = f"{len(self.capacities)} for {len(self.inspectors)} inspectors"
            yield Problem(None, "capacities", counts, "do not fit", "give one for each")
        rows = len(self.places)
        if len(self.visit_of) != rows or len(self.starts) != rows + 1:
            yield Problem(None, "slots", f"{rows}", "do not fit the other arrays", "use Odds.of")
            return
        if (
            not np.array_equal(np.unique(self.visit_of), np.arange(len(self.visits)))
            or (np.diff(self.visit_of) < 0).any()
        ):
            remedy = "give each visit its slots, in the order of visits"
            yield Problem(None, "slots", "visits", "are not all there in order", remedy)
        if (self.places < 1).any():
            yield Problem(None, "places", str(self.places.min()), "is below 1", "leave it out")
        if (np.diff(self.starts) < 1).any() or len(self.people) != self.starts[-1]:
            row = int(np.argmin(np.diff(self.starts)))
            yield Problem(row, "slots", "this slot", "has no candidate", "give it some")
            return
        if len(self.people) and not 0 <= self.people.min() <= self.people.max() < len(
            self.inspectors
        ):
            yield Problem(None, "people", shorten(self.people), "are no positions", "use Odds.of")
        within = np.ones(len(self.people), dtype=bool)
        within[self.starts[:-1]] = False
        if (np.diff(self.people, prepend=0)[within] <= 0).any():
            yield Problem(None, "people", "of a slot", "do not ascend", "list each once, ascending")
        if (self.numerators < 1).any() or (self.numerators > 1 << MOST_BITS).any():
            yield Problem(None, "numerators", "one", "is below 1 or too large", "leave out zeros")

    def _broken_sums(self) -> Iterable[Problem]:
        """The three sums of the specification."""
        one = self.denominator
        sums = _sums(self.slot_of_entries, self.numerators, len(self.places))
        for row in np.flatnonzero(sums != self.places.astype(np.int64) * one).tolist():
            subject = self.visits[self.visit_of[row]]
            remedy = f"make it {int(self.places[row])} · 2^{self.bits}"
            found = f"{int(sums[row])}"
            yield Problem(row, "numerators", found, f"is the sum in a slot of {subject!r}", remedy)
        first, sums = self._shared
        above = [*np.flatnonzero(self.numerators > one), *first[sums > one]]
        for entry in sorted(set(map(int, above))):
            names = self.visits[self.visit_of_entries[entry]], self.inspectors[self.people[entry]]
            remedy = f"at most 2^{self.bits}: nobody is twice in a team"
            yield Problem(None, "numerators", "more than one", f"is the sum of {names}", remedy)
        for person, load in enumerate(self.loads().tolist()):
            limit = self.capacities[person]
            if limit is not None and load > limit * one:
                name = self.inspectors[person]
                remedy = f"at most {limit} · 2^{self.bits}, the capacity"
                yield Problem(None, "numerators", f"{load}", f"is the sum of {name!r}", remedy)


def shared_pairs(visit_of: Ints, visits: Ints, people: Ints) -> Ints:
    """Numbers the pairs of visit and person that have several entries; -1 for every other.

    `visit_of` gives the visit of each slot, `visits` and `people` those of each entry.
    """
    pairs = np.full(len(people), -1, dtype=np.int32)
    several_slots = np.bincount(visit_of) > 1
    chosen = np.flatnonzero(several_slots[visits]) if several_slots.any() else visits[:0]
    if len(chosen):
        key = visits[chosen].astype(np.int64) * (int(people.max()) + 1) + people[chosen]
        order = np.argsort(key, kind="stable")
        key = key[order]
        group = np.concatenate([[0], np.cumsum(key[1:] != key[:-1])])
        several = np.bincount(group) > 1
        pairs[chosen[order]] = np.where(several, np.cumsum(several) - 1, -1)[group]
    return pairs


def _sums(groups: npt.NDArray[Any], values: npt.NDArray[Any], size: int) -> npt.NDArray[np.int64]:
    """Exact sums by group: `bincount` adds doubles, which are exact below 2^53."""
    return np.bincount(groups, weights=values, minlength=size).astype(np.int64)


def _integers(values: Sequence[Any]) -> Ints:
    """The values as they are, or an error: no float, no truth value, no text becomes a number."""
    if any(type(value) is not int for value in values):
        wrong = next(value for value in values if type(value) is not int)
        raise _unreadable(f"holds {shorten(wrong)} where a whole number belongs")
    return np.array(values, dtype=np.int32)


def _find(ids: tuple[str, ...], name: str, kind: str) -> int:
    position = bisect_left(ids, name)
    if position == len(ids) or ids[position] != name:
        raise UnknownNameError(f"{kind} of the odds", (name,), ())
    return position


def _objects(values: Sequence[str]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _unreadable(reason: str) -> OddsError:
    return OddsError([Problem(None, None, "the odds table", reason, "take it as it was published")])
