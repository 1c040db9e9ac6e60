"""What is bound before the dice, and its digest.

Rules enforced here:
1. A commitment is one canonical JSON object with exactly the protocol's keys; its SHA-256 is what
   is published, before the randomness exists.
2. It binds everything that decides: task, strategies, registries, exclusions, odds sheet, source.
3. A source without evidence that the commitment came first is of grade G0: a rehearsal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from attrs import frozen

from randcheck import canonical
from randcheck.canonical import CanonicalObject
from randcheck.errors import CanonicalError, CommitmentError, ParameterError, shorten
from randcheck.tickets import PROTOCOL

KEYS = (
    "excluded",
    "inputs",
    "matcher",
    "nonce",
    "parent",
    "protocol",
    "sampler",
    "sheet_sha256",
    "source",
    "task",
)


class Source(Protocol):
    """Where the randomness will come from: anything that describes itself."""

    def to_json(self) -> dict[str, Any]:
        """An object with `grade` and `kind` and what else names the randomness to come."""
        ...


@frozen
class Rehearsal:
    """No source but the operator's word: grade G0."""

    kind: ClassVar[str] = "rehearsal"

    def to_json(self) -> dict[str, Any]:
        return {"grade": "G0", "kind": self.kind}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rehearsal:
        if dict(data) != cls().to_json():
            raise CommitmentError(f"{shorten(dict(data))} is no rehearsal")
        return cls()


def check_randomness(source: Source | None, randomness: str) -> None:
    """`ParameterError` for an empty text, or for one that the named source cannot have given.

    A source that knows what it cannot have said has a method `check(randomness)`, which raises it.
    """
    if not canonical.is_text(randomness) or not randomness.strip():
        remedy = "give the text of the source"
        raise ParameterError("randomness", shorten(randomness), "is no text", remedy)
    check = getattr(source, "check", None)
    if callable(check):
        check(randomness)


@frozen(slots=False)
class Commitment(CanonicalObject):
    """All that decides a draw, such as `commitment["task"]`; `digest` is what is published."""

    def __attrs_post_init__(self) -> None:
        try:
            value = canonical.loads(self.data)
        except CanonicalError as error:
            raise CommitmentError(f"the commitment is not canonical JSON: {error}") from None
        if not isinstance(value, dict) or tuple(value) != KEYS:
            found = list(value) if isinstance(value, dict) else value
            raise CommitmentError(f"keys of the commitment are {shorten(found)}, not {list(KEYS)}")
        if value["protocol"] != PROTOCOL:
            raise CommitmentError(f"unknown protocol {shorten(value['protocol'])}")

    @classmethod
    def of(cls, **values: Any) -> Commitment:
        """The commitment with these values for all keys but `protocol`."""
        return cls(canonical.dumps({"protocol": PROTOCOL, **values}))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Commitment:
        """The commitment of an object; `CommitmentError` says where it is none."""
        try:
            return super().from_json(data)
        except CanonicalError as error:
            raise CommitmentError(f"the commitment has no canonical form: {error}") from None
