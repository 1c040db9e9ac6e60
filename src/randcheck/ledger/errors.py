"""What can go wrong with a ledger: leaves of `RandcheckError`, each with a stable `code`.

Rules enforced here:
1. Whoever appends learns whether the event is none, comes at the wrong time, or was not stored.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from randcheck.errors import RandcheckError


@define(slots=False)
class LedgerEventError(RandcheckError, ValueError):
    """What is no event: `where` in it, what belongs there, and what was found."""

    code: ClassVar[str] = "ledger-event"
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, found {self.found}"


@define(slots=False)
class LedgerOrderError(RandcheckError, ValueError):
    """An event in the wrong order: what must be there before it, or is there already."""

    code: ClassVar[str] = "ledger-order"
    kind: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.where}: expected {self.expected}, found {self.found}"


@define(slots=False)
class LedgerSchemaError(RandcheckError, ValueError):
    """Tables of a version that this release does not know, or of none."""

    code: ClassVar[str] = "ledger-schema"
    found: str
    known: int
    remedy: str

    def __str__(self) -> str:
        return f"the ledger's schema is {self.found}, known are 1 to {self.known}; {self.remedy}"


@define(slots=False)
class LedgerStorageError(RandcheckError, RuntimeError):
    """The database did not do it; nothing of the event was stored unless `reason` says so."""

    code: ClassVar[str] = "ledger-storage"
    reason: str

    def __str__(self) -> str:
        return f"the ledger's database: {self.reason}"
