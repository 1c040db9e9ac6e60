"""An event of the ledger (台账): its canonical bytes, its digest, what it says.

Rules enforced here (the forms and the order themselves are `check`'s):
1. An event is one canonical JSON object; its SHA-256 is named by the event after it.
2. A new event's names are ids as everywhere, so that no look-alike begins a second life of a task.
3. A time is UTC in whole seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from randcheck import canonical
from randcheck.canonical import CanonicalObject
from randcheck.errors import CanonicalError, shorten
from randcheck.ids import id_fault
from randcheck.ledger import check
from randcheck.ledger.errors import LedgerEventError, LedgerOrderError
from randcheck.tickets import PROTOCOL

#: An `at` may be later than the clock by as many seconds, and the clock earlier than the last `at`.
TOLERANCE = 60


@frozen(slots=False)
class Event(CanonicalObject):
    """One event, a line of an export; `event["reason"]` is an entry of its body."""

    _value: dict[str, Any] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.data, bytes):
            raise LedgerEventError("event", "bytes", type(self.data).__name__)
        try:
            object.__setattr__(self, "_value", check.read(self.data))
        except check.RefusedError as refused:
            raise _as_error(refused) from None

    @classmethod
    def of(
        cls, kind: str, body: Mapping[str, Any], *, actor: str, at: str, after: check.Head
    ) -> Event:
        """The event that follows a head; `LedgerEventError` says where it is none."""
        event = {
            "actor": actor,
            "at": at,
            "body": dict(body),
            "kind": kind,
            "previous": after.digest,
            "protocol": PROTOCOL,
            "sequence": after.sequence + 1,
        }
        try:
            told = cls(canonical.dumps(event))
        except CanonicalError as error:
            raise LedgerEventError("event", "canonical JSON", str(error)) from None
        for where, name in _names(told):
            if fault := id_fault(name):
                reason, remedy = fault
                raise LedgerEventError(
                    where, "a name", f"{shorten(name)}, which {reason}: {remedy}"
                )
        return told

    def __getitem__(self, key: str) -> Any:
        """One entry of the body, such as `event["reason"]`."""
        return self._value["body"][key]

    def get(self, key: str) -> Any:
        """One entry of the body, `None` if a body of this kind has no such key."""
        return self._value["body"].get(key)

    @property
    def kind(self) -> str:
        """One of `check.KINDS`."""
        return str(self._value["kind"])

    @property
    def body(self) -> dict[str, Any]:
        """What the event says, a copy."""
        body: dict[str, Any] = self.to_json()["body"]
        return body

    @property
    def actor(self) -> str:
        """Who appended it."""
        return str(self._value["actor"])

    @property
    def at(self) -> str:
        """When, in UTC, such as `2026-07-01T09:30:00Z`."""
        return str(self._value["at"])

    @property
    def sequence(self) -> int:
        """Its place in the ledger, from 0."""
        return int(self._value["sequence"])

    @property
    def previous(self) -> str:
        """The digest of the event before, 64 zeros in the first."""
        return str(self._value["previous"])

    @property
    def head(self) -> check.Head:
        """The ledger's head once this event is its last."""
        return check.Head(self.sequence, self.digest)


def follow(event: Event, head: check.Head, at: str, known: check.Known) -> dict[str, Any]:
    """What becomes known by an event after `head`; `LedgerOrderError` at the wrong time."""
    try:
        return check.follow(event._value, head, at, known)
    except check.RefusedError as refused:
        where, expected, found = refused.where, refused.expected, refused.found
        raise LedgerOrderError(event.kind, where, expected, found) from None


def time_of(at: datetime | str | None, now: datetime, last: str) -> str:
    """The time of an event after one at `last`: the given one, or the clock's.

    A clock that is behind by seconds gives the last time again. `LedgerEventError` for a time ahead
    of the clock, which would hold forever, and for a clock that is behind by more.
    """
    clock = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if at is None:
        if last > clock and _seconds(last) - _seconds(clock) > TOLERANCE:
            raise LedgerEventError("at", f"a clock not before the last event, {last}", clock)
        return max(clock, last)
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise LedgerEventError("at", "a time with its zone", at.isoformat())
        at = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not isinstance(at, str) or not check.is_time(at):
        raise LedgerEventError("at", "a time such as 2026-07-01T09:30:00Z", shorten(at))
    if _seconds(at) - _seconds(clock) > TOLERANCE:
        raise LedgerEventError("at", f"a time not ahead of the clock, {clock}", at)
    return at


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _names(event: Event) -> list[tuple[str, str]]:
    body = event._value["body"]
    names = [("actor", event.actor)]
    if event.kind == "plan":
        names.append(("body.id", body["id"]))
    elif event.kind == "commitment":
        names.append(("body.task", body["task"]))
        names += [("body.plan.id", body["plan"]["id"])] if body["plan"] else []
    elif event.kind == "confirmation":
        names += [("body.by", name) for name in body["by"]]
    elif event.kind == "witness":
        names.append(("body.by", body["by"]))
    elif event.kind == "office":
        names += [(f"body.{key}", body[key]) for key in ("about", "id", "what")]
    return names


def _as_error(refused: check.RefusedError) -> LedgerEventError:
    return LedgerEventError(refused.where, refused.expected, refused.found)
