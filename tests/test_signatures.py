import copy
import hashlib
import hmac
import itertools
import json
import pickle
import random
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from randcheck import canonical
from randcheck.errors import DataError, MissingExtraError, ParameterError
from randcheck.signatures import (
    ALGORITHMS,
    ED25519,
    MOST_BYTES,
    MOST_SIGNATURES,
    Keyring,
    Policy,
    PublicKey,
    SigningKey,
    check_signatures,
    key_id,
    sign,
    signed_bytes,
)

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

DATA = b'{"protocol":"randcheck/v1"}'
POLICY = Policy()
AT = "2026-07-01T09:00:00Z"
LATER = "2026-07-01T10:00:00Z"


def fixed(byte):
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([byte]) * 32)
    return SigningKey(ED25519, private, ED25519.public(private))


REVIEWER, LEADER, BOTH = fixed(1), fixed(2), fixed(3)


def entry(key, holder, *roles, start="2026-01-01T00:00:00Z", end="2026-12-31T23:59:59Z"):
    return key.public_key(holder=holder, roles=roles, valid_from=start, valid_until=end)


KEYRING = Keyring(
    [
        entry(REVIEWER, "Wang", "reviewer"),
        entry(LEADER, "Li", "leader"),
        entry(BOTH, "Zhao", "reviewer", "leader"),
    ]
)


def signed(*roles_and_keys, at=AT):
    return [sign(DATA, key, role=role, at=at) for role, key in roles_and_keys]


GOOD = signed(("reviewer", REVIEWER), ("leader", LEADER))


def numbers(*args, **options):
    return [finding.number for finding in check_signatures(*args, **options).findings]


# --- what holds ---------------------------------------------------------------------------------


def test_two_signatures_satisfy_the_policy():
    report = check_signatures(DATA, GOOD, KEYRING, POLICY, LATER)
    assert report.ok
    assert report.unchecked == ()
    assert check_signatures(DATA, iter(GOOD), KEYRING.to_bytes(), POLICY).unchecked == ("moment",)


def test_a_signature_by_hand():
    """The object and what is signed, put together without anything of ours."""
    found = json.loads(GOOD[0])
    public = bytes.fromhex("8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c")
    text = (
        f'{{"algorithm":"ed25519","key_id":"{hashlib.sha256(public).hexdigest()}",'
        f'"protocol":"randcheck/v1","role":"reviewer",%s"signed_at":"2026-07-01T09:00:00Z",'
        f'"subject_sha256":"{hashlib.sha256(DATA).hexdigest()}"}}'
    )
    domain = b"randcheck/v1 signature"
    message = len(domain).to_bytes(8, "big") + domain + (text % "").encode()
    private = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    assert private.public_key().public_bytes_raw() == public
    assert GOOD[0].decode() == text % f'"signature":"{private.sign(message).hex()}",'
    assert signed_bytes(found) == message
    private.public_key().verify(bytes.fromhex(found["signature"]), message)


#: RFC 8032 section 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize("vector", RFC_8032, ids=["empty", "one byte", "two bytes", "SHA(abc)"])
def test_ed25519_is_that_of_rfc_8032(vector):
    secret, public, message, signature = map(bytes.fromhex, vector)
    private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    assert ED25519.public(private) == public
    assert ED25519.sign(private, message) == signature
    assert ED25519.verify(public, message, signature) is True
    assert ED25519.verify(public, message + b"!", signature) is False
    assert ED25519.verify(public[:31], message, signature) is False
    assert ED25519.verify(b"", message, signature) is False
    assert ED25519.verify(public, message, signature[:-1]) is False
    order = 2**252 + 27742317777372353535851937790883648493
    shifted = int.from_bytes(signature[32:], "little") + order  # the same signature, malleated
    assert ED25519.verify(public, message, signature[:32] + shifted.to_bytes(32, "little")) is False


def test_a_key_of_small_order_verifies_nothing():
    """Under the neutral point everybody can sign; the library alone would let it pass."""
    neutral = b"\x01" + bytes(31)
    forged = neutral + bytes(32)
    ed25519.Ed25519PublicKey.from_public_bytes(neutral).verify(forged, DATA)
    assert ED25519.verify(neutral, DATA, forged) is False
    assert ED25519.verify(b"\x01" + bytes(30) + b"\x80", DATA, forged) is False


@given(st.binary(max_size=200), st.sampled_from(["reviewer", "leader"]))
@settings(max_examples=50)
def test_what_is_signed_verifies_and_nothing_else(data, role):
    one = sign(data, BOTH, role=role, at=AT)
    policy = Policy(roles=(role,))
    assert check_signatures(data, [one], KEYRING, policy).ok
    assert numbers(data + b"!", [one], KEYRING, policy) == [5, 11]


