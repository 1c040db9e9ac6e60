"""Who may go to which visit.

Rules enforced here:
1. The certificate is valid on the as-of date, that day included, and the capacity is not 0.
2. One of the inspector's regions is a prefix of the visit's region; no regions means everywhere.
3. The subject is not among the inspector's declared conflicts (回避).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

import numpy as np
import numpy.typing as npt

from randcheck.matching.staffing import Need
from randcheck.registry import InspectorRegistry

Candidates = npt.NDArray[np.int64]


def eligible(
    visits: Sequence[Need], inspectors: InspectorRegistry, as_of: date
) -> list[Candidates]:
    """For each visit the positions of the inspectors who may go there, ascending."""
    able = inspectors.codes("certificate_expires").where(lambda day: day >= as_of)
    able &= inspectors.codes("capacity").where(lambda capacity: capacity != 0)
    conflicted: dict[str, list[int]] = {}
    for position, subjects in enumerate(inspectors.column("conflicts")):
        for subject in subjects:
            conflicted.setdefault(subject, []).append(position)
    regions = inspectors.codes("regions")
    in_region = {
        region: np.flatnonzero(able & regions.where(partial(_covers, region)))
        for region in {visit.region for visit in visits}
    }
    return [
        np.setdiff1d(in_region[visit.region], conflicted.get(visit.subject_id, ()))
        if visit.subject_id in conflicted
        else in_region[visit.region]
        for visit in visits
    ]


def _covers(region: str, prefixes: tuple[str, ...]) -> bool:
    return not prefixes or region.startswith(prefixes)


def holders(inspectors: InspectorRegistry, specialty: str) -> npt.NDArray[np.bool_]:
    """Who holds a specialty, a mask over the inspectors."""
    return inspectors.codes("specialties").where(lambda own: specialty in own)
