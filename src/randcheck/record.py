"""The record of a draw: its canonical bytes, and what everybody may see of it.

Rules enforced here:
1. A record has exactly the protocol's keys; reading is strict and never converts.
2. Bytes are parsed back and compared before they leave.
3. The public form shows no ticket, seed, cell or reserve unless asked for.

What the values must be is not checked here but by `verify`, which trusts no writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from attrs import field, frozen

from randcheck import canonical
from randcheck.commitment import Commitment
from randcheck.errors import CanonicalError, CommitmentError, RecordError, shorten
from randcheck.tickets import PROTOCOL

_TEXT, _NUMBER, _NULL = (str,), (int,), (type(None),)
_TEXTS, _NUMBERS, _MAYBE = (list, str), (list, int), (str, type(None))


@frozen
class DrawnCell:
    """A cell's size, how many were taken, and the last ticket taken (hex, `None` without any)."""

    size: int
    take: int
    last_ticket: str | None

    def to_json(self) -> dict[str, Any]:
        return {"last_ticket": self.last_ticket, "size": self.size, "take": self.take}


@frozen
class RecordedVisit:
    """A visit as the record states it."""

    subject: str
    ticket: str
    items: tuple[str, ...]
    cells: tuple[int, ...]
    team: tuple[str, ...] | None

    def to_json(self) -> dict[str, Any]:
        return {
            "cells": list(self.cells),
            "items": list(self.items),
            "subject": self.subject,
            "team": None if self.team is None else list(self.team),
            "ticket": self.ticket,
        }


@frozen
class Reserve:
    """A spare subject of a cell, with its ticket."""

    cell: int
    subject: str
    ticket: str

    def to_json(self) -> dict[str, Any]:
        return {"cell": self.cell, "subject": self.subject, "ticket": self.ticket}


@frozen(slots=False)
class DrawRecord:
    """Everything that was decided, each value following from commitment, sheet and randomness."""

    commitment: Commitment
    randomness: str
    seed: str
    subjects_seed: str
    inspectors_seed: str | None
    cells: tuple[DrawnCell, ...] = field(repr=lambda cells: f"<{len(cells)}>")
    visits: tuple[RecordedVisit, ...] = field(repr=lambda visits: f"<{len(visits)}>")
    reserves: tuple[Reserve, ...] = field(repr=lambda reserves: f"<{len(reserves)}>")
    odds_sha256: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The object of the record."""
        return {
            "cells": [cell.to_json() for cell in self.cells],
            "commitment": self.commitment.to_json(),
            "inspectors_seed": self.inspectors_seed,
            "odds_sha256": self.odds_sha256,
            "protocol": PROTOCOL,
            "randomness": self.randomness,
            "reserves": [reserve.to_json() for reserve in self.reserves],
            "seed": self.seed,
            "subjects_seed": self.subjects_seed,
            "visits": [visit.to_json() for visit in self.visits],
        }

    @cached_property
    def _bytes(self) -> bytes:
        data = canonical.dumps(self.to_json())
        if DrawRecord.from_bytes(data) != self:
            raise RecordError("record", "does not survive being written and read")
        return data

    def to_bytes(self) -> bytes:
        """The canonical bytes, read back once before they are given out."""
        return self._bytes

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes, lower-case hex."""
        return canonical.sha256(self._bytes)

    @classmethod
    def from_bytes(cls, data: bytes) -> DrawRecord:
        """The record of canonical bytes; `RecordError` says where they are none."""
        try:
            return cls.from_json(canonical.loads(data))
        except CanonicalError as error:
            raise RecordError("record", str(error)) from None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DrawRecord:
        """The record of an object; `RecordError` says where it is none."""
        value = _object(data, "record", _RECORD)
        if value["protocol"] != PROTOCOL:
            raise RecordError("protocol", f"{shorten(value['protocol'])} is unknown")
        try:
            commitment = Commitment.from_json(value["commitment"])
        except CommitmentError as error:
            raise RecordError("commitment", str(error)) from None
        return cls(
            commitment=commitment,
            randomness=value["randomness"],
            seed=value["seed"],
            subjects_seed=value["subjects_seed"],
            inspectors_seed=value["inspectors_seed"],
            cells=tuple(
                DrawnCell(**_object(cell, f"cells[{row}]", _CELL))
                for row, cell in enumerate(value["cells"])
            ),
            visits=tuple(_visit(visit, row) for row, visit in enumerate(value["visits"])),
            reserves=tuple(
                Reserve(**_object(reserve, f"reserves[{row}]", _RESERVE))
                for row, reserve in enumerate(value["reserves"])
            ),
            odds_sha256=value["odds_sha256"],
        )

    def public(self, *, seeds: bool = False) -> dict[str, Any]:
        """What everybody may see: the visits by id, with items and teams, and the commitment.

        With `seeds=True` also the seeds, the randomness and the tickets, from which those who know
        the sampling fractions can bound a drawn firm's risk class.
        """
        visits: list[dict[str, Any]] = []
        for visit in sorted(self.visits, key=lambda visit: visit.subject):
            shown: dict[str, Any] = {"subject": visit.subject, "items": list(visit.items)}
            shown["team"] = None if visit.team is None else list(visit.team)
            visits.append(shown | ({"ticket": visit.ticket} if seeds else {}))
        public: dict[str, Any] = {
            "protocol": PROTOCOL,
            "task": self.commitment["task"]["id"],
            "commitment_sha256": self.commitment.digest,
            "visits": visits,
        }
        if seeds:
            public |= {
                "randomness": self.randomness,
                "seed": self.seed,
                "subjects_seed": self.subjects_seed,
                "inspectors_seed": self.inspectors_seed,
            }
        return public


