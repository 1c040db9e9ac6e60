"""Revisits (回访): some finished inspections, drawn at random, are looked at again by others.

A revisit is a draw like any other. What is drawn is an inspection and not a firm, so the registry's
ids are those of cases; the firm is the owner of its cases, and what bars somebody from the firm
(回避) bars him from the revisit as well.

Rules enforced here:
1. Only published cases can be drawn, each once; a firm that was inspected twice has two.
2. Nobody who was in the first team revisits; the draw's matcher and the step both refuse it.
3. Compared is what was published when the revisit was drawn. A correction after that does not make
   two visits agree.
4. Every revisit is compared or named among those that are not, with the reason.
5. A difference is no error of anybody: time has passed, and what is told says how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

from attrs import evolve, field, frozen

from randcheck.errors import DataError, ParameterError, Problem, UnknownNameError, shorten
from randcheck.fields import DAY, ID, MAYBE_WORD, Fact, declare
from randcheck.models import Item, Subject
from randcheck.office.cases import Case, case_id
from randcheck.office.codes import STANDARD, ResultCodes, need_known
from randcheck.office.desk import Deed
from randcheck.office.forms import DIGEST, IDS, RESULTS, Result
from randcheck.office.intervals import clopper_pearson
from randcheck.office.life import Life, Step, need, need_status
from randcheck.record import DrawRecord
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry

ABOUT = "revisit"

#: The item of a draw of revisits.
ITEM = "revisit"


@frozen(kw_only=True)
class Drawn(Fact):
    """A case that is to be visited again. `draw` is the SHA-256 of the record that says so.

    `first` are those who were there before; without them only `compare`, which has the case, sees
    whether they came again.
    """

    draw: str = declare(DIGEST)
    case: str = declare(ID)
    on: date = declare(DAY)
    first: tuple[str, ...] = declare(IDS, default=())


@frozen(kw_only=True)
class Found(Fact):
    """What the revisit found, by whom and when."""

    results: Mapping[str, Result] = declare(RESULTS)
    by: tuple[str, ...] = declare(IDS)
    on: date = declare(DAY)
    note: str | None = declare(MAYBE_WORD, default=None)


@frozen
class Revisit:
    """The state of a revisit: `drawn`, then `found`."""

    id: str
    status: str
    drawn: Drawn
    found: Found | None = None


def revisit_life(codes: ResultCodes) -> Life:
    """The life of revisits whose results are of these codes."""

    def found(state: Revisit, step: Step, fact: Found) -> Revisit:
        need_status(state, step, "drawn")
        need_known(codes, fact.results, step)
        need(len(fact.by) >= 2, step, "two inspectors or more", fact.by)
        again = sorted({*fact.by} & {*state.drawn.first})
        need(not again, step, "people who were not in the first team", again)
        from_to = f"a day from {state.drawn.on} to {step.day}"
        need(state.drawn.on <= fact.on <= step.day, step, from_to, fact.on)
        return evolve(state, status="found", found=fact)

    return Life(ABOUT, {"drawn": (Drawn, _drawn), "found": (Found, found)})


def _drawn(state: Revisit | None, step: Step, fact: Drawn) -> Revisit:
    need_status(state, step, None)
    need(step.id == case_id(fact.draw, fact.case), step, "the id of case_id(draw, case)", step.id)
    need(fact.on <= step.day, step, f"a day up to {step.day}", fact.on)
    return Revisit(step.id, "drawn", fact)


# --- the draw ----------------------------------------------------------------------------------


def revisit_registry(cases: Iterable[Case]) -> SubjectRegistry:
    """The published cases as what can be drawn, with region, risk class and items (as tags)."""
    return SubjectRegistry.from_records(
        Subject(
            case.id,
            case.id,
            kind="other",
            region=case.drawn.region,
            risk_class=case.drawn.risk_class,
            tags=tuple(case.drawn.items),
            owner=case.drawn.subject,
        )
        for case in cases
        if case.status == "published"
    )


def revisit_catalog(basis: str) -> ItemCatalog:
    """The list with the one item of revisits; `basis` is the rule by which the office revisits."""
    return ItemCatalog.from_records([Item(ITEM, "Revisit of a finished inspection (回访)", basis)])


def without_first_teams(inspectors: InspectorRegistry, cases: Iterable[Case]) -> InspectorRegistry:
    """The inspectors, each barred (回避) from the cases where he was in the first team."""
    barred: dict[str, set[str]] = {}
    for case in cases:
        for who in (*case.team, *case.inspectors):
            barred.setdefault(who, set()).add(case.id)
    return InspectorRegistry.from_records(
        evolve(each, conflicts=tuple(sorted({*each.conflicts} | barred.get(each.id, set()))))
        for each in inspectors
    )


def revisit_deeds(record: DrawRecord, cases: Mapping[str, Case], on: date) -> list[Deed]:
    """The steps `drawn` of a record's visits, for `Desk.do_all`, in the order of the cases' ids.

    Raises `UnknownNameError` for a visit that is no case, `DataError` for teams that were there
    before.
    """
    visits = sorted(record.visits, key=lambda visit: visit.subject)
    if unknown := [visit.subject for visit in visits if visit.subject not in cases]:
        raise UnknownNameError("case", unknown, (), "give the cases that were drawn from")
    problems, deeds = [], list[Deed]()
    for row, visit in enumerate(visits):
        case = cases[visit.subject]
        first = {*case.team, *case.inspectors}
        if again := sorted(first & {*(visit.team or ())}):
            remedy = "draw with without_first_teams(inspectors, cases)"
            told = f"were in the first team of {case.id}"
            problems.append(Problem(row, "team", shorten(again), told, remedy))
        drawn = Drawn(draw=record.digest, case=case.id, on=on, first=tuple(first))
        deeds.append((ABOUT, case_id(record.digest, case.id), "drawn", drawn))
    if problems:
        raise DataError("revisits", problems)
    return deeds


# --- the comparison ----------------------------------------------------------------------------


@frozen
class Compared:
    """One item of one revisit: the code of the first visit and that of the second.

    `change` is `"same"`, `"problem now"`, `"no problem now"` or `"other code"`; `days` lie between
    the visits; `corrected` says that the first result was corrected after the revisit was drawn.
    """

    revisit: str
    case: str
    item: str
    first: str
    second: str
    change: str
    days: int
    corrected: bool

    @property
    def same(self) -> bool:
        return self.first == self.second


@frozen
class Share:
    """How many of how many agree, exactly."""

    same: int
    compared: int

    @property
    def value(self) -> Fraction | None:
        """The quotient; `None` where nothing was compared."""
        return Fraction(self.same, self.compared) if self.compared else None

    def interval(self, confidence: Fraction) -> tuple[float, float] | None:
        """The exact interval (Clopper and Pearson 1934), for parts that are independent."""
        return clopper_pearson(self.same, self.compared, confidence)


@frozen
class Agreement:
    """What revisits found beside what was found first.

    `left_out` says for each revisit that was not compared why; `missing` names items of the first
    visit that the revisit did not look at.
    """

    rows: tuple[Compared, ...] = field(repr=lambda rows: f"<{len(rows)}>")
    left_out: Mapping[str, str]
    missing: tuple[tuple[str, str], ...]
    confidence: Fraction

    @property
    def items(self) -> Share:
        """Items with the same code. Those of one visit hang together: no interval is told."""
        return _share(row.same for row in self.rows)

    @property
    def visits(self) -> Share:
        """Revisits with the same code for every item that was compared."""
        by_visit: dict[str, bool] = {}
        for row in self.rows:
            by_visit[row.revisit] = by_visit.get(row.revisit, True) and row.same
        return _share(by_visit.values())

    @property
    def by_item(self) -> dict[str, Share]:
        """The same for each item; each visit counts once."""
        items = sorted({row.item for row in self.rows})
        return {item: _share(row.same for row in self.rows if row.item == item) for item in items}

    def __str__(self) -> str:
        return "\n".join(_told(self))


def _share(same: Iterable[bool]) -> Share:
    flags = list(same)
    return Share(sum(flags), len(flags))


def compare(
    revisits: Iterable[Revisit],
    cases: Mapping[str, Case],
    *,
    codes: ResultCodes = STANDARD,
    confidence: Fraction = Fraction(95, 100),
) -> Agreement:
    """Revisits beside their cases, by id; `confidence` is that of the intervals.

    Raises `UnknownNameError` for a case that is not given.
    """
    if not isinstance(confidence, Fraction) or not 0 < confidence < 1:
        remedy = "give a Fraction such as Fraction(95, 100)"
        raise ParameterError("confidence", shorten(confidence), "is no share", remedy)
    problem = {code.id: code.problem for code in codes}
    ordered = sorted(revisits, key=lambda revisit: revisit.id)
    if unknown := [each.drawn.case for each in ordered if each.drawn.case not in cases]:
        raise UnknownNameError("case", unknown, (), "give the cases that were revisited")
    rows, left_out, missing = list[Compared](), dict[str, str](), list[tuple[str, str]]()
    for revisit in ordered:
        case, found = cases[revisit.drawn.case], revisit.found
        if found is None:
            left_out[revisit.id] = "nobody was there yet"
        elif case.results is None or case.ended is None:
            left_out[revisit.id] = "the case has no results"
        elif again := sorted({*found.by} & {*case.team, *case.inspectors}):
            left_out[revisit.id] = f"the first team came again: {', '.join(again)}"
        elif not {*found.results} & {*case.drawn.items}:
            left_out[revisit.id] = "no item of the first visit was looked at"
        else:
            days = (found.on - case.ended).days
            rows += _compared(revisit, found.results, case, days, problem)
            items = [item for item in case.drawn.items if item not in found.results]
            missing += [(revisit.id, item) for item in items]
    return Agreement(tuple(rows), left_out, tuple(missing), confidence)


def _compared(
    revisit: Revisit,
    after: Mapping[str, Result],
    case: Case,
    days: int,
    problem: Mapping[str, bool],
) -> Iterator[Compared]:
    before = first_results(case, revisit.drawn.on)
    for item in sorted({*after} & {*before}):
        first, second = before[item].code, after[item].code
        was, now = problem.get(first), problem.get(second)
        if first == second:
            change = "same"
        elif was is None or now is None or was == now:
            change = "other code"
        else:
            change = "problem now" if now else "no problem now"
        corrected = (case.results or before)[item].code != first
        yield Compared(revisit.id, case.id, item, first, second, change, days, corrected)


def first_results(case: Case, on: date) -> Mapping[str, Result]:
    """What had been found by a day: the results of then, whatever was corrected on a later one."""
    since = (old.results for old in case.earlier if old.on > on)
    return next(since, case.results or {})


def _told(found: Agreement) -> Iterator[str]:
    if not found.rows:
        yield "no revisit can be compared yet: nothing follows"
    else:
        yield f"visits with the same code for all items: {_percent(found.visits, found.confidence)}"
        for item, share in found.by_item.items():
            yield f"  {item}: {_percent(share, found.confidence)}"
        days = [row.days for row in found.rows]
        yield (
            f"{min(days)} to {max(days)} days lie between the visits: what differs may have "
            "changed since. Problems are corrected, and new ones arise"
        )
        changes = [row.change for row in found.rows]
        if worse := changes.count("problem now"):
            yield f"no problem at first and a problem now: {worse}. A reason to ask, no more"
        if corrected := sorted({row.case for row in found.rows if row.corrected}):
            yield f"corrected after the revisit was drawn: {', '.join(corrected)}"
    for revisit, item in found.missing:
        yield f"not looked at: {item} in {revisit}"
    for revisit, reason in found.left_out.items():
        yield f"not compared: {revisit}, {reason}"


def _percent(share: Share, confidence: Fraction) -> str:
    low, high = share.interval(confidence) or (0.0, 1.0)
    told = f"{share.same} of {share.compared}"
    return f"{told} ({float(confidence):.0%} interval {low:.1%} to {high:.1%})"
