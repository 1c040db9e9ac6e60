"""A grade is what can be shown, not what a commitment promises."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.util import find_spec

import pytest

import randcheck as rc
from randcheck.errors import MissingExtraError
from randcheck.evidence import check_evidence, head_bytes, witness
from randcheck.ledger import Ledger, entries
from randcheck.randomness import Combined, CommitReveal, Drand, Rounds, drand, seal
from randcheck.signatures import Keyring, SigningKey, sign
from worlds import inspectors, joint_task, world

pytest.importorskip("cryptography")
pytest.importorskip("sqlalchemy")

START = datetime(2026, 7, 1, 9, tzinfo=UTC)
EVENING = START + timedelta(hours=4)
ROUNDS = Rounds((EVENING,), period=86400, delay=3600)
KEYS = {name: SigningKey.generate() for name in ("notary", "chamber")}
SECRETS = {"bureau": "a" * 64, "商会": "秘密"}
PARTIES = CommitReveal({party: seal(party, secret) for party, secret in SECRETS.items()})
STAFF = {**world(), "inspectors": inspectors()}
PLAN = rc.Plan(id="plan-2026", year=2026, authority="made up")


def keyring(**more):
    period = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}
    return Keyring(
        key.public_key(holder=name, roles=("witness",), **period | more)
        for name, key in KEYS.items()
    )


def lottery(*names, rounds=ROUNDS):
    witnesses = {name: KEYS[name].key_id for name in names}
    return rc.PublicSource("lottery", "the evening draw", "numbers", rounds, witnesses)


class World:
    """A draw's life in a ledger whose clock the test sets."""

    def __init__(self, source, text="5 9 12"):
        self.now = START
        self.ledger = Ledger.open("sqlite://", clock=lambda: self.now)
        self.append(entries.plan(PLAN))
        self.source, self.text = source, text
        self.opened = rc.commit(joint_task(), **world(), source=source, nonce="n")

    def append(self, entry):
        return self.ledger.append(*entry, actor="bureau")

    def committed(self):
        self.append(entries.commitment(self.opened, plan=(PLAN.id, 1), sheet=True))
        return self

    def seen(self, name="notary", *, by="notary", at=None, head=None):
        head = head or self.ledger.head()
        signature = witness(head, KEYS[by], at=at or self.now)
        self.append(entries.witness(head, name, signature))
        return self

    def drawn(self, number=1, at=EVENING, text=None):
        self.now = max(self.now, at)
        record = self.opened.draw(self.text).record
        told = {"round": number} if number else None
        self.append(entries.randomness(record, text or self.text, told))
        self.append(entries.record(record))
        return self

    @property
    def record(self):
        return self.opened.draw(self.text).record

    @property
    def export(self):
        return b"".join(event.data + b"\n" for event in self.ledger.events())

    def check(self, **more):
        given = {"record": self.record, "ledger": self.export, "keyring": keyring()} | more
        return check_evidence(**given)


def number(told):
    return [finding.number for finding in told.report.findings]


# --- what holds --------------------------------------------------------------------------------


def test_a_commitment_that_witnesses_saw_before_the_round_is_of_grade_g2():
    it = World(lottery("notary", "chamber")).committed()
    head = it.ledger.head()
    it.seen().seen("chamber", by="chamber").drawn()
    told = it.check(old_head=head)
    assert (told.grade, told.attempts, number(told)) == ("G2", 1, [])
    assert told.report.unchecked == ("source",)
    assert "grade G2 shown, attempt 1" in str(told)
    assert it.check(record=it.record.to_bytes(), keyring=keyring().to_bytes()).grade == "G2"
    assert it.check().report.unchecked == ("old head", "source")
    assert it.record.commitment["source"]["grade"] == "G2"
    assert rc.verify(it.record, it.opened.design).grade == "G2"


def test_a_witness_may_be_entered_after_the_randomness_if_it_signed_before():
    it = World(lottery("notary")).committed()
    head, seen_at = it.ledger.head(), it.now
    it.drawn().seen(head=head, at=seen_at)
    assert it.check().grade == "G2"


