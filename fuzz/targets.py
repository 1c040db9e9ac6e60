"""What is fuzzed, and what must hold of every input.

A target takes bytes and returns; it raises `BrokenError`, or lets another error through, when
something does not hold. Of every reader: no error but the documented ones. Of every verifier: it
never raises, and what it accepts is a good file byte for byte, or `naive.py` accepts it as well.
"""

import contextlib
import io
import json
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

import corpus
import naive

import randcheck as rc
from randcheck import canonical, cli, verify
from randcheck.errors import (
    CanonicalError,
    CommitmentError,
    DataError,
    OddsError,
    RandcheckError,
    RecordError,
)
from randcheck.io import read_csv, write_csv
from randcheck.ledger import Event, LedgerEventError, verify_export
from randcheck.ledger import check as ledger_check
from randcheck.matching import Odds, assign
from randcheck.replacement import SubstitutionRecord, check_replacement
from randcheck.stage import StageRecord


class BrokenError(Exception):
    """A property that does not hold."""


def need(holds, told):
    if not holds:
        raise BrokenError(told)


def read(reader, data, *errors):
    """The value, or `None` where one of the documented errors says why not."""
    try:
        return reader(data)
    except errors as error:
        need(len(str(error)) < 100_000, "an error's text is longer than a page")
        return None


# --- canonical -----------------------------------------------------------------------------------


def run_canonical(data):
    """Three readers accept the same bytes, and give the same value."""
    mine = [read(canonical.loads, data, CanonicalError)]
    accepted = [mine[0] is not None or data == b"null"]
    for reader in (naive.loads, verify_reader, ledger_check._canonical):
        try:
            mine.append(reader(data))
            accepted.append(True)
        except (ValueError, RecursionError):
            accepted.append(False)
    if not accepted[0] and accepted[1]:
        try:
            canonical.loads(data)
        except CanonicalError as error:
            need("deeper" in str(error), f"only the package refuses: {error}")
        return
    need(len({*accepted}) == 1, f"who accepts: package, naive, verify, ledger: {accepted}")
    if accepted[0]:
        need(all(each == mine[0] for each in mine), "different values")
        need(canonical.dumps(mine[0]) == data, "another form")


def verify_reader(data):
    return sys.modules["randcheck.verify"]._canonical(data)


# --- records -------------------------------------------------------------------------------------


def run_record(data):
    """Readers of records and `verify` of a record, as it is and sealed anew."""
    drawn = read(rc.DrawRecord.from_bytes, data, RecordError)
    if drawn is not None:
        need(drawn.to_bytes() == data, "another record is written than was read")
        need(rc.DrawRecord.from_json(drawn.to_json()) == drawn, "another record by from_json")
    for reader in (StageRecord.from_bytes, SubstitutionRecord.from_bytes):
        stage = read(reader, data, RecordError)
        if stage is not None:
            need(stage.to_bytes() == data, "another stage is written than was read")
            need(reader(canonical.dumps(stage.to_json())) == stage, "another stage by to_json")
    bound = read(rc.Commitment.from_bytes, data, CommitmentError)
    need(bound is None or bound.to_bytes() == data, "another commitment")
    for name, case in corpus.good().items():
        report = verify(data, sheet=case["sheet"], odds=case["odds"])
        str(report)
        known = any(data == each["record"] for each in corpus.good().values())
        teams = "teams" in report.unchecked  # as the report says, anybody's
        need(not report.ok or known or teams, f"another record is accepted as {name}")
        if report.ok:
            accepted(data)
    sealed_record(data)


