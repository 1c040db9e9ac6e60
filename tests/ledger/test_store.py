"""The ledger in its database."""

import pickle
import shutil
import sqlite3
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import make_v1
from ledger.cases import NOW, abandoned, commitment, hex_of, lively, plan, randomness, said, witness
from randcheck.errors import MissingExtraError, ParameterError, RandcheckError, UnknownNameError
from randcheck.ledger import (
    Event,
    Ledger,
    LedgerEventError,
    LedgerOrderError,
    LedgerSchemaError,
    LedgerStorageError,
    check,
    store,
    verify_export,
)


def sql(url, *statements):
    """Run statements as the database's owner can."""
    address = url.replace("postgresql:", "postgresql+psycopg:")
    engine = sa.create_engine(address)
    try:
        with engine.begin() as connection:
            results = [connection.execute(sa.text(each)) for each in statements]
            return [tuple(row) for row in results[-1]] if results[-1].returns_rows else []
    finally:
        engine.dispose()


def unguarded(url, *statements):
    names = ["no_update", "no_delete"] if url.startswith("sqlite") else ["no_change"]
    suffix = "" if url.startswith("sqlite") else " ON randcheck_events"
    sql(url, *(f"DROP TRIGGER randcheck_{name}{suffix}" for name in names), *statements)


# --- appending and reading -------------------------------------------------------------------


def test_what_was_appended_is_read(url, tmp_path):
    with lively(url) as ledger:
        ledger.append(*said("drawn"), actor="office")
        events = list(ledger.events())
        assert [event.sequence for event in events] == list(range(23))
        assert {event.kind for event in events} == check.KINDS.keys()
        assert ledger.head() == events[-1].head
        assert list(ledger.events(20)) == events[20:]
        assert ledger.verify(events[3].head).ok
        head = ledger.export(tmp_path / "out.jsonl")
        assert head == ledger.head()
    with Ledger.open(url, readonly=True) as again:
        assert list(again.events()) == events
        assert again.verify(str(head)).unchecked == ()
    data = (tmp_path / "out.jsonl").read_bytes()
    assert data == b"".join(event.to_bytes() + b"\n" for event in events)
    assert verify_export(data, head).ok


def test_several_events_are_stored_at_once_or_not_at_all(url):
    with Ledger.open(url) as ledger:
        assert ledger.extend([], actor="office") == []
        told = ledger.extend([said("drawn"), said("confirmed", 0), plan()], actor="office")
        assert [event.sequence for event in told] == [0, 1, 2]
        assert list(ledger.events()) == told
        for wrong in (said("confirmed", 0), said("drawn", "1")):
            with pytest.raises(RandcheckError):
                ledger.extend([said("inspected", 1), wrong], actor="office")
        assert ledger.head() == told[-1].head
        assert ledger.verify().ok


def test_an_empty_ledger(url):
    with Ledger.open(url) as ledger:
        assert ledger.head() == check.EMPTY
        assert list(ledger.events()) == []
        report = ledger.verify(ledger.head())
        assert report.ok
        assert report.head == check.EMPTY
        assert ledger.indicators() == ()


def test_pages(monkeypatch, url):
    with lively(url) as ledger:
        events = list(ledger.events())
        for size in (1, 5, 11, 22, 23):
            monkeypatch.setattr(store, "PAGE", size)
            assert list(ledger.events()) == events


def test_an_event_is_a_value():
    with lively() as ledger:
        event = list(ledger.events())[1]
    assert Event.from_bytes(event.to_bytes()) == Event.from_json(event.to_json()) == event
    assert pickle.loads(pickle.dumps(event)) == event
    assert event.digest in repr(event)
    assert Event.of("plan", plan()[1], actor="a", at=event.at, after=event.head).previous == (
        event.digest
    )
    assert event["task"] == event.body["task"] == "T"
    assert (event.actor, event.at, event.kind) == ("office", "2026-07-01T09:30:00Z", "commitment")
    with pytest.raises(LedgerEventError):
        Event(b"{}")


