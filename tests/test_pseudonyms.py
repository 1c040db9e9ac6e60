import contextlib
import copy
import hashlib
import hmac
import pickle
import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import DataError, ParameterError
from randcheck.pseudonyms import NEUTRAL_NAME, Pseudonymizer, pseudonymize

KEY = bytes(range(32))
OFFICE = Pseudonymizer(KEY)


def check_digit(body):
    """GB 11643-1999: the weights are 2^(17-i) modulo 11."""
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return "10X98765432"[total % 11]


def number(body):
    return body + check_digit(body)


PERSON = number("99010219900101001")
WITH_X = next(made for n in range(1000) if (made := number(f"99010219900101{n:03}")).endswith("X"))
numbers = st.builds(
    lambda region, day, sequence: number(f"{region:06}{day.year:04}{day:%m%d}{sequence:03}"),
    st.integers(0, 999999),
    st.dates(),
    st.integers(0, 999),
)
names = st.text(string.ascii_uppercase + string.digits + "-第字号", min_size=1, max_size=30)


def by_hand(key, kind, identity):
    """HMAC-SHA-256 (RFC 2104) from SHA-256 alone."""
    message = b""
    for part in ("randcheck/v1 pseudonym", kind, identity):
        message += len(part.encode()).to_bytes(8, "big") + part.encode()
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner)
    return "p-" + outer.hexdigest()[:40]


# --- pseudonyms ---------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=80), numbers)
def test_a_citizens_pseudonym_by_hand(key, identity):
    office = Pseudonymizer(key)
    assert office.pseudonym(identity) == by_hand(key, "natural person", identity)
    assert office.key_id == hmac.new(key, b"key id", hashlib.sha256).hexdigest()[:16]


@given(names, names)
def test_other_documents_by_hand(kind, identity):
    assert OFFICE.pseudonym(identity, kind=kind) == by_hand(KEY, kind, identity)


def test_golden():
    assert PERSON == "990102199001010015"
    assert OFFICE.pseudonym(PERSON) == "p-b89724e184b18d6d55431b1d771b07f80eef6c06"


def test_a_lower_case_x_is_the_same_person():
    assert OFFICE.pseudonym(WITH_X.lower()) == OFFICE.pseudonym(WITH_X)


def test_keys_kinds_and_people_are_told_apart():
    other = Pseudonymizer(KEY[::-1])
    made = {
        OFFICE.pseudonym(PERSON),
        OFFICE.pseudonym(WITH_X),
        OFFICE.pseudonym(PERSON, kind="passport"),
        OFFICE.pseudonym(PERSON, kind="visa"),
        other.pseudonym(PERSON),
    }
    assert len(made) == 5
    assert OFFICE.pseudonym("BC", kind="A") != OFFICE.pseudonym("C", kind="AB")


@given(numbers)
def test_a_pseudonym_is_an_id(identity):
    [row] = pseudonymize([{"identity": identity, "region": "r"}], OFFICE)
    assert rc.SubjectRegistry.from_records([row]).ids[0] == OFFICE.pseudonym(identity)


def test_new_keys():
    one, two = Pseudonymizer.new_key(), Pseudonymizer.new_key()
    assert len(one) == len(two) == 32
    assert one != two
    Pseudonymizer(one)


