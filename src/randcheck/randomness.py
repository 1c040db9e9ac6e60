"""Where public randomness comes from.

Rules enforced here:
1. A source is named before it speaks; its name stands in the commitment.
2. A grade above G0 needs evidence that the commitment was public before the source spoke. Naming
   a source is no such evidence, so a commitment says G0 until a witness is part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten


def _as_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(
            "PublicSource", shorten(value), "is no text", "name kind and reference in words"
        )
    return value


@frozen
class PublicSource:
    """A public source that will speak later: a lottery, a beacon, dice on camera.

    `kind` is what it is, such as `"lottery"`; `reference` says which one and which issue of it, in
    words that leave nobody a choice.
    """

    kind: str = field(converter=_as_text)
    reference: str = field(converter=_as_text)

    def to_json(self) -> dict[str, Any]:
        return {"grade": "G0", "kind": self.kind, "reference": self.reference}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PublicSource:
        """The source that `to_json` described, and nothing that claims more."""
        source = cls(data.get("kind"), data.get("reference"))
        if source.to_json() != dict(data):
            remedy = f"give {source.to_json()}"
            raise ParameterError("source", shorten(dict(data)), "is no such source", remedy)
        return source
