"""What belongs to a draw (案卷) among all that the ledger holds.

Rules enforced here:
1. A thing belongs to a draw by its first step: a case by the draw's record, a problem, a transfer
   and a revisit by their case; plan and scheme by the draw's own step.
2. All steps of such a thing belong, and all attempts at the draw that are cited or cite it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from randcheck.ledger.events import Event
from randcheck.record import DrawRecord

#: A thing's steps as JSON has them, in the ledger's order.
Steps = Sequence[Mapping[str, Any]]

#: The steps of all things by what they are about and their ids.
Things = Mapping[str, Mapping[str, Steps]]

_KINDS = ("draw", "plan", "scheme", "case", "problem", "transfer", "revisit")


def things_of(events: Iterable[Event]) -> Things:
    """The steps in the events, by kind of thing and id, in the order of the first steps."""
    things: dict[str, dict[str, list[dict[str, Any]]]] = {kind: {} for kind in _KINDS}
    for event in events:
        if event.kind == "office":
            step = {"what": event["what"], "data": event["data"], "actor": event.actor,
                    "at": event.at, "sequence": event.sequence}  # fmt: skip
            things.setdefault(event["about"], {}).setdefault(event["id"], []).append(step)
    return things


def last(steps: Steps, *what: str) -> Mapping[str, Any] | None:
    """The last step of one of these kinds, `None` if there is none."""
    return next((step for step in reversed(steps) if step["what"] in what), None)


def related(events: Iterable[Event], record: DrawRecord) -> list[Event]:
    """The events that belong to a draw: its own and those of its plan, scheme, stages, successors,
    cases, problems, transfers and revisits, and the attempts that it repeats or is repeated by.
    """
    every = list(events)
    digests = {record.commitment.digest, record.digest}
    cites = {event["commitment_sha256"]: event["repeats"]
             for event in every if event.kind == "commitment"}  # fmt: skip
    before = cites.get(record.commitment.digest)
    while before is not None and before not in digests:
        digests.add(before)
        before = cites.get(before)
    keys = {("draw", record.digest)}
    for event in every:
        if event.kind == "office" and (event["about"], event["id"]) == ("draw", record.digest):
            data = event["data"]
            keys |= {(about, str(data[about])) for about in ("plan", "scheme") if data.get(about)}
    return [event for event in every if _belongs(event, record, keys, digests)]


#: The step that links a thing to a case.
_LINKS = {("problem", "opened"), ("transfer", "sent"), ("revisit", "drawn")}


def _belongs(
    event: Event, record: DrawRecord, keys: set[tuple[str, str]], digests: set[str]
) -> bool:
    """Whether an event is of this draw; what it brings in is added to both sets."""
    if event.kind == "office":
        thing, data = (event["about"], event["id"]), event["data"]
        step = event["about"], event["what"]
        own = step == ("case", "drawn") and data.get("draw") == record.digest
        if own or (step in _LINKS and ("case", data.get("case")) in keys):
            keys.add(thing)
        return thing in keys
    if event.kind == "plan":
        return ("plan", event["id"]) in keys
    if not {event.get(key) for key in ("commitment_sha256", "record_sha256", "parent")} & digests:
        return event.get("repeats") in digests
    named = map(event.get, ("commitment_sha256", "record_sha256", "successor_sha256"))
    digests |= {digest for digest in named if digest is not None}
    return True
