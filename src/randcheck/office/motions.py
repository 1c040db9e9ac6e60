"""Signs of going through the motions (走过场): what in the cases gives a reason to look.

Rules enforced here:
1. A sign is a reason to look and never guilt: it says what was seen, beside what, and how rare.
2. Compared is like with like: the same item, the same risk class, the same region where at least
   half of a person's visits have colleagues' visits there, and else over all regions, which is
   said. A visit that nobody else's can be compared with counts for nothing.
3. The null hypothesis: within a stratum each choice of visits is as likely to be this person's.
   Teams that were drawn by lot make it so; where teams were chosen, the firms may differ.
4. p-values are exact fractions, conditional on all margins: hypergeometric in a stratum, convolved
   over strata. Which tests there are follows from the margins alone.
5. Wording and results have half of the level each, and Holm's correction in each half: a fair year
   has any sign of these kinds with a chance of at most the level.
6. Durations and times that cannot be are facts of the books; they have no p-value.

The test over strata is the exact one of M. W. Birch (J. R. Stat. Soc. B 26, 1964) for the common
odds ratio 1, the exact form of that of Mantel and Haenszel (1959).
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any, NamedTuple

from attrs import field, frozen

from randcheck.audit.report import Question, judge, name_some
from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.office.cases import Case
from randcheck.office.codes import STANDARD, ResultCodes
from randcheck.rates import Rate, parse_count, parse_rate

LEVEL = Fraction(5, 100)


def _travel(value: Any) -> Mapping[tuple[str, str], int]:
    """Minutes by pairs of regions in ascending order."""
    found: dict[tuple[str, str], int] = {}
    for pair, minutes in dict(value).items():
        parse_count(minutes, f"travel[{pair!r}]")
        if (
            not isinstance(pair, tuple)
            or len(pair) != 2
            or not all(isinstance(x, str) for x in pair)
        ):
            raise ParameterError("travel", shorten(pair), "is no pair", "give ('990101', '990102')")
        first, second = sorted(pair)
        if found.setdefault((first, second), minutes) != minutes:
            remedy = "give one number for both directions"
            raise ParameterError("travel", shorten(pair), "is there twice", remedy)
    return found


@frozen(kw_only=True)
class Limits:
    """What counts as a sign. No rule states these numbers: they are the office's choice.

    `shortest`: minutes that a visit takes at the least. `travel`: minutes that the way between two
    regions takes at the least, whatever the direction; pairs that are not there are not asked
    about. `least`: a text must be in as many visits of a person, and a person must have as many
    visits to an item, to be asked about at all.
    """

    shortest: int = 10
    travel: Mapping[tuple[str, str], int] = field(factory=dict, converter=_travel)
    least: int = 5

    def __attrs_post_init__(self) -> None:
        for name in ("shortest", "least"):
            parse_count(getattr(self, name), name)


@frozen
class Sign:
    """One reason to look: what kind, at whom and which cases, and in words.

    `kind` is `"wording"`, `"problems"`, `"unreached"`, `"short"`, `"overlap"` or `"far apart"`.
    `p_value` is the chance of as much or more in a fair year, `adjusted` the same after Holm's
    correction; both are `None` for facts.
    """

    kind: str
    who: tuple[str, ...]
    cases: tuple[str, ...] = field(repr=lambda cases: f"<{len(cases)}>")
    says: str
    p_value: Fraction | None = None
    adjusted: Fraction | None = None


@frozen
class Signs:
    """All signs, facts first, then by p-value. `asked` is how many tests each half had.

    `alone` are people for whom some item has no colleagues to compare with; nothing is said of
    them there, good or bad.
    """

    signs: tuple[Sign, ...]
    asked: Mapping[str, int]
    alone: tuple[str, ...]
    level: Fraction

    def of(self, kind: str) -> tuple[Sign, ...]:
        """The signs of a kind."""
        return tuple(sign for sign in self.signs if sign.kind == kind)

    def __str__(self) -> str:
        tests = " and ".join(f"{count} of {name}" for name, count in self.asked.items())
        lines = [
            f"{len(self.signs)} reasons to look, and none of them says that anybody did wrong. "
            f"Tests asked: {tests}; a fair year has any sign of these with a chance of at most "
            f"{float(self.level):.3g}, if teams were drawn by lot."
        ]
        for sign in self.signs:
            rare = "" if sign.adjusted is None else f" (adjusted p {float(sign.adjusted):.2g})"
            lines.append(f"{sign.kind}: {sign.says}{rare}")
        if self.alone:
            lines.append(f"without colleagues to compare with: {name_some(self.alone)}")
        return "\n".join(lines)


class _Row(NamedTuple):
    """One item of one case."""

    case: str
    item: str
    risk_class: str
    region: str
    people: tuple[str, ...]
    code: str
    text: str | None


def signs_of_motions(
    cases: Iterable[Case],
    *,
    codes: ResultCodes = STANDARD,
    limits: Limits | None = None,
    level: Rate = LEVEL,
) -> Signs:
    """The signs in an office's cases of a period; voided ones and those without results are out.

    `level` is the chance that a fair year has any sign in wording or results.
    """
    share = parse_rate(level, "level")
    if not 0 < share < 1:
        raise ParameterError("level", shorten(level), "finds all or nothing", "give such as '5%'")
    asked = Limits() if limits is None else limits
    known = sorted(
        (case for case in cases if case.status != "voided" and case.inspectors),
        key=lambda case: case.id,
    )
    rows = [row for case in known for row in _rows(case)]
    alone: set[str] = set()
    wording = list(_wording(rows, asked))
    results = list(_results(rows, codes, asked, alone))
    tested = [*_judged(wording, share / 2), *_judged(results, share / 2)]
    tested.sort(key=lambda sign: (sign.p_value or 0, sign.kind, sign.who, sign.says))
    counts = FrozenMapping({"wording": len(wording), "results": len(results)})
    return Signs((*_facts(known, asked), *tested), counts, tuple(sorted(alone)), share)


def _rows(case: Case) -> Iterator[_Row]:
    for item, result in (case.results or {}).items():
        text = None if result.note is None else plain(result.note)
        drawn = case.drawn
        yield _Row(case.id, item, drawn.risk_class or "", drawn.region, case.inspectors,
                   result.code, text)  # fmt: skip


def plain(text: str) -> str:
    """A note in the form in which notes are compared: NFKC, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