def test_signing_twice_gives_the_same_bytes():
    assert signed(("leader", LEADER)) == [GOOD[1]]


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 7, 1, 9, tzinfo=UTC),
        datetime(2026, 7, 1, 17, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=8))),
    ],
)
def test_moments_are_in_utc(at):
    assert sign(DATA, LEADER, role="leader", at=at) == GOOD[1]


# --- what does not ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [11, 11]),
        (GOOD[:1], [11]),
        (signed(("reviewer", REVIEWER), ("leader", REVIEWER)), [7, 11]),
        (signed(("reviewer", BOTH), ("leader", BOTH)), [12]),
        (signed(("reviewer", BOTH), ("leader", BOTH), ("leader", LEADER)), []),
        (signed(("reviewer", BOTH), ("leader", BOTH), ("reviewer", REVIEWER)), []),
        (signed(("reviewer", fixed(9)), ("leader", LEADER)), [4, 11]),
        (signed(("reviewer", REVIEWER), ("leader", LEADER), ("leader", fixed(9))), [4]),
        (
            signed(("reviewer", REVIEWER), ("leader", LEADER), at="2025-12-31T23:59:59Z"),
            [8, 11] * 2,
        ),
        (
            signed(("reviewer", REVIEWER), ("leader", LEADER), at="2027-01-01T00:00:00Z"),
            [9, 11] * 2,
        ),
        ([GOOD[0], GOOD[1], GOOD[1]], []),
        ([GOOD[0], GOOD[1][:-1]], [2, 11]),
    ],
)
def test_numbered_findings(given, expected):
    assert sorted(numbers(DATA, given, KEYRING, POLICY)) == sorted(expected)


def test_a_witness_signs_beside_the_policy():
    keyring = Keyring([*KEYRING.keys, entry(fixed(9), "Qian", "witness")])
    assert check_signatures(DATA, [*GOOD, *signed(("witness", fixed(9)))], keyring, POLICY).ok


def test_the_moment_of_the_check():
    assert numbers(DATA, GOOD, KEYRING, POLICY, AT) == []
    assert numbers(DATA, GOOD, KEYRING, POLICY, "2026-07-01T08:59:59Z") == [10, 10, 11, 11]
    assert numbers(DATA, GOOD, KEYRING, POLICY, "2026-12-31T23:59:59Z") == []
    assert numbers(DATA, GOOD, KEYRING, POLICY, "2027-01-01T00:00:00Z") == [9, 9, 11, 11]


def test_people_count_and_not_keys():
    keyring = Keyring([entry(REVIEWER, "Wang", "reviewer"), entry(LEADER, "Wang", "leader")])
    assert numbers(DATA, GOOD, keyring, POLICY) == [12]
    assert numbers(DATA, GOOD, keyring, Policy(distinct=False)) == []
    assert "leader: Wang; reviewer: Wang" in str(check_signatures(DATA, GOOD, keyring, POLICY))


@given(st.data())
def test_people_of_their_own_by_trying_all(data):
    """The augmenting paths find an assignment exactly where trying all of them does."""
    roles = [f"role-{number}" for number in range(data.draw(st.integers(1, 4)))]
    people = [f"person-{number}" for number in range(4)]
    holds = {role: data.draw(st.sets(st.sampled_from(people), min_size=1)) for role in roles}
    keys = {person: fixed(40 + number) for number, person in enumerate(people)}
    keyring = Keyring([entry(keys[person], person, *roles) for person in people])
    given = signed(*((role, keys[person]) for role in roles for person in sorted(holds[role])))
    possible = any(
        all(person in holds[role] for role, person in zip(roles, order, strict=True))
        for order in itertools.permutations(people, len(roles))
    )
    assert numbers(DATA, given, keyring, Policy(roles=roles)) == ([] if possible else [12])


def test_another_algorithm_in_the_keyring_or_none_known():
    other = Keyring([PublicKey("sm2", LEADER.public.hex(), "Li", ("leader",), AT, LATER)])
    assert numbers(DATA, GOOD[1:], other, Policy(roles=("leader",))) == [3, 11]
    assert numbers(DATA, GOOD, KEYRING, POLICY, algorithms={}) == [3, 3, 11, 11]


# --- hostile signatures -------------------------------------------------------------------------


