"""Natural persons (自然人) under keyed pseudonyms, from import on.

Rules enforced here:
1. A pseudonym is "p-" and the first 40 hex digits of HMAC-SHA-256(key, field("randcheck/v1
   pseudonym") field(kind) field(identity)); the key is the office's and stays outside.
2. Nothing is stripped or repaired: an identity that is not in its one form is refused, but for the
   check digit x of a citizen's identity number, which is read as X.
3. No identity and no key is ever shown: not in a repr, an error, a log or a pickle.

160 bits keep people apart: among 1.5·10^9 the chance that any two share a pseudonym is below
10^-30 (n²/2^161).
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NoReturn

from randcheck.errors import DataError, ParameterError, Problem
from randcheck.ids import id_fault, looks_like_identity_number
from randcheck.tickets import PROTOCOL, field

#: The kind of identity that is a citizen's identity number (公民身份号码, GB 11643-1999).
CITIZEN = "natural person"

#: The name that stands for every natural person.
NEUTRAL_NAME = "自然人"

#: The least length of a key, in bytes.
KEY_BYTES = 32

#: How many hex digits of the HMAC a pseudonym holds.
DIGITS = 40

_DOMAIN = field(f"{PROTOCOL} pseudonym".encode())
_NUMBER = re.compile("[0-9]{17}[0-9Xx]")
_WITHIN = re.compile("(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
_HIDDEN = "(not shown)"

#: An identity shorter than this may stand in another column by chance.
_TELLING = 8


class Pseudonymizer:
    """Makes pseudonyms under one key. It shows the key's id, and never pickles or copies.

    >>> office = Pseudonymizer(bytes(range(32)))
    >>> office
    Pseudonymizer(key_id='865174565c84e8db')
    >>> office.pseudonym("990102199001010015")
    'p-b89724e184b18d6d55431b1d771b07f80eef6c06'
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if not isinstance(key, bytes) or len(key) < KEY_BYTES:
            found = f"{len(key)} bytes" if isinstance(key, bytes) else f"a {type(key).__name__}"
            raise ParameterError(
                "key",
                _HIDDEN,
                f"is {found}, not {KEY_BYTES} bytes or more",
                "make one with Pseudonymizer.new_key() and keep it outside",
            )
        self._key = key

    @staticmethod
    def new_key() -> bytes:
        """A new key of 32 random bytes from the operating system."""
        return secrets.token_bytes(KEY_BYTES)

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of HMAC-SHA-256(key, "key id"): which key, and nothing of it."""
        return hmac.digest(self._key, b"key id", "sha256").hex()[:16]

    def pseudonym(self, identity: str, kind: str = CITIZEN) -> str:
        """The pseudonym of an identity; `ParameterError`, which never shows it, if it is none.

        `kind` is the kind of document; every kind but `"natural person"`, such as `"passport"`, has
        pseudonyms of its own for text without blanks, in upper case, unchanged by NFKC.
        """
        for name, fault in (("kind", _kind_fault(kind)), ("identity", _fault(identity, kind))):
            if fault:
                raise ParameterError(name, _HIDDEN, *fault)
        return self._pseudonym(identity, kind)

    def _pseudonym(self, identity: str, kind: str) -> str:
        exact = identity.upper() if kind == CITIZEN else identity
        message = _DOMAIN + field(kind.encode()) + field(exact.encode())
        return "p-" + hmac.digest(self._key, message, "sha256").hex()[:DIGITS]

    def __repr__(self) -> str:
        return f"Pseudonymizer(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pseudonymizer is never pickled or copied: its key stays outside")


def pseudonymize(
    rows: Iterable[Mapping[str, Any]], office: Pseudonymizer, *, keep_names: bool = False
) -> list[dict[str, Any]]:
    """Rows for a registry: `identity` becomes `id`, and `name` a neutral text.

    A row may say in `document` what kind of identity it gives; both columns are dropped. `kind` is
    `"natural person"` unless the row says otherwise. All bad rows at once in a `DataError`, also
    those whose other columns hold the identity, or any citizen's identity number; it shows none.
    """
    if not isinstance(office, Pseudonymizer):
        raise ParameterError(
            "office", f"a {type(office).__name__}", "is no Pseudonymizer", "give Pseudonymizer(key)"
        )
    made: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows):
        faults = list(_row_faults(row, keep_names))
        problems += [Problem(number, column, _HIDDEN, *fault) for column, fault in faults]
        if not faults:
            kept = {key: value for key, value in row.items() if key not in ("identity", "document")}
            name = {} if keep_names else {"name": NEUTRAL_NAME}
            pseudonym = office._pseudonym(row["identity"], row.get("document", CITIZEN))
            made.append({"id": pseudonym, "kind": CITIZEN, **kept, **name})
    if problems:
        raise DataError("natural persons", problems)
    return made


#: What is wrong, and what would be right.
_Fault = tuple[str, str]


def _row_faults(row: object, keep_names: bool) -> Iterable[tuple[str | None, _Fault]]:
    if not isinstance(row, Mapping):
        yield None, (f"is no row but a {type(row).__name__}", "give mappings of columns to values")
        return
    if "id" in row:
        yield "id", ("stands beside the identity", "give the identity alone; it becomes the id")
    kind = row.get("document", CITIZEN)
    if fault := _kind_fault(kind):
        yield "document", fault
    elif "identity" not in row:
        yield "identity", ("is missing", "give it in the column identity")
    elif fault := _fault(row["identity"], kind):
        yield "identity", fault
    else:
        gone = ("identity", "document") if keep_names else ("identity", "document", "name")
        for column, value in row.items():
            if column not in gone and _tells(f"{column} {value}", row["identity"]):
                shown = None if _tells(str(column), row["identity"]) else str(column)
                yield shown, ("holds an identity as well", "take it out of this column")


def _tells(text: str, identity: str) -> bool:
    """Whether a text holds this identity, or any citizen's identity number."""
    if len(identity) >= _TELLING and identity.upper() in text.upper():
        return True
    return any(_number_fault(found) is None for found in _WITHIN.findall(text))


