"""Canonical JSON: one value, one sequence of bytes.

Rules enforced here (RFC 8785, with integers within ±2^53 as the only numbers):
1. Object keys are text, without duplicates, in ascending order of their UTF-16 code units.
2. No blank between tokens; text is UTF-8, escaped only where RFC 8785 escapes.
3. Reading is strict: bytes that are not the canonical form of their value are refused.

`verify.py` has a reader of its own on purpose: it shares no code with what it verifies.
"""

from __future__ import annotations

import hashlib
import json
import re
from json.encoder import encode_basestring
from typing import Any, NoReturn

from randcheck.errors import CanonicalError, shorten

#: Integers beyond this are not exact everywhere (RFC 8785 section 3.2.2.3, RFC 7493 section 2.2).
LARGEST = 2**53

#: From here on the order of code points is not that of UTF-16 code units.
_UNUSUAL = re.compile("[\ud800-\U0010ffff]")

#: `quote(text)` is the JSON string of a text, as RFC 8785 section 3.2.2.2 writes it.
quote = encode_basestring


def dumps(value: Any) -> bytes:
    """The canonical bytes of a value made of dict, list, tuple, str, int, bool and None.

    Raises `CanonicalError` for anything else: floats, keys that are not text, lone surrogates,
    integers beyond ±2^53, nesting without end.
    """
    try:
        text = _dump(value)
        if not _check(value):
            text = _dump(_ordered(value), by_code_point=False)
        return text.encode()
    except UnicodeEncodeError:
        raise CanonicalError("a lone surrogate is not text") from None
    except RecursionError:
        raise CanonicalError("nested too deep") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, CanonicalError):
            raise
        raise CanonicalError(f"has no canonical form: {error}") from None


def loads(data: bytes) -> Any:
    """The value of canonical bytes; `CanonicalError` if they are not canonical."""
    try:
        text = data.decode()
        value = json.loads(
            text, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
        )
        if _UNUSUAL.search(text):
            canonical = _dump(_ordered(value), by_code_point=False)
        else:
            canonical = _dump(value)
        same = canonical.encode() == data
    except UnicodeDecodeError:
        raise CanonicalError("not UTF-8") from None
    except UnicodeEncodeError:
        raise CanonicalError("a lone surrogate is not text") from None
    except RecursionError:
        raise CanonicalError("nested too deep") from None
    except ValueError as error:
        if isinstance(error, CanonicalError):
            raise
        raise CanonicalError(f"not JSON: {error}") from None
    if not same:
        raise CanonicalError("not canonical: blanks, order of keys, duplicate keys or escapes")
    return value


def sha256(data: bytes) -> str:
    """The SHA-256 of bytes, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def _integer(text: str) -> int:
    value = int(text) if len(text) < 20 else LARGEST + 1
    if not -LARGEST <= value <= LARGEST:
        raise CanonicalError(f"{shorten(text)} is beyond ±2^53")
    return value


def _no_float(text: str) -> NoReturn:
    raise CanonicalError(f"{text} is not an integer")


def _dump(value: Any, *, by_code_point: bool = True) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=by_code_point, separators=(",", ":"))


def _check(value: Any) -> bool:
    """Whether sorting keys by code point is right for this value; refuses what has no form.

    The value was written once, so it has no cycle. Code points order as UTF-16 code units do
    unless a key holds a character from the surrogates on.
    """
    plain = True
    waiting = [value]
    while waiting:
        each = waiting.pop()
        kind = type(each)
        if kind is dict:
            for key in each:
                if type(key) is not str:
                    raise CanonicalError(f"the key {shorten(key)} is not text")
                plain = plain and (key.isascii() or max(key) < "\ud800")
            waiting.extend(each.values())
        elif kind is list or kind is tuple:
            waiting.extend(each)
        elif kind is int:
            if not -LARGEST <= each <= LARGEST:
                raise CanonicalError(f"{shorten(each)} is beyond ±2^53")
        elif not (kind is str or kind is bool or each is None):
            raise CanonicalError(f"{shorten(each)} of type {kind.__name__} has no canonical form")
    return plain


def _ordered(value: Any) -> Any:
    """The value with each object's keys in the order of UTF-16, for a dump that keeps them."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_ordered(entry) for entry in value]
    return value


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
