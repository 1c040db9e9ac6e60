"""Canonical JSON: one value, one sequence of bytes.

Rules enforced here (RFC 8785, with integers within ±2^53 as the only numbers):
1. Object keys are text, without duplicates, in ascending order of their UTF-16 code units.
2. No blank between tokens; text is UTF-8, escaped only where RFC 8785 escapes.
3. Reading is strict: bytes that are not the canonical form of their value are refused.
4. Size, depth and numbers have limits, the same for reading and writing. All are looked at before
   anything could take long or recurse, and the error says which one it was.

`verify.py` has a reader of its own on purpose: it shares no code with what it verifies.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, NoReturn, Self

import numpy as np
from attrs import field, frozen

from randcheck.errors import CanonicalError, shorten

#: Integers beyond this are not exact everywhere (RFC 8785 section 3.2.2.3, RFC 7493 section 2.2).
LARGEST = 2**53

#: Bytes of one value, 2 GiB. A visit takes about 200 bytes: the record of 8 million subjects of
#: which 3 % are drawn has 50 MB, that of a whole country's 180 million 1.1 GB.
MOST_BYTES = 2**31

#: Objects and lists within one another. What randcheck writes nests less than 10 deep, and the
#: parameters of a strategy are its author's; readers that recurse (Python's stop at about 1,000
#: frames, some of other languages at 128) get nothing that is too deep for them.
MOST_DEPTH = 100

#: What says how deep text is nested, everything else, the step that each byte takes, and how many
#: of them are looked at in one go.
_MARKS = b'"[]{}'
_OTHERS = bytes({*range(256)} - {*_MARKS})
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[*b"[{"]], _STEPS[[*b"]}"]] = 1, -1
_PART = 2**18

_SHA256 = re.compile("[0-9a-f]{64}")

#: From here on the order of code points is not that of UTF-16 code units.
_UNUSUAL = re.compile("[\ud800-\U0010ffff]")

#: `quote(text)` is the JSON string of a text, as RFC 8785 section 3.2.2.2 writes it.
quote = encode_basestring


def dumps(value: Any) -> bytes:
    """The canonical bytes of a value made of dict, list, tuple, str, int, bool and None.

    Raises `CanonicalError` for anything else: floats, keys that are not text, lone surrogates,
    integers beyond ±2^53, more than `MOST_DEPTH` levels, more than `MOST_BYTES`.
    """
    try:
        text = _dump(value)
        if not _check(value):
            text = _dump(_ordered(value), by_code_point=False)
        data = text.encode()
    except UnicodeEncodeError:
        raise CanonicalError(_SURROGATE) from None
    except RecursionError:
        raise CanonicalError(_DEEP) from None
    except MemoryError:
        raise CanonicalError(_MEMORY) from None
    except (TypeError, ValueError) as error:
        if isinstance(error, CanonicalError):
            raise
        raise CanonicalError(f"has no canonical form: {error}") from None
    if len(data) > MOST_BYTES:
        raise CanonicalError(_LARGE)
    return data


def loads(data: bytes) -> Any:
    """The value of canonical bytes; `CanonicalError` if they are not canonical, or beyond a limit.

    The time is that of the standard library's reader and writer, whatever the bytes are.
    """
    if len(data) > MOST_BYTES:
        raise CanonicalError(_LARGE)
    try:
        if _depth(data) > MOST_DEPTH:
            raise CanonicalError(_DEEP)
        text = data.decode()
        value = json.loads(
            text, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
        )
        if text.isascii() or not _UNUSUAL.search(text):
            canonical = _dump(value, tree=True)
        else:
            canonical = _dump(_ordered(value), by_code_point=False, tree=True)
        if canonical != text:
            canonical.encode()  # a surrogate is in it by an escape only
            del value  # before it is read again, to say why it is refused
            json.loads(text, object_pairs_hook=_once)
            raise CanonicalError("not canonical: blanks, order of keys or escapes")
    except UnicodeDecodeError as error:
        raise CanonicalError(f"not UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise CanonicalError(_SURROGATE) from None
    except RecursionError:  # of a caller that is nested itself
        raise CanonicalError("no room on the stack to read it") from None
    except MemoryError:
        raise CanonicalError(_MEMORY) from None
    except ValueError as error:
        if isinstance(error, CanonicalError):
            raise
        raise CanonicalError(f"not JSON: {error}") from None
    return value


def sha256(data: bytes) -> str:
    """The SHA-256 of bytes, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def is_sha256(value: object) -> bool:
    """Whether a value is text of 64 lower-case hex digits."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_text(value: object) -> bool:
    """Whether a value is text that UTF-8 can write: without a lone surrogate."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


