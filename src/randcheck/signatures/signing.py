"""Signing canonical bytes, and checking the signatures of several people against a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from traceback import format_exception_only
from typing import Any

from randcheck import canonical
from randcheck.errors import (
    CanonicalError,
    MissingExtraError,
    ParameterError,
    shorten,
)
from randcheck.ids import id_fault
from randcheck.signatures.keys import (
    ALGORITHMS,
    DOMAIN,
    KEYS,
    MOMENT_REMEDY,
    MOST_BYTES,
    MOST_SIGNATURES,
    Algorithm,
    Keyring,
    Policy,
    PublicKey,
    SigningKey,
    as_moment,
    is_hex,
    verifies,
)
from randcheck.tickets import PROTOCOL
from randcheck.verify import Finding, Report


def signed_bytes(signature: Mapping[str, Any]) -> bytes:
    """The bytes that a signature object signs: the domain, then its other keys, canonical."""
    return DOMAIN + canonical.dumps({key: signature[key] for key in KEYS if key != "signature"})


def sign(data: bytes, key: SigningKey, *, role: str, at: str | datetime) -> bytes:
    """The detached signature of `data`, as canonical bytes.

    `at` is when it is signed: a datetime with a time zone, or `YYYY-MM-DDTHH:MM:SSZ`. Raises
    `ParameterError` for what cannot be meant.
    """
    moment = as_moment(at)
    if not isinstance(data, bytes):
        raise ParameterError("data", type(data).__name__, "is not bytes", "give canonical bytes")
    if fault := id_fault(role):
        raise ParameterError("role", shorten(role), *fault)
    if moment is None:
        raise ParameterError("at", shorten(at), "is no moment", MOMENT_REMEDY)
    stated = {
        "algorithm": key._algorithm.name,
        "key_id": key.key_id,
        "protocol": PROTOCOL,
        "role": role,
        "signed_at": moment,
        "subject_sha256": canonical.sha256(data),
    }
    return canonical.dumps(stated | {"signature": key._sign(signed_bytes(stated)).hex()})


#: A check's number, whether it holds, what belongs there, and what is there.
_Check = tuple[int, bool, str, object]


def check_signatures(
    data: bytes,
    signatures: Iterable[bytes],
    keyring: Keyring | bytes,
    policy: Policy,
    at: str | datetime | None = None,
    *,
    algorithms: Mapping[str, Algorithm] = ALGORITHMS,
) -> Report:
    """Whether these signatures of `data` satisfy the policy; never raises for what is given.

    `at` is a moment at which the signatures were certainly there: now, or when they were
    published. Keys must be valid at it as well; without it, only what signers say of the time is
    checked, and the report names the `moment` as unchecked. A signature that does not hold is a
    finding even where the policy needs none of it. Only a missing extra raises.
    """
    findings: list[Finding] = []
    where = "input"

    def tell(check: _Check) -> bool:
        number, holds, expected, found = check
        if not holds:
            text = found if isinstance(found, str) else shorten(found)
            findings.append(Finding(number, "error", where, expected[:200], text[:200]))
        return holds

    try:
        moment = None if at is None else as_moment(at)
        for name, value, holds in (
            ("data", data, isinstance(data, bytes)),
            ("at", at, at is None or moment is not None),
            ("policy", policy, isinstance(policy, Policy)),
            ("signatures", signatures, not isinstance(signatures, str | bytes | Mapping)),
        ):
            if not holds:
                raise ParameterError(name, shorten(value), "cannot be read", "give another")
        read = keyring if isinstance(keyring, Keyring) else Keyring.from_bytes(keyring)
        ring = {key.key_id: key for key in read.keys}
        given = list(islice(signatures, MOST_SIGNATURES + 1))
        tell((1, len(given) <= MOST_SIGNATURES, f"{MOST_SIGNATURES} signatures or fewer", "more"))
        digest, holders = canonical.sha256(data), dict[str, set[str]]()
        for index, each in enumerate(given[:MOST_SIGNATURES]):
            where = f"signatures[{index}]"
            stated, fault = _read(each)
            if not tell((2, fault == "", "a signature in canonical form", fault)):
                continue
            if not tell((4, stated["key_id"] in ring, "a key of the keyring", stated["key_id"])):
                continue
            entry = ring[stated["key_id"]]
            checks = _checks(stated, entry, digest, moment, algorithms)
            if [check[0] for check in checks if not tell(check)] == []:
                holders.setdefault(stated["role"], set()).add(entry.holder)
        where = "policy"
        for check in _policy_checks(policy, holders):
            tell(check)
    except MissingExtraError:
        raise
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = format_exception_only(error)[0].strip()[:200]
        findings.append(Finding(1, "fatal", where, "what can be read", text))
    return Report(tuple(findings), ("moment",) if at is None else ())


def _read(data: object) -> tuple[dict[str, Any], str]:
    """The object of a signature's bytes, and what is wrong with its form (`""`: nothing)."""
    if not isinstance(data, bytes) or len(data) > MOST_BYTES:
        return {}, f"{type(data).__name__} that is not bytes, or more than {MOST_BYTES} of them"
    try:
        value = canonical.loads(data)
    except CanonicalError as error:
        return {}, str(error)
    if not isinstance(value, dict) or tuple(value) != KEYS:
        return {}, f"not an object with exactly the keys {', '.join(KEYS)}"
    fits = {
        "algorithm": id_fault(value["algorithm"]) is None,
        "key_id": canonical.is_sha256(value["key_id"]),
        "protocol": value["protocol"] == PROTOCOL,
        "role": id_fault(value["role"]) is None,
        "signature": is_hex(value["signature"]),
        "signed_at": as_moment(value["signed_at"]) is not None,
        "subject_sha256": canonical.is_sha256(value["subject_sha256"]),
    }
    bad = [f"{name} {shorten(value[name])}" for name in KEYS if not fits[name]]
    return value, ", ".join(bad)


