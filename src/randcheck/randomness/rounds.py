"""When a public source speaks, and which time counts for a commitment.

Rules enforced here:
1. The round follows from the time of the commitment; nobody picks it.
2. Times are UTC in whole seconds, `YYYY-MM-DDTHH:MM:SSZ`; rounds count from 1.
3. A round that is never held has no substitute: the draw is abandoned with that reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.signatures import as_moment


class Round(NamedTuple):
    """One round of a source: its number, from 1, and when it speaks."""

    number: int
    at: str


def _as_starts(value: Any) -> tuple[str, ...]:
    given = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else ()
    starts = tuple(as_moment(each) or "" for each in given)
    if not starts or "" in starts or any(a >= b for a, b in pairwise(starts)):
        remedy = "give ascending times, such as ('2026-01-01T13:15:00Z',)"
        raise ParameterError("starts", shorten(value), "are no times of rounds", remedy)
    return starts


def _as_seconds(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 10**9:
        raise ParameterError("Rounds", shorten(value), "is no number of seconds", "give an int")
    return value


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


@frozen
class Rounds:
    """The schedule of a source: it speaks at each of `starts`, and again every `period` seconds.

    A lottery of three evenings a week has three `starts` and a period of 604,800 seconds. `delay`
    is how many seconds must lie between the commitment and the round at the least: the time that
    witnesses have.
    """

    starts: tuple[str, ...] = field(converter=_as_starts)
    period: int = field(converter=_as_seconds)
    delay: int = field(default=0, converter=_as_seconds)

    def __attrs_post_init__(self) -> None:
        if self.period <= _seconds(self.starts[-1]) - _seconds(self.starts[0]):
            reason = f"is not longer than from {self.starts[0]} to {self.starts[-1]}"
            remedy = "give the seconds after which the first start comes again"
            raise ParameterError("period", shorten(self.period), reason, remedy)

    def to_json(self) -> dict[str, Any]:
        return {"delay": self.delay, "period": self.period, "starts": list(self.starts)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rounds:
        """The rounds that `to_json` described."""
        rounds = cls(data.get("starts"), data.get("period"), data.get("delay", 0))
        if rounds.to_json() != dict(data):
            raise ParameterError("rounds", shorten(dict(data)), "are others", f"{rounds.to_json()}")
        return rounds

    def after(self, at: str | datetime) -> Round:
        """The round that counts for a commitment of this time: the first after the delay."""
        moment = as_moment(at)
        if moment is None:
            remedy = "give a datetime with its zone, or text such as 2026-07-01T09:00:00Z"
            raise ParameterError("at", shorten(at), "is no moment", remedy)
        first, due = _seconds(self.starts[0]), _seconds(moment) + self.delay
        cycle = max(0, (due - first) // self.period)
        before = sum(_seconds(start) + cycle * self.period <= due for start in self.starts)
        later, which = divmod(before, len(self.starts))
        spoken = _seconds(self.starts[which]) + (cycle + later) * self.period
        number = cycle * len(self.starts) + before + 1
        return Round(number, datetime.fromtimestamp(spoken, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