# --- exact tests -------------------------------------------------------------------------------


class Stratum(NamedTuple):
    """Visits in a stratum, those with the feature, and how many of them are the person's."""

    visits: int
    featured: int
    own: int


@lru_cache(maxsize=4096)
def _ways(stratum: Stratum) -> tuple[int, tuple[int, ...]]:
    """The least count of the feature among the person's visits, and the ways to each from it on."""
    visits, featured, own = stratum
    least, most = max(0, own - (visits - featured)), min(own, featured)
    ways = [comb(featured, x) * comb(visits - featured, own - x) for x in range(least, most + 1)]
    return least, tuple(ways)


def tails(strata: Iterable[Stratum], count: int) -> tuple[Fraction, Fraction]:
    """The exact chances of `count` or fewer, and of `count` or more, over all strata.

    >>> tails([Stratum(10, 5, 3)], 3)
    (Fraction(1, 1), Fraction(1, 12))
    """
    least, ways = 0, [1]
    for stratum in strata:
        start, more = _ways(stratum)
        least += start
        product = [0] * (len(ways) + len(more) - 1)
        for i, one in enumerate(ways):
            for j, other in enumerate(more):
                product[i + j] += one * other
        ways = product
    total, place = sum(ways), count - least
    below, above = sum(ways[: max(0, place + 1)]), sum(ways[max(0, place) :])
    return Fraction(below, total), Fraction(above, total)


class _Count(NamedTuple):
    """A person's visits to compare: strata, visits with the feature, visits in all, and by what."""

    strata: list[Stratum]
    found: int
    own: int
    by_region: bool

    @property
    def expected(self) -> Fraction:
        return sum((Fraction(n * k, total) for total, k, n in self.strata), Fraction(0))

    @property
    def beside(self) -> str:
        return "the same region" if self.by_region else "all regions"


_Key = Callable[[_Row], tuple[str, ...]]