def _checks(
    stated: Mapping[str, Any],
    entry: PublicKey,
    digest: str,
    moment: str | None,
    algorithms: Mapping[str, Algorithm],
) -> Iterator[_Check]:
    name, signed_at = stated["algorithm"], stated["signed_at"]
    algorithm = algorithms.get(name)
    known = algorithm is not None and name == entry.algorithm
    yield 3, known, f"{entry.algorithm}, one of {', '.join(algorithms)}", name
    yield 5, stated["subject_sha256"] == digest, f"subject {digest}", stated["subject_sha256"]
    if algorithm is not None and known:
        public, signature = bytes.fromhex(entry.public_key), bytes.fromhex(stated["signature"])
        holds = verifies(algorithm, public, signed_bytes(stated), signature)
        yield 6, holds, f"a signature of key {entry.key_id}", "another, or none"
    yield 7, stated["role"] in entry.roles, f"one of the roles {entry.roles}", stated["role"]
    yield 8, entry.valid_from <= signed_at, f"signed from {entry.valid_from} on", signed_at
    latest = max(signed_at, moment or signed_at)
    yield 9, latest <= entry.valid_until, f"a key valid until {latest}", entry.valid_until
    yield 10, moment is None or signed_at <= moment, f"signed by {moment}", signed_at


def _policy_checks(policy: Policy, holders: Mapping[str, set[str]]) -> Iterator[_Check]:
    for role in policy.roles:
        yield 11, role in holders, f"a valid signature as {role}", "none"
    there = [role for role in policy.roles if role in holders]
    found = "; ".join(f"{role}: {', '.join(sorted(holders[role]))}" for role in there)
    apart = not policy.distinct or _have_their_own(there, holders)
    yield 12, apart, "another person for each role", found


def _have_their_own(roles: Sequence[str], holders: Mapping[str, set[str]]) -> bool:
    """Whether each role can be given a holder of its own."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    people = sorted({person for role in roles for person in holders[role]})
    may = [[person in holders[role] for person in people] for role in roles]
    return -1 not in maximum_bipartite_matching(csr_array(may), perm_type="column") if may else True
