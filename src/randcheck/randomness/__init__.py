"""Where public randomness comes from: public sources, secrets revealed, a beacon, mixtures.

>>> from randcheck.randomness import PublicSource, Rounds
>>> evenings = Rounds(("2026-01-01T13:15:00Z",), period=86400, delay=3600)
>>> source = PublicSource("lottery", "the evening draw", form="sorted numbers",
...     rounds=evenings, witnesses={"notary": "5f" * 32})
>>> source.to_json()["grade"], evenings.after("2026-07-01T12:30:00Z").at
('G2', '2026-07-02T13:15:00Z')
>>> source.text("33, 05, 31, 12, 22, 09 + 08")
'5 8 9 12 22 31 33'

Rules enforced here:
1. A source is named before it speaks; its name stands in the commitment.
2. What a source says becomes a text by a stated rule, so that two honest people get the same bytes
   (as RFC 3797 does for the IETF's lotteries).
3. A grade above G0 needs evidence that the commitment was public before the source spoke. Where
   parties seal secrets beforehand and reveal them later, each of them knows it: G1. A public source
   is G2 if the commitment also names the rule for its round and who witnesses that the commitment
   came first; whether they did is shown by `randcheck.evidence`.
4. Who does not reveal is left out by a fixed rule and named in the text, for everybody to see.
"""

from randcheck.randomness.drand import Drand
from randcheck.randomness.public import FORMS, PublicSource
from randcheck.randomness.reveal import CommitReveal, seal
from randcheck.randomness.rounds import Round, Rounds
from randcheck.randomness.sources import KINDS, Combined, Single, check_source, parts_of, source_of

__all__ = [
    "FORMS",
    "KINDS",
    "Combined",
    "CommitReveal",
    "Drand",
    "PublicSource",
    "Round",
    "Rounds",
    "Single",
    "check_source",
    "parts_of",
    "seal",
    "source_of",
]