def test_no_grade_is_shown_where_none_is_promised():
    for source in (None, rc.PublicSource("lottery", "the next"), lottery(rounds=ROUNDS)):
        it = World(source).committed().seen().drawn()
        assert (it.check().grade, number(it.check())) == ("G0", [])


def test_parties_who_sealed_their_secrets_are_witnesses_themselves():
    it = World(PARTIES, PARTIES.text(SECRETS)).committed().drawn(None)
    assert (it.check().grade, number(it.check())) == ("G1", [])


@pytest.mark.parametrize("first", [True, False])
def test_mixed_sources_show_the_best_of_what_each_shows(first):
    sources = [PARTIES, lottery("notary")][:: 1 if first else -1]
    said = [SECRETS, "5 9"][:: 1 if first else -1]
    both = Combined(sources)
    assert both.to_json()["grade"] == "G2"
    it = World(both, both.text(*said)).committed()
    assert it.seen().drawn().check().grade == "G2"
    it = World(both, both.text(*said)).committed().drawn()
    assert (it.check().grade, number(it.check())) == ("G1", [7])


def test_a_stage_has_evidence_of_its_own():
    it = World(lottery("notary")).committed().seen().drawn()
    it.append(entries.confirmation(it.record, ["I-2", "I-1"]))
    later = Rounds((EVENING + timedelta(days=2),), 86400, 3600)
    opened = rc.commit_teams(it.record, **STAFF, source=lottery("notary", rounds=later))
    it.append(entries.commitment(opened))
    it.seen()
    it.now = EVENING + timedelta(days=2)
    stage = opened.draw("7 8").record
    it.append(entries.randomness(stage, "7 8", {"round": 1}))
    it.append(entries.record(stage))
    told = it.check(record=stage)
    assert (told.grade, told.attempts, number(told)) == ("G2", 1, [])
    assert it.check(record=stage.to_bytes()) == told
    assert it.check().grade == "G2"


# --- what does not -----------------------------------------------------------------------------


def late(it):
    it.now = EVENING
    return it.committed().seen().drawn(2, EVENING + timedelta(days=1))


def too_late_a_witness(it):
    it.committed()
    it.now = EVENING
    return it.seen().drawn()


def a_head_from_before(it):
    head = it.ledger.head()
    return it.committed().seen(head=head).drawn()


def another_role(it):
    it.committed()
    head = it.ledger.head()
    signature = sign(head_bytes(head), KEYS["notary"], role="leader", at=it.now)
    it.append(entries.witness(head, "notary", signature))
    return it.drawn()


def no_signature(it):
    it.committed()
    it.append(entries.witness(it.ledger.head(), "notary"))
    return it.drawn()


def another_head(it):
    it.committed()
    old = it.ledger.head()._replace(digest="0" * 64)
    it.append(entries.witness(it.ledger.head(), "notary", witness(old, KEYS["notary"], at=it.now)))
    return it.drawn()


def abandoned(it):
    it.committed().seen().drawn()
    it.append(entries.abandoned(it.record, "a firm complained"))
    return it


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda it: it.committed().drawn(), 7),
        (lambda it: it.committed().seen(by="chamber").drawn(), 7),
        (too_late_a_witness, 7),
        (a_head_from_before, 7),
        (another_role, 7),
        (no_signature, 7),
        (another_head, 7),
        (lambda it: it.committed().seen().drawn(2), 6),
        (lambda it: it.committed().seen().drawn(None), 6),
        (lambda it: it.committed().seen().drawn(at=EVENING - timedelta(seconds=1)), 6),
        (lambda it: it.committed().seen().drawn(text="5 9"), 4),
        (lambda it: it.committed().seen(), 4),
        (abandoned, 4),
        (lambda it: it, 3),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_not_shown_is_of_grade_g0(wrong, expected):
    told = wrong(World(lottery("notary"))).check()
    assert (told.grade, number(told)) == ("G0", [expected])


def test_a_commitment_of_the_evening_waits_for_the_round_after():
    assert late(World(lottery("notary"))).check().grade == "G2"


