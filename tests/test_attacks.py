"""A dishonest owner with all his means: database, chain, new records. Who finds it, and with what.

Each test also shows that without that in hand it is not found. The table is docs/attacks.md. All
data are made up.
"""

import random
import sqlite3
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import attrs
import pytest

import randcheck as rc
import verify_cases
from ledger.cases import (
    NOW,
    chained,
    commitment,
    confirmation,
    events_of,
    hex_of,
    plan,
    randomness,
    record,
    witness,
)
from randcheck import canonical
from randcheck.ledger import Ledger, LedgerOrderError, check, verify_export
from randcheck.testing import made_up_catalog, made_up_inspectors, made_up_subjects

LOTTERY = "05 09 12 22 31 33 + 08"
TASK = rc.Task(
    id="T",
    items=("disclosure",),
    as_of=date(2026, 7, 1),
    sampler=rc.UniformSampler(rate="10%"),
    reserves=1,
)
WORLD = {"subjects": made_up_subjects(200), "catalog": made_up_catalog()}
STAFF = {"inspectors": made_up_inspectors()}
SOURCE = rc.PublicSource("lottery", "the first draw after publication")


def numbers(report):
    return [finding.number for finding in report.findings]


# --- the ledger: export and kept head ------------------------------------------------------------


class Owner:
    """Who has the database's file, and writes what he likes into it."""

    def __init__(self, path):
        self.path, self.url = path, f"sqlite:///{path}"

    def append(self, *events):
        """Add events in the ordinary way; the head after each of them."""
        with Ledger.open(self.url, clock=lambda: NOW) as ledger:
            return [ledger.append(*event, actor="office").head for event in events]

    def export(self):
        with Ledger.open(self.url) as ledger:
            ledger.export(self.path.with_suffix(".jsonl"))
        return self.path.with_suffix(".jsonl").read_bytes()

    def rewrite(self, events):
        """Another history in the same file: triggers off, chain and marks new, triggers on."""
        chain, rows = check.Chain(), []
        for line in chained(events).splitlines():
            chain.add(line)
            rows.append((*chain.head, line))
        marks = [(key, canonical.dumps(value).decode()) for key, value in chain.marks.items()]
        with sqlite3.connect(self.path) as file:
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            triggers = file.execute(query).fetchall()
            assert len(triggers) == 2
            for name, _ in triggers:
                file.execute(f"DROP TRIGGER {name}")
            for table in ("events", "marks"):
                file.execute(f"DELETE FROM randcheck_{table}")
            file.executemany("INSERT INTO randcheck_events VALUES (?, ?, ?)", rows)
            file.executemany("INSERT INTO randcheck_marks VALUES (?, ?)", marks)
            for _, statement in triggers:
                file.execute(statement)
        file.close()

    def shows(self, head=None):
        """What two people find, one in the database, one in the export."""
        with Ledger.open(self.url) as ledger:
            inside = numbers(ledger.verify(head))
        assert numbers(verify_export(self.export(), head)) == inside
        return inside


LIFE = [plan(), commitment("c"), randomness("c"), record("c", "r"), confirmation("r")]


@pytest.fixture
def owner(tmp_path):
    return Owner(tmp_path / "ledger.sqlite")


def test_a_rewritten_history(owner):
    """Another randomness and another record. Found with a head from then on, by anybody."""
    heads = owner.append(*LIFE)
    events = events_of(owner.export())
    events[2]["body"]["text"] = "07 09 12 22 31 33 + 08"
    events[3]["body"]["record_sha256"] = events[4]["body"]["record_sha256"] = hex_of("another")
    owner.rewrite(events)
    for kept in heads[2:]:
        assert owner.shows(kept) == [8]
    assert owner.shows() == []  # without a head
    assert owner.shows(heads[1]) == []  # nor with one from before the change


def test_a_removed_draw(owner):
    """An unwelcome draw never took place. Found with a head from its commitment on."""
    heads = owner.append(*LIFE, commitment("d", "U"))
    events = events_of(owner.export())
    owner.rewrite([events[0], events[5]])
    for kept in heads[1:]:
        assert owner.shows(kept) == [8]
    assert owner.shows() == owner.shows(heads[0]) == []