def sealed_record(data):
    """The commitment as it stands in the input, with everything that follows from it."""
    try:
        value = json.loads(data)
        bound = value["commitment"]
        ground, other = "sheet_sha256", "joint-three-items"
        if "kind" in bound:
            ground, other = "parent", "second-step" if bound["kind"] == "teams" else "recusal"
        every = corpus.good()
        fitting = (x for x in every.values() if naive.sha(x["sheet"]) == bound[ground])
        case = next(fitting, every[other])
        bound[ground] = naive.sha(case["sheet"])
        if "kind" in bound:
            digest = naive.sha(naive.dumps(bound))
            seed, _, dice = naive.seeds(bound["task"]["id"], digest, value["randomness"])
            follows = {"seed": seed, "inspectors_seed": dice}
        else:
            follows = naive.draw(case["sheet"], bound, value["randomness"])
        made = naive.dumps(value | follows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return
    report = verify(made, sheet=case["sheet"], odds=case["odds"])
    str(report)
    if report.ok:
        accepted(made)


def accepted(data):
    """What `verify` accepts, the package reads and shows."""
    value = json.loads(data)
    if "visits" not in value:
        StageRecord.from_bytes(data).teams  # noqa: B018
        return
    record = rc.DrawRecord.from_bytes(data)
    record.public()
    record.public(seeds=True)


# --- sheets --------------------------------------------------------------------------------------


def run_sheet(data):
    """`verify` of a sheet with good records, and with the record that would follow from it."""
    for name, case in corpus.good().items():
        report = verify(case["record"], sheet=data)
        str(report)
        need(not report.ok or data == case["sheet"], f"another sheet is accepted for {name}")
    base = json.loads(corpus.good()["one-cell"]["record"])
    bound = base["commitment"]
    try:
        header = json.loads(data.partition(b"\n")[0])
        bound["task"] |= {"id": header["task_id"], "items": header["items"]}
        naive.dumps(bound)
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    bound["sheet_sha256"] = naive.sha(data)
    try:
        follows, why = naive.draw(data, bound, base["randomness"]), ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        follows, why = {}, repr(error)
    try:
        if not follows:
            seeds = naive.seeds(bound["task"]["id"], naive.sha(naive.dumps(bound)), "r")
            follows = {"seed": seeds[0], "subjects_seed": seeds[1], "randomness": "r"}
        made = naive.dumps(base | follows)
    except (ValueError, TypeError, AttributeError):
        return
    report = verify(made, sheet=data)
    str(report)
    if why:
        need(not report.ok, f"verify accepts what naive refuses: {why}")
    else:
        need(report.ok, f"verify refuses what naive accepts: {report}")


# --- odds ----------------------------------------------------------------------------------------


def run_odds(data):
    """The reader of odds, and `verify` of them with teams that follow from them."""
    odds = read(Odds.from_bytes, data, OddsError)
    need(odds is None or odds.to_bytes() == data, "other odds are written than were read")
    for name, case in corpus.good().items():
        if case["odds"] is not None:
            report = verify(case["record"], sheet=case["sheet"], odds=data)
            str(report)
            need(not report.ok or data == case["odds"], f"other odds are accepted for {name}")
    case = corpus.good()["one-step"]
    record = json.loads(case["record"])
    record["odds_sha256"] = naive.sha(data)
    fits = odds is not None
    if odds is not None:
        teams = dict(zip(odds.visits, assign(odds, record["inspectors_seed"]), strict=True))
        drawn = {visit["subject"] for visit in record["visits"]}
        fits = {*teams} == drawn and all(len(team) > 1 for team in teams.values())
        fits = fits and all(all(team) for team in teams.values())
        for visit in record["visits"]:
            visit["team"] = sorted(teams.get(visit["subject"], visit["team"]))
    try:
        made = naive.dumps(record)
    except UnicodeEncodeError:
        return
    report = verify(made, sheet=case["sheet"], odds=data)
    str(report)
    need(report.ok or not fits, f"verify refuses odds that the package reads: {report}")
    need(fits or not report.ok, "verify accepts odds that the package does not read, or its teams")
    if fits:
        header, *rows = map(json.loads, data.splitlines())
        again = corpus.helper("verify_cases.py").rounding(header, rows, record["inspectors_seed"])
        need(again == {x: sorted(team) for x, team in teams.items()}, "another rounding")


# --- ledger --------------------------------------------------------------------------------------


def run_ledger(data):
    """The check of an export, as it is and chained anew."""
    _export(data)
    lines, previous = [], "0" * 64
    try:
        for sequence, line in enumerate(data.split(b"\n")[:-1]):
            event = json.loads(line)
            if sequence == event["sequence"] or len(lines) < 40:
                event |= {"sequence": sequence, "previous": previous}
            lines.append(naive.dumps(event))
            previous = naive.sha(lines[-1])
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    _export(b"".join(line + b"\n" for line in lines))


def _export(data):
    report = verify_export(data, "0:" + "00" * 32)
    str(report)
    need(not report.ok, "a head that was not there is accepted")
    report = verify_export(data)
    str(report)
    if not report.ok:
        return
    need(data == b"" or str(report.head) == naive.chain(data), "the naive check says otherwise")
    lines = data.split(b"\n")[:-1]
    half = verify_export(b"".join(line + b"\n" for line in lines[: len(lines) // 2]))
    need(half.ok, "the beginning of what is accepted is refused")
    need(verify_export(data, str(half.head)).ok, "an old head is not found")
    for line in lines:
        read(Event.from_bytes, line, LedgerEventError)


def run_database(data):
    """A damaged database: errors of the ledger only."""
    from randcheck.ledger import Ledger

    with _folder():
        Path("ledger.sqlite").write_bytes(data)
        with (
            contextlib.suppress(RandcheckError),
            Ledger.open("sqlite:///ledger.sqlite", readonly=True) as ledger,
        ):
            ledger.verify()
            ledger.head()
            ledger.export(Path("out.jsonl"))


# --- replacement ---------------------------------------------------------------------------------


def run_replacement(data):
    """The check of a successor, and of the one that follows from its absences."""
    rule = corpus.helper("replacement_cases.py")
    for name, case in corpus.replacements().items():
        given = case["record"], case["sheet"], case["earlier"]
        report = _replaced(data, given, case["among"])
        need(
            not report.ok or data == case["successor"] or _again(rule, data, case),
            f"another successor is accepted as {name}",
        )
        try:
            value = json.loads(data)
            rounds = [json.loads(each)["absences"] for each in case["earlier"]]
            made = rule.follow(
                case["record"], case["sheet"], [*rounds, value["absences"]], case["among"]
            )[-1]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            continue
        _replaced(made, given, case["among"])


def _again(rule, data, case):
    rounds = [json.loads(each)["absences"] for each in [*case["earlier"], data]]
    return rule.follow(case["record"], case["sheet"], rounds, case["among"])[-1] == data


def _replaced(data, given, among):
    record, sheet, earlier = given
    report = check_replacement(data, record=record, sheet=sheet, earlier=earlier, among=among)
    str(report)
    return report


# --- proofs --------------------------------------------------------------------------------------


def run_proof(data):
    """The proof of a firm's line: only the tree's own proof of that firm is accepted."""
    tree, record = corpus.proofs(), corpus.good()["joint-three-items"]["record"]
    for name, proof in tree["proofs"].items():
        for given in ({}, {"record": record}):
            check = rc.own_check(data, root=tree["root"], subject_id=name, **given)
            need(not check.ok or data == proof, f"another proof is accepted for {name}")
            "".join(map(str, check.findings))
            if check.ok:
                check.words("en")
                check.words("zh")
    check = rc.own_check(data, root=tree["root"])
    need(not check.ok or data in tree["proofs"].values() or tree["again"](data), "a forged proof")


# --- signatures ----------------------------------------------------------------------------------


def run_signature(data):
    """A keyring in the first line, signatures in the others."""
    from randcheck.signatures import Keyring, Policy, check_signatures

    ring, *files = data.split(b"\n")
    keyring = read(Keyring.from_bytes, ring, DataError)
    need(keyring is None or keyring.to_bytes() == ring, "another keyring is written than was read")
    report = check_signatures(corpus.SIGNED, files, ring, Policy(), at="2026-07-01T10:00:00Z")
    str(report)
    good = corpus.signatures().split(b"\n")[1:]
    need(not report.ok or {*files} <= {*good}, "another signature is accepted")


# --- files ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _folder():
    """An empty folder to be in, and no output."""
    before, folder = Path.cwd(), tempfile.mkdtemp(prefix="randcheck-fuzz-")
    os.chdir(folder)
    logging.disable(logging.CRITICAL)  # what a driver says of a damaged database
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            yield Path(folder)
    finally:
        logging.disable(logging.NOTSET)
        os.chdir(before)
        shutil.rmtree(folder, ignore_errors=True)


def run_csv(data):
    """A registry's file: its first line names the table."""
    name, _, text = data.partition(b"\n")
    table = cli.draws.TABLES.get(name.decode("latin-1"), rc.SubjectRegistry)
    with _folder():
        Path("one.csv").write_bytes(text)
        found = read(lambda path: read_csv(path, table), "one.csv", RandcheckError)
        if found is not None:
            write_csv("two.csv", found)
            again = read_csv("two.csv", table)
            need(again.digest == found.digest, "another registry is read from what is written")


def run_task(data):
    """A task and its registries through the command, and what it draws through `verify`."""
    task, *tables = data.split(corpus.SPLIT)
    with _folder():
        Path("task.toml").write_bytes(task)
        arguments = ["draw", "task.toml", "--out", "july", "--randomness", "1", "--nonce", "n"]
        for name, table in zip(cli.draws.TABLES, tables, strict=False):
            Path(f"{name}.csv").write_bytes(table)
            arguments += [f"--{name}", f"{name}.csv"]
        if cli.main(arguments) == 0:
            odds = Path("july/odds.jsonl")
            given = {"odds": odds} if odds.exists() else {}
            report = verify(Path("july/record.json"), sheet=Path("july/sheet.jsonl"), **given)
            need(report.ok, f"what the command drew does not verify: {report}")


def run_command(data):
    """The words of a command line, one a line."""
    words = [word.decode("utf-8", "surrogateescape") for word in data.split(b"\n")]
    outside = any("/" in word.replace("sqlite:///", "") or ".." in word for word in words)
    if outside or "\0" in "".join(words) or words[0] == "demo":
        return  # what would leave the folder, cannot be typed, or takes long
    case = corpus.good()["one-step"]
    tables = corpus.registries()
    with _folder():
        for name in ("record", "sheet", "odds"):
            suffix = "json" if name == "record" else "jsonl"
            Path(f"{name}.{suffix}").write_bytes(case[name])
        Path("task.toml").write_text(corpus.SMALL)
        for name in ("subjects", "items"):
            Path(f"{name}.csv").write_bytes(tables[name])
        shutil.copy(corpus.TESTS / "ledger" / "ledger-v1.sqlite", "ledger.sqlite")
        try:
            status = cli.main(words)
        except SystemExit as left:
            status = left.code
        need(status in (0, 1, 2), f"exit status {status}")


TARGETS = {
    name.removeprefix("run_"): target
    for name, target in sorted(globals().items())
    if name.startswith("run_")
}
