"""Who was drawn before: the history that exclusions look at.

Rules enforced here:
1. A past draw is a subject, a day and a task; the same three are stated once.
"""

from __future__ import annotations

from randcheck.models import PastDraw
from randcheck.table import Table


class History(Table[PastDraw]):
    """Earlier draws, in the order of subject, day and task."""

    model = PastDraw
    title = "history"
    key = ("subject", "drawn_on", "task")