def test_an_unknown_or_expired_key_witnesses_nothing():
    it = World(lottery("notary")).committed().seen().drawn()
    assert number(it.check(keyring=Keyring(()))) == [7]
    expired = keyring(valid_until="2026-06-30T00:00:00Z")
    assert number(it.check(keyring=expired)) == [7]


def test_a_rewritten_ledger_shows_nothing():
    it = World(lottery("notary")).committed()
    head = it.ledger.head()
    it.seen().drawn()
    assert number(it.check(ledger=it.export[:-1])) == [2]
    assert number(it.check(old_head=head._replace(digest="0" * 64))) == [2]
    other = World(lottery("notary"))
    other.now += timedelta(seconds=1)
    other.committed().seen().drawn()
    assert number(other.check(old_head=head)) == [2]
    assert other.check().grade == "G2"  # without a head kept nobody sees it


def test_another_record_of_the_same_commitment_shows_nothing():
    it = World(lottery("notary")).committed().seen().drawn()
    other = it.opened.draw("1 2 3").record
    assert number(it.check(record=other)) == [4]


def test_a_ledger_that_says_another_source_shows_nothing():
    it = World(lottery("notary"))
    kind, body = entries.commitment(it.opened, plan=(PLAN.id, 1))
    it.append((kind, body | {"source": {"grade": "G2", "kind": "dice"}}))
    assert number(it.seen().drawn().check()) == [3]
    it = World(lottery("notary"))
    it.append((kind, body | {"sheet_sha256": "0" * 64}))
    assert number(it.seen().drawn().check()) == [3]


def test_a_second_try_is_counted_and_the_first_no_longer_in_force():
    it = World(lottery("notary")).committed().seen().drawn()
    first, kept = it.record, it.opened
    it.opened = rc.commit(joint_task(), **world(), source=lottery("notary"), nonce="m")
    again = {"repeats": kept.digest, "reason": "a mistake in the registry"}
    it.append(entries.commitment(it.opened, plan=(PLAN.id, 1), **again))
    it.seen()
    it.drawn(2, EVENING + timedelta(days=1))
    told = it.check()
    assert (told.grade, told.attempts) == ("G2", 2)
    assert number(it.check(record=first)) == [4]


@pytest.mark.parametrize("bad", [b"", b"{}", b"[]", b"5", b"\xff", None, 5, "nothing there"])
def test_it_never_raises_for_what_is_given(bad):
    it = World(lottery("notary")).committed().seen().drawn()
    for given in ({"record": bad}, {"ledger": bad}, {"keyring": bad}):
        told = it.check(**given)
        assert told.grade == "G0"
        assert number(told)[0] in (1, 2, 3, 7)
    assert number(it.check(old_head="x")) == [2]


def test_a_text_that_the_source_cannot_have_said():
    class Careless:
        def to_json(self):
            return lottery("notary").to_json()

    it = World(Careless(), "9 and 5").committed().seen().drawn()
    assert number(it.check()) == [5]


# --- entries -----------------------------------------------------------------------------------


def test_a_stage_has_the_plan_of_its_draw():
    it = World(None).committed().drawn(None)
    opened = rc.commit_teams(it.record, **STAFF)
    with pytest.raises(rc.RandcheckError, match="leave them out"):
        entries.commitment(opened, plan=(PLAN.id, 1))


def test_a_substitution_goes_on_from_the_one_before():
    it = World(None).committed().drawn(None)
    it.append(entries.confirmation(it.record, {"I-1", "I-2"}))
    absences = [
        rc.Absence(
            subject_id=visit.subject,
            reason="not found",
            evidence="a photo",
            decided=START.date(),
            decided_by=("I-1", "I-2"),
        )
        for visit in it.record.visits[:2]
    ]
    before = it.record
    for count in (1, 2):
        told = rc.replace(it.record, absences[:count], sheet=it.opened.design).record
        it.append(entries.substitution(before, told))
        before = told
    assert it.ledger.verify().ok


# --- drand -------------------------------------------------------------------------------------

WITH_DRAND = pytest.mark.skipif(not find_spec("py_ecc"), reason="the extra `drand` is missing")

