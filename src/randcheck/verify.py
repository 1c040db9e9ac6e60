"""Does a record follow from its odds sheet and its randomness? Bytes in, numbered findings out.

This file is the whole verifier: Python's standard library alone, no import from the package.

    python verify.py RECORD SHEET [--odds F] [--commitment HEX] [--randomness TEXT]

The checks, by the number of their findings; nothing is repaired, and anything empty, missing,
unknown or of another type than the protocol's fails:

 1. A file can be read, and an argument is what it should be.
 2. The record is canonical JSON (RFC 8785, integers within ±2^53 as the only numbers).
 3. The record and its commitment have exactly the protocol's keys, each of the right form.
 4. The commitment's SHA-256 is the published one.
 5. The randomness is the text that the source gave.
 6. The sheet's SHA-256 is the committed one.
 7. The sheet's header is canonical and is the committed task's; cells take at most their size.
 8. Each line is canonical, in order of ids, once each, with a cell for at least one item.
 9. Each cell's size is the count of its subjects.
10. Seed and purpose seeds follow from task, commitment and randomness.
11. Cells, visits and reserves follow from the tickets.
12. Teams and odds stand where a matcher was committed, and nowhere else.
"""

import argparse
import hashlib
import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NoReturn

PROTOCOL = "randcheck/v1"
SHOWN = 100
_NO_BOUND = b"\xff" * 33
_HEX = re.compile("[0-9a-f]{64}")
_CONTROL = re.compile("[\\\\\x00-\x09\x0b-\x1f]")
_ENDING = re.compile(r"(null|0|[1-9][0-9]{0,8})(,(null|0|[1-9][0-9]{0,8}))*\]\]")
_RECORD = {"protocol": "v1", "commitment": "object", "randomness": "text", "seed": "hex",
           "subjects_seed": "hex", "inspectors_seed": "hex or null", "cells": "list",
           "visits": "list", "reserves": "list", "odds_sha256": "hex or null"}  # fmt: skip
_COMMITMENT = {"protocol": "v1", "nonce": "any text", "task": "object", "sampler": "object",
               "matcher": "object or null", "inputs": "object", "excluded": "object",
               "sheet_sha256": "hex", "source": "object", "parent": "hex or null"}  # fmt: skip
_TASK = {"id": "text", "items": "texts", "as_of": "date", "reserves": "count"}
_STRATEGY = {"name": "text", "distribution": "text", "version": "text", "parameters": "object"}
_INPUTS = {"subjects": "hex", "items": "hex", "inspectors": "hex or null", "history": "hex or null"}
_SHEET = {"cells": "list", "items": "texts", "protocol": "v1", "task_id": "text"}


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold: the number of the check, where, and what belongs there.

    `severity` is "fatal" where the checks after it could not be made, else "error".
    """

    number: int
    severity: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"[{self.number}] {self.where}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Report:
    """`ok`: nothing that was given failed. `unchecked` names what nothing was given for."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        if self.unchecked:
            lines.append(f"not checked here: {', '.join(self.unchecked)}")
        lines.append("OK: all that was given holds" if self.ok else "REFUSED")
        return "\n".join(lines)


class _Stop(Exception):
    """A check failed so that nothing after it can be trusted; carries the finding."""


def verify(
    record: Any, sheet: Any, *, odds: Any = None, commitment: Any = None, randomness: Any = None
) -> Report:
    """Check a record against its odds sheet; each is bytes, a path, or has `to_bytes()`.

    `commitment` is the hex digest that was published, `randomness` the text as its source gave it.
    Raises nothing, whatever it is given.
    """
    unchecked = [name for name, given in (("commitment", commitment), ("randomness", randomness))
                 if given is None]  # fmt: skip
    findings: list[Finding] = []
    try:
        value = _canonical(_bytes(record, "record"), 2, "record")
        if _form(value, _RECORD, "record")["commitment"].get("matcher") is not None:
            unchecked += ["odds", "teams"]
        _check_commitment(value, commitment, randomness)
        lines = _bytes(sheet, "sheet")
        _same(6, "sheet's SHA-256", value["commitment"]["sheet_sha256"], _sha256(lines))
        header, names, patterns = _check_sheet(lines, value["commitment"]["task"])
        seed = _check_seeds(value)
        _check_teams(value, odds, findings)
        _check_outcome(value, header["items"], header["cells"], names, patterns, seed, findings)
    except _Stop as stop:
        findings.append(stop.args[0])
    except Exception as error:  # whatever it was given, the answer is a finding: fail closed
        findings.append(Finding(1, "fatal", "input", "something to check", _short(error)))
    return Report(tuple(findings), tuple(unchecked))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else ascii(value)
    return text if len(text) <= 80 else f"{text[:60]}…{text[-15:]}"


