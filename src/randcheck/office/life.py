"""The life of a thing (a plan, a case, …) as a pure function of the steps that were taken.

Rules enforced here:
1. A state is made of the steps so far and nothing else, so the ledger alone rebuilds it.
2. Each step has a form, a `Fact`; what does not fit it, or comes at the wrong time, is refused.
3. A step names the day on which it was taken, in the office's own time, for deadlines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

from attrs import frozen

from randcheck.errors import DataError
from randcheck.fields import Fact
from randcheck.ledger.events import Event
from randcheck.office.errors import StepError

#: The office's own time: that of China, all year.
ZONE = timezone(timedelta(hours=8))


class Step(NamedTuple):
    """One step: of what, which, what happened, with which data, by whom, when (UTC), where."""

    about: str
    id: str
    what: str
    data: Mapping[str, Any]
    actor: str
    at: str
    sequence: int

    @property
    def day(self) -> date:
        """The day of the step in the office's own time."""
        return day_of(self.at)


def day_of(at: str) -> date:
    """The day of a moment in the office's own time; `at` is UTC, as events hold it."""
    return datetime.fromisoformat(at).astimezone(ZONE).date()


def step_of(event: Event) -> Step | None:
    """The step that an event of the ledger is, or `None` if it is about something else."""
    if event.kind != "office":
        return None
    return Step(
        event["about"],
        event["id"],
        event["what"],
        event["data"],
        event.actor,
        event.at,
        event.sequence,
    )


#: What a step makes of a state (`None` before the first); it raises `StepError` or gives the next.
Rule = Callable[[Any, Step, Any], Any]


@frozen
class Life:
    """All steps that a kind of thing can take: for each its form and its rule."""

    about: str
    rules: Mapping[str, tuple[type[Fact], Rule]]

    def follow(self, state: Any, step: Step) -> Any:
        """The state after a step; `StepError` where it is forbidden, nothing is changed then."""
        if step.what not in self.rules:
            raise refused(step, f"one of {', '.join(self.rules)}", step.what)
        form, rule = self.rules[step.what]
        try:
            fact = form.from_json(step.data)
        except DataError as error:
            raise refused(step, f"data of the form {form.__name__}", str(error)) from None
        return rule(state, step, fact)


def refused(step: Step, expected: str, found: object) -> StepError:
    """The error of a step: what must be so first, and what is so."""
    return StepError(step.about, step.id, step.what, expected, str(found))


def need(holds: object, step: Step, expected: str, found: object) -> None:
    """Raise `StepError` unless something holds."""
    if not holds:
        raise refused(step, expected, found)


def need_status(state: Any, step: Step, *allowed: str | None) -> None:
    """A step's thing is in one of these states; `None` means that it is not there yet."""
    status = None if state is None else state.status
    told = " or ".join("no such thing yet" if each is None else each for each in allowed)
    need(status in allowed, step, told, "nothing" if status is None else status)


def rebuild(events: Iterable[Event], lives: Iterable[Life]) -> dict[tuple[str, str], Any]:
    """Every state by what it is about and its id, from a ledger's events alone.

    Raises `StepError` for the first step that the rules forbid: somebody wrote it past them.
    """
    known = {life.about: life for life in lives}
    states: dict[tuple[str, str], Any] = {}
    for event in events:
        step = step_of(event)
        if step is not None:
            states[step.about, step.id] = follow(known, states.get((step.about, step.id)), step)
    return states


def follow(lives: Mapping[str, Life], state: Any, step: Step) -> Any:
    """The state of a step's thing after it, by the life of such things."""
    need(step.about in lives, step, f"one of {', '.join(lives)}", step.about)
    return lives[step.about].follow(state, step)
