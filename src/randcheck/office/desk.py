"""The desk: where steps are taken. States in memory, the ledger as the only thing that is kept.

Rules enforced here:
1. A step is looked at with the state that the ledger gives, and stored only if nobody else has
   taken a step with the same thing meanwhile; then it is looked at again.
2. Steps that are taken together are stored together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from randcheck.errors import UnknownNameError
from randcheck.fields import Fact
from randcheck.ledger import Event, Ledger, LedgerOrderError
from randcheck.office.life import Life, follow, step_of

#: How often steps are looked at again because somebody else was faster.
ATTEMPTS = 5

#: What is done: about what, which, the step, and its data.
Deed = tuple[str, str, str, Fact | Mapping[str, Any]]


class Desk:
    """An office's work on a ledger. `lives` are those of `randcheck.office.lives(…)`."""

    def __init__(self, ledger: Ledger, lives: Iterable[Life]) -> None:
        self._ledger, self._lives = ledger, {life.about: life for life in lives}
        self._states: dict[tuple[str, str], Any] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._next = 0
        self.refresh()

    def refresh(self) -> None:
        """Read what others have appended. Raises `StepError` for a step past the rules."""
        for event in self._ledger.events(self._next):
            self._keep(self._changed([event]), event.sequence)

    def state(self, about: str, thing: str) -> Any:
        """The state of a thing; `UnknownNameError` if nothing was ever said of it."""
        try:
            return self._states[about, thing]
        except KeyError:
            raise UnknownNameError(about, (thing,), ()) from None

    def states(self, about: str) -> dict[str, Any]:
        """All states of a kind by id, in the order in which they began."""
        return {key[1]: state for key, state in self._states.items() if key[0] == about}

    def do(
        self,
        about: str,
        thing: str,
        what: str,
        data: Fact | Mapping[str, Any] | None = None,
        *,
        actor: str,
        at: datetime | str | None = None,
    ) -> Any:
        """Take one step and return the thing's new state; `StepError` where it is forbidden."""
        self.do_all([(about, thing, what, {} if data is None else data)], actor=actor, at=at)
        return self._states[about, thing]

    def do_all(
        self, deeds: Iterable[Deed], *, actor: str, at: datetime | str | None = None
    ) -> None:
        """Take several steps, all of them or none."""
        given = [
            (about, thing, what, data.to_json() if isinstance(data, Fact) else dict(data))
            for about, thing, what, data in deeds
        ]
        for left in reversed(range(ATTEMPTS)):
            changed: dict[tuple[str, str], tuple[int, Any]] = {}

            def allow(events: list[Event], changed: Any = changed) -> None:
                changed.clear()
                changed.update(self._changed(events))

            try:
                events = self._ledger.extend(self._bodies(given), actor=actor, at=at, allow=allow)
            except LedgerOrderError:
                if not left:
                    raise
                self.refresh()
                continue
            if events and events[0].sequence == self._next:
                self._keep(changed, events[-1].sequence)
            else:  # others spoke of other things meanwhile
                self.refresh()
            return

    def _bodies(self, deeds: list[tuple[str, str, str, dict[str, Any]]]) -> list[Any]:
        """The events' bodies, each after the last that was said of its thing."""
        last, bodies = dict[tuple[str, str], int](), []
        for number, (about, thing, what, data) in enumerate(deeds):
            after = last.get((about, thing), self._last.get((about, thing)))
            body = {"about": about, "id": thing, "what": what, "data": data, "after": after}
            bodies.append(("office", body))
            last[about, thing] = self._next + number
        return bodies

    def _changed(self, events: Iterable[Event]) -> dict[tuple[str, str], tuple[int, Any]]:
        """What becomes of the things that events speak of: the last event about each, its state."""
        changed: dict[tuple[str, str], tuple[int, Any]] = {}
        for event in events:
            step = step_of(event)
            if step is None:
                continue
            key = step.about, step.id
            before = changed[key][1] if key in changed else self._states.get(key)
            changed[key] = step.sequence, follow(self._lives, before, step)
        return changed

    def _keep(self, changed: Mapping[tuple[str, str], tuple[int, Any]], last: int) -> None:
        for key, (sequence, state) in changed.items():
            self._last[key], self._states[key] = sequence, state
        self._next = last + 1