@pytest.mark.parametrize(
    ("kind", "body", "where"),
    [
        ("plans", {}, "kind"),
        ("plan", {}, "body"),
        ("plan", plan()[1] | {"version": 1.5}, "event"),
        ("plan", plan()[1] | {"id": "P\u200b"}, "body.id"),
        ("commitment", commitment("c", task=" T")[1], "body.task"),
        ("commitment", commitment("c", plan={"id": "Ｐ１", "version": 1})[1], "body.plan.id"),
        ("confirmation", {"by": ["a", "b "], "record_sha256": hex_of("r")}, "body.by"),
        ("witness", witness(check.Head(0, hex_of("x")), by="\tnotary")[1], "body.by"),
        ("randomness", {"commitment_sha256": "C0" * 32, "evidence": None, "text": "1"}, "body.com"),
    ],
)
def test_what_is_no_event_is_refused(kind, body, where):
    with Ledger.open("sqlite://") as ledger:
        with pytest.raises(LedgerEventError) as told:
            ledger.append(kind, body, actor="office")
        assert told.value.where.startswith(where)
        assert ledger.head() == check.EMPTY


def test_an_actor_has_a_name():
    with (
        Ledger.open("sqlite://") as ledger,
        pytest.raises(LedgerEventError, match="actor: expected a name, found 'me ', which has bla"),
    ):
        ledger.append(*plan(), actor="me ")


# --- time ------------------------------------------------------------------------------------


def clocked(*times):
    times = iter(times)
    return Ledger.open("sqlite://", clock=lambda: next(times))


def test_the_clock_may_be_behind_by_seconds():
    with clocked(NOW, NOW - timedelta(seconds=50), NOW - timedelta(seconds=61)) as ledger:
        ledger.append(*plan(), actor="a")
        assert ledger.append(*plan(2, "why"), actor="a").at == "2026-07-01T09:30:00Z"
        with pytest.raises(LedgerEventError, match="a clock not before the last event"):
            ledger.append(*plan(3, "why"), actor="a")


def test_a_time_can_be_given():
    china = timezone(timedelta(hours=8))
    with Ledger.open("sqlite://", clock=lambda: NOW) as ledger:
        told = ledger.append(*plan(), actor="a", at=datetime(2026, 6, 1, 8, tzinfo=china))
        assert told.at == "2026-06-01T00:00:00Z"
        told = ledger.append(*plan(2, "why"), actor="a", at="2026-06-01T00:00:01Z")
        assert told.at == "2026-06-01T00:00:01Z"
        for at, match in (
            (datetime(2026, 6, 2), "its zone"),
            ("2026-06-02", "a time such as"),
            (5, "a time such as"),
            ("2026-07-01T09:31:01Z", "not ahead of the clock"),
        ):
            with pytest.raises(LedgerEventError, match=match):
                ledger.append(*plan(3, "why"), actor="a", at=at)
        with pytest.raises(LedgerOrderError, match="at: expected 2026-06-01T00:00:01Z or later"):
            ledger.append(*plan(3, "why"), actor="a", at="2026-06-01T00:00:00Z")


def test_the_clock_is_that_of_the_machine():
    with Ledger.open("sqlite://") as ledger:
        told = datetime.fromisoformat(ledger.append(*plan(), actor="a").at)
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=60)


# --- what fails ------------------------------------------------------------------------------


def losing(ledger, monkeypatch, *, stored, times):
    """The connection is lost at the end of the next transactions, after or before they count."""
    write, left = ledger._database.write, [times]

    @contextmanager
    def lost():
        with write() as transaction:
            yield transaction
            if left[0] and not stored:
                left[0] -= 1
                raise sa.exc.OperationalError("COMMIT", {}, Exception("connection lost"))
        if left[0]:
            left[0] -= 1
            raise sa.exc.OperationalError("COMMIT", {}, Exception("connection lost"))

    monkeypatch.setattr(ledger._database, "write", lost)
    monkeypatch.setattr(store.time, "sleep", lambda _: None)


@pytest.mark.parametrize("stored", [True, False])
def test_a_lost_connection_neither_loses_nor_doubles(url, monkeypatch, stored):
    with Ledger.open(url) as ledger:
        losing(ledger, monkeypatch, stored=stored, times=1)
        first = ledger.append(*plan(), actor="a")
        second = ledger.append(*plan(2, "why"), actor="a")
        assert list(ledger.events()) == [first, second]


