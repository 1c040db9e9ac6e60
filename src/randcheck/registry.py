"""The one list and the two registries (一单两库), and what an id finds in them.

Rules enforced here:
1. A registry holds each id once, in the order of the ids' bytes.
2. Ids that look alike (equal after NFKC and casefold) are both kept and reported as `suspects`.
3. An attached object names its owner, nobody owns himself, a natural person has a pseudonym.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import numpy as np

from randcheck import ids
from randcheck.errors import Problem, UnknownNameError
from randcheck.fields import Fact
from randcheck.models import Inspector, Item, Subject, subject_contradictions
from randcheck.table import Codes, Mask, Objects, Positions, Table, decoded

log = logging.getLogger("randcheck")

F = TypeVar("F", bound=Fact)


class Registry(Table[F]):
    """A table whose facts have ids."""

    key: ClassVar[tuple[str, ...]] = ("id",)

    @property
    def ids(self) -> Objects:
        """All ids, ascending by their UTF-8 bytes: a read-only array of texts."""
        return self.column("id")

    def position(self, fact_id: str) -> int:
        """The row of an id; `UnknownNameError` (a `LookupError`) if there is none."""
        stored = self._columns["id"]
        row = bisect_left(stored, fact_id)  # type: ignore[arg-type]  # an array is a sequence
        if row == self._size or stored[row] != fact_id:  # type: ignore[index]  # ids are no codes
            raise UnknownNameError(f"id in the registry of {self.title}", (fact_id,), ())
        return row

    def positions(self, fact_ids: Iterable[str], kind: str) -> Positions:
        """The rows of several ids; unknown ones are all named in one `UnknownNameError`."""
        rows, unknown = [], []
        for fact_id in fact_ids:
            try:
                rows.append(self.position(fact_id))
            except UnknownNameError:
                unknown.append(fact_id)
        if unknown:
            raise UnknownNameError(kind, unknown, (), f"not in the registry of {self.title}")
        return np.array(rows, dtype=np.int32)

    def __getitem__(self, fact_id: str) -> F:
        return self.fact(self.position(fact_id))

    def __contains__(self, fact_id: object) -> bool:
        if not isinstance(fact_id, str):
            return False
        try:
            self.position(fact_id)
        except UnknownNameError:
            return False
        return True

    @cached_property
    def suspects(self) -> tuple[tuple[str, ...], ...]:
        """Groups of ids that differ but are equal after NFKC and casefold: perhaps one subject."""
        groups = ids.suspects(self.ids)
        if groups:
            log.warning("%s: %d groups of ids look alike: %s", self.title, len(groups), groups[:3])
        return groups


class ItemCatalog(Registry[Item]):
    """The list of what may be inspected (随机抽查事项清单)."""

    model = Item
    title = "items"


class InspectorRegistry(Registry[Inspector]):
    """The registry of law-enforcement inspectors (执法检查人员名录库)."""

    model = Inspector
    title = "inspectors"


class SubjectRegistry(Registry[Subject]):
    """The registry of subjects (检查对象名录库)."""

    model = Subject
    title = "subjects"

    @classmethod
    def _contradictions(
        cls, columns: Mapping[str, Objects | Codes], numbers: Sequence[int]
    ) -> list[Problem]:
        names, kinds, owners = (decoded(columns[name]) for name in ("id", "kind", "owner"))
        doubtful = np.array([owner is not None for owner in owners], dtype=bool)
        for kind in ("attached object", "natural person"):
            doubtful |= kinds == kind
        return [
            Problem(numbers[row], *found)
            for row in np.flatnonzero(doubtful).tolist()
            if names[row] is not None
            for found in subject_contradictions(names[row], kinds[row], owners[row])
        ]

    def owners(self) -> dict[str, str]:
        """The owner of each subject that names one, by ids."""
        pairs = zip(self.ids, self.column("owner"), strict=True)
        return {name: owner for name, owner in pairs if owner is not None}

    def _any_prefix(self, name: str, prefixes: Iterable[str]) -> Mask:
        chosen = tuple(prefixes)
        return self.codes(name).where(lambda value: value is not None and value.startswith(chosen))

    def matches(self, name: str, wanted: Iterable[Any]) -> Mask:
        """The rows that one property of a `Scope` lets in, shape `(len(self),)`.

        Regions and industries match by prefix, tags when there is a common one, the rest by value.
        """
        chosen = set(wanted)
        if name in ("region", "industry"):
            return self._any_prefix(name, chosen)
        if name == "tags":
            return self.codes(name).where(lambda value: not chosen.isdisjoint(value))
        return self.codes(name).where(lambda value: value in chosen)