class _Tally:
    """How many rows there are in each stratum: of all, and of each person."""

    def __init__(self, rows: Iterable[_Row], key: _Key) -> None:
        self.every: Counter[tuple[str, ...]] = Counter()
        self.own: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        for row in rows:
            place = key(row)
            self.every[place] += 1
            for who in row.people:
                self.own[who][place] += 1

    def shared(self, who: str) -> list[tuple[str, ...]]:
        """The strata of a person in which somebody else is, too."""
        return sorted(key for key, count in self.own[who].items() if count < self.every[key])

    def serves(self, who: str) -> bool:
        """Whether those are the strata of at least half of the person's rows."""
        return 2 * sum(self.own[who][key] for key in self.shared(who)) >= self.own[who].total()


class _Comparable:
    """Whose rows can be compared, and in which strata: by the first key, or by the second where the
    first serves for less than half of a person's rows.
    """

    def __init__(self, rows: Sequence[_Row], keys: Sequence[_Key]) -> None:
        self._keys, self._tallies = keys, [_Tally(rows, key) for key in keys]
        self._places: dict[str, tuple[int, list[tuple[str, ...]]]] = {}
        for who in sorted(self._tallies[0].own):
            place = 0 if self._tallies[0].serves(who) else 1
            self._places[who] = place, self._tallies[place].shared(who)

    def counts(self, featured: Sequence[_Row]) -> Iterator[tuple[str, _Count | None]]:
        """What can be compared of each person where these rows have a feature; `None`: nothing.

        Strata in which all rows, or none, have the feature decide nothing and are left out.
        """
        having = [_Tally(featured, key) for key in self._keys]
        for who, (place, shared) in self._places.items():
            tally, have = self._tallies[place], having[place]
            telling = [key for key in shared if 0 < have.every[key] < tally.every[key]]
            own = tally.own[who]
            strata = [Stratum(tally.every[key], have.every[key], own[key]) for key in telling]
            found = sum(have.own[who][key] for key in telling) if who in have.own else 0
            count = _Count(strata, found, sum(each.own for each in strata), place == 0)
            yield who, count if shared else None


class _Asked(NamedTuple):
    """A test, and the sign that it would be."""

    kind: str
    who: str
    cases: tuple[str, ...]
    statistic: int
    p_value: Fraction
    says: str


def _judged(asked: Sequence[_Asked], level: Fraction) -> Iterator[Sign]:
    questions = [
        Question(str(number), each.statistic, each.p_value, "exact", each.says)
        for number, each in enumerate(asked)
    ]
    for each, test in zip(asked, judge(questions, level), strict=True):
        if test.found:
            yield Sign(each.kind, (each.who,), each.cases, test.says, test.p_value, test.adjusted)


# --- wording -----------------------------------------------------------------------------------


#: By what notes are compared, and by what results: the finer key first.
_NOTES: Sequence[_Key] = (lambda row: (row.region,), lambda row: ())
_CODES: Sequence[_Key] = (lambda row: (row.risk_class, row.region), lambda row: (row.risk_class,))


