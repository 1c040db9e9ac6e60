"""Keys: algorithms by one small interface, private and public keys, the keyring, the policy."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Protocol

from attrs import evolve, field, frozen

from randcheck import canonical
from randcheck.errors import (
    CanonicalError,
    DataError,
    MissingExtraError,
    ParameterError,
    Problem,
    shorten,
)
from randcheck.fields import FLAG, ID, WORDS, Fact, Fault, Kind, as_mapping, declare
from randcheck.tickets import PROTOCOL
from randcheck.tickets import field as counted

#: The keys of a signature, in the order of its bytes.
KEYS = (
    "algorithm",
    "key_id",
    "protocol",
    "role",
    "signature",
    "signed_at",
    "subject_sha256",
)

#: What keeps a signature of ours from being read as one of something else.
DOMAIN = counted(f"{PROTOCOL} signature".encode())

#: More signatures than this are not read, nor longer ones.
MOST_SIGNATURES = 100
MOST_BYTES = 200_000

_HEX = re.compile("(?:[0-9a-f]{2})+")
_MOMENT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
MOMENT_REMEDY = "give a datetime with a time zone, or text such as 2026-07-01T09:00:00Z"

#: Points of small order (their sign bit is ignored): under such a key anybody makes signatures.
_WEAK = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


# --- algorithms --------------------------------------------------------------------------------


class Algorithm(Protocol):
    """A signature algorithm. `private` is what it signs with: a key object, a device's handle."""

    @property
    def name(self) -> str:
        """The name that signatures and keyrings hold."""
        ...

    def generate(self) -> tuple[Any, bytes]:
        """A new private key, and its public key's bytes."""
        ...

    def sign(self, private: Any, message: bytes) -> bytes:
        """The signature of a message."""
        ...

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """`True` if the signature is the key's for this message, and nothing else if not."""
        ...


def _load(name: str) -> Any:
    try:
        return importlib.import_module(f"cryptography.{name}")
    except ImportError:
        raise MissingExtraError("cryptography", "signatures", "an Ed25519 signature") from None


@frozen
class Ed25519:
    """Ed25519 as RFC 8032 has it, through `cryptography`; keys of small order verify nothing."""

    name: ClassVar[str] = "ed25519"

    def generate(self) -> tuple[Any, bytes]:
        private = _load("hazmat.primitives.asymmetric.ed25519").Ed25519PrivateKey.generate()
        return private, self.public(private)

    def public(self, private: Any) -> bytes:
        """The 32 bytes of the public key of a private one."""
        return bytes(private.public_key().public_bytes_raw())

    def sign(self, private: Any, message: bytes) -> bytes:
        return bytes(private.sign(message))

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        library = _load("hazmat.primitives.asymmetric.ed25519")
        if public[:31] + bytes([public[-1] & 0x7F] if public else b"") in _WEAK:
            return False
        try:
            library.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (_load("exceptions").InvalidSignature, ValueError):
            return False
        return True


ED25519 = Ed25519()

#: The algorithms of ours by name. To use others, give a table of your own to `check_signatures`.
ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType({ED25519.name: ED25519})


