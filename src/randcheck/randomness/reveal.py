"""Commit and reveal: secrets sealed beforehand, revealed afterwards.

Rules enforced here:
1. As long as one party chose at random and told nobody, no one could know the outcome.
2. Who does not reveal is left out and named; all others' secrets count.
3. No error shows a secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from randcheck import canonical
from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.randomness.described import check_described, loads
from randcheck.tickets import PROTOCOL
from randcheck.tickets import field as counted


def seal(party: str, secret: str) -> str:
    """What a party publishes of its secret beforehand: a SHA-256, lower-case hex.

    SHA-256 of field("randcheck/v1 reveal"), field(party) and field(secret), where field(x) is the
    length of x as 8 bytes, big-endian, and x. A secret should have 32 random bytes.
    """
    parts = (f"{PROTOCOL} reveal", party, secret)
    return hashlib.sha256(b"".join(counted(part.encode()) for part in parts)).hexdigest()


def _as_seals(value: Any) -> FrozenMapping:
    for party, digest in as_mapping(value, "seals").items():
        if not canonical.is_sha256(digest):
            remedy = "give what seal(party, secret) returned"
            raise ParameterError(f"seals[{party!r}]", shorten(digest), "is no seal", remedy)
    if len(value) < 2 or not all(party.strip() for party in value):
        reason = "are not two named parties or more"
        raise ParameterError("seals", shorten(dict(value)), reason, "let somebody else take part")
    if len(set(value.values())) < len(value):
        remedy = "let each party choose a secret of its own"
        raise ParameterError("seals", shorten(dict(value)), "are not distinct", remedy)
    return FrozenMapping(value)


@frozen
class CommitReveal:
    """Secrets of two parties or more, sealed beforehand and revealed afterwards: grade G1.

    `seals` gives each party its `seal`. As long as one of them chose at random and told nobody, no
    one could know the outcome. The last to reveal can still see it and stay silent, which is one
    more try in its own name, and k parties in one hand choose among 2^k outcomes; mix in a later
    public source (`Combined`) to take that away.
    """

    kind: ClassVar[str] = "commit-reveal"
    seals: FrozenMapping = field(converter=_as_seals)

    def to_json(self) -> dict[str, Any]:
        return {"grade": "G1", "kind": self.kind, "seals": dict(self.seals)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CommitReveal:
        """The source that `to_json` described, and nothing that claims more."""
        seals: Any = data.get("seals")  # what is no mapping is refused
        source = cls(seals)
        check_described(source, data)
        return source

    def text(self, secrets: Mapping[str, str | None]) -> str:
        """The draw's randomness from the secrets, `None` for a party that did not reveal.

        Canonical JSON of party → secret, with null for the silent. Raises `ParameterError` for a
        secret that is not the sealed one, an unknown party, a party that is not accounted for, or
        silence all round.
        """
        given = as_mapping(secrets, "secrets")
        if given.keys() != self.seals.keys():
            remedy = f"account for {', '.join(self.seals)}, with None for who stays silent"
            reason = "are not the parties' secrets"
            raise ParameterError("secrets", shorten(sorted(given)), reason, remedy)
        for party, secret in given.items():
            if secret is None:
                continue
            fits = canonical.is_text(secret)
            if not fits or not hmac.compare_digest(seal(party, secret), self.seals[party]):
                reason = "is not what was sealed"
                remedy = "give the secret that its seal was made of, or None"
                raise ParameterError(f"secrets[{party!r}]", "(not shown)", reason, remedy)
        if all(secret is None for secret in given.values()):
            remedy = "abandon the draw, with this reason"
            raise ParameterError("secrets", "{}", "are all missing", remedy)
        return canonical.dumps(dict(given)).decode()

    def silent(self, text: str) -> tuple[str, ...]:
        """Who did not reveal, from a draw's randomness; each had one more try in its own name.

        Raises `ParameterError` for a text that does not follow from the seals.
        """
        secrets = loads(text)
        self.text(secrets)
        return tuple(party for party, secret in secrets.items() if secret is None)

    def check(self, text: str) -> None:
        """`ParameterError` for a randomness that is not of the sealed secrets."""
        self.silent(text)