def test_a_connection_that_stays_lost(url, monkeypatch):
    with Ledger.open(url) as ledger:
        losing(ledger, monkeypatch, stored=False, times=99)
        with pytest.raises(LedgerStorageError, match=r"connection lost; look for [0-9a-f]{64}"):
            ledger.append(*plan(), actor="a")
        assert ledger.head() == check.EMPTY


def test_a_writer_waits_as_long_as_it_was_told(url):
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with Ledger.open(url, timeout=0.2) as ledger, engine.connect() as other:
        other.execute(sa.text("UPDATE randcheck_meta SET value = value"))
        with pytest.raises(LedgerStorageError, match=r"locked|lock timeout"):
            ledger.append(*plan(), actor="a")
        assert ledger.head() == check.EMPTY
        other.rollback()
        assert ledger.append(*plan(), actor="a").sequence == 0
    engine.dispose()


def test_the_driver_can_be_named(postgres):
    lively(postgres).close()
    with Ledger.open(postgres.replace("postgresql:", "postgresql+psycopg:")) as ledger:
        assert ledger.verify().ok


def test_connections_of_another_process_are_left_alone(tmp_path):
    with lively(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as ledger:
        ledger._database._process = -1  # as after a fork
        assert ledger.append(*plan(3, "why"), actor="a").sequence == 22


def test_threads_share_a_ledger(url):
    with Ledger.open(url) as ledger:

        def draw(task):
            ledger.append(*commitment(task, task, None), actor=task)
            ledger.append(*randomness(task), actor=task)

        threads = [threading.Thread(target=draw, args=[f"T{n}"]) for n in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert ledger.verify().head.sequence == 11
        assert ledger.verify().ok


@pytest.mark.parametrize("url", ["", "ledger.sqlite", "mysql://x/y", 5])
def test_what_is_no_address(url):
    with pytest.raises(ParameterError, match="is no address of a ledger"):
        Ledger.open(url)


def test_what_is_no_ledger(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with pytest.raises(LedgerStorageError, match="there is no file"):
        Ledger.open(f"sqlite:///{path}", readonly=True)
    assert not path.exists()
    path.write_bytes(b"x" * 5000)
    with pytest.raises(LedgerStorageError, match="not a database"):
        Ledger.open(f"sqlite:///{path}")
    path.write_bytes(b"")
    with pytest.raises(LedgerSchemaError, match="this database holds no ledger"):
        Ledger.open(f"sqlite:///{path}", readonly=True)


def test_a_full_transaction_is_needed_for_an_event(url):
    with Ledger.open(url) as ledger:
        ledger.append(*plan(), actor="a")
        sql(url, "DROP TABLE randcheck_marks")
        with pytest.raises(LedgerStorageError, match="randcheck_marks"):
            ledger.append(*plan(2, "why"), actor="a")
        assert ledger.head().sequence == 0


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"'psycopg': pip install 'randcheck\[postgresql\]"):
        Ledger.open("postgresql://nobody@/x")
    monkeypatch.delitem(sys.modules, "randcheck.ledger.database")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtraError, match=r"'sqlalchemy': pip install 'randcheck\[ledger\]"):
        Ledger.open("sqlite://")


@pytest.mark.parametrize(
    "error",
    [
        LedgerEventError("at", "a time", "5"),
        LedgerOrderError("plan", "body.version", "1", "2"),
        LedgerSchemaError("3", 2, "wait"),
        LedgerStorageError("is full"),
    ],
)
def test_errors_pickle_and_say_something(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.code) == (type(error), str(error), error.code)
    assert isinstance(error, RandcheckError)
    assert str(error)


# --- rewriting in the database ---------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE randcheck_events SET digest = 'x' WHERE sequence = 1",
        "DELETE FROM randcheck_events WHERE sequence = 21",
    ],
)
def test_events_are_only_added(url, statement):
    lively(url).close()
    with pytest.raises(sa.exc.DBAPIError, match="events are only added"):
        sql(url, statement)


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE randcheck_events SET digest = 'x' WHERE sequence = 1", 9),
        ("UPDATE randcheck_events SET sequence = 22 WHERE sequence = 21", 9),
        ("DELETE FROM randcheck_events WHERE sequence = 1", 9),
        ("DELETE FROM randcheck_events WHERE sequence = 21", 8),
        ("DELETE FROM randcheck_marks WHERE key LIKE 'record:%'", 10),
        ("UPDATE randcheck_marks SET value = '9' WHERE key LIKE 'plan:%'", 10),
        ("INSERT INTO randcheck_marks VALUES ('record:x', '9')", 10),
    ],
)
def test_what_the_owner_of_a_database_changes_shows(url, statement, number):
    with lively(url) as ledger:
        head = ledger.head()
        unguarded(url, statement)
        report = ledger.verify(head)
        assert report.findings[0].number == number
        fatal = report.findings[0].severity == "fatal"
        assert ("marks" in report.unchecked) == fatal


