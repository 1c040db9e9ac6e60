"""Where public randomness comes from.

Rules enforced here:
1. A source is named before it speaks; its name stands in the commitment.
2. What a source says becomes a text by a stated rule, so that two honest people get the same bytes
   (as RFC 3797 does for the IETF's lotteries).
3. A grade above G0 needs evidence that the commitment was public before the source spoke. Naming
   a public source is no such evidence, so its commitment says G0 until a witness is part of it.
   Where parties seal secrets beforehand and reveal them later, each of them is a witness: G1.
4. Who does not reveal is left out by a fixed rule and named in the text, for everybody to see.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import field, frozen

from randcheck import canonical
from randcheck.commitment import Source
from randcheck.errors import CanonicalError, ParameterError, RandcheckError, shorten
from randcheck.fields import FrozenMapping, as_mapping
from randcheck.record import DrawRecord
from randcheck.tickets import PROTOCOL
from randcheck.tickets import field as counted
from randcheck.verify import Finding, Report

#: How a public source's words become a text: as they are, as numbers, or as hex digits.
FORMS = ("text", "numbers", "sorted numbers", "hex")


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


@frozen
class PublicSource:
    """A public source that will speak later: a lottery, a beacon, dice on camera.

    `kind` is what it is, such as `"lottery"`; `reference` says which one and which issue of it, in
    words that leave nobody a choice. `form` is how its words become the draw's randomness: as they
    are (`"text"`), as whole numbers in their order (`"numbers"`) or ascending (`"sorted numbers"`,
    for balls whose order is not published), or as hex digits (`"hex"`).
    """

    kind: str = field(converter=_as_text)
    reference: str = field(converter=_as_text)
    form: str = field(default="text", converter=_as_form)

    def to_json(self) -> dict[str, Any]:
        described = {"grade": "G0", "kind": self.kind, "reference": self.reference}
        return described if self.form == "text" else described | {"form": self.form}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PublicSource:
        """The source that `to_json` described, and nothing that claims more."""
        source = cls(data.get("kind"), data.get("reference"), data.get("form", "text"))
        _check_described(source, data)
        return source

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


def seal(party: str, secret: str) -> str:
    """What a party publishes of its secret beforehand: a SHA-256, lower-case hex.

    SHA-256 of field("randcheck/v1 reveal"), field(party) and field(secret), where field(x) is the
    length of x as 8 bytes, big-endian, and x. A secret should have 32 random bytes.
    """
    parts = (f"{PROTOCOL} reveal", party, secret)
    return hashlib.sha256(b"".join(counted(part.encode()) for part in parts)).hexdigest()


def _as_seals(value: Any) -> FrozenMapping:
    for party, digest in as_mapping(value, "seals").items():
        if not canonical.is_sha256(digest):
            remedy = "give what seal(party, secret) returned"
            raise ParameterError(f"seals[{party!r}]", shorten(digest), "is no seal", remedy)
    if len(value) < 2 or not all(party.strip() for party in value):
        reason = "are not two named parties or more"
        raise ParameterError("seals", shorten(dict(value)), reason, "let somebody else take part")
    if len(set(value.values())) < len(value):
        remedy = "let each party choose a secret of its own"
        raise ParameterError("seals", shorten(dict(value)), "are not distinct", remedy)
    return FrozenMapping(value)


@frozen
class CommitReveal:
    """Secrets of two parties or more, sealed beforehand and revealed afterwards: grade G1.

    `seals` gives each party its `seal`. As long as one of them chose at random and told nobody, no
    one could know the outcome. The last to reveal can still see it and stay silent, which is one
    more try in its own name; mix in a later public source (`Combined`) to take that away.
    """

    kind: ClassVar[str] = "commit-reveal"
    seals: FrozenMapping = field(converter=_as_seals)

    def to_json(self) -> dict[str, Any]:
        return {"grade": "G1", "kind": self.kind, "seals": dict(self.seals)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CommitReveal:
        """The source that `to_json` described, and nothing that claims more."""
        seals: Any = data.get("seals")  # what is no mapping is refused
        source = cls(seals)
        _check_described(source, data)
        return source

    def text(self, secrets: Mapping[str, str | None]) -> str:
        """The draw's randomness from the secrets, `None` for a party that did not reveal.

        Canonical JSON of party → secret, with null for the silent. Raises `ParameterError` for a
        secret that is not the sealed one, an unknown party, a party that is not accounted for, or
        silence all round.
        """
        given = as_mapping(secrets, "secrets")
        if given.keys() != self.seals.keys():
            remedy = f"account for {', '.join(self.seals)}, with None for who stays silent"
            reason = "are not the parties' secrets"
            raise ParameterError("secrets", shorten(sorted(given)), reason, remedy)
        for party, secret in given.items():
            if secret is None:
                continue
            fits = canonical.is_text(secret)
            if not fits or not hmac.compare_digest(seal(party, secret), self.seals[party]):
                reason = "is not what was sealed"
                remedy = "give the secret that its seal was made of, or None"
                raise ParameterError(f"secrets[{party!r}]", "(not shown)", reason, remedy)
        if all(secret is None for secret in given.values()):
            remedy = "abandon the draw, with this reason"
            raise ParameterError("secrets", "{}", "are all missing", remedy)
        return canonical.dumps(dict(given)).decode()

    def silent(self, text: str) -> tuple[str, ...]:
        """Who did not reveal, from a draw's randomness; each had one more try in its own name.

        Raises `ParameterError` for a text that does not follow from the seals.
        """
        secrets = _loads(text)
        self.text(secrets)
        return tuple(party for party, secret in secrets.items() if secret is None)

    def check(self, text: str) -> None:
        """`ParameterError` for a randomness that is not of the sealed secrets."""
        self.silent(text)


def _check_described(source: Source, data: Mapping[str, Any]) -> None:
    """`ParameterError` for a description that is not the source's own, such as a better grade."""
    if source.to_json() != dict(data):
        remedy = f"give {source.to_json()}"
        raise ParameterError("source", shorten(dict(data)), "is no such source", remedy)