def test_a_second_draw_for_one_task(owner, tmp_path):
    """Found in the export alone, or counted there; outside the ledger, by nobody in it."""
    owner.append(*LIFE)
    with pytest.raises(LedgerOrderError, match="repeats"):
        owner.append(commitment("again"))
    quiet = [*LIFE, commitment("again"), randomness("again"), record("again", "r2")]
    assert numbers(verify_export(export_of(quiet))) == [7]
    owner.append(commitment("again", repeats="c", reason="a clerical error"))
    assert owner.shows() == []  # it is allowed, and counted
    with Ledger.open(owner.url) as ledger:
        [indicator] = ledger.indicators()
    [repeated] = indicator.repeated
    assert (repeated.after, repeated.reason) == ("confirmation", "a clerical error")
    first, second = (rc.draw(TASK, **WORLD, randomness=text) for text in ("1", "2"))
    for draw in (first, second):  # whoever is shown one record, and no ledger
        assert rc.verify(draw.record, draw.design, commitment=draw.record.commitment.digest).ok
    assert first.visits != second.visits


def export_of(steps):
    """An export written by hand, without a ledger that would refuse."""
    event = {"actor": "office", "at": "2026-07-01T09:30:00Z", "protocol": "randcheck/v1"}
    return chained([event | {"kind": kind, "body": body} for kind, body in steps])


def test_a_reordered_pair_of_events(owner):
    """The witness came after the randomness, and is moved before it. Found with a later head."""
    heads = owner.append(plan(), commitment("c"), randomness("c"))
    heads += owner.append(witness(heads[1]))
    with Ledger.open(owner.url) as ledger:
        assert [each.before_randomness for each in ledger.evidence(hex_of("c"))] == [False]
    events = events_of(owner.export())
    owner.rewrite([*events[:2], events[3], events[2]])
    for kept in heads[2:]:
        assert owner.shows(kept) == [8]
    assert owner.shows() == owner.shows(heads[1]) == []
    with Ledger.open(owner.url) as ledger:
        assert [each.before_randomness for each in ledger.evidence(hex_of("c"))] == [True]


def test_a_pair_that_can_only_stand_in_one_order():
    """A record before its randomness. Found in the export alone."""
    steps = [plan(), commitment("c"), record("c", "r"), randomness("c")]
    assert numbers(verify_export(export_of(steps))) == [7]


def test_a_forged_head(owner):
    """A head that was never the ledger's. Found in the export; an invented witness is not."""
    heads = owner.append(*LIFE)
    forged = check.Head(4, hex_of("forged"))
    assert owner.shows(forged) == [8]  # printed in the gazette
    with pytest.raises(LedgerOrderError, match="as event 4 has it"):
        owner.append(witness(forged))
    assert numbers(verify_export(export_of([*LIFE, witness(forged)]))) == [7]
    owner.append(witness(heads[1], by="a notary who never saw it"))
    assert owner.shows() == []  # ask the notary, or look for a signature
    with Ledger.open(owner.url) as ledger:
        [told] = ledger.evidence(hex_of("c"))
    assert (told.signature, told.before_randomness) == (None, False)


def test_two_ledgers_for_two_people(tmp_path):
    """Each is shown one that holds. Found as soon as two heads are laid side by side."""
    one, other = Owner(tmp_path / "one.sqlite"), Owner(tmp_path / "other.sqlite")
    first = one.append(plan(), commitment("c"))[-1]
    second = other.append(plan(), commitment("d"))[-1]
    assert one.shows(first) == other.shows(second) == []  # each for himself
    assert (first.sequence, first.digest) != (second.sequence, second.digest)
    assert one.shows(second) == other.shows(first) == [8]


# --- registries, through replay ------------------------------------------------------------------