def _stop(number: int, where: str, expected: Any, found: Any) -> NoReturn:
    raise _Stop(Finding(number, "fatal", where, _short(expected), _short(found)))


def _same(number: int, where: str, expected: Any, found: Any) -> None:
    if type(expected) is not type(found) or expected != found:
        _stop(number, where, expected, found)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bytes(given: Any, what: str) -> bytes:
    if hasattr(given, "to_bytes") and not isinstance(given, int):
        given = given.to_bytes()
    if isinstance(given, str | os.PathLike):
        try:
            with open(given, "rb") as file:
                given = file.read()
        except (OSError, ValueError) as error:
            _stop(1, what, "a file that can be read", error)
    if not isinstance(given, bytes):
        _stop(1, what, "bytes or a path", type(given).__name__)
    return given


# --- canonical JSON and forms --------------------------------------------------------------------


def _canonical(data: bytes, number: int, where: str) -> Any:
    """The value of bytes that are its canonical form."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_int=_integer,
                           parse_float=_no_number, parse_constant=_no_number)  # fmt: skip
        same = _dump(value) == data
    except (ValueError, RecursionError) as error:
        _stop(number, where, "canonical JSON", error)
    if not same:
        _stop(number, where, "canonical JSON", "blanks, escapes or another form of the same value")
    return value


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key.encode("utf-16-be", "surrogatepass") for key, _ in pairs]
    if any(before >= after for before, after in pairwise(keys)):
        raise ValueError("keys twice or out of order")
    return dict(pairs)


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > 2**53:
        raise ValueError("an integer beyond ±2^53")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not an integer")


def _fits(form: str, value: Any) -> bool:
    if form.endswith(" or null"):
        return value is None or _fits(form.removesuffix(" or null"), value)
    if form == "texts":
        return (type(value) is list and value != [] and all(_fits("text", each) for each in value)
                and len(set(value)) == len(value))  # fmt: skip
    if form in ("object", "list"):
        return type(value) is (dict if form == "object" else list)
    if form == "count":
        return type(value) is int and value >= 0
    if type(value) is not str or form == "any text":
        return type(value) is str
    if form == "date":
        try:
            return date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    if form == "v1":
        return value == PROTOCOL
    return _HEX.fullmatch(value) is not None if form == "hex" else value != ""


def _form(
    value: Any, form: dict[str, str], where: str, *, number: int = 3, more: bool = False
) -> Any:
    """The value, if it is an object with exactly these keys (or `more`) of these forms."""
    if type(value) is not dict or not (
        form.keys() <= value.keys() if more else form.keys() == value.keys()
    ):
        _stop(number, where, f"an object with the keys {sorted(form)}", value)
    for key, each in form.items():
        if not _fits(each, value[key]):
            _stop(number, f"{where}.{key}", each, value[key])
    return value


# --- the checks ----------------------------------------------------------------------------------


def _check_commitment(record: dict[str, Any], published: Any, randomness: Any) -> None:
    bound = _form(record["commitment"], _COMMITMENT, "commitment")
    _form(bound["task"], _TASK, "commitment.task", more=True)
    _form(bound["sampler"], _STRATEGY, "commitment.sampler")
    if bound["matcher"] is not None:
        _form(bound["matcher"], _STRATEGY, "commitment.matcher")
    inputs = _form(bound["inputs"], _INPUTS, "commitment.inputs")
    if bound["matcher"] is not None and inputs["inspectors"] is None:
        _stop(3, "commitment.inputs.inspectors", "the registry that teams are drawn from", None)
    for reason, count in bound["excluded"].items():
        if reason == "" or not _fits("count", count):
            _stop(3, "commitment.excluded", "a count for each reason", {reason: count})
    source = _form(
        bound["source"], {"grade": "text", "kind": "text"}, "commitment.source", more=True
    )
    if source["grade"] not in ("G0", "G1", "G2"):
        _stop(3, "commitment.source.grade", "G0, G1 or G2", source["grade"])
    if published is not None:
        _same(4, "commitment's SHA-256", published, _sha256(_dump(bound)))
    if randomness is not None:
        _same(5, "randomness", randomness, record["randomness"])


def _check_sheet(data: bytes, task: dict[str, Any]) -> tuple[Any, list[str], list[tuple[Any, ...]]]:
    """The header, and each line's id and cells (a tuple for each pattern, shared by its lines)."""
    first, *lines = data.split(b"\n", 1)
    header = _form(_canonical(first, 7, "sheet, line 1"), _SHEET, "sheet, line 1", number=7)
    _same(7, "sheet's task_id", task["id"], header["task_id"])
    _same(7, "sheet's items", task["items"], header["items"])
    for number, cell in enumerate(header["cells"]):
        if (
            type(cell) is not list
            or len(cell) != 2
            or not all(_fits("count", n) for n in cell)
            or cell[1] > cell[0]
        ):
            _stop(7, f"sheet's cell {number}", "[size, take] with take at most size", cell)
    try:
        body = lines[0].decode() if lines else ""
    except UnicodeDecodeError as error:
        _stop(8, "sheet", "UTF-8", error)
    if not body.endswith("\n"):
        _stop(8, "sheet", "a line for each subject, each ended by a newline", body[-20:])
    rows = body[:-1].split("\n")
    plain = _CONTROL.search(body) is None and body.count('"') == 2 * len(rows)
    known: dict[str, tuple[Any, ...]] = {}
    names, patterns, previous = [], [], ""
    for number, row in enumerate(rows, start=2):
        if plain and row[:2] == '["':
            name, _, ending = row[2:].partition('",[')
        else:
            name, ending = _unusual_line(row, number)
        pattern = known.get(ending)
        if pattern is None:
            pattern = known[ending] = _pattern(ending, header, number)
        if name <= previous:
            _stop(8, f"sheet, line {number}", f"an id after {previous!r}", name)
        previous = name
        names.append(name)
        patterns.append(pattern)
    sizes = [0] * len(header["cells"])
    for pattern, count in Counter(patterns).items():
        for cell in set(pattern) - {None}:
            sizes[cell] += count
    _same(9, "sizes of the cells", [size for size, _ in header["cells"]], sizes)
    return header, names, patterns