def changed(dice, data):
    """A signature changed in one way of many: a byte, a hex digit, a key, a value."""
    way = dice.randrange(8)
    if way == 0:
        at = dice.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
    if way == 1:
        at = dice.randrange(len(data))
        return data[:at] + data[at + dice.randrange(1, 9) :]
    if way == 2:
        at = dice.randrange(len(data) + 1)
        return data[:at] + dice.randbytes(dice.randrange(1, 4)) + data[at:]
    value = json.loads(data)
    key = dice.choice(sorted(value))
    if way == 3:
        del value[key]
    elif way == 4:
        value[key + "x"] = value[key]
    elif way == 5:
        value[key] = dice.choice([None, 0, "", [], {}, True, [value[key]], value[key] + " ", "00"])
    elif way == 6:
        value[key] = json.loads(GOOD[1])[dice.choice(sorted(value))]
    else:
        digits = list(value[key])
        at = dice.randrange(len(digits))
        digits[at] = dice.choice("0123456789abcdefABCDEFZ")
        value[key] = "".join(digits)
    return canonical.dumps(value)


def test_two_thousand_mutations_none_of_which_is_accepted():
    dice, tried, seen = random.Random(7), 0, set()
    while tried < 2000:
        mutant = changed(dice, GOOD[0])
        if mutant in (GOOD[0], GOOD[1]):
            continue
        tried += 1
        report = check_signatures(DATA, [mutant, GOOD[1]], KEYRING, POLICY, LATER)
        assert not report.ok, mutant
        assert str(report).isprintable() or "\n" in str(report)
        seen |= {finding.number for finding in report.findings}
    assert {2, 3, 4, 5, 6, 11} <= seen


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("algorithm", ""),
        ("key_id", "A" * 64),
        ("key_id", None),
        ("protocol", "randcheck/v2"),
        ("role", " leader"),
        ("signature", "abc"),
        ("signature", ""),
        ("signed_at", "2026-02-30T00:00:00Z"),
        ("signed_at", "2026-07-01T24:00:00Z"),
        ("signed_at", "2026-07-01T09:00:00+00:00"),
        ("signed_at", "２026-07-01T09:00:00Z"),
        ("signed_at", "2026-07-01T09:00:00Z\n"),
        ("subject_sha256", "0" * 63),
    ],
)
def test_forms(key, value):
    bad = canonical.dumps(json.loads(GOOD[1]) | {key: value})
    [first, _] = check_signatures(DATA, [GOOD[0], bad], KEYRING, POLICY).findings
    assert (first.number, first.where, key in first.found) == (2, "signatures[1]", True)


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe",
    b"[" * 100_000,
    b"1" * 100_000,
    b'"' + b"x" * MOST_BYTES + b'"',
    b'"\\ud800"',
    GOOD[1].decode(),
    None,
    7,
    bytearray(GOOD[1]),
    {},
    object(),
]


@pytest.mark.parametrize("bad", HOSTILE, ids=lambda bad: repr(bad)[:20])
def test_hostile_signatures_are_findings(bad):
    assert numbers(DATA, [GOOD[0], bad], KEYRING, POLICY) == [2, 11]


@given(st.binary(max_size=300))
def test_any_bytes_are_findings(data):
    assert not check_signatures(DATA, [data, *GOOD], KEYRING, POLICY).ok
    assert numbers(DATA, GOOD, data, POLICY) == [1]


def boom():
    yield GOOD[0]
    raise RuntimeError("no more")


@pytest.mark.parametrize(
    ("data", "given", "keyring", "policy", "at"),
    [
        ("text", GOOD, KEYRING, POLICY, None),
        (DATA, GOOD, KEYRING, POLICY, "yesterday"),
        (DATA, GOOD, KEYRING, POLICY, datetime(2026, 7, 1)),
        (DATA, GOOD, KEYRING, ("reviewer",), None),
        (DATA, GOOD[0], KEYRING, POLICY, None),
        (DATA, {}, KEYRING, POLICY, None),
        (DATA, None, KEYRING, POLICY, None),
        (DATA, boom(), KEYRING, POLICY, None),
        (DATA, GOOD, None, POLICY, None),
        (DATA, GOOD, b"{}", POLICY, None),
    ],
)
def test_whatever_is_given_the_answer_is_a_finding(data, given, keyring, policy, at):
    report = check_signatures(data, given, keyring, policy, at)
    assert [(finding.number, finding.severity) for finding in report.findings] == [(1, "fatal")]
    assert not report.ok


