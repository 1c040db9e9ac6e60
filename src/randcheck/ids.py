"""What an id may be, and the unified social credit code.

Rules enforced here:
1. An id is non-empty text in NFC, without control or format characters, line ends or lone
   surrogates, without digits other than 0 to 9, and without blanks at its edges.
2. Nothing is repaired: a bad id is reported with the id that was probably meant.
3. Two ids that differ but are equal after NFKC and casefold are suspect; both stay.
4. A unified social credit code (统一社会信用代码) follows GB 32100-2015: 18 characters, its
   check character by weights 3^(i-1) modulo 31. Every department prefix is accepted, letters too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: The 31 characters of GB 32100-2015, table 1: no I, O, S, V, Z.
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

_CREDIT_VALUE = {char: value for value, char in enumerate(CREDIT_ALPHABET)}
_CREDIT_WEIGHT = tuple(pow(3, place, 31) for place in range(17))
_CREDIT_FORM = re.compile(f"[{CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{CREDIT_ALPHABET}]{{10}}", re.ASCII)
_FORBIDDEN = {
    "Cc": "a control character",
    "Cf": "an invisible format character",
    "Cs": "a lone surrogate",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
_IDENTITY_WEIGHT = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_fault(value: object) -> tuple[str, str] | None:
    """`(reason, remedy)` when a value cannot be an id, else `None`."""
    if not isinstance(value, str):
        return (
            f"is not text but {type(value).__name__}",
            "give ids as text; a number from a spreadsheet may have lost digits",
        )
    if value.isascii() and value.isprintable() and value == value.strip() and value:
        return None
    if not value or value.isspace():
        return "is empty", "give every row an id"
    for char in value:
        kind = unicodedata.category(char)
        if kind in _FORBIDDEN:
            return f"holds {_FORBIDDEN[kind]} (U+{ord(char):04X})", "remove it at the source"
        if unicodedata.decimal(char, None) is not None and not char.isascii():
            return f"holds the digit {char!r} that is not 0 to 9", "write digits as 0 to 9"
    if value != value.strip():
        return "has blanks at its edges", f"write {value.strip()!r}"
    if not unicodedata.is_normalized("NFC", value):
        return "is not in Unicode normal form C", f"write {unicodedata.normalize('NFC', value)!r}"
    return None


def suspects(ids: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of different ids that are equal after NFKC and casefold, each in order of bytes."""
    groups: dict[str, list[str]] = {}
    for name in ids:
        folded = name if name.isascii() else unicodedata.normalize("NFKC", name)
        groups.setdefault(folded.casefold(), []).append(name)
    return tuple(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def credit_code_check(body: str) -> str:
    """The check character for the first 17 characters of a unified social credit code.

    GB 32100-2015, annex A: C18 = 31 - Σ C_i · 3^(i-1) modulo 31, written in the 31 characters.
    """
    total = sum(
        _CREDIT_VALUE[char] * weight for char, weight in zip(body, _CREDIT_WEIGHT, strict=True)
    )
    return CREDIT_ALPHABET[-total % 31]


def credit_code_fault(value: object) -> tuple[str, str] | None:
    """`(reason, remedy)` when a value is no unified social credit code, else `None`."""
    if not isinstance(value, str):
        return f"is not text but {type(value).__name__}", "give the code as text"
    if len(value) != 18:
        return f"has {len(value)} characters", "a unified social credit code has 18"
    if not _CREDIT_FORM.fullmatch(value):
        return (
            "has a character that GB 32100-2015 does not allow there",
            "use 0-9 and A-Z without I, O, S, V, Z, with a region of six digits from the third on",
        )
    right = credit_code_check(value[:17])
    if value[17] != right:
        return "has a wrong check character", f"for these 17 characters it is {right!r}"
    return None


def looks_like_identity_number(value: str) -> bool:
    """Whether a text has the form and check digit of a citizen's identity number (GB 11643)."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", value):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(value, _IDENTITY_WEIGHT, strict=False))
    return value[17] == "10X98765432"[total % 11]