def _unusual_line(row: str, number: int) -> tuple[str, str]:
    """Id and ending of a line whose id needs escapes, or which is no line at all."""
    value = _canonical(row.encode(), 8, f"sheet, line {number}")
    if (
        type(value) is not list
        or len(value) != 2
        or not _fits("text", value[0])
        or type(value[1]) is not list
    ):
        _stop(8, f"sheet, line {number}", '["id",[cells]]', row)
    return value[0], _dump(value[1]).decode()[1:] + "]"


def _pattern(ending: str, header: dict[str, Any], number: int) -> tuple[Any, ...]:
    if _ENDING.fullmatch(ending) is None:
        _stop(8, f"sheet, line {number}", "cell numbers or null", ending)
    cells = tuple(json.loads(f"[{ending[:-1]}"))
    used = [cell for cell in cells if cell is not None]
    if len(cells) != len(header["items"]) or not used or max(used) >= len(header["cells"]):
        _stop(8, f"sheet, line {number}", "a cell of the sheet for each item that applies", ending)
    return cells


def _check_seeds(record: dict[str, Any]) -> str:
    bound = record["commitment"]
    parts = (PROTOCOL.encode(), bound["task"]["id"].encode(), hashlib.sha256(_dump(bound)).digest(),
             record["randomness"].encode())  # fmt: skip
    seed = hashlib.sha256(b"".join(map(_field, parts))).digest()
    purposes = {
        each: _sha256(_field(each.encode()) + _field(seed)) for each in ("subjects", "inspectors")
    }
    _same(10, "seed", seed.hex(), record["seed"])
    _same(10, "subjects_seed", purposes["subjects"], record["subjects_seed"])
    expected = None if bound["matcher"] is None else purposes["inspectors"]
    _same(10, "inspectors_seed", expected, record["inspectors_seed"])
    return purposes["subjects"]


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


def _check_teams(record: dict[str, Any], odds: Any, findings: list[Finding]) -> None:
    """Teams and odds where a matcher was committed; what the teams must be, nobody can tell yet."""
    matcher = record["commitment"]["matcher"]
    if record["odds_sha256"] is not None:
        _stop(
            12, "odds_sha256", "null: odds are not part of this protocol yet", record["odds_sha256"]
        )
    if odds is not None:
        _stop(12, "odds", "none, as in the record", "a table of odds")
    size = None if matcher is None else matcher["parameters"].get("team_size")
    for number, visit in enumerate(record["visits"]):
        team = visit.get("team", ()) if type(visit) is dict else ()
        good = team is None
        if matcher is not None:
            good = (
                _fits("texts", team)
                and len(team) >= 2
                and (type(size) is not int or len(team) == size)
            )
        if not good:
            expected = "null" if matcher is None else "a team of at least two distinct people"
            _add(findings, 12, f"visits[{number}].team", expected, team)


