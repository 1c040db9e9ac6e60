"""A correct matcher: a team for every visit whenever one exists.

Rules enforced here:
1. A team has `team_size` distinct people, at least two; all hard rules of `eligibility` hold.
2. Each specialty that a visit needs is held by somebody in its team; one person may hold several.
3. No team is found only when there is none, and the error names the visits.

A visit that needs specialties has slots: each is for holders of some of them. Where one person may
serve several specialties there are several ways to cut a visit into slots; they are tried in a
stated order. With one specialty a visit, or slots that need no choice, this is plain max-flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar

from attrs import field, frozen

from randcheck.errors import ParameterError, StaffingError, shorten
from randcheck.matching.assignment import Places
from randcheck.matching.eligibility import Candidates, eligible, holders
from randcheck.matching.staffing import Need, Slot, Staffing
from randcheck.registry import InspectorRegistry

#: How many ways of covering are tried before the search gives up; overlapping specialties make
#: the question NP-hard in general (it contains three-dimensional matching).
LARGEST_SEARCH = 20_000

#: One way to staff one visit: `(places, candidates)` for each slot.
Way = tuple[tuple[int, tuple[int, ...]], ...]


def _as_team_size(value: object) -> int:
    if type(value) is not int or value < 2:
        raise ParameterError(
            "team_size", shorten(value), "is not a whole number from 2", "inspect in pairs at least"
        )
    return value


@frozen
class FlowMatcher:
    """Teams of `team_size` distinct inspectors, at random, under every hard rule."""

    name: ClassVar[str] = "flow"
    team_size: int = field(default=2, converter=_as_team_size)

    def design(
        self, visits: Sequence[Need], inspectors: InspectorRegistry, as_of: date
    ) -> Staffing:
        """The slots of all visits, such that all can be filled at once.

        Raises `StaffingError` that names visits which cannot be staffed: those that nobody could
        staff even alone, or else a group whose places outnumber what the people eligible for it
        can do (a violation of Hall's condition).
        """
        candidates = eligible(visits, inspectors, as_of)
        ways = self._ways(visits, candidates, inspectors)
        capacities = tuple(inspectors.column("capacity"))
        chosen = _choose(visits, ways, capacities)
        return Staffing(
            visits=tuple(visit.subject_id for visit in visits),
            inspectors=tuple(inspectors.ids),
            slots=tuple(
                Slot(visit, places, people)
                for visit, way in enumerate(chosen)
                for places, people in way
            ),
            capacities=capacities,
        )

    def _ways(
        self,
        visits: Sequence[Need],
        candidates: Sequence[Candidates],
        inspectors: InspectorRegistry,
    ) -> list[list[Way]]:
        holding = {
            specialty: set(holders(inspectors, specialty).nonzero()[0].tolist())
            for specialty in {each for visit in visits for each in visit.specialties}
        }
        known: dict[tuple[int, tuple[str, ...]], list[Way]] = {}
        ways = []
        for visit, people in zip(visits, candidates, strict=True):
            key = id(people), visit.specialties  # visits of one region share their candidates
            if key not in known:
                known[key] = self._ways_of_one(visit, tuple(people.tolist()), holding)
            ways.append(known[key])
        hopeless = [visit for visit, own in zip(visits, ways, strict=True) if not own]
        if hopeless:
            raise StaffingError(
                [visit.subject_id for visit in hopeless],
                self.team_size * len(hopeless),
                0,
                f"not even alone does one find {self.team_size} people in its region, without "
                "conflict, certified and free, who hold the specialties it needs",
            )
        return ways

    def _ways_of_one(
        self, visit: Need, able: tuple[int, ...], holding: dict[str, set[int]]
    ) -> list[Way]:
        skilled = {
            specialty: [person for person in able if person in holding[specialty]]
            for specialty in sorted(set(visit.specialties))
        }
        return list(_ways_to_cover(skilled, able, self.team_size))


def _ways_to_cover(
    skilled: dict[str, list[int]], able: tuple[int, ...], size: int
) -> Iterator[Way]:
    """The ways to cut one team into slots: most slots first, then by the order of specialties.

    Only ways that this visit alone could fill.
    """
    found = []
    for blocks in _partitions(list(skilled), size):
        slots = []
        for block in blocks:
            common = set(skilled[block[0]]).intersection(*(skilled[each] for each in block))
            slots.append((1, tuple(person for person in able if person in common)))
        if len(blocks) < size:
            slots.append((size - len(blocks), able))
        found.append(tuple(slots))
    for way in sorted(found, key=len, reverse=True):
        places = Places([1] * (max(able, default=-1) + 1))
        if not any(places.add(0, count, people) for count, people in way):
            yield way


def _partitions(names: list[str], most: int) -> Iterator[list[list[str]]]:
    """All partitions of a list of names into at most so many blocks."""
    if not names:
        yield []
        return
    for rest in _partitions(names[:-1], most):
        for block in range(len(rest)):
            yield [[*own, names[-1]] if k == block else own for k, own in enumerate(rest)]
        if len(rest) < most:
            yield [*rest, [names[-1]]]


def _choose(
    visits: Sequence[Need], ways: Sequence[Sequence[Way]], capacities: Sequence[int | None]
) -> list[Way]:
    """For each visit a way such that all can be filled at once, by depth-first search.

    A way that cannot be filled beside those of the visits before it is passed over; when none is
    left, the search steps back to the visit before. If no visit has a choice, it ends at once.
    """
    places = Places(capacities)
    taken: list[int] = []
    attempt = steps = 0
    failure: StaffingError | None = None
    first_choice = next((n for n, own in enumerate(ways) if len(own) > 1), len(ways))
    while len(taken) < len(ways):
        visit = len(taken)
        if attempt < len(ways[visit]):
            obstacle = _try_way(places, visit, ways[visit][attempt], visits)
            if obstacle is None:
                taken.append(attempt)
                attempt = 0
            else:
                if visit < first_choice:
                    failure = obstacle
                elif failure is None or len(failure.visits) <= visit:
                    failure = _beyond_one_way(visits[: visit + 1], places, ways[visit][attempt])
                attempt += 1
        elif failure is not None and (not taken or steps > LARGEST_SEARCH):
            raise failure if not taken else _undecided(failure)
        else:
            attempt = taken.pop() + 1
            _remove_way(places, ways[len(taken)][attempt - 1])
        steps += failure is not None
    return [own[choice] for own, choice in zip(ways, taken, strict=True)]


def _try_way(places: Places, visit: int, way: Way, visits: Sequence[Need]) -> StaffingError | None:
    """Fill the slots of one way; the violation of Hall's condition when they cannot be filled."""
    for done, (count, people) in enumerate(way, start=1):
        if searched := places.add(visit, count, people):
            failure = _violation(places, searched, visits)
            for _ in range(done):
                places.drop()
            return failure
    return None


def _remove_way(places: Places, way: Way) -> None:
    for _ in way:
        places.drop()


def _violation(places: Places, searched: set[int], visits: Sequence[Need]) -> StaffingError:
    needed = sum(places.places[slot] for slot in searched)
    filled = sum(len(places.members[slot]) for slot in searched)
    people = {person for slot in searched for person in places.orders[slot]}
    return StaffingError(
        sorted({visits[places.visit_of[slot]].subject_id for slot in searched}),
        needed,
        filled,
        f"the {len(people)} people who may fill their places have no more room",
    )


def _beyond_one_way(visits: Sequence[Need], places: Places, way: Way) -> StaffingError:
    """These visits fail together where several ways to cover were open: all are named."""
    filled = sum(places.places)
    return StaffingError(
        [visit.subject_id for visit in visits],
        filled + sum(count for count, _ in way),
        filled,
        "whichever of them covers which specialty, the people eligible have no more room",
    )


def _undecided(failure: StaffingError) -> StaffingError:
    return StaffingError(
        failure.visits,
        failure.needed,
        failure.available,
        f"no way to cover overlapping specialties was found in {LARGEST_SEARCH} steps, which does "
        "not prove that there is none",
    )