def test_signatures_without_end():
    assert numbers(DATA, itertools.cycle(GOOD), KEYRING, POLICY) == [1]
    assert numbers(DATA, GOOD * (MOST_SIGNATURES // 2), KEYRING, POLICY) == []


# --- another algorithm --------------------------------------------------------------------------


class Sealed:
    """Made up for the test: an HMAC, whose "public" key is its secret. No signature at all."""

    name = "sealed"

    def generate(self):
        return b"s" * 40, b"s" * 40

    def sign(self, private, message):
        return hmac.digest(private, message, "sha512")

    def verify(self, public, message, signature):
        if signature[:1] == b"\x00":
            raise RuntimeError("a device that fails")
        return hmac.compare_digest(self.sign(public, message), signature)


class Yes(Sealed):
    """One that answers with something else than True."""

    def verify(self, public, message, signature):
        return "yes"


def test_another_algorithm_needs_no_more_than_the_interface():
    key = SigningKey.generate(Sealed())
    keyring = Keyring([*KEYRING.keys, entry(key, "Sun", "leader")])
    keyring = Keyring.from_bytes(keyring.to_bytes())
    own = sign(DATA, key, role="leader", at=AT)
    table = {**ALGORITHMS, "sealed": Sealed()}
    assert check_signatures(DATA, [GOOD[0], own], keyring, POLICY, algorithms=table).ok
    assert numbers(DATA, [GOOD[0], own], keyring, POLICY) == [3, 11]
    zero = canonical.dumps(json.loads(own) | {"signature": "00" * 64})
    assert numbers(DATA, [GOOD[0], zero], keyring, POLICY, algorithms=table) == [6, 11]
    other = {**ALGORITHMS, "sealed": Yes()}
    assert numbers(DATA, [GOOD[0], own], keyring, POLICY, algorithms=other) == [6, 11]
    with pytest.raises(ParameterError, match="not an Ed25519 key"):
        key.to_pem("a passphrase")
    with pytest.raises(TypeError):
        ALGORITHMS["sealed"] = Sealed()


# --- keys and secrets ---------------------------------------------------------------------------


def test_new_keys_differ_and_sign():
    one, two = SigningKey.generate(), SigningKey.generate()
    assert one.key_id != two.key_id
    keyring = Keyring([entry(one, "Wang", "reviewer"), entry(two, "Li", "leader")])
    given = signed(("reviewer", one), ("leader", two))
    assert check_signatures(DATA, given, keyring, POLICY).ok


def test_pem_there_and_back():
    pem = LEADER.to_pem("口令")
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    again = SigningKey.from_pem(pem, "口令")
    assert again.key_id == LEADER.key_id == key_id(LEADER.public)
    assert signed(("leader", again)) == [GOOD[1]]


def pem_of(private, passphrase=None):
    lock = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return private.private_bytes(*form, lock)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LEADER.to_pem("another"), "not under this passphrase"),
        (pem_of(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)), "no encrypted"),
        (pem_of(ec.generate_private_key(ec.SECP256R1()), b"right"), "another algorithm"),
        (b"", "no encrypted"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "no encrypted"),
        (None, "no encrypted"),
    ],
)
def test_pem_that_is_refused(data, reason):
    with pytest.raises(ParameterError, match=reason) as caught:
        SigningKey.from_pem(data, "right")
    assert "right" not in str(caught.value).replace("write", "")
    assert caught.value.value == "(not shown)"


@pytest.mark.parametrize("passphrase", ["", None, b"bytes-secret", "\ud800-secret"])
def test_passphrases_that_are_none(passphrase):
    for use in (LEADER.to_pem, lambda phrase: SigningKey.from_pem(b"", phrase)):
        with pytest.raises(ParameterError) as caught:
            use(passphrase)
        assert "secret" not in str(caught.value)


def test_a_secret_is_never_shown_or_pickled():
    secret = b"\x02" * 32
    shown = [repr(LEADER), str(LEADER), f"{LEADER}", repr(KEYRING), KEYRING.to_bytes().decode()]
    shown += [GOOD[1].decode(), str(check_signatures(DATA, GOOD, KEYRING, POLICY))]
    for text in shown:
        assert secret.hex() not in text
        assert repr(secret)[2:-1] not in text
    assert shown[0] == f"SigningKey('ed25519', key_id='{LEADER.key_id}')"
    assert not hasattr(LEADER, "__dict__")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(LEADER, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            duplicate(LEADER)


def test_keys_that_do_not_belong_together_sign_nothing():
    private = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    with pytest.raises(ParameterError, match="does not verify what it signs"):
        sign(DATA, SigningKey(ED25519, private, LEADER.public), role="leader", at=AT)


@pytest.mark.parametrize(
    ("data", "role", "at", "name"),
    [
        ("text", "leader", AT, "data"),
        (DATA, "", AT, "role"),
        (DATA, "leader", "2026-07-01", "at"),
        (DATA, "leader", datetime(2026, 7, 1), "at"),
        (DATA, "leader", datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))), "at"),
        (DATA, "leader", 0, "at"),
    ],
)
def test_what_cannot_be_signed(data, role, at, name):
    with pytest.raises(ParameterError) as caught:
        sign(data, LEADER, role=role, at=at)
    assert caught.value.name == name


