"""Who was drawn before: the history that exclusions look at.

Rules enforced here:
1. A past draw is a subject, a day and a task; the same three are stated once.
"""

from __future__ import annotations

from randcheck.errors import ParameterError
from randcheck.models import PastDraw
from randcheck.table import Table


class History(Table[PastDraw]):
    """Earlier draws, in the order of subject, day and task."""

    model = PastDraw
    title = "history"
    key = ("subject", "drawn_on", "task")


def needed(history: History | None, asker: str) -> History:
    """The history that somebody asks; `ParameterError` that says who, if there is none."""
    if history is None:
        remedy = "give history=, an empty one if nobody was drawn before"
        raise ParameterError("history", "None", f"cannot answer {asker}", remedy)
    return history
