"""Visits as a matcher sees them: whom they go to, what is checked, and on which day.

Rules enforced here:
1. A visit (一次检查) is a subject with the items to check there; each subject is visited once.
2. Its owners are all that own it, however far: an owner's owner too, and a cycle ends the search.
3. Nothing here knows of tickets, risk or randomness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from randcheck.errors import DataError, Problem, shorten
from randcheck.history import History
from randcheck.models import Item, Subject

Objects = npt.NDArray[np.object_]


@frozen
class Need:
    """One visit: the subject, the items to check, and the ids of all who own the subject."""

    subject: Subject
    items: tuple[Item, ...] = ()
    owners: tuple[str, ...] = ()


class Visits:
    """Visits on one day, in ascending order of the subjects' ids, with the history before them.

    `as_of` is the day on which certificates, leave and training are looked at.
    """

    def __init__(self, needs: Iterable[Need], as_of: date, history: History | None = None) -> None:
        self.needs = tuple(sorted(needs, key=lambda need: need.subject.id))
        self.as_of = as_of
        self.history = history
        ids = [need.subject.id for need in self.needs]
        twice = sorted({one for one, other in pairwise(ids) if one == other})
        if twice:
            remedy = "visit each subject once, for all its items"
            raise DataError(
                "visits",
                [
                    Problem(None, "subject", shorten(name), "is there twice", remedy)
                    for name in twice
                ],
            )

    def __len__(self) -> int:
        return len(self.needs)

    def __iter__(self) -> Iterator[Need]:
        return iter(self.needs)

    def __repr__(self) -> str:
        return f"<Visits to {len(self)} subjects on {self.as_of}>"

    @cached_property
    def ids(self) -> Objects:
        """The subjects' ids, ascending."""
        return self.column("id")

    def column(self, name: str) -> Objects:
        """A field of `Subject` for every visit, shape `(len(self),)`."""
        values = np.empty(len(self), dtype=object)
        values[:] = [getattr(need.subject, name) for need in self.needs]
        return values


def owners_of(subject_id: str, owner: Mapping[str, str | None]) -> tuple[str, ...]:
    """All who own a subject, nearest first, from a mapping of subjects to their owners."""
    found: list[str] = []
    current: Any = owner.get(subject_id)
    while current is not None and current not in found and current != subject_id:
        found.append(current)
        current = owner.get(current)
    return tuple(found)
