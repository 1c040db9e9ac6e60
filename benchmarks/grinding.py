"""Grinding: how many commitments somebody can try until the outcome suits, at each grade.

    python benchmarks/grinding.py        # prints the table and writes its part of RESULTS.md

The operator of a made-up city has thirty friends among its firms, a tenth of which is drawn. What
he varies is the nonce, a secret text that nobody sees: each one gives another commitment, another
seed, other tickets. An outcome suits when none of the thirty is drawn. Nothing here is about the
strength of SHA-256: he does not look for a collision, he only chooses.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from results import machine, write_part

import randcheck as rc
from randcheck import canonical, tickets
from randcheck.ledger import Ledger
from randcheck.randomness import CommitReveal, seal
from randcheck.testing import made_up_catalog, made_up_subjects

FIRMS, FRIENDS, ONE_IN = 3_000, 30, 10
NONCE, LOTTERY = "5f" * 32, "2026-07-01 05 09 12 22 31 33 + 08"

#: The operator's parties, and an honest one; the secrets stand for any others.
PARTIES = ("operator", "partner")
PUPPETS = 5
MANY = (*(f"operator's {n}" for n in range(1, PUPPETS + 1)), "partner")
SECRETS = {party: sha256(party.encode()).hexdigest() for party in {*PARTIES, *MANY}}


class City:
    """One task, what its commitment is for any nonce, and who is drawn from any seed."""

    def __init__(self, firms: int = FIRMS, source: CommitReveal | None = None) -> None:
        self.subjects, self.catalog = made_up_subjects(firms), made_up_catalog()
        self.source = source
        self.task = rc.Task(
            id="2026-07 disclosure",
            items=("disclosure",),
            as_of=date(2026, 7, 1),
            sampler=rc.UniformSampler(count=firms // ONE_IN),
        )
        opened = self.commit(NONCE)
        self.bound, self.ids, self.take = opened.to_bytes(), opened.design.ids, firms // ONE_IN
        self.friends = self.ids[:: firms // FRIENDS][:FRIENDS].tolist()
        self.cut = ((1 << 256) // ONE_IN).to_bytes(32, "big")
        self._cells = np.zeros(firms, dtype=np.int32)
        left = [(firms - self.take - n) / (firms - n) for n in range(FRIENDS)]
        self.chance = float(np.prod(left))

    def commit(self, nonce: str) -> rc.OpenDraw:
        return rc.commit(
            self.task,
            subjects=self.subjects,
            catalog=self.catalog,
            source=self.source,
            nonce=nonce,
        )

    def parts(self, secrets: dict[str, str] | None = None) -> tuple[bytes, bytes]:
        """The commitment's bytes before and after its nonce, with the seals of these secrets."""
        data = self.bound
        for party, secret in (secrets or {}).items():
            old, new = seal(party, SECRETS[party]), seal(party, secret)
            data = data.replace(old.encode(), new.encode())
        before, _, after = data.partition(NONCE.encode())
        return before, after

    def may_suit(self, digest: str, text: str) -> bool:
        """Whether no friend's ticket is below the cut that is to be expected: most do one at once.

        The true cut is that of the draw; it is near.
        """
        seed = tickets.purpose_seed(tickets.seed(self.task.id, digest, text), "subjects")
        start = sha256(f"{seed}:".encode())
        for friend in self.friends:
            state = start.copy()
            state.update(friend.encode())
            if state.digest() < self.cut:
                return False
        return True

    def suits(self, digest: str, text: str) -> bool:
        """Whether none of the friends is among those drawn, from all tickets."""
        seed = tickets.purpose_seed(tickets.seed(self.task.id, digest, text), "subjects")
        [lowest] = tickets.lowest(seed, self.ids, [[0]], self._cells, [len(self.ids)], [self.take])
        drawn = {self.ids[position] for _, position in lowest}
        return drawn.isdisjoint(self.friends)


def nonces(dice: random.Random) -> Iterator[str]:
    """Secret texts as `commit` is given them."""
    start = dice.randbytes(28).hex()
    for number in range(1 << 32):
        yield f"{start}{number:08x}"


def grind(
    city: City, text: str, dice: random.Random, secrets: dict[str, str] | None = None
) -> tuple[str, int]:
    """A nonce whose outcome suits if the randomness is this text, and how many were tried."""
    before, after = city.parts(secrets)
    for number, nonce in enumerate(nonces(dice), start=1):
        digest = sha256(before + nonce.encode() + after).hexdigest()
        if city.may_suit(digest, text) and city.suits(digest, text):
            return nonce, number
    raise RuntimeError("no nonce is left")


