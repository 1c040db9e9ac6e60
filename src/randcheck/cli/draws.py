"""The commands of draws: try one, draw, verify, tickets, one firm's own check, strategies.

Rules enforced here:
1. Files of a draw go where `--out` says, and only a commitment that still follows is drawn.
2. What does not verify gives exit status 1; nothing is said twice.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import randcheck as rc
from randcheck import canonical, demo, plugins, proofs, tickets
from randcheck.cli.common import add_command, tell
from randcheck.draw import OpenDraw
from randcheck.errors import CommitmentError, ParameterError
from randcheck.evidence import check_evidence
from randcheck.io import read_csv, read_task, write_visits
from randcheck.io.tasks import TaskFile
from randcheck.language import finding_text, report_text, say, terminal_width
from randcheck.randomness import check_source
from randcheck.signatures import Keyring
from randcheck.stage import read_record
from randcheck.why import why

log = logging.getLogger("randcheck")

TABLES: Mapping[str, Any] = {
    "subjects": rc.SubjectRegistry,
    "items": rc.ItemCatalog,
    "inspectors": rc.InspectorRegistry,
    "history": rc.History,
}


def add(commands: Any) -> None:
    """The commands `demo` to `strategies`."""
    _add_demo(commands)
    _add_draw(commands)
    _add_verify(commands)
    _add_ticket(commands)
    _add_strategies(commands)
    _add_why(commands)
    _add_own_check(commands)


# --- demo --------------------------------------------------------------------------------------


def _add_demo(commands: Any) -> None:
    parser = add_command(
        commands,
        "demo",
        _demo,
        "a whole draw in a made-up city, from registries to a verified record",
        "  randcheck demo\n  randcheck demo --subjects 100000 --out somewhere",
    )
    parser.add_argument("--subjects", type=int, default=20_000, metavar="N")
    parser.add_argument("--inspectors", type=int, default=240, metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up data")
    parser.add_argument("--out", type=Path, default=Path("randcheck-demo"), metavar="DIR")


def _demo(options: argparse.Namespace) -> int:
    told = demo.run(options.subjects, options.inspectors, options.seed, options.out)
    tell(options, told.text)
    return 0 if told.ok else 1


# --- draw --------------------------------------------------------------------------------------


def _add_draw(commands: Any) -> None:
    parser = add_command(
        commands,
        "draw",
        _draw,
        "commitment, odds sheet, record, odds of teams and visits of a task",
        "  randcheck draw task.toml --out july --commit        # before: publish the digest\n"
        '  randcheck draw task.toml --out july --randomness "05 09 12 22 31 33 + 08"\n'
        "  randcheck draw task.toml --out try --randomness 1   # both at once: a rehearsal",
    )
    parser.add_argument("task", type=Path, help="a TOML file: see docs/command-line.md")
    for name in TABLES:
        parser.add_argument(f"--{name}", type=Path, metavar="CSV", help="instead of the task's")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where files go")
    step = parser.add_mutually_exclusive_group(required=True)
    step.add_argument("--commit", action="store_true", help="stop before the dice")
    step.add_argument("--randomness", metavar="TEXT", help="what the public source gave")
    parser.add_argument(
        "--nonce", metavar="TEXT", help="the commitment's secret (otherwise 32 random bytes)"
    )


def _draw(options: argparse.Namespace) -> int:
    stated = read_task(options.task)
    tables = _read_tables(options, stated)
    folder: Path = options.out
    kept = folder / "commitment.json"
    if kept.exists() and options.commit:
        raise CommitmentError(f"{kept} is there already; a second one needs another folder")
    opened = _commit(stated, tables, options.nonce, kept)
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(opened.to_bytes())
        (folder / "sheet.jsonl").write_bytes(opened.design.to_bytes())
    if options.commit:
        tell(options, f"commitment {opened.digest}")
        secret = opened.commitment["nonce"]
        if len(secret) >= proofs.NONCE:
            tell(options, f"root of proofs {rc.ProofTree.of(opened.design, secret).root}")
        told = f"Publish them before the source speaks, and keep {folder} secret until then."
        tell(options, told)
        return 0
    if (folder / "record.json").exists():
        raise CommitmentError(f"{folder / 'record.json'} is there already: one draw a commitment")
    draw = opened.draw(options.randomness)
    (folder / "record.json").write_bytes(draw.record.to_bytes())
    if draw.odds is not None:
        (folder / "odds.jsonl").write_bytes(draw.odds.to_bytes())
    visits = folder / "visits.csv"
    write_visits(visits, draw, tables["subjects"])
    tell(options, f"commitment {opened.digest}")
    tell(options, f"{len(draw.visits)} visits, {len(draw.reserves)} reserves: {visits}")
    if draw.grade == "G0":
        tell(options, "Grade G0, a rehearsal: nothing shows that the commitment was public first.")
    return 0


def _read_tables(options: argparse.Namespace, told: TaskFile) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for name, table in TABLES.items():
        path = getattr(options, name) or told.registries.get(name)
        if path is not None:
            log.info("reading %s", path)
        tables[name] = None if path is None else read_csv(path, table)
    for name in ("subjects", "items"):
        if tables[name] is None:
            raise ParameterError(
                name, "nothing", "is missing", f"give --{name} CSV or [registries] in the task"
            )
    if suspects := tables["subjects"].suspects:
        tell(options, f"randcheck: warning: ids that look alike: {suspects[:3]}", sys.stderr)
    return tables


def _commit(told: TaskFile, tables: Mapping[str, Any], nonce: str | None, kept: Path) -> OpenDraw:
    """The commitment; if one was kept before, exactly that one or an error that says why not."""
    before = rc.Commitment.from_bytes(kept.read_bytes()) if kept.exists() else None
    if before is not None:
        nonce = before["nonce"]
    opened = rc.commit(
        told.task,
        subjects=tables["subjects"],
        catalog=tables["items"],
        inspectors=tables["inspectors"],
        history=tables["history"],
        source=told.source,
        nonce=secrets.token_hex(32) if nonce is None else nonce,
    )
    if before is not None and before != opened.commitment:
        old, new = before.to_json(), opened.commitment.to_json()
        changed = ", ".join(key for key in old if old[key] != new[key])
        raise CommitmentError(f"not what {kept} binds: {changed} changed since")
    return opened


# --- verify and ticket -------------------------------------------------------------------------


def _add_verify(commands: Any) -> None:
    parser = add_command(
        commands,
        "verify",
        _verify,
        "whether a record follows from its sheet and randomness",
        "  randcheck verify july/record.json july/sheet.jsonl --odds july/odds.jsonl \\\n"
        '      --commitment 1ca6… --randomness "05 09 12 22 31 33 + 08"\n'
        "  randcheck verify july/stage.json july/record.json   # a stage, and the record before\n"
        "  randcheck verify july/record.json july/sheet.jsonl --ledger export.jsonl --keyring keys",
    )
    parser.add_argument("record", type=Path)
    parser.add_argument("sheet", type=Path, help="the odds sheet; for a stage the record before")
    parser.add_argument("--odds", type=Path, metavar="FILE", help="the odds of teams")
    parser.add_argument("--commitment", metavar="HEX", help="the digest that was published")
    parser.add_argument("--randomness", metavar="TEXT", help="the text as its source gives it")
    parser.add_argument(
        "--ledger", metavar="EXPORT", help="shows the grade, from a ledger's export"
    )
    parser.add_argument("--head", help="with --ledger: a head that was kept, such as 17:5f…")
    parser.add_argument("--keyring", type=Path, metavar="FILE", help="the keys of the witnesses")


def _verify(options: argparse.Namespace) -> int:
    report = rc.verify(
        options.record,
        sheet=options.sheet,
        odds=options.odds,
        commitment=options.commitment,
        randomness=options.randomness,
    )
    print(report_text(report, options.language))
    if not report.ok:
        return 1
    record = read_record(options.record.read_bytes())
    if options.ledger is None:
        source = check_source(record)
        if not source.ok:
            print(report_text(source, options.language))
        return 0 if source.ok else 1
    keyring = options.keyring.read_bytes() if options.keyring else Keyring(())
    shown = check_evidence(record, options.ledger, keyring, old_head=options.head)
    tell(options, str(shown))
    return 0 if shown.report.ok else 1


def _add_ticket(commands: Any) -> None:
    parser = add_command(
        commands,
        "ticket",
        _ticket,
        "the tickets of ids under a draw's seed",
        "  randcheck ticket SUBJECTS_SEED 91130300MA00000007\n"
        "  printf '%s' SUBJECTS_SEED:91130300MA00000007 | sha256sum   # the same",
    )
    parser.add_argument("seed", help="the record's subjects_seed, 64 hex digits")
    parser.add_argument("id", nargs="+")


def _ticket(options: argparse.Namespace) -> int:
    seed: str = options.seed
    if not canonical.is_sha256(seed):
        remedy = "give 64 lower-case hex digits"
        raise ParameterError("seed", repr(seed), "is no purpose seed", remedy)
    for name in options.id:
        if not canonical.is_text(name):
            remedy = "give the id in the terminal's own encoding, UTF-8"
            raise ParameterError("id", ascii(name), "is no text", remedy)
        print(f"{tickets.ticket(seed, name)}  {name}")
    return 0


# --- why ---------------------------------------------------------------------------------------


def _add_why(commands: Any) -> None:
    parser = add_command(
        commands,
        "why",
        _why,
        "why a firm was drawn or not, in words, with a proof for that firm alone",
        "  randcheck why july/record.json july/sheet.jsonl 91130300MA00000007 --proof proof.json",
    )
    parser.add_argument("record", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("id")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="where the proof goes")


def _why(options: argparse.Namespace) -> int:
    record = rc.DrawRecord.from_bytes(options.record.read_bytes())
    told = why(record, options.sheet.read_bytes(), options.id)
    print(told.text(options.language))
    if options.proof is not None:
        options.proof.write_bytes(told.proof)
    return 0


def _add_own_check(commands: Any) -> None:
    parser = add_command(
        commands,
        "own-check",
        _own_check,
        "whether a proof shows a firm's own fate in a draw",
        "  randcheck own-check proof.json --root 5f0c… --id 91130300MA00000007 \\\n"
        "      --record public.json",
    )
    parser.add_argument("proof", type=Path)
    parser.add_argument("--root", required=True, metavar="HEX", help="the root that was published")
    parser.add_argument("--id", metavar="ID", help="the firm's own id")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="the record, or its public form"
    )


def _own_check(options: argparse.Namespace) -> int:
    record = None if options.record is None else options.record.read_bytes()
    proof = options.proof.read_bytes()
    check = rc.own_check(proof, root=options.root, subject_id=options.id, record=record)
    for finding in check.findings:
        print(finding_text(finding, options.language))
    print(check.words(options.language) if check.ok else say("REFUSED", options.language))
    return 0 if check.ok else 1


# --- strategies --------------------------------------------------------------------------------


_STRATEGIES_HEADER = ("kind", "name", "distribution", "version")


def _add_strategies(commands: Any) -> None:
    add_command(
        commands,
        "strategies",
        _strategies,
        "the samplers, allocations and matchers that are installed, and where from",
        "  randcheck strategies",
    )


def _strategies(options: argparse.Namespace) -> int:
    language = options.language
    rows = [[say(title, language) for title in _STRATEGIES_HEADER]]
    for each in plugins.installed():
        version = each.version + say(" (hidden)", language) * each.hidden
        rows.append([say(each.kind, language), each.name, each.distribution, version])
    widths = [max(map(terminal_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text + " " * (width - terminal_width(text))
            for text, width in zip(row, widths, strict=True)
        )
        print("  ".join(cells).rstrip())
    return 0
