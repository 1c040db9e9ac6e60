"""The whole story: registries to commitment, randomness to record.

Rules enforced here:
1. Everything that decides is bound in the commitment before the randomness is looked at.
2. A sampler is asked once, for a design, and never again; the lowest tickets of each cell are
   taken, whoever designed the cells.
3. A draw without evidence that its commitment was public first is of grade G0 and says so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import field, frozen

from randcheck import canonical, dataframes, tickets
from randcheck.commitment import Commitment, Rehearsal, Source, check_randomness
from randcheck.design import Design
from randcheck.errors import (
    DesignError,
    ParameterError,
    Problem,
    StaffingError,
    UnknownNameError,
    shorten,
)
from randcheck.fields import FrozenMapping
from randcheck.frame import Frame, build_frame, expect
from randcheck.history import History
from randcheck.matching import Need, Odds, Visits, assign
from randcheck.matching.explain import Explanation, explain
from randcheck.matching.visits import owners_of
from randcheck.models import Item
from randcheck.plan import Task
from randcheck.record import DrawnCell, DrawRecord, RecordedVisit, Reserve
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry
from randcheck.strategy import describe, has
from randcheck.tickets import Ticket

log = logging.getLogger("randcheck")


@frozen
class Visit:
    """One visit (一次检查): a subject, the items to check there, and who goes.

    `cells` are the numbers of the cells that took the subject, `probabilities` the exact inclusion
    probability of the subject for each of the items, `team` the inspectors' ids in ascending order
    or `None` in a draw without inspectors, `ticket` lower-case hex.
    """

    subject_id: str
    items: tuple[str, ...]
    cells: tuple[int, ...]
    ticket: str
    probabilities: FrozenMapping
    team: tuple[str, ...] | None = None


@frozen(slots=False)
class Draw:
    """The outcome (抽取结果): visits in ticket order, reserves by cell, the design, the record.

    `odds` are the whole-number odds of every pair of visit and inspector by which the teams were
    drawn, or `None` in a draw without inspectors.
    """

    visits: tuple[Visit, ...] = field(repr=lambda visits: f"<{len(visits)}>")
    reserves: tuple[Reserve, ...] = field(repr=lambda reserves: f"<{len(reserves)}>")
    design: Design
    record: DrawRecord = field(repr=False)
    odds: Odds | None = None
    _opened: OpenDraw | None = field(default=None, repr=False, eq=False)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_opened": None}  # not the registries that it was drawn from

    def explain(self, subject_id: str, *, names: bool = False) -> Explanation:
        """Who could have gone to a visit, with which odds, and whom each rule left out.

        With `names` the ids of those who were left out are listed too: for those entitled to know.
        Raises `UnknownNameError` for a subject that was not drawn, and `ParameterError` in a draw
        without teams.
        """
        visit = next((each for each in self.visits if each.subject_id == subject_id), None)
        if visit is None:
            raise UnknownNameError("visit", (subject_id,), ())
        if self.odds is None or self._opened is None or visit.team is None:
            remedy = "draw with inspectors, and explain the draw itself, not a stored record"
            raise ParameterError("explain", shorten(subject_id), "has no team", remedy)
        return self._opened.explain(visit, self.visits, self.odds, names=names)

    @property
    def grade(self) -> str:
        """The grade of the randomness: G0 is a rehearsal, whatever its source."""
        return str(self.record.commitment["source"]["grade"])

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """One row a visit: `subject_id`, `items`, `team`, `ticket`."""
        columns: dict[str, list[Any]] = {
            "subject_id": [visit.subject_id for visit in self.visits],
            "items": [list(visit.items) for visit in self.visits],
            "team": [None if visit.team is None else list(visit.team) for visit in self.visits],
            "ticket": [visit.ticket for visit in self.visits],
        }
        types = {"items": "texts", "team": "texts"}
        return dataframes.build(columns, {n: types.get(n, "text") for n in columns}, backend)


@frozen(slots=False)
class OpenDraw:
    """A draw that is committed and waits for its randomness. Made by `commit`."""

    task: Task = field(repr=lambda task: repr(task.id))
    commitment: Commitment
    frame: Frame
    design: Design
    _subjects: SubjectRegistry = field(repr=False)
    _catalog: ItemCatalog = field(repr=False)
    _inspectors: InspectorRegistry | None = field(repr=False)
    _history: History | None = field(default=None, repr=False)
    _source: Source | None = field(default=None, repr=False)

    def to_bytes(self) -> bytes:
        """The commitment's canonical bytes. Keep them secret while a nonce protects them."""
        return self.commitment.to_bytes()

    @property
    def digest(self) -> str:
        """The commitment's digest: publish it before the randomness exists."""
        return self.commitment.digest

    def draw(self, randomness: str) -> Draw:
        """The draw that follows from the text that the source gave.

        Raises `ParameterError` for an empty text, or one that the named source cannot have given,
        and `StaffingError` when no teams can be found.
        """
        check_randomness(self._source, randomness)
        seed = tickets.seed(self.task.id, self.digest, randomness)
        subjects_seed = tickets.purpose_seed(seed, "subjects")
        cells, reserves, taken = _select(self.design, subjects_seed, self.task.reserves)
        visits = _visits(self.design, taken)
        inspectors_seed = odds = None
        if self._inspectors is not None and self.task.matcher is not None:
            inspectors_seed = tickets.purpose_seed(seed, "inspectors")
            log.info("task %s: odds of teams for %d visits", self.task.id, len(visits))
            visits, odds = self._with_teams(visits, self._inspectors, inspectors_seed)
        log.info("task %s: %d visits drawn", self.task.id, len(visits))
        record = DrawRecord(
            commitment=self.commitment,
            randomness=randomness,
            seed=seed,
            subjects_seed=subjects_seed,
            inspectors_seed=inspectors_seed,
            cells=cells,
            visits=tuple(
                RecordedVisit(each.subject_id, each.ticket, each.items, each.cells, each.team)
                for each in visits
            ),
            reserves=reserves,
            odds_sha256=None if odds is None else odds.digest,
        )
        return Draw(visits, reserves, self.design, record, odds, self)

    def _with_teams(
        self, visits: tuple[Visit, ...], inspectors: InspectorRegistry, inspectors_seed: str
    ) -> tuple[tuple[Visit, ...], Odds | None]:
        """The visits with their teams, and the odds where the matcher has exact ones."""
        matcher: Any = self.task.matcher
        to_match, odds = self._to_match(visits), None
        if callable(getattr(matcher, "teams", None)):  # demands that no exact odds can keep
            teams = matcher.teams(to_match, inspectors, inspectors_seed)
        else:
            odds = matcher.odds(to_match, inspectors)
            teams = dict(zip(odds.visits, assign(odds, inspectors_seed), strict=True))
        missing = [each.subject_id for each in visits if each.subject_id not in teams]
        if missing and not getattr(matcher, "partial", False):
            raise StaffingError(missing, len(missing), 0, "the matcher gave them no team")
        staffed = tuple(
            Visit(each.subject_id, each.items, each.cells, each.ticket, each.probabilities,
                  teams.get(each.subject_id))
            for each in visits
        )  # fmt: skip
        return staffed, odds

    def _to_match(self, visits: Iterable[Visit]) -> Visits:
        """The visits as a matcher sees them."""
        drawn = [(visit.subject_id, visit.items) for visit in visits]
        needs = needs_of(drawn, self._subjects, self._catalog)
        return Visits(needs, self.task.as_of, self._history)

    def explain(
        self, visit: Visit, visits: Sequence[Visit], odds: Odds, *, names: bool
    ) -> Explanation:
        """What `Draw.explain` says."""
        return explain(
            self._to_match(visits), self._inspectors, self.task.matcher, odds,
            visit.subject_id, visit.team or (), names=names,
        )  # fmt: skip