def tries_a_second(city: City, text: str, tries: int = 100_000) -> float:
    """Commitment, seeds and friends' tickets, one core, whatever the outcome."""
    before, after = city.parts()
    start = time.perf_counter()
    for _, nonce in zip(range(tries), nonces(random.Random(1)), strict=False):
        city.may_suit(sha256(before + nonce.encode() + after).hexdigest(), text)
    return tries / (time.perf_counter() - start)


class Search(NamedTuple):
    """How long it took until an outcome suited, over several searches."""

    mean: float
    largest: float
    tries: float


def searches(city: City, text: str, runs: int = 300) -> Search:
    seconds, tries = [], []
    for run in range(runs):
        start = time.perf_counter()
        _, number = grind(city, text, random.Random(run))
        seconds.append(time.perf_counter() - start)
        tries.append(number)
    return Search(statistics.mean(seconds), max(seconds), statistics.mean(tries))


# --- one party is honest -------------------------------------------------------------------------


def told(secrets: dict[str, str | None]) -> str:
    """What `CommitReveal.text` makes of secrets that fit."""
    return canonical.dumps(secrets).decode()


def digest_of(city: City, nonce: str, secrets: dict[str, str]) -> str:
    before, after = city.parts(secrets)
    return sha256(before + nonce.encode() + after).hexdigest()


def sealed(parties: tuple[str, ...]) -> CommitReveal:
    return CommitReveal({party: seal(party, SECRETS[party]) for party in parties})


def fresh(dice: random.Random, parties: tuple[str, ...] = PARTIES) -> dict[str, str]:
    return {party: dice.randbytes(32).hex() for party in parties}


def blind(city: City, dice: random.Random) -> bool:
    """The operator tries until it would suit, for a partner's secret that he can only guess."""
    secrets = fresh(dice)
    before, after = city.parts(secrets)
    guess = told({"operator": secrets["operator"], "partner": dice.randbytes(32).hex()})
    for nonce in nonces(dice):
        digest = sha256(before + nonce.encode() + after).hexdigest()
        if city.may_suit(digest, guess):
            return city.suits(digest, told({**secrets}))
    raise RuntimeError("no nonce is left")


def last_to_speak(city: City, dice: random.Random) -> tuple[bool, bool]:
    """The operator sees the partner's secret first, and may stay silent: does it suit, is he?"""
    secrets = fresh(dice)
    digest = digest_of(city, dice.randbytes(32).hex(), secrets)
    if city.suits(digest, told({**secrets})):
        return True, False
    if city.suits(digest, told({**secrets, "operator": None})):
        return True, True
    return False, False


def last_of_several(city: City, dice: random.Random) -> tuple[bool, int]:
    """The operator has several parties and speaks last: does it suit, and how many are silent?"""
    secrets = fresh(dice, MANY)
    digest = digest_of(city, dice.randbytes(32).hex(), secrets)
    for silent in range(PUPPETS + 1):
        for those in combinations(MANY[:PUPPETS], silent):
            if city.suits(digest, told({**secrets, **dict.fromkeys(those)})):
                return True, silent
    return False, 0


def traces_of_the_last(city: City, dice: random.Random) -> int:
    """Draws abandoned and silences, until it suits: each stands in the ledger or in a record."""
    traces = 0
    while True:
        suits, silent = last_to_speak(city, dice)
        if suits:
            return traces + silent
        traces += 1


# --- a public source after a witnessed commitment ------------------------------------------------


def retries(ledger: Ledger, city: City, dice: random.Random, task: str) -> int:
    """Commit, have it seen, wait for the source; abandon and begin again until it suits.

    How many of them the ledger's indicators count as abandoned after the randomness was known.
    """
    before, after = city.parts()
    repeats = reason = None
    while True:
        nonce = dice.randbytes(32).hex()
        digest = sha256(before + nonce.encode() + after).hexdigest()
        body: dict[str, Any] = {"commitment_sha256": digest, "plan": None, "task": task}
        body |= {"source": {"grade": "G2", "kind": "lottery"}, "root": None, "sheet_sha256": None}
        append(ledger, "commitment", body | {"repeats": repeats, "reason": reason})
        head = ledger.head()
        seen = {"head": head.digest, "sequence": head.sequence, "by": "notary", "signature": None}
        append(ledger, "witness", seen)
        text = " ".join(f"{number:02}" for number in sorted(dice.sample(range(1, 34), 6)))
        text += f" + {dice.randrange(1, 17):02}"
        append(
            ledger,
            "randomness",
            {"commitment_sha256": digest, "text": text, "evidence": None},
        )
        if city.suits(digest, text):
            break
        reason = "a clerical error"
        append(ledger, "abandoned", {"commitment_sha256": digest, "reason": reason})
        repeats = digest
    [mine] = [each for each in ledger.indicators() if each.task == task]
    return sum(each.after == "randomness" for each in mine.abandoned)