def test_a_conflict_removed_afterwards():
    """The committed registry kept a cousin from every firm; teams come from an edited one.

    Found by an auditor with the registry as committed. Whoever has the odds beside record and
    sheet is told no more than that the matcher is unchecked.
    """
    people = [
        attrs.evolve(each, conflicts=(*WORLD["subjects"].ids,)) if row == 0 else each
        for row, each in enumerate(STAFF["inspectors"])
    ]
    honest = rc.InspectorRegistry.from_records(people)
    cousin = people[0].id
    opened = rc.commit(TASK, **WORLD, inspectors=honest, source=SOURCE, nonce="n")
    true = opened.draw(LOTTERY)
    assert cousin not in {who for visit in true.visits for who in visit.team}
    false = attrs.evolve(opened, inspectors=STAFF["inspectors"]).draw(LOTTERY)
    assert cousin in {who for visit in false.visits for who in visit.team}
    assert rc.replay(true.record, **WORLD, inspectors=honest).ok
    found = rc.replay(false.record, **WORLD, inspectors=honest)
    assert {7} == {*numbers(found)}
    assert any(finding.where.endswith(".team") for finding in found.findings)
    edited = rc.replay(false.record, **WORLD, **STAFF)  # the edited one is not the committed one
    assert [each.where for each in edited.findings] == ["commitment.inputs.inspectors"]
    told = rc.verify(
        false.record, false.design, odds=false.odds, commitment=opened.digest, randomness=LOTTERY
    )
    assert (told.ok, told.unchecked) == (True, ("matcher",))


def test_a_registry_edited_after_the_commitment():
    """A firm quietly suspended. Found before the draw by the sheet, after it by the registries."""
    opened = rc.commit(TASK, **WORLD, source=SOURCE, nonce="n")
    draw = opened.draw(LOTTERY)
    friend = draw.visits[0].subject_id
    edited = WORLD | {
        "subjects": rc.SubjectRegistry.from_records(
            attrs.evolve(each, status="suspended") if each.id == friend else each
            for each in WORLD["subjects"]
        )
    }
    again = rc.commit(TASK, **edited, source=SOURCE, nonce="n")
    # drawn from the edited registry, under the published commitment
    forged = attrs.evolve(again, commitment=opened.commitment).draw(LOTTERY)
    assert friend not in {visit.subject_id for visit in forged.visits}
    assert numbers(rc.verify(forged.record, forged.design)) == [7]
    assert not rc.verify(forged.record, draw.design).ok
    # under a commitment of its own: only the published digest, or the registries
    own = again.draw(LOTTERY)
    assert rc.verify(own.record, own.design).ok
    assert numbers(rc.verify(own.record, own.design, commitment=opened.digest)) == [4]
    assert 2 in numbers(rc.replay(own.record, **WORLD))
    # edited when all was over: the registry of today is not that of then, and the sheet names who
    found = rc.replay(draw.record, **edited, sheet=draw.design.to_bytes())
    assert {2, 4, 5} == {*numbers(found)}
    assert any(friend in finding.where for finding in found.findings)
    full = rc.verify(draw.record, draw.design, commitment=opened.digest, randomness=LOTTERY)
    assert full.ok  # without registries


def test_a_registry_that_was_false_from_the_start_is_found_by_nobody():
    fewer = WORLD | {"subjects": rc.SubjectRegistry.from_records(list(WORLD["subjects"])[1:])}
    opened = rc.commit(TASK, **fewer, source=SOURCE)
    draw = opened.draw(LOTTERY)
    assert rc.verify(draw.record, draw.design, commitment=opened.digest, randomness=LOTTERY).ok
    assert rc.replay(draw.record, **fewer).ok


# --- record, sheet and odds ----------------------------------------------------------------------


def test_a_team_swapped():
    """Two visits exchange their teams. Found with the odds; odds made to fit, by replay alone."""
    opened = rc.commit(TASK, **WORLD, **STAFF, source=SOURCE)
    draw = opened.draw(LOTTERY)
    value = draw.record.to_json()
    one, other = next(
        (a, b) for a in value["visits"] for b in value["visits"] if a["team"] != b["team"]
    )
    one["team"], other["team"] = other["team"], one["team"]
    swapped, given = rc.DrawRecord.from_json(value), {"commitment": opened.digest}
    found = rc.verify(swapped, draw.design, odds=draw.odds, **given)
    assert numbers(found) == [14, 14]
    without = rc.verify(swapped, draw.design, **given)
    assert without.ok
    assert {"odds", "teams"} <= {*without.unchecked}  # it says so
    # a table that leaves the dice nothing to decide, and gives just these teams
    bits, staff = 1, [each.id for each in STAFF["inspectors"]]
    rows = sorted(
        [v["subject"], [[len(v["team"]), [staff.index(x) for x in v["team"]],
                         [1 << bits] * len(v["team"])]]]
        for v in value["visits"]
    )  # fmt: skip
    odds = verify_cases.text_of(verify_cases.header(staff, bits), rows)
    value["odds_sha256"] = verify_cases.sha(odds)
    fitted = rc.DrawRecord.from_json(value)
    told = rc.verify(fitted, draw.design, odds=odds, **given)
    assert (told.ok, told.unchecked) == (True, ("randomness", "matcher"))
    assert 7 in numbers(rc.replay(fitted, **WORLD, **STAFF))


