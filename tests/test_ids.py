import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck import ids

letters = st.sampled_from(ids.CREDIT_ALPHABET)
codes = st.builds(
    lambda head, region, body: (
        (head := head[0] + head[1] + region + body) + ids.credit_code_check(head)
    ),
    st.tuples(letters, letters),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ids.CREDIT_ALPHABET, min_size=9, max_size=9),
)


@given(codes)
def test_every_prefix_of_the_alphabet_is_accepted(code):
    assert ids.credit_code_fault(code) is None


@pytest.mark.parametrize("first", ids.CREDIT_ALPHABET)
def test_letters_as_departments_too(first):
    body = first + "1" + "130300" + "MA0000001"
    assert ids.credit_code_fault(body + ids.credit_code_check(body)) is None


@given(codes, st.integers(0, 17), letters)
def test_one_changed_character_is_found(code, at, other):
    changed = code[:at] + other + code[at + 1 :]
    assert (ids.credit_code_fault(changed) is None) == (changed == code)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (5, "is not text"),
        ("91", "has 2 characters"),
        ("I1130300MA00000000", "a character"),
        ("91130300ma00000000", "a character"),
        ("9113030AMA00000000", "a character"),
        ("91131025109502805A", "wrong check character"),
    ],
)
def test_codes_that_are_none(code, reason):
    assert reason in ids.credit_code_fault(code)[0]


def test_a_code_by_the_standards_own_arithmetic():
    """A code of a public register, checked by hand: Σ C_i 3^(i-1) mod 31."""
    assert ids.credit_code_fault("91131025109502805M") is None


@pytest.mark.parametrize(
    "good", ["a", "A", "é", "电梯-秦海-0001", "🎲", "x:y", "00", "a b", "²", "三"]
)
def test_good_ids(good):
    assert ids.id_fault(good) is None


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (5, "is not text but int"),
        (None, "is not text but NoneType"),
        ("", "is empty"),
        ("  ", "is empty"),
        (" a", "blanks at its edges"),
        ("a\u3000", "blanks at its edges"),
        ("a\tb", "a control character (U+0009)"),
        ("a\nb", "a control character"),
        ("a\u200bb", "an invisible format character"),
        ("a\u2028b", "a line separator"),
        ("a\u2029b", "a paragraph separator"),
        ("\ud800", "a lone surrogate"),
        ("１２", "that is not 0 to 9"),
        ("٣", "that is not 0 to 9"),
        (unicodedata.normalize("NFD", "é"), "normal form C"),
    ],
)
def test_bad_ids(bad, reason):
    found, remedy = ids.id_fault(bad)
    assert reason in found
    assert remedy


@given(st.text(max_size=6))
def test_an_accepted_id_is_what_the_rules_say(text):
    if ids.id_fault(text) is None:
        assert text == text.strip() != ""
        assert unicodedata.is_normalized("NFC", text)
        assert not {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert text.encode()


def test_suspects_are_equal_after_nfkc_and_casefold():
    assert ids.suspects(["a", "A", "b", "ﬁ", "fi"]) == (("A", "a"), ("fi", "ﬁ"))
    assert ids.suspects(["a", "b"]) == ()


def test_identity_numbers():
    assert ids.looks_like_identity_number("11010519491231002X")  # GB 11643's own example
    assert not ids.looks_like_identity_number("110105194912310021")
    assert not ids.looks_like_identity_number("11010519491231002")