def append(ledger: Ledger, kind: str, body: dict[str, Any]) -> None:
    ledger.append(kind, body, actor="operator")


def noon() -> datetime:
    return datetime(2026, 7, 1, 12, tzinfo=UTC)


# --- the table -----------------------------------------------------------------------------------


def share(hits: int, runs: int) -> str:
    return f"{percent(hits / runs)} of {runs:,}"


def percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def mean(values: list[int]) -> str:
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):.1f} ± {error:.1f}"


def table(runs: int = 5_000, rounds: int = 500) -> str:
    plain, pair, several = City(), City(source=sealed(PARTIES)), City(source=sealed(MANY))
    p = plain.chance
    q, most = 1 - (1 - p) ** 2, 1 - (1 - p) ** (1 << PUPPETS)
    known, colluding = LOTTERY, told({party: SECRETS[party] for party in PARTIES})
    speed = {"G0": tries_a_second(plain, known), "G1": tries_a_second(pair, colluding)}
    found = {"G0": searches(plain, known), "G1": searches(pair, colluding)}
    dice = random.Random(20260701)
    guessed = sum(blind(pair, dice) for _ in range(runs))
    last = sum(last_to_speak(pair, dice)[0] for _ in range(runs))
    spoken = [traces_of_the_last(pair, dice) for _ in range(rounds)]
    puppets = [last_of_several(several, dice) for _ in range(rounds)]
    silences = [silent for suits, silent in puppets if suits]
    counted = []
    for number in range(rounds):
        with Ledger.open("sqlite://", clock=noon) as ledger:
            counted.append(retries(ledger, plain, dice, f"T-{number}"))

    def at_once(grade: str) -> str:
        search = found[grade]
        return (
            f"{1000 * search.mean:.1f} ms (at most {1000 * search.largest:.0f}), "
            f"{search.tries:.1f} tries; no trace"
        )

    expected = p * (1 - p) / q + 1 / q - 1
    rows = [
        ("G0", "knows the randomness, or chooses it", f"{speed['G0']:,.0f}", at_once("G0"),
         f"1 ÷ p = {1 / p:.1f} tries"),
        ("G1", "has the partner's secret, too", f"{speed['G1']:,.0f}", at_once("G1"),
         f"1 ÷ p = {1 / p:.1f} tries"),
        ("G1", "one party is honest; tries before the reveal", f"{speed['G1']:,.0f}, blind",
         f"no gain: {share(guessed, runs)} suit", f"p = {percent(p)}"),
        ("G1", "one party is honest; speaks last, may stay silent", "one more, in his own name",
         f"{share(last, runs)} suit; traces until it does: {mean(spoken)}",
         f"1 - (1 - p)² = {percent(q)}; {expected:.1f} traces"),
        ("G1", f"one party is honest, {PUPPETS} are his; they speak last",
         f"{(1 << PUPPETS) - 1} more, by silence",
         f"{share(sum(suits for suits, _ in puppets), rounds)} suit, with "
         f"{statistics.mean(silences):.1f} silent",
         f"1 - (1 - p)^{1 << PUPPETS} = {percent(most)}"),
        ("G2", "may abandon a witnessed draw when the source has spoken", "one a round",
         f"traces until it suits: {mean(counted)}", f"1 ÷ p - 1 = {1 / p - 1:.1f} traces"),
    ]  # fmt: skip
    return "\n".join(
        [
            "## Grinding",
            "",
            "Written by `python benchmarks/grinding.py`.",
            "",
            f"{machine(('numpy', 'randcheck'))}; one core.",
            "",
            f"{FIRMS:,} made-up firms, {FIRMS // ONE_IN:,} of them drawn. An outcome suits when "
            f"none of {FRIENDS} friends is drawn: 0.9³⁰ is {percent(0.9**FRIENDS)}, and exactly, "
            f"with a fixed number drawn, p = {percent(p)}.",
            "",
            "| grade | what the attacker may do | tries a second "
            "| until all 30 are spared | expected |",
            "|---|---|---|---|---|",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
            "A try is another nonce: the commitment's digest, seed, subjects' seed and the",
            "friends' tickets until one is below a tenth of the range; what passes is looked at",
            "with all tickets. That misses a few that would suit, hence some more tries than",
            f"expected. Times are means of 300 searches, shares of {runs:,} draws, traces means of",
            f"{rounds} sequences with their standard errors. A trace is a draw abandoned after the",
            "randomness was known, as `ledger.indicators()` counts it, or a silence in a record.",
        ]
    )


def main() -> None:
    text = table()
    write_part("grinding", text)
    print(text)


if __name__ == "__main__":
    main()