def verifies(algorithm: Algorithm, public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        return algorithm.verify(public, message, signature) is True
    except MissingExtraError:
        raise
    except Exception:  # a stranger's algorithm, hostile bytes: what cannot be verified is not
        return False


# --- keys --------------------------------------------------------------------------------------


def key_id(public: bytes) -> str:
    """The id of a public key: the SHA-256 of its raw bytes, lower-case hex."""
    return hashlib.sha256(public).hexdigest()


def is_hex(value: object) -> bool:
    """Whether a value is text of whole bytes in lower-case hex."""
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def as_moment(value: object) -> str | None:
    """A moment in UTC as `YYYY-MM-DDTHH:MM:SSZ`, without fractions; `None` if it is none."""
    try:
        if isinstance(value, datetime) and value.utcoffset() is not None:
            return value.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            datetime.fromisoformat(value)
            return value
    except (ValueError, OverflowError):
        pass
    return None


class SigningKey:
    """A private key with its public one. It shows its id, and never pickles or copies."""

    __slots__ = ("_algorithm", "_private", "_public")

    def __init__(self, algorithm: Algorithm, private: Any, public: bytes) -> None:
        self._algorithm = algorithm
        self._private = private
        self._public = public

    @classmethod
    def generate(cls, algorithm: Algorithm = ED25519) -> SigningKey:
        """A new key."""
        return cls(algorithm, *algorithm.generate())

    @classmethod
    def from_pem(cls, data: bytes, passphrase: str) -> SigningKey:
        """The Ed25519 key of an encrypted PKCS #8 file; `ParameterError` if it cannot be read."""
        phrase = _phrase(passphrase)
        serialization = _load("hazmat.primitives.serialization")
        try:
            private = serialization.load_pem_private_key(data, phrase)
        except Exception:  # what `cryptography` says may quote what it was given
            raise ParameterError(
                "data",
                "(not shown)",
                "is no encrypted private key, or not under this passphrase",
                "give the PEM bytes that `to_pem` wrote, and their passphrase",
            ) from None
        if not isinstance(private, _load("hazmat.primitives.asymmetric.ed25519").Ed25519PrivateKey):
            raise ParameterError(
                "data", "(not shown)", "is a key of another algorithm", "give an Ed25519 key"
            )
        return cls(ED25519, private, ED25519.public(private))

    def to_pem(self, passphrase: str) -> bytes:
        """The private key as PKCS #8 in PEM, encrypted under the passphrase; Ed25519 only."""
        phrase = _phrase(passphrase)
        if not isinstance(self._algorithm, Ed25519):
            raise ParameterError(
                "key", repr(self), "is not an Ed25519 key", "keep it as its own library does"
            )
        serialization = _load("hazmat.primitives.serialization")
        return bytes(
            self._private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(phrase),
            )
        )

    @property
    def public(self) -> bytes:
        """The public key's raw bytes."""
        return self._public

    @property
    def key_id(self) -> str:
        """The SHA-256 of the public key, lower-case hex."""
        return key_id(self._public)

    def public_key(
        self,
        *,
        holder: str,
        roles: tuple[str, ...],
        valid_from: str | datetime,
        valid_until: str | datetime,
    ) -> PublicKey:
        """What a keyring holds of this key."""
        period: dict[str, Any] = {"valid_from": valid_from, "valid_until": valid_until}
        name, text = self._algorithm.name, self._public.hex()
        return PublicKey(name, text, holder, roles, **period)

    def _sign(self, message: bytes) -> bytes:
        signature = self._algorithm.sign(self._private, message)
        if not verifies(self._algorithm, self._public, message, signature):
            raise ParameterError(
                "key",
                repr(self),
                "does not verify what it signs",
                "give a private key together with its own public key",
            )
        return signature

    def __repr__(self) -> str:
        return f"SigningKey({self._algorithm.name!r}, key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is never pickled or copied; use to_pem with a passphrase")


def _phrase(passphrase: str) -> bytes:
    if not isinstance(passphrase, str) or not passphrase:
        raise ParameterError(
            "passphrase", "(not shown)", "is no text, or empty", "give a passphrase"
        )
    try:
        return passphrase.encode()
    except UnicodeEncodeError:
        raise ParameterError(
            "passphrase", "(not shown)", "holds a lone surrogate", "give a passphrase"
        ) from None


def _clean_moment(value: Any) -> str:
    moment = as_moment(value)
    if moment is None:
        raise Fault("is no moment", MOMENT_REMEDY)
    return moment


def _clean_hex(value: Any) -> str:
    if not is_hex(value):
        raise Fault("is no public key", "write its raw bytes in lower-case hex")
    return str(value)