SIGNED = (
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125"
    "e342b73a8dd2bacbe47e4b6b63ed5e39"
)


@WITH_DRAND
def test_round_1000_of_quicknet():
    """drand's own published value, https://api.drand.sh/v2/chains/52db…/rounds/1000."""
    said = {
        "round": 1000,
        "signature": SIGNED,
        "randomness": "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
    }
    source = Drand()
    text = source.text(said)
    assert text == f"1000 {SIGNED}"
    assert source.round_number(text) == 1000
    assert source.rounds.after("2023-08-23T14:59:20Z").number == 999
    for wrong in (
        said | {"round": 1001},
        said | {"signature": SIGNED[:-1] + "8"},
        said | {"randomness": "0" * 64},
        said | {"signature": "c0" + "00" * 47},
        {},
        None,
    ):
        with pytest.raises(rc.RandcheckError):
            source.text(wrong)
    infinite = Drand(public_key="c0" + "00" * 95)
    with pytest.raises(rc.RandcheckError, match="not signed"):
        infinite.text(said | {"signature": "c0" + "00" * 47})


@WITH_DRAND
def test_a_round_of_a_chain_of_ones_own():
    """The whole way with a key made here, since nobody has the beacon's."""
    points, curve = drand._load("bls.g2_primitives"), drand._load("optimized_bls12_381")
    to_curve = drand._load("bls.hash_to_curve").hash_to_G1
    secret = 0x5EC2E7
    witnesses = {"notary": KEYS["notary"].key_id}
    public = points.G2_to_signature(curve.multiply(curve.G2, secret)).hex()
    source = Drand(witnesses, 3600, "0" * 64, public, "2026-01-01T00:00:00Z", 30)
    due = source.rounds.after(START)

    def spoken(number):
        digest = sha256(number.to_bytes(8, "big")).digest()
        point = curve.multiply(to_curve(digest, drand.DOMAIN, sha256), secret)
        return source.text({"round": number, "signature": points.G1_to_pubkey(point).hex()})

    it = World(source, spoken(due.number)).committed().seen().drawn(None)
    told = it.check()
    assert (told.grade, number(told), told.report.unchecked) == ("G2", [], ("old head",))
    it = World(source, spoken(due.number + 1)).committed().seen().drawn(due.number)
    assert number(it.check()) == [6]


@WITH_DRAND
def test_its_library_leaves_the_process_as_it_was():
    """A recursion limit of 100,000 would let deep JSON end the process instead of being refused."""
    code = (
        "import sys, randcheck as rc; before = sys.getrecursionlimit()\n"
        f"rc.Drand().check('1000 {SIGNED}')\n"
        "assert 'py_ecc' in sys.modules and sys.getrecursionlimit() == before\n"
        "assert not rc.verify(b'[' * 1_000_000, b'').ok"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_library_of_drand(monkeypatch):
    monkeypatch.setitem(sys.modules, "py_ecc.bls.g2_primitives", None)
    with pytest.raises(MissingExtraError, match=r"randcheck\[drand\]"):
        Drand().text({"round": 1000, "signature": SIGNED})

    class Careless:
        def to_json(self):
            return Drand().to_json()

    it = World(Careless(), f"1000 {SIGNED}").committed().seen().drawn(1000)
    with pytest.raises(MissingExtraError, match=r"randcheck\[drand\]"):
        it.check()


@pytest.mark.parametrize(
    "options",
    [{"chain": "x"}, {"public_key": "5f"}, {"genesis": "today"}, {"period": 0}, {"delay": -1}],
)
def test_bad_chains(options):
    with pytest.raises(rc.RandcheckError):
        Drand(**options)


@pytest.mark.parametrize(
    "witnesses", [{"": "0" * 64}, {"n": "x"}, {"a": "0" * 64, "b": "0" * 64}, 5]
)
def test_bad_witnesses(witnesses):
    with pytest.raises(rc.RandcheckError):
        rc.PublicSource("lottery", "x", rounds=ROUNDS, witnesses=witnesses)
