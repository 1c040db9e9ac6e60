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

from attrs import field, frozen

from randcheck import canonical
from randcheck.errors import CanonicalError, CommitmentError, shorten
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


@frozen
class Commitment:
    """All that decides a draw. Equal commitments have equal bytes."""

    data: bytes = field(repr=lambda data: canonical.sha256(data))

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

    def to_bytes(self) -> bytes:
        """The canonical bytes, whose SHA-256 is published."""
        return self.data

    @classmethod
    def from_bytes(cls, data: bytes) -> Commitment:
        """The commitment of canonical bytes; `CommitmentError` if they are none."""
        return cls(data)

    @property
    def digest(self) -> str:
        """What is published: SHA-256 of the bytes, lower-case hex."""
        return canonical.sha256(self.data)

    def to_json(self) -> dict[str, Any]:
        """The object itself."""
        value: dict[str, Any] = canonical.loads(self.data)
        return value

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Commitment:
        """The commitment of an object."""
        try:
            return cls(canonical.dumps(dict(data)))
        except CanonicalError as error:
            raise CommitmentError(f"the commitment has no canonical form: {error}") from None

    def __getitem__(self, key: str) -> Any:
        """One entry of the object, such as `commitment["task"]`."""
        return self.to_json()[key]