def test_a_story_that_is_chained_anew_shows_by_a_head(url):
    with lively(url) as ledger:
        head = ledger.head()
    tables = ["events", "marks"]
    unguarded(url, *(f"DELETE FROM randcheck_{name}" for name in tables))
    with Ledger.open(url, clock=lambda: NOW) as ledger:
        for version in range(1, 24):
            ledger.append(*plan(version, "why" if version > 1 else None), actor="a")
        assert ledger.verify().ok
        [finding] = ledger.verify(head).findings
        assert (finding.number, finding.expected) == (8, str(head))


# --- schema versions -------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.sqlite"
    shutil.copy(make_v1.PATH, path)
    return f"sqlite:///{path}"


def test_the_kept_file_is_what_the_script_makes(tmp_path):
    make_v1.make(tmp_path / "new")
    for query in ("SELECT * FROM randcheck_events", "SELECT sql FROM sqlite_master"):
        found = []
        for path in (make_v1.PATH, tmp_path / "new"):
            connection = sqlite3.connect(path)
            found.append(connection.execute(query).fetchall())
            connection.close()
        assert found[0] == found[1] != []


def test_a_ledger_of_version_1_is_read_as_it_is(old):
    before = Path(old.removeprefix("sqlite:///")).read_bytes()
    with Ledger.open(old, readonly=True) as ledger:
        assert [event.kind for event in ledger.events()] == [kind for kind, _ in make_v1.BODIES]
        report = ledger.verify(ledger.head())
        assert report.ok
        assert report.unchecked == ("marks",)
        with pytest.raises(LedgerSchemaError, match="is now 1"):
            ledger.append(*abandoned("x"), actor="a")
    assert Path(old.removeprefix("sqlite:///")).read_bytes() == before


def test_a_ledger_of_version_1_migrates(old):
    with Ledger.open(old, readonly=True) as ledger:
        head, events = ledger.head(), list(ledger.events())
    with Ledger.open(old) as ledger:
        assert list(ledger.events()) == events
        report = ledger.verify(head)
        assert report.ok
        assert report.unchecked == ()
        body = {"commitment_sha256": "c0" * 32, "reason": "by order of a court"}
        assert ledger.append("abandoned", body, actor="a").sequence == 5
        assert ledger.verify(head).ok
    assert sql(old, "SELECT value FROM randcheck_meta") == [("2",)]
    with pytest.raises(sa.exc.DBAPIError, match="only added"):
        sql(old, "DELETE FROM randcheck_events")


def test_a_ledger_of_version_1_that_does_not_verify_is_left_alone(old):
    sql(old, "UPDATE randcheck_events SET data = data || 'x' WHERE sequence = 3")
    with pytest.raises(LedgerStorageError, match=r"event 3 does not verify \(line\)"):
        Ledger.open(old)
    assert sql(old, "SELECT value FROM randcheck_meta") == [("1",)]
    with Ledger.open(old, readonly=True) as ledger:
        assert not ledger.verify().ok


@pytest.mark.parametrize("version", ["3", "0", "x"])
def test_a_later_version_is_refused(url, version):
    with Ledger.open(url) as ledger:
        sql(url, f"UPDATE randcheck_meta SET value = '{version}'")
        for action in (ledger.head, lambda: ledger.append(*plan(), actor="a")):
            with pytest.raises(LedgerSchemaError, match="use a release that knows it"):
                action()
    for readonly in (True, False):
        with pytest.raises(LedgerSchemaError, match="use a release that knows it"):
            Ledger.open(url, readonly=readonly)


