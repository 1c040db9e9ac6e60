"""How fair is somebody else's draw?

From a procedure that can be called, or from nothing but the lists of the past:

>>> from random import Random
>>> from randcheck.audit import audit_procedure, enumerate_procedure
>>> pool = [f"firm-{n:03}" for n in range(100)]
>>> def skip(pool, count, start):
...     return pool[start::len(pool) // count][:count]
>>> odds = enumerate_procedure(skip, pool, 30, inputs=range(3))
>>> odds.samples, odds.never[:2], odds.joint("firm-000", "firm-001"), len(odds.never)
(3, ('firm-090', 'firm-091'), Fraction(0, 1), 10)
>>> dice = Random(1)
>>> audit = audit_procedure(lambda pool, n: skip(pool, n, dice.randrange(3)), pool, 30)
>>> [test.name for test in audit.findings]
['never drawn', 'uneven counts', 'lists alike', 'pairs of firms', 'spacing']
>>> audit_procedure(lambda pool, n: dice.sample(pool, n), pool, 30).ok
True

`audit_history` takes a list of `PastSample`. What each test asks, what it assumes, and what it
cannot see stands in `docs/audit.md`.

Rules enforced here:
1. A finding is a reason to look, never a verdict: it says what was seen, and how rare that is.
2. The chance that a fair history has any finding at all is at most the level.
"""

from randcheck.audit.enumeration import Enumerated, enumerate_procedure
from randcheck.audit.history import audit_history, audit_procedure
from randcheck.audit.report import Audit, AuditTest
from randcheck.audit.samples import PastSample

__all__ = [
    "Audit",
    "AuditTest",
    "Enumerated",
    "PastSample",
    "audit_history",
    "audit_procedure",
    "enumerate_procedure",
]
