"""Hypothesis strategies: registries, catalogs, histories, tasks, frames and designs of any kind.

>>> from hypothesis import given
>>> import randcheck as rc
>>> from randcheck.testing import strategies as rcst
>>> @given(rcst.frames())
... def everybody_keeps_a_chance(frame):
...     design = rc.UniformSampler(rate="3%").design(frame)
...     assert all(design.inclusion_probability(name) > 0 for name in frame.ids)
>>> everybody_keeps_a_chance()

Needs the package hypothesis: `pip install 'randcheck[hypothesis]'`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from randcheck.design import Cell, Design
from randcheck.errors import MissingExtraError
from randcheck.frame import Frame, build_frame
from randcheck.history import History
from randcheck.ids import id_fault
from randcheck.models import RISK_CLASSES, SUBJECT_KINDS, Item, PastDraw, Scope, Subject
from randcheck.plan import Task
from randcheck.registry import ItemCatalog, SubjectRegistry
from randcheck.samplers import RiskStratifiedSampler, UniformSampler

try:
    from hypothesis import strategies as st
except ImportError:  # pragma: no cover  the tests have it
    raise MissingExtraError("hypothesis", "hypothesis", "randcheck.testing.strategies") from None

#: The tags, regions and industries of what is made here.
TAGS = ("food", "price", "锅炉")
REGIONS = ("110101", "110102", "120000")
INDUSTRIES = ("C13", "F52")

#: The day of what is made here.
DAY = date(2026, 7, 1)


def ids() -> st.SearchStrategy[str]:
    """Ids that a registry takes, of any script."""
    return st.text(min_size=1, max_size=12).filter(lambda text: id_fault(text) is None)


@st.composite
def subjects(draw: Any, subject_id: str | None = None) -> Subject:
    """A subject with any of its facts known or unknown; nobody's attached object."""
    kinds = [kind for kind in SUBJECT_KINDS if kind not in ("attached object", "natural person")]
    return Subject(
        draw(ids()) if subject_id is None else subject_id,
        "made up",
        kind=draw(st.sampled_from(kinds)),
        region=draw(st.sampled_from(REGIONS)),
        industry=draw(st.sampled_from([None, *INDUSTRIES])),
        tags=tuple(draw(st.sets(st.sampled_from(TAGS)))),
        risk_class=draw(st.sampled_from([None, *RISK_CLASSES])),
        risk_score=draw(st.none() | st.integers(0, 1000)),
    )


@st.composite
def registries(draw: Any, min_size: int = 1, max_size: int = 40) -> SubjectRegistry:
    """A registry of subjects with distinct ids."""
    names = draw(st.lists(ids(), min_size=min_size, max_size=max_size, unique=True))
    return SubjectRegistry.from_records(draw(subjects(name)) for name in names)


def catalog() -> ItemCatalog:
    """An item for everybody, one for each tag, and one that applies to nobody."""
    scopes = {"all": Scope(), "none": Scope(tags=("unheard-of",))}
    scopes |= {tag: Scope(tags=(tag,)) for tag in TAGS}
    return ItemCatalog.from_records(
        Item(name, name, "a made-up law", applies_to=scope,
             category="key" if name == "food" else "general")
        for name, scope in scopes.items()
    )  # fmt: skip


@st.composite
def histories(draw: Any, registry: SubjectRegistry) -> History:
    """Earlier draws of some subjects of a registry, in the two years before."""
    past = st.builds(
        lambda name, days: PastDraw(name, DAY - timedelta(days=days), f"T-{days}"),
        st.sampled_from(list(registry.ids)),
        st.integers(1, 730),
    )
    rows = draw(st.lists(past, max_size=20, unique_by=lambda row: (row.subject, row.drawn_on)))
    return History.from_records(rows)


@st.composite
def tasks(draw: Any, *, sampler: Any = None) -> Task:
    """A task of some of the catalog's items, with a given sampler or a simple one."""
    others = draw(st.sets(st.sampled_from([*TAGS, "none"])))
    simple = st.builds(UniformSampler, rate=st.fractions(0, 1)) | st.builds(
        RiskStratifiedSampler,
        rates=st.fixed_dictionaries(dict.fromkeys(RISK_CLASSES, st.fractions(0, 1))),
        unclassified=st.sampled_from(RISK_CLASSES),
    )
    return Task(
        id=draw(ids()),
        items=("all", *sorted(others)),
        sampler=draw(simple) if sampler is None else sampler,
        as_of=DAY,
        reserves=draw(st.integers(0, 3)),
    )


@st.composite
def frames(draw: Any, min_size: int = 1, max_size: int = 40) -> Frame:
    """The frame of a task over a registry, with a history."""
    registry = draw(registries(min_size, max_size))
    return build_frame(
        draw(tasks()), subjects=registry, catalog=catalog(), history=draw(histories(registry))
    )


@st.composite
def designs(draw: Any, min_size: int = 1, max_size: int = 40) -> Design:
    """A design of any cells: for all items in common, or for each item its own."""
    frame = draw(frames(min_size, max_size))
    groups: Sequence[tuple[str, ...]] = [frame.items]
    if draw(st.booleans()):
        groups = [(item,) for item in frame.items]
    cells = []
    for items in groups:
        part, position = frame.for_items(*items)
        colors = draw(st.lists(st.integers(0, 3), min_size=len(part), max_size=len(part)))
        for color in sorted(set(colors)):
            members = position[[place for place, own in enumerate(colors) if own == color]]
            cells.append(Cell(draw(st.integers(0, len(members))), members, items))
    return Design.from_cells(frame, cells)