def _loads(text: str) -> Any:
    try:
        return canonical.loads(text.encode())
    except (CanonicalError, UnicodeEncodeError, AttributeError) as error:
        remedy = "give what text(…) of the source returned"
        reason = f"is no such randomness: {error}"
        raise ParameterError("randomness", shorten(text), reason, remedy) from None


def _as_sources(value: Any) -> tuple[PublicSource | CommitReveal, ...]:
    sources = tuple(value) if isinstance(value, Sequence) else ()
    if len(sources) < 2 or not all(isinstance(x, PublicSource | CommitReveal) for x in sources):
        remedy = "give a list of PublicSource and CommitReveal"
        raise ParameterError("sources", shorten(value), "are not two sources or more", remedy)
    return sources


@frozen
class Combined:
    """Several sources mixed: nobody knows the outcome as long as one of them is honest.

    The randomness is the canonical JSON list of the sources' texts, in their order. The grade is
    the highest of them.
    """

    kind: ClassVar[str] = "combined"
    sources: tuple[PublicSource | CommitReveal, ...] = field(converter=_as_sources)

    def to_json(self) -> dict[str, Any]:
        described = [source.to_json() for source in self.sources]
        grade = max(each["grade"] for each in described)
        return {"grade": grade, "kind": self.kind, "sources": described}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Combined:
        """The source that `to_json` described, and nothing that claims more."""
        parts = data.get("sources")
        given = parts if isinstance(parts, list) else []
        source = cls([
            CommitReveal.from_json(each) if each.get("kind") == CommitReveal.kind
            else PublicSource.from_json(each)
            for each in given if isinstance(each, Mapping)
        ])  # fmt: skip
        _check_described(source, data)
        return source

    def text(self, *said: Any) -> str:
        """The draw's randomness from what each source said, in their order."""
        if len(said) != len(self.sources):
            reason = f"are not the words of {len(self.sources)} sources"
            raise ParameterError("said", f"{len(said)} texts", reason, "give one for each")
        texts = [source.text(words) for source, words in zip(self.sources, said, strict=True)]
        return canonical.dumps(texts).decode()

    def check(self, text: str) -> None:
        """`ParameterError` for a randomness that is not of these sources."""
        texts = _loads(text)
        if not isinstance(texts, list) or len(texts) != len(self.sources):
            reason = f"is no list of {len(self.sources)} texts"
            remedy = "give what text(…) of the source returned"
            raise ParameterError("randomness", shorten(text), reason, remedy)
        for source, each in zip(self.sources, texts, strict=True):
            source.check(each)


_PUBLIC = ("grade", "kind", "reference", "form")

#: The sources by what a commitment calls them; any other of these keys is a public source.
_KINDS: Mapping[str, Any] = {CommitReveal.kind: CommitReveal, Combined.kind: Combined}


def check_source(record: DrawRecord) -> Report:
    """Whether a record's randomness could have come from the source that its commitment names.

    That sealed secrets were revealed, and nothing else; that numbers are in the agreed form.
    `verify` does not look at it, since it knows no sources; that a public source really said so,
    only its own publication shows. A rehearsal may say anything, a stranger's source what it likes.
    """
    described = record.commitment["source"]
    public = {"grade", "kind", "reference"} <= described.keys() <= {*_PUBLIC}
    kind: Any = _KINDS.get(described["kind"], PublicSource if public else None)
    if kind is None:
        return Report((), ("source",))
    try:
        kind.from_json(described).check(record.randomness)
    except RandcheckError as error:
        return Report((Finding(5, "error", "randomness", "what the source gives", str(error)),), ())
    return Report((), () if described["grade"] == "G1" else ("source",))