def test_refresh_until_it_suits(owner):
    """Draw again until five friends are spared. Found with the digest that was published first.

    In a ledger each try is counted; without either, a record of its own is as good as any.
    """
    first = rc.commit(TASK, **WORLD, source=SOURCE, nonce="0")
    drawn = [visit.subject_id for visit in first.draw(LOTTERY).visits]
    friends = {*drawn[:2], *first.design.ids[:3]}
    tries = (rc.commit(TASK, **WORLD, source=SOURCE, nonce=f"{n}") for n in range(1, 1000))
    opened, draw = next(
        (opened, draw) for opened in tries for draw in [opened.draw(LOTTERY)]
        if friends.isdisjoint(visit.subject_id for visit in draw.visits)
    )  # fmt: skip
    assert numbers(rc.verify(draw.record, draw.design, commitment=first.digest)) == [4]
    assert rc.verify(draw.record, draw.design, randomness=LOTTERY).ok  # without the digest
    assert rc.replay(draw.record, **WORLD).ok  # nor do the registries show it
    reason = "a clerical error"
    [one, other, cited] = (
        ("commitment", commitment("", version=None)[1] | {"commitment_sha256": digest} | more)
        for digest, more in (
            (first.digest, {}),
            (opened.digest, {}),
            (opened.digest, {"repeats": first.digest, "reason": reason}),
        )
    )
    owner.append(one)
    with pytest.raises(LedgerOrderError, match="abandoned"):
        owner.append(other)
    told = {"commitment_sha256": first.digest, "evidence": None, "text": LOTTERY}
    gone = {"commitment_sha256": first.digest, "reason": reason}
    heads = owner.append(("randomness", told), ("abandoned", gone), cited)
    assert owner.shows(heads[-1]) == []
    with Ledger.open(owner.url) as ledger:
        [indicator] = ledger.indicators()
    assert [each.after for each in indicator.abandoned] == ["randomness"]


# --- grinding ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grinding():
    """`benchmarks/grinding.py` as a module."""
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        import grinding as script
    finally:
        sys.path.remove(folder)
    return script


@pytest.fixture(scope="module")
def city(grinding):
    """A thousand made-up firms, a hundred of them drawn, thirty of them friends."""
    return grinding.City(1000, grinding.sealed(grinding.PARTIES))


@pytest.fixture(scope="module")
def secrets(grinding):
    return {party: grinding.SECRETS[party] for party in grinding.PARTIES}


RUNS = 2000


def bounds(chance):
    """How often it may happen in all runs: five standard deviations, false alarms below 10⁻⁵."""
    spread = 5 * (RUNS * chance * (1 - chance)) ** 0.5
    return RUNS * chance - spread, RUNS * chance + spread


def test_grinding_what_is_known_succeeds_at_once(grinding, city, secrets):
    """G0, and G1 when both parties collude: ten searches, each below a thousand tries.

    A thousand tries fail with a chance of (1 - p)^1000, below 10⁻¹⁴.
    """
    text = city.source.text(secrets)
    assert text == grinding.told(secrets)
    for run in range(10):
        nonce, tries = grinding.grind(city, text, random.Random(run))
        assert tries < 1000
        opened = city.commit(nonce)
        draw = opened.draw(text)
        assert {visit.subject_id for visit in draw.visits}.isdisjoint(city.friends)
        assert rc.verify(draw.record, draw.design, commitment=opened.digest, randomness=text).ok


