"""Made-up registries, frames and visits: each a function of its size and seed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from randcheck.frame import Frame, build_frame
from randcheck.history import History
from randcheck.matching import Need, Visits
from randcheck.models import Inspector, Item, PastDraw, Scope, Subject
from randcheck.plan import Task
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry
from randcheck.samplers import UniformSampler

#: The tags of made-up subjects; each is an item of `made_up_catalog` as well.
TAGS = ("food", "price", "metrology")

#: The day of made-up tasks and visits.
DAY = date(2026, 7, 1)


def made_up_subjects(size: int, *, seed: int = 0) -> SubjectRegistry:
    """Made-up firms in five regions, with tags, risk classes and scores at random."""
    return SubjectRegistry.from_records(
        Subject(
            f"firm-{number:06}",
            f"Made-up firm {number}",
            region=f"99010{1 + value % 5}",
            tags=tuple(tag for place, tag in enumerate(TAGS) if value >> (8 + place) & 1),
            risk_class="AAABBBBCCD"[(value >> 16) % 10],
            risk_score=(value >> 24) % 1001,
        )
        for number, value in enumerate(_bits(size, seed))
    )


def made_up_history(size: int, *, seed: int = 0) -> History:
    """Earlier draws of some of the made-up firms, in the year of the draw and the year before."""
    rows = []
    for number, value in enumerate(_bits(size, seed + 1)):
        days = [date(2025, 1 + value % 12, 1), date(2026, 1 + (value >> 8) % 6, 1)]
        chosen = [day for place, day in enumerate(days) if (value >> (16 + 2 * place)) % 4 == 0]
        rows += [PastDraw(f"firm-{number:06}", day, f"made-up-{day}") for day in chosen]
    return History.from_records(rows)


def _bits(size: int, seed: int) -> list[int]:
    bits: list[int] = np.random.PCG64(seed).random_raw(size).tolist() if size else []
    return bits


def made_up_catalog() -> ItemCatalog:
    """An item for each tag, and `disclosure` for everybody."""
    items = [Item(tag, tag, "a made-up law", applies_to=Scope(tags=(tag,))) for tag in TAGS]
    return ItemCatalog.from_records([*items, Item("disclosure", "disclosure", "a made-up law")])


def made_up_frame(
    size: int = 200, *, seed: int = 0, items: Iterable[str] = (*TAGS, "disclosure")
) -> Frame:
    """The frame of a task over made-up subjects with a history."""
    task = Task(
        id=f"made-up-{seed}", items=tuple(items), sampler=UniformSampler(count=0), as_of=DAY
    )
    return build_frame(
        task,
        subjects=made_up_subjects(size, seed=seed),
        catalog=made_up_catalog(),
        history=made_up_history(size, seed=seed),
    )


def made_up_inspectors(size: int = 12) -> InspectorRegistry:
    """Made-up inspectors, every third of them with the specialty `food`, capacities from 8 on."""
    return InspectorRegistry.from_records(
        Inspector(
            f"inspector-{number:03}",
            f"Made-up inspector {number}",
            "market",
            certificate=f"C{number}",
            certificate_expires=date(2028, 1, 1),
            specialties=("food",) if number % 3 == 0 else (),
            capacity=None if number % 4 == 0 else 8 + number,
        )
        for number in range(size)
    )


def made_up_visits(size: int = 20, *, seed: int = 0) -> Visits:
    """Visits to made-up firms; those tagged `food` need somebody who holds `food`."""
    food = Item("food", "food", "a made-up law", specialties=("food",))
    price = Item("price", "price", "a made-up law")
    subjects = made_up_subjects(size, seed=seed)
    needs = [Need(each, (food,) if "food" in each.tags else (price,)) for each in subjects]
    return Visits(needs, DAY)