def needs_of(
    drawn: Iterable[tuple[str, Sequence[str]]], subjects: SubjectRegistry, catalog: ItemCatalog
) -> list[Need]:
    """Subjects and the items to check there, as a matcher sees them: with all their owners."""
    known = subjects.owners()
    items: dict[tuple[str, ...], tuple[Item, ...]] = {}
    needs = []
    for subject_id, names in drawn:
        key = tuple(names)
        if key not in items:
            items[key] = tuple(catalog[name] for name in key)
        needs.append(Need(subjects[subject_id], items[key], owners_of(subject_id, known)))
    return needs


def commit(
    task: Task,
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry | None = None,
    history: History | None = None,
    source: Source | None = None,
    nonce: str = "",
) -> OpenDraw:
    """Bind everything that decides a draw, before its randomness exists.

    Without `inspectors`, visits have no teams. `source` names the randomness to come; without one
    it is a rehearsal. `nonce` is a secret text, such as 32 random bytes in hex, that keeps anyone
    from guessing a small frame out of the published digest.

    Raises what `build_frame` and the task's sampler raise, and `UnknownNameError` for a specialty
    that an item of the task needs and no inspector holds.
    """
    expect("inspectors", inspectors, InspectorRegistry | None)
    if not canonical.is_text(nonce):
        raise ParameterError("nonce", shorten(nonce), "is no text", "give a secret text, or ''")
    if source is not None and not has(source, "to_json"):
        remedy = "give a PublicSource(kind, reference)"
        raise ParameterError("source", shorten(source), "is no source", remedy)
    frame = build_frame(task, subjects=subjects, catalog=catalog, history=history)
    design = task.sampler.design(frame)
    _check_design(design, frame)
    matched = task.matcher if inspectors is not None else None
    if inspectors is not None and matched is not None:
        _check_specialties(task, catalog, inspectors)
    log.info("task %s: digests of registries and sheet", task.id)
    commitment = Commitment.of(
        nonce=nonce,
        task=task.facts_to_json(),
        sampler=describe(task.sampler),
        matcher=None if matched is None else describe(matched),
        inputs={
            "subjects": subjects.digest,
            "items": catalog.digest,
            "inspectors": None if matched is None or inspectors is None else inspectors.digest,
            "history": None if history is None else history.digest,
        },
        excluded=frame.counts,
        sheet_sha256=design.digest,
        source=(source or Rehearsal()).to_json(),
        parent=None,
    )
    return OpenDraw(task, commitment, frame, design, subjects, catalog, inspectors, history, source)