def test_without_cryptography_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    for use in (
        SigningKey.generate,
        lambda: SigningKey.from_pem(b"", "a passphrase"),
        lambda: check_signatures(DATA, GOOD, KEYRING, POLICY),
    ):
        with pytest.raises(MissingExtraError, match=r"randcheck\[signatures\]"):
            use()


# --- keyring and policy -------------------------------------------------------------------------


def test_a_keyring_reads_back():
    again = Keyring.from_bytes(KEYRING.to_bytes())
    assert again == KEYRING
    assert again.digest == hashlib.sha256(KEYRING.to_bytes()).hexdigest()
    assert Keyring(KEYRING.keys[::-1]) == KEYRING
    assert pickle.loads(pickle.dumps(KEYRING)) == KEYRING
    value = json.loads(KEYRING.to_bytes())
    assert value["keys"][LEADER.key_id] == {
        "algorithm": "ed25519",
        "holder": "Li",
        "public_key": LEADER.public.hex(),
        "roles": ["leader"],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2026-12-31T23:59:59Z",
    }


def test_moments_of_a_key_may_be_datetimes():
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert entry(LEADER, "Li", "leader", start=start, end=end) in KEYRING.keys


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"algorithm": ""}, "algorithm"),
        ({"public_key": "AB"}, "public_key"),
        ({"public_key": 5}, "public_key"),
        ({"holder": " Li"}, "holder"),
        ({"roles": []}, "roles"),
        ({"roles": "leader"}, "roles"),
        ({"roles": ["leader "]}, "roles"),
        ({"valid_from": "2026"}, "valid_from"),
        ({"valid_until": None}, "valid_until"),
        ({"valid_until": "2025-12-31T23:59:59Z"}, "valid_until"),
        ({"more": 1}, "more"),
    ],
)
def test_bad_keys_of_a_keyring(change, column):
    value = json.loads(KEYRING.to_bytes())
    value["keys"][KEYRING.keys[1].key_id].update(change)
    with pytest.raises(DataError) as caught:
        Keyring.from_bytes(canonical.dumps(value))
    assert [(each.row, each.column) for each in caught.value.problems] == [(1, column)]


def test_all_bad_keys_at_once():
    value = json.loads(KEYRING.to_bytes())
    first, second, third = KEYRING.keys
    value["keys"][first.key_id] = "a key"
    value["keys"][second.key_id] |= {"holder": "", "roles": []}
    del value["keys"][third.key_id]["holder"]
    with pytest.raises(DataError) as caught:
        Keyring.from_bytes(canonical.dumps(value))
    assert [each.row for each in caught.value.problems] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value | {"protocol": "randcheck/v2"},
        lambda value: value | {"more": 1},
        lambda value: value | {"keys": {"0" * 64: value["keys"][LEADER.key_id]}},
        lambda value: value | {"keys": dict.fromkeys("ab", value["keys"][LEADER.key_id])},
        lambda value: value | {"keys": []},
        lambda value: [],
    ],
)
def test_what_is_no_keyring(change):
    with pytest.raises(DataError, match="keyring"):
        Keyring.from_bytes(canonical.dumps(change(json.loads(KEYRING.to_bytes()))))


def test_roles_of_a_keyring_are_in_order():
    turned = KEYRING.to_bytes().replace(b'["leader","reviewer"]', b'["reviewer","leader"]')
    assert turned != KEYRING.to_bytes()
    with pytest.raises(DataError, match="no order"):
        Keyring.from_bytes(turned)


@pytest.mark.parametrize("data", [b"", "text", None, 5])
def test_keyrings_that_are_not_bytes(data):
    with pytest.raises(DataError):
        Keyring.from_bytes(data)


def test_keyrings_of_other_things():
    with pytest.raises(DataError, match="no public key"):
        Keyring(["a key"])
    with pytest.raises(DataError, match="is there 2 times"):
        Keyring([KEYRING.keys[0], KEYRING.keys[0]])


@pytest.mark.parametrize(
    "values", [{"roles": ()}, {"roles": "leader"}, {"roles": [1]}, {"distinct": 1}]
)
def test_policies_that_ask_for_nothing(values):
    with pytest.raises(DataError):
        Policy(**values)


def test_a_policy_is_data():
    assert Policy() == Policy(roles=["reviewer", "leader"])
    assert repr(Policy(roles=("leader",))) == "Policy(roles=('leader',), distinct=True)"
