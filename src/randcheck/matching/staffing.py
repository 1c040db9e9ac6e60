"""The places of every team, and who may fill each.

Rules enforced here:
1. A visit's team has distinct members; each place is filled from those eligible for it.
2. A person is in no more teams than the capacity allows.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Need:
    """A visit as the matcher sees it: whom it goes to, where, and what the team must know."""

    subject_id: str
    region: str
    specialties: tuple[str, ...] = ()


@frozen
class Slot:
    """`places` of one visit that any of `candidates` (positions of inspectors) may fill."""

    visit: int
    places: int
    candidates: tuple[int, ...]


@frozen
class Staffing:
    """All slots of all visits, and each inspector's capacity (`None`: no limit).

    `visits` are the subjects' ids and `inspectors` the inspectors' ids that positions refer to.
    """

    visits: tuple[str, ...]
    inspectors: tuple[str, ...]
    slots: tuple[Slot, ...]
    capacities: tuple[int | None, ...]