def _check_outcome(
    record: dict[str, Any], items: list[str], cells: list[list[int]], names: list[str],
    patterns: list[tuple[Any, ...]], seed: str, findings: list[Finding],
) -> None:  # fmt: skip
    """Cells, visits and reserves as they follow from the tickets, compared with the record's."""
    spare = record["commitment"]["task"]["reserves"]
    wanted = [min(take + spare, size) for size, take in cells]
    bounds = [_bound(count, size) for count, (size, _) in zip(wanted, cells, strict=True)]
    found = _lowest(seed, names, patterns, bounds)
    if any(len(each) < count for each, count in zip(found, wanted, strict=True)):
        found = _lowest(seed, names, patterns, [_NO_BOUND] * len(cells))
    outcome: dict[str, list[Any]] = {"cells": [], "visits": [], "reserves": []}
    visited: dict[tuple[bytes, str], tuple[list[int], tuple[Any, ...]]] = {}
    for number, (lowest, count, (size, take)) in enumerate(zip(found, wanted, cells, strict=True)):
        lowest = sorted(lowest)[:count]
        last = lowest[take - 1][0].hex() if take else None
        outcome["cells"].append({"last_ticket": last, "size": size, "take": take})
        for ticket, name, pattern in lowest[:take]:
            visited.setdefault((ticket, name), ([], pattern))[0].append(number)
        outcome["reserves"] += [{"cell": number, "subject": name, "ticket": ticket.hex()}
                                for ticket, name, _ in lowest[take:]]  # fmt: skip
    for (ticket, name), (taken, pattern) in sorted(visited.items()):
        checked = [item for item, cell in zip(items, pattern, strict=True) if cell in taken]
        visit = {"cells": taken, "items": checked, "subject": name, "ticket": ticket.hex()}
        outcome["visits"].append(visit)
    stated = [{key: each[key] for key in each if key != "team"} if type(each) is dict and "team" in each
              else each for each in record["visits"]]  # fmt: skip
    for key, expected in outcome.items():
        _compare(key, expected, stated if key == "visits" else record[key], findings)


def _bound(count: int, size: int) -> bytes:
    """A bound that more than `count` of `size` tickets are below, almost surely."""
    generous = count + 6 * math.isqrt(count) + 20
    if count == 0:
        return b""
    return _NO_BOUND if generous >= size else ((generous << 256) // size).to_bytes(32, "big")


def _lowest(
    seed: str, names: list[str], patterns: list[tuple[Any, ...]], bounds: list[bytes]
) -> list[list[tuple[bytes, str, tuple[Any, ...]]]]:
    """For each cell the tickets below its bound, with id and pattern."""
    found: list[list[tuple[bytes, str, tuple[Any, ...]]]] = [[] for _ in bounds]
    used = {pattern: sorted(set(pattern) - {None}) for pattern in set(patterns)}
    highest = {pattern: max(bounds[cell] for cell in used[pattern]) for pattern in used}
    start = hashlib.sha256(f"{seed}:".encode()).copy
    for name, pattern in zip(names, patterns, strict=True):
        state = start()
        state.update(name.encode())
        ticket = state.digest()
        if ticket < highest[pattern]:
            for cell in used[pattern]:
                if ticket < bounds[cell]:
                    found[cell].append((ticket, name, pattern))
    return found


def _compare(where: str, expected: Any, found: Any, findings: list[Finding]) -> None:
    """A finding for each place where two values differ, types included."""
    if type(expected) is type(found) is dict and expected.keys() == found.keys():
        for key in expected:
            _compare(f"{where}.{key}", expected[key], found[key], findings)
    elif type(expected) is type(found) is list and len(expected) == len(found):
        for number, (mine, theirs) in enumerate(zip(expected, found, strict=True)):
            _compare(f"{where}[{number}]", mine, theirs, findings)
    elif type(expected) is not type(found) or expected != found:
        if type(expected) is type(found) is list:
            where, expected, found = f"length of {where}", str(len(expected)), str(len(found))
        _add(findings, 11, where, expected, found)


def _add(findings: list[Finding], number: int, where: str, expected: Any, found: Any) -> None:
    if len(findings) >= SHOWN:
        _stop(number, "record", "at most so many differences", f"more than {SHOWN}")
    findings.append(Finding(number, "error", where, _short(expected), _short(found)))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints the report, exit status 0 if it is good, else 1."""
    parser = argparse.ArgumentParser(
        description="Whether a record follows from its odds sheet and its randomness.",
        epilog="example: python verify.py record.json sheet.jsonl --commitment 1ca6… --randomness '05 09 + 08'",
    )
    parser.add_argument("record")
    parser.add_argument("sheet")
    parser.add_argument("--odds", metavar="F", help="the table of odds")
    parser.add_argument("--commitment", metavar="HEX", help="the digest that was published")
    parser.add_argument("--randomness", metavar="TEXT", help="the text as its source gives it")
    given = parser.parse_args(arguments)
    report = verify(given.record, given.sheet, odds=given.odds, commitment=given.commitment,
                    randomness=given.randomness)  # fmt: skip
    print(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