@given(numbers, st.integers(0, 17), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_found(identity, at, digit):
    wrong = identity[:at] + digit + identity[at + 1 :]
    if wrong == identity:
        return
    with pytest.raises(ParameterError) as caught:
        OFFICE.pseudonym(wrong)
    assert caught.value.reason in (
        "has a wrong check digit",
        "has no day of birth in its digits 7 to 14",
    )


BAD = [
    (None, "natural person", "identity", "is not text but NoneType"),
    (990102199001010015, "natural person", "identity", "is not text but int"),
    ("", "natural person", "identity", "is empty"),
    (f" {PERSON}", "natural person", "identity", "holds blanks"),
    (f"{PERSON}\n", "natural person", "identity", "holds blanks"),
    (f"{PERSON[:6]} {PERSON[6:]}", "natural person", "identity", "holds blanks"),
    (f"{PERSON}\u3000", "natural person", "identity", "holds blanks"),
    (PERSON.replace("9", "９"), "natural person", "identity", "holds full-width"),
    (PERSON.replace("9", "٩"), "natural person", "identity", "does not have the form"),
    (f"{PERSON}\u200b", "natural person", "identity", "does not have the form"),
    (PERSON[:6] + PERSON[8:17], "natural person", "identity", "is a number of 15 digits"),
    (PERSON[:17], "natural person", "identity", "does not have the form"),
    ("E12345678", "natural person", "identity", "does not have the form"),
    (number("99010219900230001"), "natural person", "identity", "has no day of birth"),
    (number("99010200000101001"), "natural person", "identity", "has no day of birth"),
    (PERSON[:17] + "6", "natural person", "identity", "has a wrong check digit"),
    ("e12345678", "passport", "identity", "holds lower-case letters"),
    ("Ｅ12345678", "passport", "identity", "holds full-width"),
    ("E12345678 ", "passport", "identity", "holds blanks"),
    ("E12345678\u200b", "passport", "identity", "holds invisible characters"),
    ("E12345678\ud800", "passport", "identity", "holds invisible characters"),
    ("E1234567٨", "passport", "identity", "holds invisible characters"),
    (PERSON, "", "kind", "is no kind of document"),
    (PERSON, None, "kind", "is no kind of document"),
    (PERSON, " passport", "kind", "is no kind of document"),
    ("passport", f"{PERSON}\n", "kind", "is no kind of document"),
]


@pytest.mark.parametrize(("identity", "kind", "name", "reason"), BAD)
def test_what_is_no_identity(identity, kind, name, reason):
    with pytest.raises(ParameterError) as caught:
        OFFICE.pseudonym(identity, kind)
    assert caught.value.name == name
    assert caught.value.reason.startswith(reason)
    silent(caught.value, identity, kind)


def silent(error, *secrets):
    """Nothing that is told of an error holds a secret, nor six characters of one."""
    told = f"{error} {error!r} {vars(error)} {error.args}".encode("utf-8", "replace").decode()
    told += pickle.dumps(error).decode("latin-1") + "".join(traceback.format_exception_only(error))
    assert error.__cause__ is None
    assert error.__context__ is None
    for secret in map(str, secrets):
        for start in range(len(secret) - 5):
            if (piece := secret[start : start + 6]) not in "natural person, passport":
                assert piece not in told


@given(st.text(max_size=40), st.sampled_from(["natural person", "passport"]))
def test_any_text_is_an_identity_or_a_silent_error(identity, kind):
    with contextlib.suppress(ParameterError):
        assert OFFICE.pseudonym(identity, kind) == by_hand(KEY, kind, identity.upper())
        return
    with pytest.raises(ParameterError) as caught:
        OFFICE.pseudonym(identity, kind)
    assert caught.value.value == "(not shown)"
    assert len(identity) < 6 or identity not in str(caught.value)


# --- the key ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [b"", b"k" * 31, "k" * 32, bytearray(32), None, 2**256])
def test_keys_that_are_none(key):
    with pytest.raises(ParameterError) as caught:
        Pseudonymizer(key)
    assert (caught.value.name, caught.value.value) == ("key", "(not shown)")
    assert "kkk" not in str(caught.value)


def test_the_key_is_never_shown_or_pickled():
    for text in (repr(OFFICE), str(OFFICE), f"{OFFICE}"):
        assert text == f"Pseudonymizer(key_id='{OFFICE.key_id}')"
        assert KEY.hex() not in text
    assert not hasattr(OFFICE, "__dict__")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(OFFICE, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            duplicate(OFFICE)


# --- rows ---------------------------------------------------------------------------------------


def test_rows_of_a_registry():
    rows = [
        {"identity": PERSON, "name": "Made-up Person", "region": "990102"},
        {"identity": "E12345678", "document": "passport", "name": "Another", "kind": "other"},
    ]
    assert pseudonymize(iter(rows), OFFICE) == [
        {
            "id": OFFICE.pseudonym(PERSON),
            "kind": "natural person",
            "name": NEUTRAL_NAME,
            "region": "990102",
        },
        {"id": OFFICE.pseudonym("E12345678", "passport"), "kind": "other", "name": NEUTRAL_NAME},
    ]
    assert [row["name"] for row in pseudonymize(rows, OFFICE, keep_names=True)] == [
        "Made-up Person",
        "Another",
    ]
    assert rows[0]["identity"] == PERSON


def test_a_row_without_a_name_gets_the_neutral_one():
    assert pseudonymize([{"identity": PERSON}], OFFICE)[0]["name"] == NEUTRAL_NAME
    assert "name" not in pseudonymize([{"identity": PERSON}], OFFICE, keep_names=True)[0]
    assert pseudonymize([], OFFICE) == []


def test_all_bad_rows_at_once_and_none_shown():
    good = {"identity": PERSON, "region": "990102"}
    rows = [
        good,
        "a row",
        {"region": "990102"},
        {"identity": PERSON[:17]},
        {"identity": PERSON, "document": ""},
        {"identity": PERSON, "id": PERSON},
        {"identity": PERSON, "address": f"Room of {PERSON}"},
        {"identity": WITH_X, "tags": (WITH_X.lower(),), "name": WITH_X},
        {"identity": PERSON, PERSON: "x"},
        {"identity": "E1", "document": "passport", "region": "E1"},
        {"identity": "E1", "document": "passport", "owner": WITH_X.lower()},
        {"identity": "E1", "document": "passport", "owner": WITH_X + "0", "region": PERSON[:15]},
        good,
    ]
    with pytest.raises(DataError) as caught:
        pseudonymize(rows, OFFICE)
    problems = caught.value.problems
    assert [(each.row, each.column) for each in problems] == [
        (1, None),
        (2, "identity"),
        (3, "identity"),
        (4, "document"),
        (5, "id"),
        (5, "id"),
        (6, "address"),
        (7, "tags"),
        (8, None),
        (10, "owner"),
    ]
    assert {each.value for each in problems} == {"(not shown)"}
    silent(caught.value, PERSON, WITH_X, WITH_X.lower())


def test_a_name_that_is_kept_must_not_be_the_identity():
    row = {"identity": PERSON, "name": f"Person {PERSON}"}
    assert pseudonymize([row], OFFICE)[0]["name"] == NEUTRAL_NAME
    with pytest.raises(DataError, match="holds an identity as well"):
        pseudonymize([row], OFFICE, keep_names=True)


def test_a_key_is_no_pseudonymizer():
    with pytest.raises(ParameterError) as caught:
        pseudonymize([], b"secret" * 6)
    assert "secret" not in str(caught.value)


def test_tickets_come_from_pseudonyms():
    from randcheck.tickets import ticket

    pseudonym = OFFICE.pseudonym(PERSON)
    assert (
        ticket("00" * 32, pseudonym)
        == hashlib.sha256(f"{'00' * 32}:{pseudonym}".encode()).hexdigest()
    )
