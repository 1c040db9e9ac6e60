"""Sources mixed, sources read from a commitment, and whether a randomness could be of its source.

Rules enforced here:
1. Mixed sources are as good as the best of them, and their text is the list of all texts.
2. What a stranger's source says is its own affair; what ours can not have said is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import field, frozen

from randcheck import canonical
from randcheck.errors import MissingExtraError, ParameterError, RandcheckError, shorten
from randcheck.randomness.described import check_described, loads
from randcheck.randomness.drand import Drand
from randcheck.randomness.public import PublicSource
from randcheck.randomness.reveal import CommitReveal
from randcheck.record import DrawRecord
from randcheck.stage import StageRecord
from randcheck.verify import Finding, Report

Single = PublicSource | CommitReveal | Drand

_SINGLE: Mapping[str, Any] = {CommitReveal.kind: CommitReveal, Drand.kind: Drand}


def _as_sources(value: Any) -> tuple[Single, ...]:
    sources = tuple(value) if isinstance(value, Sequence) else ()
    if len(sources) < 2 or not all(isinstance(x, Single) for x in sources):
        remedy = "give a list of PublicSource, CommitReveal, Drand"
        raise ParameterError("sources", shorten(value), "are not two sources or more", remedy)
    return sources


@frozen
class Combined:
    """Several sources mixed: nobody knows the outcome as long as one of them is honest.

    The randomness is the canonical JSON list of the sources' texts, in their order. The grade is
    the highest of them.
    """

    kind: ClassVar[str] = "combined"
    sources: tuple[Single, ...] = field(converter=_as_sources)

    def to_json(self) -> dict[str, Any]:
        described = [source.to_json() for source in self.sources]
        grade = max(each["grade"] for each in described)
        return {"grade": grade, "kind": self.kind, "sources": described}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Combined:
        """The source that `to_json` described, and nothing that claims more."""
        parts = data.get("sources")
        given = [each for each in parts if isinstance(each, Mapping)] if parts else []
        kinds: list[Any] = [_SINGLE.get(str(each.get("kind")), PublicSource) for each in given]
        source = cls([kind.from_json(each) for kind, each in zip(kinds, given, strict=True)])
        check_described(source, data)
        return source

    def text(self, *said: Any) -> str:
        """The draw's randomness from what each source said, in their order."""
        if len(said) != len(self.sources):
            reason = f"are not the words of {len(self.sources)} sources"
            raise ParameterError("said", f"{len(said)} texts", reason, "give one for each")
        texts = [source.text(words) for source, words in zip(self.sources, said, strict=True)]
        return canonical.dumps(texts).decode()

    def parts(self, text: str) -> list[tuple[Single, str]]:
        """Each source with its own text; `ParameterError` for one that is not of so many."""
        texts = loads(text)
        if not isinstance(texts, list) or len(texts) != len(self.sources):
            reason = f"is no list of {len(self.sources)} texts"
            remedy = "give what text(…) of the source returned"
            raise ParameterError("randomness", shorten(text), reason, remedy)
        return list(zip(self.sources, texts, strict=True))

    def check(self, text: str) -> None:
        """`ParameterError` for a randomness that is not of these sources."""
        for source, each in self.parts(text):
            source.check(each)


#: The classes of sources by what a commitment calls them; any other is a public source.
KINDS: Mapping[str, Any] = {**_SINGLE, Combined.kind: Combined}


def source_of(described: Mapping[str, Any]) -> Single | Combined | None:
    """The source that a commitment describes; `None` for a rehearsal or a stranger's source.

    Raises `ParameterError` for a description that claims more than such a source gives.
    """
    public = PublicSource if "reference" in described else None
    kind: Any = KINDS.get(described["kind"], public)
    source: Single | Combined | None = kind and kind.from_json(described)
    return source


def parts_of(source: Single | Combined, text: str) -> list[tuple[Single, str]]:
    """The single sources, each with its own text; raises as `Combined.parts` does."""
    return source.parts(text) if isinstance(source, Combined) else [(source, text)]


def check_source(record: DrawRecord | StageRecord) -> Report:
    """Whether a record's randomness could have come from the source that its commitment names.

    That sealed secrets were revealed, and nothing else; that numbers are in the agreed form; that
    drand's chain signed its round. `verify` does not look at it, since it knows no sources; that a
    public source really said so, only its own publication shows. A rehearsal may say anything, a
    stranger's source what it likes. Only a missing extra raises.
    """
    described: Mapping[str, Any] = record.commitment["source"]
    try:
        source = source_of(described)
        if source is None:
            return Report((), ("source",), described["grade"])
        source.check(record.randomness)
        parts = parts_of(source, record.randomness)
    except MissingExtraError:
        raise
    except RandcheckError as error:
        told = Finding(5, "error", "randomness", "what the source gives", str(error))
        return Report((told,), (), described["grade"])
    said = any(isinstance(part, PublicSource) for part, _ in parts)
    return Report((), ("source",) * said, described["grade"])