def _kind_fault(kind: object) -> _Fault | None:
    if id_fault(kind):
        return "is no kind of document", "give a text such as 'passport'"
    return None


def _fault(identity: object, kind: str) -> _Fault | None:
    """What is wrong with an identity, in words that show nothing of it."""
    if not isinstance(identity, str):
        return (
            f"is not text but {type(identity).__name__}",
            "give identities as text; a number from a spreadsheet may have lost digits",
        )
    if not identity:
        return "is empty", "give the identity"
    if any(char.isspace() for char in identity):
        return "holds blanks", "remove them at the source"
    if not identity.isascii() and unicodedata.normalize("NFKC", identity) != identity:
        return "holds full-width or other compatibility characters", "write plain ones"
    if kind == CITIZEN:
        return _number_fault(identity)
    if id_fault(identity):
        return "holds invisible characters, or digits other than 0 to 9", "write plain ones"
    if identity.upper() != identity:
        return "holds lower-case letters", "write it in upper case"
    return None


def _number_fault(identity: str) -> _Fault | None:
    """What is wrong with a citizen's identity number: form, day of birth, check digit."""
    if re.fullmatch("[0-9]{15}", identity):
        return "is a number of 15 digits, no longer valid", "give the number of 18 characters"
    if not _NUMBER.fullmatch(identity):
        return (
            "does not have the form of GB 11643-1999",
            "give 17 digits and a check digit, 0 to 9 or X; name other documents by their kind",
        )
    try:
        date(int(identity[6:10]), int(identity[10:12]), int(identity[12:14]))
    except ValueError:
        return "has no day of birth in its digits 7 to 14", "look it up again"
    if not looks_like_identity_number(identity.upper()):
        return "has a wrong check digit", "look it up again"
    return None
