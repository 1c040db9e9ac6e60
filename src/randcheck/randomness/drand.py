"""drand, the beacon of the League of Entropy: rounds of seconds, each with a BLS signature.

Rules enforced here:
1. A round's randomness counts only with its signature under the chain's public key.
2. The round stands in the text, so that everybody can ask drand for the same one.

Chains of the scheme `bls-unchained-g1-rfc9380`, such as quicknet: a signature is a point of G1, the
key one of G2, the message SHA-256 of the round as 8 bytes, big-endian, hashed to the curve as
RFC 9380 has it (https://drand.love/docs/cryptography). Checked through `py_ecc`, the extra `drand`.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from randcheck import canonical
from randcheck.errors import MissingExtraError, ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.randomness.described import as_witnesses, check_described, promised
from randcheck.randomness.rounds import Rounds

#: What a signature's message is hashed with.
DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"

_TEXT = re.compile("([1-9][0-9]{0,15}) ([0-9a-f]{96})")


def _as_chain(value: Any) -> str:
    if not canonical.is_sha256(value):
        remedy = "give the chain's hash, 64 lower-case hex digits"
        raise ParameterError("chain", shorten(value), "is no hash", remedy)
    return str(value)


def _as_key(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{192}", value):
        remedy = "give the chain's public key, 192 lower-case hex digits"
        raise ParameterError("public_key", shorten(value), "is no key of G2", remedy)
    return value


@frozen
class Drand:
    """A round of drand, that of the time of the commitment. As given: quicknet, every 3 seconds.

    `delay` is how many seconds must lie between the commitment and the round at the least;
    `witnesses` as for `PublicSource`: with them the commitment promises grade G2.
    """

    kind: ClassVar[str] = "drand"
    witnesses: FrozenMapping = field(default=FrozenMapping({}), converter=as_witnesses)
    delay: int = 3600
    chain: str = field(
        default="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
        converter=_as_chain,
    )
    public_key: str = field(
        default="83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c"
        "8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb"
        "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
        converter=_as_key,
    )
    genesis: str = "2023-08-23T15:09:27Z"
    period: int = 3
    rounds: Rounds = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "rounds", Rounds((self.genesis,), self.period, self.delay))

    def to_json(self) -> dict[str, Any]:
        described = {
            "chain": self.chain,
            "grade": promised(self.rounds, self.witnesses),
            "kind": self.kind,
            "public_key": self.public_key,
            "rounds": self.rounds.to_json(),
        }
        return described | ({"witnesses": dict(self.witnesses)} if self.witnesses else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Drand:
        """The source that `to_json` described, and nothing that claims more."""
        rounds = Rounds.from_json(data.get("rounds") or {})
        source = cls(
            witnesses=data.get("witnesses", {}),
            delay=rounds.delay,
            chain=data.get("chain"),
            public_key=data.get("public_key"),
            genesis=rounds.starts[0],
            period=rounds.period,
        )
        check_described(source, data)
        return source

    def text(self, said: Mapping[str, Any]) -> str:
        """The draw's randomness from what drand's API answers: `round` and `signature`.

        The text is the round and the signature in hex, with a blank between. Raises
        `ParameterError` for what is no such answer, or not signed by the chain, and
        `MissingExtraError` without the extra `drand`.
        """
        given = said if isinstance(said, Mapping) else {}
        text = f"{given.get('round')} {given.get('signature')}"
        self.check(text)
        spoken = hashlib.sha256(bytes.fromhex(text.partition(" ")[2])).hexdigest()
        if given.get("randomness", spoken) != spoken:
            reason = "has a randomness that is not its signature's SHA-256"
            raise ParameterError("said", shorten(dict(given)), reason, "ask drand again")
        return text

    def round_number(self, text: str) -> int:
        """The round that a text says it is of."""
        found = _TEXT.fullmatch(text)
        if found is None:
            remedy = "give what text(…) of the source returned"
            raise ParameterError("randomness", shorten(text), "is no round of drand", remedy)
        return int(found[1])

    def check(self, text: str) -> None:
        """`ParameterError` for a randomness that the chain did not sign."""
        number = self.round_number(text)
        key, signature = bytes.fromhex(self.public_key), bytes.fromhex(text.partition(" ")[2])
        if not _verifies(key, number.to_bytes(8, "big"), signature):
            remedy = f"ask drand for round {number} of chain {self.chain}"
            raise ParameterError("randomness", shorten(text), "is not signed by the chain", remedy)


def _verifies(key: bytes, number: bytes, signature: bytes) -> bool:
    """Whether a signature is the key's for this round: e(g2, signature) = e(key, H(round))."""
    read, curve = _load("bls.g2_primitives"), _load("optimized_bls12_381")
    try:  # py_ecc names its readers by another use: 96 bytes are a point of G2, 48 one of G1
        points = public, signed = read.signature_to_G2(key), read.pubkey_to_G1(signature)
    except ValueError:
        return False
    if any(curve.is_inf(point) or not read.subgroup_check(point) for point in points):
        return False
    digest = hashlib.sha256(number).digest()
    message = _load("bls.hash_to_curve").hash_to_G1(digest, DOMAIN, hashlib.sha256)
    return bool(curve.pairing(curve.G2, signed) == curve.pairing(public, message))


def _load(name: str) -> Any:
    limit = sys.getrecursionlimit()
    try:
        return importlib.import_module(f"py_ecc.{name}")
    except ImportError:
        raise MissingExtraError("py_ecc", "drand", "a signature of drand") from None
    finally:  # py_ecc raises it a hundredfold, so that deep JSON would end the process
        sys.setrecursionlimit(limit)
