"""Small made-up registries and tasks that several test modules draw from."""

from __future__ import annotations

from datetime import date

import randcheck as rc
from randcheck.testing import TAGS, made_up_catalog, made_up_subjects

AS_OF = date(2026, 7, 1)
RANDOMNESS = "2026-07-01 05 09 12 22 31 33 + 08"
RATES = {"A": "1%", "B": "3%", "C": "10%", "D": "100%"}


def inspectors(size: int = 30) -> rc.InspectorRegistry:
    return rc.InspectorRegistry.from_records(
        rc.Inspector(
            f"inspector-{number:03}",
            f"Made-up inspector {number}",
            "market",
            certificate=f"C{number}",
            certificate_expires=date(2028, 1, 1),
            capacity=200,
        )
        for number in range(size)
    )


def full_inspectors() -> rc.InspectorRegistry:
    """Every field given, left out, and given by some."""
    base = {"name": "made up", "department": "d", "certificate": "c"}
    full = {
        "qualifications": ("lead",),
        "trainings": ("2026-food", "2026-metrology"),
        "leave": (
            (date(2026, 7, 1), date(2026, 7, 14)),
            (date(2026, 8, 1), date(2026, 8, 1)),
        ),
        "assigned": ("0203",),
        "role": "expert",
        "kin": ("s1", "s2"),
        "interests": ("s3",),
        "employers": {"s4=x": date(2023, 1, 1), "s5": date(2024, 5, 31)},
        "street": "East Street",
    }
    rows = ({}, full, {"leave": full["leave"][:1]}, {"employers": {"s5": date(2027, 1, 1)}}, full)
    return rc.InspectorRegistry.from_records(
        base | {"id": f"i{number}", "certificate_expires": date(2028, 1, 1)} | row
        for number, row in enumerate(rows)
    )


def past_teams() -> rc.History:
    return rc.History.from_records(
        [
            rc.PastDraw("a", date(2026, 1, 1), "T", team=("i1", "i2")),
            rc.PastDraw("b", date(2026, 1, 1), "T"),
        ]
    )


def joint_task(**changes: object) -> rc.Task:
    samplers = {
        "food": rc.UniformSampler(rate="5%"),
        "price": rc.RiskStratifiedSampler(rates=RATES),
        "metrology": rc.UniformSampler(count=7),
        "disclosure": rc.RiskStratifiedSampler(total=20, floor=1),
    }
    given = {
        "id": "T-2026-07",
        "items": (*TAGS, "disclosure"),
        "sampler": rc.JointItemSampler(samplers),
        "as_of": AS_OF,
        "reserves": 2,
    }
    return rc.Task(**(given | changes))  # type: ignore[arg-type]


def world(size: int = 400, seed: int = 1) -> dict[str, object]:
    return {"subjects": made_up_subjects(size, seed=seed), "catalog": made_up_catalog()}
