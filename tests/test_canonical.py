import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from randcheck import canonical
from randcheck.errors import CanonicalError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_it_agrees_with_rfc_8785_and_reads_back(value):
    data = canonical.dumps(value)
    assert data == rfc8785.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.dumps(canonical.loads(data)) == data


@given(values)
def test_another_form_of_the_same_value_is_refused(value):
    spaced = json.dumps(value, indent=1).encode()
    if spaced != canonical.dumps(value):
        with pytest.raises(CanonicalError):
            canonical.loads(spaced)


def test_keys_sort_by_utf16():
    value = {"\uff21": 1, "\U0001f3b2": 2, "a": 3}
    assert list(json.loads(canonical.dumps(value))) == ["a", "\U0001f3b2", "\uff21"]
    assert canonical.loads(canonical.dumps([{"x": value}])) == [{"x": value}]
    with pytest.raises(CanonicalError, match="order of keys"):
        canonical.loads('{"\uff21":1,"\U0001f3b2":2}'.encode())


def test_the_limits_of_integers():
    assert canonical.dumps([2**53, -(2**53)]) == b"[9007199254740992,-9007199254740992]"
    for beyond in (2**53 + 1, -(2**53) - 1, 10**400):
        with pytest.raises(CanonicalError, match="beyond"):
            canonical.dumps(beyond)
        with pytest.raises(CanonicalError, match="beyond"):
            canonical.loads(str(beyond).encode())


cycle: list = []
cycle.append(cycle)
deep: list = []
for _ in range(100_000):
    deep = [deep]


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), {1: 2}, {None: 1}, {"a": 1, 2: 3}, b"x", object(), {"a": {1}}, "\ud800",
     {"\ud800": 1}, {"\udc00": 1, "\U0001f3b2": 1}, cycle, deep, [1.5], {True: 1}],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_without_a_canonical_form(value):
    with pytest.raises(CanonicalError):
        canonical.dumps(value)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[1 ]", b"\xef\xbb\xbf1", b"\xff", b"1.0", b"1e3", b"-0", b"NaN", b"Infinity",
     b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'["\\u0041"]', b'["\\ud800"]', b"[" * 100_000,
     b'{"\xf0\x9f\x8e\xb2":"\\ud800"}'],
)  # fmt: skip
def test_bytes_that_are_not_canonical(data):
    with pytest.raises(CanonicalError):
        canonical.loads(data)


def test_tuples_are_lists():
    assert canonical.dumps(("a", (1,))) == b'["a",[1]]'
    assert canonical.sha256(b"").startswith("e3b0c442")
