"""The ledger (台账): all that happens to a draw, appended, hash-chained, in the right order.

>>> from randcheck.ledger import Ledger, verify_export
>>> ledger = Ledger.open("sqlite://")  # in memory; sqlite:///FILE, or postgresql://…
>>> plan = {"id": "plan-2026", "version": 1, "sha256": "5f" * 32, "reason": None}
>>> ledger.append("plan", plan, actor="office").sequence
0
>>> record = {"commitment_sha256": "c0" * 32, "record_sha256": "4e" * 32}
>>> ledger.append("record", record, actor="office")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
randcheck.ledger.errors.LedgerOrderError: record, body.commitment_sha256: expected a commitment ...
>>> kept = ledger.head()
>>> ledger.verify(kept).ok, ledger.verify("0:" + "00" * 32).ok
(True, False)

Rules enforced here:
1. An event names the digest of the one before, so the last digest, the head, stands for them all.
2. What comes at the wrong time is refused; what is there stays there, with its reason.
3. Reading and verifying an export needs the standard library alone (`check`), appending the extra
   `ledger`. Nothing in the core imports this package.
"""

from randcheck.ledger.check import Finding, Head, Report, verify_export
from randcheck.ledger.errors import (
    LedgerEventError,
    LedgerOrderError,
    LedgerSchemaError,
    LedgerStorageError,
)
from randcheck.ledger.events import Event
from randcheck.ledger.indicators import Indicator, Withdrawn, Witnessed
from randcheck.ledger.store import Ledger

__all__ = [
    "Event",
    "Finding",
    "Head",
    "Indicator",
    "Ledger",
    "LedgerEventError",
    "LedgerOrderError",
    "LedgerSchemaError",
    "LedgerStorageError",
    "Report",
    "Withdrawn",
    "Witnessed",
    "verify_export",
]
