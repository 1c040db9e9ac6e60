"""What the sources share: a description that claims no more, a text read back.

Rules enforced here:
1. A source is read from a description only if it would describe itself in the same way.
2. A public source promises G2 if it names when it speaks and who witnesses the commitment before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from randcheck import canonical
from randcheck.errors import CanonicalError, ParameterError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.ids import id_fault


def check_described(source: Any, data: Mapping[str, Any]) -> None:
    """`ParameterError` for a description that is not the source's own, such as a better grade."""
    if source.to_json() != dict(data):
        remedy = f"give {source.to_json()}"
        raise ParameterError("source", shorten(dict(data)), "is no such source", remedy)


def loads(text: str) -> Any:
    try:
        return canonical.loads(text.encode())
    except (CanonicalError, UnicodeEncodeError, AttributeError) as error:
        remedy = "give what text(…) of the source returned"
        reason = f"is no such randomness: {error}"
        raise ParameterError("randomness", shorten(text), reason, remedy) from None


def as_witnesses(value: Any) -> FrozenMapping:
    """Who witnesses: a name for each, and the id of the key that signs."""
    for name, key in as_mapping(value, "witnesses").items():
        if fault := id_fault(name):
            raise ParameterError("witnesses", shorten(name), *fault)
        if not canonical.is_sha256(key):
            remedy = "give the key_id of the witness's public key"
            raise ParameterError(f"witnesses[{name!r}]", shorten(key), "is no key id", remedy)
    if len(set(value.values())) < len(value):
        remedy = "let each witness have a key of its own"
        raise ParameterError("witnesses", shorten(dict(value)), "share a key", remedy)
    return FrozenMapping(value)


def promised(rounds: Any, witnesses: Mapping[str, str]) -> str:
    """The grade that a public source promises."""
    return "G2" if rounds is not None and witnesses else "G0"
