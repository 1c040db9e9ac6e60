"""Who goes where: the same inspector at the same firm, who follows whom, one person twice.

Rules enforced here:
1. The null hypothesis: within a draw and a stratum the teams are given, and each way to deal them
   out among the visits is equally likely. Which firms were drawn is taken as it is.
2. A person who is named twice in a team is impossible in a fair draw: p = 0, and that person
   counts once in the other tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from attrs import frozen

from randcheck.audit.report import Floats, Ints, Question, batches, name_some, simulated_p
from randcheck.audit.samples import PastSample


@frozen(eq=False)
class Visits:
    """All visits with a team, draw after draw in list order.

    `members` are visits × places of inspectors' numbers, −1 for nobody; `cell` numbers the draw and
    stratum of a visit; `follows` are the visits whose next one is of the same draw.
    """

    inspectors: tuple[str, ...]
    firms: tuple[str, ...]
    firm: Ints
    cell: Ints
    members: Ints
    follows: Ints

    @classmethod
    def of(cls, samples: Sequence[PastSample]) -> Visits:
        people: dict[str, int] = {}
        firms: dict[str, int] = {}
        cells: dict[tuple[int, str], int] = {}
        firm, cell, teams, draws = [], [], [], []
        for row, sample in enumerate(samples):
            for name, team in zip(sample.drawn, sample.teams or (), strict=True):
                stratum = sample.strata[name] if sample.strata else ""
                firm.append(firms.setdefault(name, len(firms)))
                cell.append(cells.setdefault((row, stratum), len(cells)))
                teams.append([people.setdefault(each, len(people)) for each in dict.fromkeys(team)])
                draws.append(row)
        width = max(map(len, teams), default=0)
        members = np.array([team + [-1] * (width - len(team)) for team in teams], dtype=np.int64)
        follows = np.flatnonzero(np.diff(draws) == 0) if draws else np.zeros(0, np.int64)
        return cls(
            tuple(people),
            tuple(firms),
            np.array(firm, dtype=np.int64),
            np.array(cell, dtype=np.int64),
            members.reshape(len(teams), width),
            follows,
        )

    def deal(self, copies: int, rng: np.random.Generator) -> Ints:
        """`members` dealt out again within each cell: copies × visits × places."""
        slots = np.argsort(self.cell, kind="stable")
        keys = self.cell + rng.random((copies, len(self.cell)))
        source = np.empty((copies, len(slots)), dtype=np.int64)
        source[:, slots] = np.argsort(keys, axis=1)
        return self.members[source]

    def meetings(self, members: Ints) -> Ints:
        """A number for inspector and firm of each place of each visit, −1 for nobody."""
        keys = members * len(self.firms) + self.firm[:, None]
        return np.where(members < 0, -1, keys).reshape(len(members), -1)

    def successions(self, members: Ints) -> Ints:
        """A number for each pair of inspectors on two visits in a row, −1 for nobody."""
        first = members[:, self.follows, :, None]
        second = members[:, self.follows + 1, None, :]
        keys = np.where((first < 0) | (second < 0), -1, first * len(self.inspectors) + second)
        return keys.reshape(len(members), -1)


def _tally(keys: Ints, width: int) -> tuple[Ints, Ints, Ints]:
    """How often each key from 0 below `width` is in each row: rows, keys and counts, row by row."""
    rows = len(keys)
    flat = (keys + np.arange(rows)[:, None] * width)[keys >= 0]
    if rows * width <= 4 * flat.size:
        counts = np.bincount(flat, minlength=rows * width)
        found = np.flatnonzero(counts)
        counts = counts[found]
    else:
        found, counts = np.unique(flat, return_counts=True)
    return found // width, found % width, counts


@frozen(eq=False)
class _Tests:
    """The two statistics over copies; `expected` meetings are the same for every way to deal."""

    visits: Visits
    expected: Floats

    @classmethod
    def of(cls, visits: Visits) -> _Tests:
        """Expected meetings of inspector × firm: the inspector's share of the visits of each cell,
        added up over the firm's visits.
        """
        from scipy.sparse import csr_array

        size = np.bincount(visits.cell)
        row, place = np.nonzero(visits.members >= 0)
        who, where = visits.members[row, place], visits.cell[row]
        people, firms, cells = len(visits.inspectors), len(visits.firms), len(size)
        share = csr_array((1.0 / size[where], (who, where)), shape=(people, cells))
        ones = np.ones(len(visits.firm))
        met = csr_array((ones, (visits.cell, visits.firm)), shape=(cells, firms))
        expected = (share @ met).tocsr()
        keys = np.repeat(np.arange(people), np.diff(expected.indptr)) * firms + expected.indices
        order = np.argsort(keys, kind="stable")
        return cls(visits, np.stack([keys[order], expected.data[order]]))

    def expect(self, keys: Ints) -> Floats:
        """Expected meetings of each inspector and firm that could meet at all."""
        found: Floats = self.expected[1][np.searchsorted(self.expected[0], keys)]
        return found

    def surprises(self, members: Ints) -> tuple[Ints, Ints, Ints, Floats]:
        """Copy, pair, meetings and −log P(as many) of each pair that met at least twice.

        The chance is that of a Poisson count, of which only the order matters here.
        """
        from scipy.special import gammainc

        width = len(self.visits.inspectors) * len(self.visits.firms)
        rows, keys, counts = _tally(self.visits.meetings(members), width)
        again = counts > 1
        rows, keys, counts = rows[again], keys[again], counts[again]
        chance = gammainc(counts, self.expect(keys))
        return rows, keys, counts, -np.log(np.maximum(chance, 1e-300))

    def pairings(self, members: Ints) -> Floats:
        """The most surprising pair of each copy."""
        rows, _, _, surprise = self.surprises(members)
        most = np.zeros(len(members))
        np.maximum.at(most, rows, surprise)
        return most

    def successors(self, members: Ints) -> Floats:
        """Σ count² of who follows whom, for each copy."""
        rows, _, counts = _tally(self.visits.successions(members), len(self.visits.inspectors) ** 2)
        return np.bincount(rows, counts.astype(np.float64) ** 2, len(members)).astype(np.float64)


def ask(
    samples: Sequence[PastSample], simulations: int, rng: np.random.Generator
) -> list[Question]:
    """The questions about teams that a history can answer; samples without teams are left out."""
    staffed = [sample for sample in samples if sample.teams]
    if not staffed:
        return []
    questions = [_twice(staffed)]
    visits = Visits.of(staffed)
    if not _can_differ(visits):
        return questions
    tests = _Tests.of(visits)
    statistics = {}
    if np.bincount(visits.firm).max() > 1:
        statistics["pairings"] = tests.pairings
    if len(visits.follows):
        statistics["successors"] = tests.successors
    simulated: dict[str, list[Floats]] = {name: [] for name in statistics}
    for copies in batches(simulations, visits.members.size * visits.members.shape[1]):
        members = visits.deal(copies, rng)
        for name, statistic in statistics.items():
            simulated[name].append(statistic(members))
    for name, statistic in statistics.items():
        observed = float(statistic(visits.members[None])[0])
        fair = np.concatenate(simulated[name])
        says = _pairing(tests) if name == "pairings" else _succession(visits, observed, fair)
        p_value = simulated_p(observed, fair)
        questions.append(Question(name, observed, p_value, "simulated", says))
    return questions


def _can_differ(visits: Visits) -> bool:
    """Whether some cell has two teams that are not the same."""
    first: dict[int, tuple[int, ...]] = {}
    teams = map(tuple, np.sort(visits.members, axis=1).tolist())
    return any(
        first.setdefault(cell, team) != team
        for cell, team in zip(visits.cell.tolist(), teams, strict=True)
    )


def _twice(samples: Sequence[PastSample]) -> Question:
    people: Counter[str] = Counter()
    teams = 0
    for sample in samples:
        for team in sample.teams or ():
            twice = [name for name, times in Counter(team).items() if times > 1]
            people.update(twice)
            teams += bool(twice)
    named = name_some(f"{name} ({times})" for name, times in people.most_common())
    says = f"teams that name one person twice, as no fair draw does: {teams}; {named}"
    p_value = Fraction(0) if teams else Fraction(1)
    usual = "nobody is twice in a team"
    return Question("person twice", teams, p_value, "exact", says, usual, certain=True)


def _pairing(tests: _Tests) -> str:
    _, keys, counts, surprise = tests.surprises(tests.visits.members[None])
    if not len(keys):
        return ""
    most = int(surprise.argmax())
    inspector, firm = divmod(int(keys[most]), len(tests.visits.firms))
    return (
        f"{tests.visits.inspectors[inspector]} went to {tests.visits.firms[firm]} "
        f"{counts[most]} times, in fair draws about {tests.expect(keys)[most]:.3g}: ask why"
    )


def _succession(visits: Visits, observed: float, copies: Floats) -> str:
    _, keys, counts = _tally(visits.successions(visits.members[None]), len(visits.inspectors) ** 2)
    if not len(keys):
        return ""
    most = int(counts.argmax())
    first, second = divmod(int(keys[most]), len(visits.inspectors))
    ratio = observed / max(1.0, float(copies.mean()))
    return (
        f"who follows whom repeats {ratio:.3g} times as much as in fair draws, as in a rota: "
        f"{visits.inspectors[second]} came after {visits.inspectors[first]} {counts[most]} times"
    )