#: The keys of each object with the types of their values; a list is given with its entries' type.
_RECORD: dict[str, tuple[Any, ...]] = {
    "cells": (list, dict),
    "commitment": (dict,),
    "inspectors_seed": _MAYBE,
    "odds_sha256": _MAYBE,
    "protocol": _TEXT,
    "randomness": _TEXT,
    "reserves": (list, dict),
    "seed": _TEXT,
    "subjects_seed": _TEXT,
    "visits": (list, dict),
}
_CELL: dict[str, tuple[Any, ...]] = {"last_ticket": _MAYBE, "size": _NUMBER, "take": _NUMBER}
_RESERVE: dict[str, tuple[Any, ...]] = {"cell": _NUMBER, "subject": _TEXT, "ticket": _TEXT}
_VISIT: dict[str, tuple[Any, ...]] = {
    "cells": _NUMBERS,
    "items": _TEXTS,
    "subject": _TEXT,
    "team": (list, str, type(None)),
    "ticket": _TEXT,
}


def _visit(value: Any, row: int) -> RecordedVisit:
    entry = _object(value, f"visits[{row}]", _VISIT)
    team = entry["team"]
    return RecordedVisit(
        entry["subject"],
        entry["ticket"],
        tuple(entry["items"]),
        tuple(entry["cells"]),
        None if team is None else tuple(team),
    )


def _object(value: Any, where: str, form: Mapping[str, tuple[Any, ...]]) -> Any:
    """The value, if it is an object of this form, with no conversion of any kind."""
    if not isinstance(value, Mapping) or value.keys() != form.keys():
        found = sorted(value) if isinstance(value, Mapping) else value
        raise RecordError(where, f"has {shorten(found)} where the keys {sorted(form)} belong")
    for key, (kind, *more) in form.items():
        entry = value[key]
        if kind is list and type(entry) is list:
            fits = all(type(each) is more[0] for each in entry)
        else:
            fits = type(entry) is kind or (type(None) in more and entry is None)
        if not fits:
            raise RecordError(f"{where}.{key}", f"holds {shorten(entry)}")
    return value
