"""A public source that will speak later: a lottery, a beacon, dice on camera.

Rules enforced here:
1. Its words become a text by a stated form.
2. It describes itself, and promises no better grade than its rounds and witnesses can give.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.randomness.described import as_witnesses, check_described, promised
from randcheck.randomness.rounds import Rounds

#: How a public source's words become a text: as they are, as numbers, or as hex digits.
FORMS = ("text", "numbers", "sorted numbers", "hex")

#: Kinds that have a class of their own.
RESERVED = ("rehearsal", "commit-reveal", "combined", "drand")


def _as_kind(value: Any) -> str:
    if value in RESERVED:
        remedy = "use its class in randcheck.randomness, or another word"
        raise ParameterError("kind", shorten(value), "is a source of another class", remedy)
    return _as_text(value)


def _as_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(
            "PublicSource", shorten(value), "is no text", "name kind and reference in words"
        )
    return value


def _as_form(value: Any) -> str:
    if value not in FORMS:
        remedy = f"write one of {', '.join(FORMS)}"
        raise ParameterError("form", shorten(value), "is not known", remedy)
    return str(value)


def _as_rounds(value: Any) -> Rounds | None:
    if not isinstance(value, Rounds | None):
        remedy = "give Rounds(starts, period, delay)"
        raise ParameterError("rounds", shorten(value), "are no Rounds", remedy)
    return value


@frozen
class PublicSource:
    """A public source that will speak later: a lottery, a beacon, dice on camera.

    `kind` is what it is, such as `"lottery"`; `reference` says which one and which issue of it, in
    words that leave nobody a choice. `form` is how its words become the draw's randomness: as they
    are (`"text"`), as whole numbers in their order (`"numbers"`) or ascending (`"sorted numbers"`,
    for balls whose order is not published), or as hex digits (`"hex"`).

    `rounds` says when it speaks, so that its round follows from the time of the commitment;
    `witnesses` who will sign before that round that the commitment is there: a name for each, and
    the id of its key. With both the commitment promises grade G2, else it is G0.
    """

    kind: str = field(converter=_as_kind)
    reference: str = field(converter=_as_text)
    form: str = field(default="text", converter=_as_form)
    rounds: Rounds | None = field(default=None, converter=_as_rounds)
    witnesses: FrozenMapping = field(default=FrozenMapping({}), converter=as_witnesses)

    def to_json(self) -> dict[str, Any]:
        described: dict[str, Any] = {
            "grade": promised(self.rounds, self.witnesses),
            "kind": self.kind,
            "reference": self.reference,
        }
        if self.form != "text":
            described["form"] = self.form
        if self.rounds is not None:
            described["rounds"] = self.rounds.to_json()
        if self.witnesses:
            described["witnesses"] = dict(self.witnesses)
        return described

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PublicSource:
        """The source that `to_json` described, and nothing that claims more."""
        rounds = None if data.get("rounds") is None else Rounds.from_json(data["rounds"])
        form, witnesses = data.get("form", "text"), data.get("witnesses", {})
        source = cls(data.get("kind"), data.get("reference"), form, rounds, witnesses)
        check_described(source, data)
        return source

    def round_number(self, text: str) -> None:
        """No round: the words of such a source do not say which one they are of."""

    def text(self, said: str) -> str:
        """The draw's randomness from what the source said, by its form.

        Numbers are the runs of the digits 0 to 9, without leading zeros, with one blank between
        them; hex digits are those from 0 to 9 and a to f, lower-case, all else left out. Raises
        `ParameterError` for words without any.
        """
        if not isinstance(said, str):
            raise ParameterError("said", shorten(said), "is no text", "give the source's words")
        found = said
        if self.form.endswith("numbers"):
            numbers = [run.lstrip("0") or "0" for run in re.findall("[0-9]+", said)]
            ascending = sorted(numbers, key=lambda run: (len(run), run))
            found = " ".join(ascending if self.form.startswith("sorted") else numbers)
        elif self.form == "hex":
            found = "".join(re.findall("[0-9a-f]", said.lower()))
        if not found.strip():
            reason = f"holds nothing of the form {self.form!r}"
            raise ParameterError("said", shorten(said), reason, "give the source's words")
        return found

    def check(self, text: str) -> None:
        """`ParameterError` for a randomness that no words of this source give."""
        if self.text(text) != text:
            remedy = f"give {self.text(text)!r}, what text(…) makes of the source's words"
            raise ParameterError("randomness", shorten(text), f"is not {self.form}", remedy)