def test_a_migration_meanwhile_stops_an_older_writer(url, monkeypatch):
    from randcheck.ledger import database

    with Ledger.open(url) as ledger:
        sql(url, "UPDATE randcheck_meta SET value = '1'")
        with pytest.raises(LedgerSchemaError, match="open it again"):
            ledger.append(*plan(), actor="a")
    assert database.SCHEMA == 2


# --- exports ---------------------------------------------------------------------------------


def test_an_export_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    with lively() as ledger:
        with pytest.raises(FileNotFoundError):
            ledger.export(tmp_path / "missing" / "out")
        (tmp_path / "out").write_text("old")

        def fails(*_):
            raise OSError("disk is full")

        monkeypatch.setattr(store.os, "fsync", fails)
        with pytest.raises(OSError, match="disk is full"):
            ledger.export(tmp_path / "out")
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert (tmp_path / "out").read_text() == "old"
        monkeypatch.undo()
        ledger.export(tmp_path / "out")
        assert verify_export(tmp_path / "out", ledger.head()).ok


# --- indicators and evidence -----------------------------------------------------------------


def test_indicators_count_what_was_withdrawn():
    with lively() as ledger:
        first, second = ledger.indicators()
    assert (first.plan, first.task, first.versions, first.commitments) == ("P", "T", (1, 2), 6)
    withdrawn = [(each.commitment_sha256, each.after) for each in first.abandoned]
    assert withdrawn == [(hex_of("c0"), "commitment"), (hex_of("s1"), "commitment")]
    assert first.abandoned[0].reason == "the lottery was cancelled"
    repeated = [(each.commitment_sha256, each.after, each.reason) for each in first.repeated]
    assert repeated == [
        (hex_of("c0"), "commitment", "the lottery was cancelled"),
        (hex_of("s1"), "commitment", "again"),
        (hex_of("c1"), "confirmation", "by order of a court"),
    ]
    assert first.unfinished == (hex_of("s3"), hex_of("c2"))
    assert (second.plan, second.task, second.versions) == (None, "U", ())
    assert second.unfinished == (hex_of("d0"),)


def test_an_abandoned_draw_says_how_far_it_came():
    with lively() as ledger:
        ledger.append(*abandoned("d0", "the numbers do not suit"), actor="a")
        [told] = ledger.indicators()[1].abandoned
    assert (told.after, told.sequence, told.at) == ("randomness", 22, "2026-07-01T09:30:00Z")


def test_evidence_is_a_head_that_covers_the_commitment():
    with lively() as ledger:
        told = ledger.evidence(hex_of("c1"))
        assert [(each.by, each.before_randomness) for each in told] == [
            ("notary", True),
            ("the paper", False),
        ]
        assert (told[0].head.sequence, told[0].signature, told[0].sequence) == (4, "signed", 5)
        assert [each.by for each in ledger.evidence(hex_of("s2"))] == ["the paper"]
        late = list(ledger.events())[3].head
        ledger.append(*witness(late, by="late"), actor="a")
        assert [each.by for each in ledger.evidence(hex_of("c1"))] == ["notary", "the paper"]
        with pytest.raises(UnknownNameError, match="in the ledger"):
            ledger.evidence(hex_of("nothing"))


@pytest.mark.parametrize(
    ("kind", "text", "silent"),
    [
        ("commit-reveal", '{"bureau":null,"chamber":"x"}', ("bureau",)),
        ("commit-reveal", '{"bureau":"y","chamber":"x"}', ()),
        ("commit-reveal", "05 09 12", ()),
        ("commit-reveal", "[null]", ()),
        ("combined", '["{\\"bureau\\":null,\\"chamber\\":null}","5 9 12"]', ("bureau", "chamber")),
        ("combined", "05 09 12", ()),
        ("combined", "[5]", ()),
        ("lottery", '{"bureau":null}', ()),
    ],
)
def test_silence_is_counted_by_party(kind, text, silent):
    """Whoever sealed a secret and did not reveal it had one more try, in its own name."""
    told = {"source": {"grade": "G1", "kind": kind}}
    with Ledger.open("sqlite://", clock=lambda: NOW) as ledger:
        ledger.append(*plan(), actor="office")
        _, body = commitment("c1")
        ledger.append("commitment", body | told, actor="office")
        _, body = randomness("c1")
        ledger.append("randomness", body | {"text": text}, actor="office")
        [indicator] = ledger.indicators()
        assert indicator.silent == silent