def draw(
    task: Task,
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry | None = None,
    history: History | None = None,
    nonce: str = "",
    randomness: str,
) -> Draw:
    """Commitment and draw at once: a rehearsal, grade G0, since nobody saw the commitment first."""
    opened = commit(
        task,
        subjects=subjects,
        catalog=catalog,
        inspectors=inspectors,
        history=history,
        nonce=nonce,
    )
    return opened.draw(randomness)


def _check_design(design: object, frame: Frame) -> None:
    """A sampler, ours or a stranger's, has given a design of this very frame."""
    reason = None
    if not isinstance(design, Design):
        reason = f"gave a {type(design).__name__} instead of a Design"
    elif (design.task_id, design.items) != (frame.task_id, frame.items):
        reason = f"gave a design for task {design.task_id!r} and items {design.items}"
    elif len(design.ids) != len(frame.ids) or (design.ids != frame.ids).any():
        reason = f"gave a design of {len(design)} subjects that are not the frame's {len(frame)}"
    if reason is not None:
        remedy = "return Design.from_cells(frame, …) of the frame that design() was given"
        raise DesignError(frame.task_id, [Problem(None, None, "the sampler", reason, remedy)])


def _check_specialties(task: Task, catalog: ItemCatalog, inspectors: InspectorRegistry) -> None:
    held = {each for own in inspectors.codes("specialties").values for each in own}
    needed = {each for item in task.items for each in catalog[item].specialties}
    if unknown := sorted(needed - held):
        remedy = "no inspector of the registry holds it, so no team could be found"
        raise UnknownNameError("specialty", unknown, sorted(held), remedy)


def _select(
    design: Design, subjects_seed: str, spare: int
) -> tuple[tuple[DrawnCell, ...], tuple[Reserve, ...], list[list[Ticket]]]:
    """The one selection rule: in each cell the lowest tickets, then the reserves."""
    log.info("task %s: hashing %d tickets", design.task_id, len(design))
    patterns = [sorted(set(row) - {-1}) for row in design.patterns.tolist()]
    sizes = [cell.size for cell in design.cells]
    counts = [cell.take + spare for cell in design.cells]
    found = tickets.lowest(subjects_seed, design.ids, patterns, design.pattern_of, sizes, counts)
    cells, reserves, taken = [], [], []
    for number, (cell, size, lowest) in enumerate(zip(design.cells, sizes, found, strict=True)):
        drawn = lowest[: cell.take]
        cells.append(DrawnCell(size, cell.take, drawn[-1][0].hex() if drawn else None))
        reserves += [
            Reserve(number, design.ids[position], ticket.hex())
            for ticket, position in lowest[cell.take :]
        ]
        taken.append(drawn)
    return tuple(cells), tuple(reserves), taken


def _visits(design: Design, taken: Sequence[Sequence[Ticket]]) -> tuple[Visit, ...]:
    """The visits in ticket order, without teams."""
    cells_of: dict[Ticket, list[int]] = {}
    for number, drawn in enumerate(taken):
        for entry in drawn:
            cells_of.setdefault(entry, []).append(number)
    shared: dict[tuple[int, tuple[int, ...]], tuple[tuple[str, ...], FrozenMapping]] = {}
    visits = []
    for ticket, position in sorted(cells_of):
        cells = tuple(cells_of[ticket, position])
        pattern = int(design.pattern_of[position])
        if (pattern, cells) not in shared:
            shared[pattern, cells] = _checked(design, pattern, cells)
        items, probabilities = shared[pattern, cells]
        visits.append(Visit(design.ids[position], items, cells, ticket.hex(), probabilities))
    return tuple(visits)


def _checked(
    design: Design, pattern: int, cells: tuple[int, ...]
) -> tuple[tuple[str, ...], FrozenMapping]:
    """The items that a line of this pattern has in these cells, with their probabilities."""
    own = zip(design.items, design.patterns[pattern].tolist(), strict=True)
    rates = {item: design.cells[cell].rate for item, cell in own if cell in cells}
    return tuple(rates), FrozenMapping(rates)