def _clean_roles(value: Any) -> tuple[str, ...]:
    roles: tuple[str, ...] = WORDS.clean(value)
    if not roles:
        raise Fault("is an empty set of roles", "give one or more, such as ('reviewer',)")
    return tuple(ID.clean(role) for role in roles)


_ROLES = Kind(_clean_roles, plain=list)
_A_MOMENT = Kind(_clean_moment)


@frozen
class PublicKey(Fact):
    """A public key in a keyring: whose it is, for which roles, from when until when (inclusive).

    Moments are in UTC, given as aware datetimes or as `YYYY-MM-DDTHH:MM:SSZ`, and held as text;
    fractions of a second are dropped.
    """

    algorithm: str = declare(ID)
    public_key: str = declare(Kind(_clean_hex))
    holder: str = declare(ID)
    roles: tuple[str, ...] = declare(_ROLES)
    valid_from: str = declare(_A_MOMENT)
    valid_until: str = declare(_A_MOMENT)

    def contradictions(self) -> Iterator[tuple[str, str, str, str]]:
        if self.valid_until < self.valid_from:
            reason = f"is before {self.valid_from}"
            yield "valid_until", shorten(self.valid_until), reason, "swap the moments"

    @property
    def key_id(self) -> str:
        """The SHA-256 of the raw public key, lower-case hex."""
        return key_id(bytes.fromhex(self.public_key))


@frozen
class Policy(Fact):
    """Which roles must have signed, and whether by different people (who may hold several keys)."""

    roles: tuple[str, ...] = declare(_ROLES, default=("reviewer", "leader"))
    distinct: bool = declare(FLAG, default=True)


def _by_id(keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
    given = tuple(keys)
    for row, key in enumerate(given):
        if not isinstance(key, PublicKey):
            raise _no_keyring(shorten(key), "is no public key", "give PublicKey values", row)
    ids = Counter(key.key_id for key in given)
    for name, count in ids.items():
        if count > 1:
            raise _no_keyring(name, f"is there {count} times", "give each key once")
    return tuple(sorted(given, key=lambda key: key.key_id))


@frozen
class Keyring:
    """The public keys of an office, each once. Its bytes are canonical JSON, by key id."""

    keys: tuple[PublicKey, ...] = field(converter=_by_id)

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        entries = {key.key_id: key.to_json() for key in self.keys}
        return canonical.dumps({"keys": entries, "protocol": PROTOCOL})

    @property
    def digest(self) -> str:
        """The SHA-256 of the canonical bytes: what to publish, so that the keyring is known."""
        return canonical.sha256(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> Keyring:
        """The keyring of canonical bytes; `DataError` if they are none."""
        if not isinstance(data, bytes):
            raise _no_keyring(type(data).__name__, "is not bytes")
        try:
            value = canonical.loads(data)
        except CanonicalError as error:
            raise _no_keyring(shorten(data), f"is not canonical JSON: {error}") from None
        entries = value.get("keys") if isinstance(value, dict) else None
        if not isinstance(entries, dict):
            raise _no_keyring(shorten(value), "has no object of keys")
        keys, problems = [], []
        for row, entry in enumerate(entries.values()):
            try:
                keys.append(PublicKey.from_json(as_mapping(entry, "key")))
            except ParameterError as error:
                problems.append(Problem(row, None, error.value, error.reason, error.remedy))
            except DataError as error:
                problems += [evolve(problem, row=row) for problem in error.problems]
        if problems:
            raise DataError("keyring", problems)
        keyring = cls(keys)
        if keyring.to_bytes() != data:
            reason = "has a wrong key id, another protocol, keys that no keyring has, or no order"
            raise _no_keyring(shorten(value), reason)
        return keyring


def _no_keyring(
    value: str, reason: str, remedy: str = "give the bytes of a keyring", row: int | None = None
) -> DataError:
    return DataError("keyring", [Problem(row, None, value, reason, remedy)])
