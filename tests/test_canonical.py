import json
import time

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


# --- limits --------------------------------------------------------------------------------------

SIZE = 10_000_000
HOSTILE = {
    "opening brackets": (b"[" * 1_000_000, "deeper than 100"),
    "10 MB of opening brackets": (b"[" * SIZE, "deeper than 100"),
    "brackets that match": (b"[" * (SIZE // 2) + b"]" * (SIZE // 2), "deeper than 100"),
    "deep objects": (b'{"a":' * (SIZE // 5), "deeper than 100"),
    "depth behind brackets in texts": (b'["]]","\\"]",{"}":' * (SIZE // 16), "deeper than 100"),
    "closing brackets": (b"]" * SIZE, "not JSON"),
    "a long number": (b"1" * SIZE, "beyond"),
    "a long negative number": (b"-" + b"1" * SIZE, "beyond"),
    "a long number in a list": (b"[" + b"9" * SIZE + b"]", "beyond"),
    "a long fraction": (b"1" * SIZE + b".5", "is not an integer"),
    "a long exponent": (b"1e" + b"9" * SIZE, "is not an integer"),
    "a key twice": (b"{" + b'"a":1,' * (SIZE // 6) + b'"a":1}', "key 'a' is twice"),
    "a key twice, deep": (
        b'[{"x":' * 49 + b'{"a":{},"a":' + b'["' + b"b" * SIZE + b'"]}' + b"}]" * 49,
        "key 'a' is twice",
    ),
    "a key twice, once escaped": (rb'{"\u0061":1,"a":2}', "key 'a' is twice"),
    "a lone surrogate": (b'["' + b"a" * SIZE + b'\\ud800"]', "surrogate"),
    "lone surrogates": (b'["' + b"\\udfff" * (SIZE // 6) + b'"]', "surrogate"),
    "a surrogate as a key": (b'{"\\ud800":1}', "surrogate"),
    "a surrogate in UTF-8": (b'["\xed\xa0\x80"]', "not UTF-8 at byte 2"),
    "a byte order mark": (b"\xef\xbb\xbf" + b"1" * SIZE, "BOM"),
    "NUL": (b"\0" * SIZE, "not JSON"),
    "NUL in a text": (b'["' + b"\0" * SIZE + b'"]', "not JSON"),
    "truncated UTF-8": (b'["' + "汉".encode() * (SIZE // 3) + b'\xe6\xb1"]', "not UTF-8"),
    "UTF-16": (('["a"]' * (SIZE // 10)).encode("utf-16"), "not UTF-8"),
    "quotes": (b'"' * SIZE, "not JSON"),
    "backslashes": (b'"' + b"\\" * SIZE, "not JSON"),
    "blanks": (b" " * SIZE, "not JSON"),
    "escapes": (b'["' + b"\\u0041" * (SIZE // 6) + b'"]', "escapes"),
    "one blank at the end": (b"[" + b"{}," * (SIZE // 3) + b"{} ]", "blanks"),
    "no number": (b"NaN", "'NaN' is not an integer"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_in_linear_time(name):
    data, told = HOSTILE[name]
    start = time.process_time()
    with pytest.raises(CanonicalError, match=told) as caught:
        canonical.loads(data)
    assert time.process_time() - start < 5  # each takes under 1 s; what is not linear takes minutes
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("inner", ["[%s]", '{"a":%s}', '["]",%s]', '{"[":"{","\\\\":%s}'])
def test_the_limit_of_depth(inner):
    def nested(depth):
        text = "%s"
        for _ in range(depth):
            text = inner % text
        return (text % 1).encode()

    value = canonical.loads(nested(100))
    assert canonical.dumps(value) == nested(100)
    with pytest.raises(CanonicalError, match="deeper than 100 levels"):
        canonical.loads(nested(101))
    with pytest.raises(CanonicalError, match="deeper than 100 levels"):
        canonical.dumps(json.loads(nested(101)))
    with pytest.raises(CanonicalError, match="deeper than 100 levels"):
        canonical.dumps([value])


def test_an_empty_list_counts_as_a_level():
    data = b"[" * 101 + b"]" * 101
    assert canonical.loads(data[1:-1])
    with pytest.raises(CanonicalError, match="deeper"):
        canonical.loads(data)
    with pytest.raises(CanonicalError, match="deeper"):
        canonical.dumps(json.loads(data))


def depth(value):
    if isinstance(value, dict):
        value = [*value.values()]
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


marks = st.text('"[]{}\\,a\n', max_size=6)
nested = st.recursive(
    st.integers(0, 9) | marks,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(marks, inner, max_size=3),
    max_leaves=30,
)


@given(nested, st.integers(1, 8))
def test_depth_is_counted_outside_of_texts(value, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "MOST_DEPTH", -1)  # no way around the exact count
        patch.setattr(canonical, "_PART", size)
        assert canonical._depth(b" " + canonical_form(value)) == depth(value)


def canonical_form(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_wide_is_not_deep():
    value = [{"a": ["[", {"b": "]"}]} for _ in range(200_000)]
    assert canonical.loads(canonical.dumps(value)) == value


def test_the_limit_of_size(monkeypatch):
    assert canonical.MOST_BYTES == 2**31
    data = canonical.dumps(["a" * 96])
    monkeypatch.setattr(canonical, "MOST_BYTES", 100)
    assert canonical.dumps(canonical.loads(data)) == data
    with pytest.raises(CanonicalError, match="more than 2147483648 bytes"):
        canonical.loads(data + b" ")
    with pytest.raises(CanonicalError, match="more than 2147483648 bytes"):
        canonical.dumps(["a" * 97])


def test_what_does_not_fit_in_memory(monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(canonical, "_dump", full)
    with pytest.raises(CanonicalError, match="memory"):
        canonical.loads(b"1")
    with pytest.raises(CanonicalError, match="memory"):
        canonical.dumps(1)


def test_a_caller_that_is_nested_itself():
    data = b"[" * 90 + b"]" * 90

    def from_a_depth():
        try:
            return from_a_depth()
        except RecursionError:
            return canonical.loads(data)

    with pytest.raises(CanonicalError, match="no room on the stack"):
        from_a_depth()
