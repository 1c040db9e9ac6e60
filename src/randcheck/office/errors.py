"""What an office cannot do: leaves of `RandcheckError`, each with a stable `code`.

Rules enforced here:
1. A step that the rules forbid names the thing, the step, what must be so first, and what is so.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from randcheck.errors import RandcheckError


@define(slots=False)
class StepError(RandcheckError, ValueError):
    """A step in the life of a plan, a case, … that the rules forbid now."""

    code: ClassVar[str] = "office-step"
    about: str
    id: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.about} {self.id}, {self.what}: expected {self.expected}, found {self.found}"


@define(slots=False)
class CalendarError(RandcheckError, LookupError):
    """A day whose year's working calendar is not announced, or not known here."""

    code: ClassVar[str] = "office-calendar"
    day: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.day}: {self.reason}; {self.remedy}"