def test_what_the_benchmark_hashes_is_what_the_library_draws(grinding, city, secrets):
    outcomes = Counter()
    for number in range(60):
        nonce, text = f"{number:064x}", city.source.text(secrets)
        opened = city.commit(nonce)
        assert opened.digest == grinding.digest_of(city, nonce, secrets)
        drawn = {visit.subject_id for visit in opened.draw(text).visits}
        suits = drawn.isdisjoint(city.friends)
        assert city.suits(opened.digest, text) is suits
        outcomes[suits] += 1
    assert set(outcomes) == {True, False}


def test_grinding_before_an_honest_reveal_gains_nothing(grinding, city):
    dice = random.Random(20260701)
    low, high = bounds(city.chance)
    assert high < RUNS * (1 - (1 - city.chance) ** 2)  # it would tell the two apart
    assert low < sum(grinding.blind(city, dice) for _ in range(RUNS)) < high


def test_the_last_to_speak_has_one_more_try_in_his_own_name(grinding, city, secrets):
    dice = random.Random(20260702)
    low, high = bounds(1 - (1 - city.chance) ** 2)
    assert low > RUNS * city.chance
    outcomes = Counter(grinding.last_to_speak(city, dice) for _ in range(RUNS))
    assert low < outcomes[True, False] + outcomes[True, True] < high
    assert outcomes[True, True] > 0  # and then everybody sees who was silent
    text = city.source.text(secrets | {"operator": None})
    assert city.source.silent(text) == ("operator",)


def test_several_parties_of_one_operator_have_a_try_for_each_set_of_the_silent(grinding):
    """Five of his beside an honest one: 32 outcomes to choose from, and the silent are named."""
    city, dice = grinding.City(1000, grinding.sealed(grinding.MANY)), random.Random(20260704)
    outcomes = [grinding.last_of_several(city, dice) for _ in range(200)]
    chance = 1 - (1 - city.chance) ** 32
    spread = 5 * (200 * chance * (1 - chance)) ** 0.5  # false alarms below 10⁻⁵
    assert abs(sum(suits for suits, _ in outcomes) - 200 * chance) < spread
    assert 200 * chance - spread > 200 * (1 - (1 - city.chance) ** 6)  # not one more for each
    assert max(silent for _, silent in outcomes) > 1
    told = {party: grinding.SECRETS[party] for party in grinding.MANY}
    text = city.source.text(told | dict.fromkeys(grinding.MANY[:3]))
    assert city.source.silent(text) == grinding.MANY[:3]


def test_each_further_try_at_a_witnessed_commitment_leaves_a_trace(grinding, city):
    dice, counted = random.Random(20260703), []
    for number in range(8):
        with Ledger.open("sqlite://", clock=grinding.noon) as ledger:
            traces = grinding.retries(ledger, city, dice, f"T-{number}")
            told = Counter(event.kind for event in ledger.events())
            report = ledger.verify()
            last = [e["commitment_sha256"] for e in ledger.events() if e.kind == "commitment"][-1]
            evidence = ledger.evidence(last)
        assert report.ok
        assert told["randomness"] == traces + 1  # one try a round
        assert told["abandoned"] == traces
        assert any(each.before_randomness for each in evidence)
        counted.append(traces)
    assert sum(counted) > 0


def test_what_was_tried_elsewhere_leaves_no_trace(grinding, city):
    """Two hundred ledgers with a commitment each, all witnessed; the one that suits is shown.

    Found by whoever saw the heads of two of them. By nobody who saw that one alone: grade G2 says
    that a commitment was there before the source spoke, and not that it was the only one.
    """
    before, after = city.parts()
    digests = [
        verify_cases.sha(before + nonce.encode() + after)
        for nonce, _ in zip(grinding.nonces(random.Random(1)), range(200), strict=False)
    ]
    begun = {
        digest: ("commitment", commitment("", version=None)[1] | {"commitment_sha256": digest})
        for digest in digests
    }
    heads = {digest: verify_export(export_of([begun[digest]])).head for digest in digests}
    spoken = {"evidence": None, "text": LOTTERY}  # and only now
    [mine, *_] = [digest for digest in digests if city.suits(digest, LOTTERY)]
    told = ("randomness", {"commitment_sha256": mine} | spoken)
    shown = export_of([begun[mine], witness(heads[mine]), told])
    assert verify_export(shown, heads[mine]).ok
    for digest in digests:
        assert numbers(verify_export(shown, heads[digest])) == [8] * (digest != mine)