def _grouped(rows: Iterable[_Row], key: _Key) -> list[tuple[tuple[str, ...], list[_Row]]]:
    groups: dict[tuple[str, ...], list[_Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return sorted(groups.items())


def _wording(rows: Sequence[_Row], limits: Limits) -> Iterator[_Asked]:
    """For each text that stands often for an item and a code: whose it is more than others'.

    Who has it less often than `least` is asked about, too, but without looking: p = 1.
    """
    noted = [row for row in rows if row.text]
    for (item, code), members in _grouped(noted, lambda row: (row.item, row.code)):
        comparable = _Comparable(members, _NOTES)
        for (text,), same in _grouped(members, lambda row: (row.text or "",)):
            if len(same) < limits.least:
                continue
            for who, count in comparable.counts(same):
                if count is None or count.own < limits.least:
                    continue
                if count.found < limits.least:
                    yield _Asked("wording", who, (), count.found, Fraction(1), "")
                    continue
                says = (
                    f"{who} has the note {shorten(text)} for {item} ({code}) in {count.found} of "
                    f"{count.own} visits; from notes in {count.beside} about "
                    f"{float(count.expected):.3g} were to be expected: look whether each visit "
                    "was written down by itself, or whether a common phrase explains it"
                )
                own = tuple(row.case for row in same if who in row.people)
                p_value = tails(count.strata, count.found)[1]
                yield _Asked("wording", who, own, count.found, p_value, says)


# --- results -----------------------------------------------------------------------------------


def _results(
    rows: Sequence[_Row], codes: ResultCodes, limits: Limits, alone: set[str]
) -> Iterator[_Asked]:
    """For each item: who finds problems, or nobody at the place, more or less than colleagues."""
    problem = frozenset(code.id for code in codes if code.problem)
    unreached = frozenset(code.id for code in codes if code.unreached)
    for (item,), members in _grouped(rows, lambda row: (row.item,)):
        reached = [row for row in members if row.code not in unreached]
        for kind, some, feature, what in (
            ("problems", reached, problem, "a problem"),
            ("unreached", members, unreached, "nothing that could be inspected"),
        ):
            featured = [row for row in some if row.code in feature]
            for who, count in _Comparable(some, _CODES).counts(featured):
                if count is None:
                    alone.add(who)
                    continue
                if not count.strata or count.own < limits.least:
                    continue
                p_value = min(Fraction(1), 2 * min(tails(count.strata, count.found)))
                own = tuple(row.case for row in some if who in row.people)
                says = (
                    f"{who} found {what} for {item} in {count.found} of {count.own} visits; on "
                    f"firms of the same risk class in {count.beside} about "
                    f"{float(count.expected):.3g} were to be expected: look at the forms, and ask "
                    "whether the firms differ in what is not known here"
                )
                yield _Asked(kind, who, own, count.found, p_value, says)


# --- durations and times -----------------------------------------------------------------------


class _Stay(NamedTuple):
    start: datetime
    end: datetime
    case: Case


def _facts(cases: Sequence[Case], limits: Limits) -> Iterator[Sign]:
    stays = [
        _Stay(datetime.fromisoformat(case.started), datetime.fromisoformat(case.ended_at), case)
        for case in cases
        if case.started is not None and case.ended_at is not None
    ]
    for stay in stays:
        seconds = int((stay.end - stay.start).total_seconds())
        if seconds < 60 * limits.shortest:
            says = (
                f"{stay.case.id} took {seconds // 60} minutes, fewer than {limits.shortest}: "
                "look whether the times were written down rightly"
            )
            yield Sign("short", stay.case.inspectors, (stay.case.id,), says)
    together: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    by_person: dict[str, list[_Stay]] = defaultdict(list)
    for stay in sorted(stays, key=lambda stay: (stay.start, stay.end, stay.case.id)):
        for who in stay.case.inspectors:
            by_person[who].append(stay)
    for who, own in sorted(by_person.items()):
        for clash in _clashes(own, limits):
            together[clash].append(who)
    for (kind, first, second, told), people in sorted(together.items()):
        says = f"{' and '.join(people)} in {first} and {second}: {told}; ask which time is right"
        yield Sign(kind, tuple(people), (first, second), says)


def _clashes(stays: Sequence[_Stay], limits: Limits) -> Iterator[tuple[str, str, str, str]]:
    """Pairs of visits of one person that cannot both be; visits to one firm may be one visit."""
    longest = max(limits.travel.values(), default=0)
    near: list[_Stay] = []
    for stay in stays:
        near = [each for each in near if (stay.start - each.end).total_seconds() < 60 * longest
                or stay.start < each.end]  # fmt: skip
        for each in near:
            if each.case.drawn.subject == stay.case.drawn.subject:
                continue
            gap = int((stay.start - each.end).total_seconds()) // 60
            regions = sorted((each.case.drawn.region, stay.case.drawn.region))
            way = limits.travel.get((regions[0], regions[1]), 0)
            pair = each.case.id, stay.case.id
            if stay.start < each.end:
                yield "overlap", *pair, f"the one began {-gap} minutes before the other ended"
            elif gap < way:
                told = f"{gap} minutes between {regions[0]} and {regions[1]}, which takes {way}"
                yield "far apart", *pair, told
        near.append(stay)