@frozen(slots=False)
class CanonicalObject:
    """An object that is its canonical bytes: equal ones have equal bytes. Subclasses check them."""

    data: bytes = field(repr=lambda data: sha256(data))

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return self.data

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The object of canonical bytes; an error says where they are none."""
        return cls(data)

    def to_json(self) -> dict[str, Any]:
        """The object itself."""
        value: dict[str, Any] = loads(self.data)
        return value

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The same from an object; an error says where it is none."""
        return cls(dumps(dict(data)))

    def __getitem__(self, key: str) -> Any:
        """One entry of the object."""
        return self.to_json()[key]

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes, lower-case hex."""
        return sha256(self.data)


#: What an error says of a limit.
_LARGE = f"more than {MOST_BYTES} bytes"
_DEEP = f"nested deeper than {MOST_DEPTH} levels"
_MEMORY = "does not fit in this machine's memory"
_SURROGATE = "a lone surrogate is not text"


def _depth(data: bytes) -> int:
    """At least the depth of bytes, as far as they are JSON; exact above `MOST_DEPTH`.

    In one pass and without recursion: brackets count where the quotes before them are even in
    number, after escapes have been taken out.
    """
    if len(data) <= MOST_DEPTH:
        return len(data)
    if b"\\" in data:
        data = data.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = data.translate(None, _OTHERS)
    if len(marks) <= MOST_DEPTH:
        return len(marks)
    quotes, depth, deepest = 0, 0, 0
    for start in range(0, len(marks), _PART):
        part = np.frombuffer(marks[start : start + _PART], np.uint8)
        inside = (np.cumsum(part == _MARKS[0], dtype=np.int64) + quotes) % 2 == 1
        depths = np.cumsum(np.where(inside, 0, _STEPS[part]), dtype=np.int64) + depth
        quotes, depth, deepest = int(inside[-1]), int(depths[-1]), max(deepest, int(depths.max()))
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuses an object with a key twice; the value is of no interest."""
    if len(pairs) > 1 and len(dict(pairs)) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise CanonicalError(f"the key {shorten(key)} is twice in an object")


def _integer(text: str) -> int:
    value = int(text) if len(text) < 20 else LARGEST + 1
    if not -LARGEST <= value <= LARGEST:
        raise CanonicalError(f"{shorten(text)} is beyond ±2^53")
    return value


def _no_float(text: str) -> NoReturn:
    raise CanonicalError(f"{shorten(text)} is not an integer")


def _dump(value: Any, *, by_code_point: bool = True, tree: bool = False) -> str:
    """The text of a value; a `tree` has no cycle to look out for."""
    return json.dumps(
        value,
        ensure_ascii=False,
        check_circular=not tree,
        sort_keys=by_code_point,
        separators=(",", ":"),
    )


def _check(value: Any) -> bool:
    """Whether sorting keys by code point is right for this value; refuses what has no form.

    The value was written once, so it has no cycle. Code points order as UTF-16 code units do
    unless a key holds a character from the surrogates on.
    """
    plain = True
    level: list[Any] = [[value]]
    for _ in range(MOST_DEPTH + 1):
        deeper: list[Any] = []
        for outer in level:
            for each in outer.values() if type(outer) is dict else outer:
                kind = type(each)
                if kind is dict:
                    for key in each:
                        if type(key) is not str:
                            raise CanonicalError(f"the key {shorten(key)} is not text")
                        plain = plain and (key.isascii() or max(key) < "\ud800")
                    deeper.append(each)
                elif kind is list or kind is tuple:
                    deeper.append(each)
                elif kind is int:
                    if not -LARGEST <= each <= LARGEST:
                        raise CanonicalError(f"{shorten(each)} is beyond ±2^53")
                elif not (kind is str or kind is bool or each is None):
                    told = f"{shorten(each)} of type {kind.__name__} has no canonical form"
                    raise CanonicalError(told)
        if not deeper:
            return plain
        level = deeper
    raise CanonicalError(_DEEP)


def _ordered(value: Any) -> Any:
    """The value with each object's keys in the order of UTF-16, for a dump that keeps them."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_ordered(entry) for entry in value]
    return value


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
