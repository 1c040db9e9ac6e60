"""Does a record follow from its odds sheet and its randomness? Bytes in, numbered findings out.

This file is the whole verifier: the standard library alone, no import from the package.

    python verify.py RECORD SHEET [--odds F] [--commitment HEX] [--randomness TEXT]

The checks, by the number of their findings. Anything empty, missing, unknown or of another type
fails; nothing is repaired. A fatal finding is the last: what comes after it cannot be checked.

 1. What is given can be read.
 2. The record is canonical JSON: RFC 8785, integers within ±2^53 as the only numbers.
 3. Record and commitment have exactly the protocol's keys, each of the right form.
 4. The commitment's SHA-256 is the published one.
 5. The randomness is the text that the source gave.
 6. Seed and purpose seeds follow from task, commitment and randomness.
 7. The sheet's SHA-256 is the committed one.
 8. The sheet's header is canonical and the committed task's; no cell takes more than its size.
 9. Each line is canonical, after the one before by id, with a cell for at least one item.
10. Each cell's size is the count of its subjects.
11. Teams stand where a matcher was committed, and nowhere else; odds are not of this version.
12. Cells, visits and reserves follow from the tickets.
"""

import argparse
import hashlib
import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

PROTOCOL = "randcheck/v1"
SHOWN = 100  # findings at most
NO_BOUND = b"\xff" * 33
UNUSUAL = re.compile("[\\\\\x00-\x09\x0b-\x1f]")
ENDING = re.compile(r"(null|0|[1-9][0-9]{0,8})(,(null|0|[1-9][0-9]{0,8}))*\]\]")

#: The keys of each object with the form of each value; `?` admits null, `+` further keys.
RECORD = """protocol:v1 commitment:object randomness:text seed:hex subjects_seed:hex
    inspectors_seed:hex? cells:list visits:list reserves:list odds_sha256:hex?"""
COMMITMENT = """protocol:v1 nonce:string task:object sampler:object matcher:object? inputs:object
    excluded:counts sheet_sha256:hex source:object parent:hex?"""
STRATEGY = "name:text distribution:text version:text parameters:object"
FORMS_OF_PARTS = {
    "task": "id:text items:texts as_of:date reserves:count +",
    "sampler": STRATEGY,
    "matcher": STRATEGY,
    "inputs": "subjects:hex items:hex inspectors:hex? history:hex?",
    "source": "grade:grade kind:text +",
}
SHEET = "cells:cells items:texts protocol:v1 task_id:text"

FORMS: dict[str, Any] = {  # a type, and what else must hold
    "string": (str, lambda text: True),
    "text": (str, bool),
    "v1": (str, PROTOCOL.__eq__),
    "hex": (str, re.compile("[0-9a-f]{64}").fullmatch),
    "date": (str, lambda text: date.fromisoformat(text).isoformat() == text),
    "grade": (str, ("G0", "G1", "G2").__contains__),
    "count": (int, lambda count: count >= 0),
    "object": (dict, lambda value: True),
    "counts": (dict, lambda value: all(key and _fits("count", value[key]) for key in value)),
    "list": (list, lambda value: True),
    "texts": (list, lambda value: value and all(type(text) is str and text for text in value)
              and len(set(value)) == len(value)),
    "team": (list, lambda value: _fits("texts", value) and len(value) > 1),
    "cells": (list, lambda value: value and all(_fits("cell", cell) for cell in value)),
    "cell": (list, lambda cell: [*map(type, cell)] == [int, int] and 0 <= cell[1] <= cell[0]),
}  # fmt: skip

Step = tuple[int, str, bool, Any, Any]  # number, where, whether it holds, expected, found


class Finding(NamedTuple):
    """One thing that does not hold; `severity` is "error" or "fatal"."""

    number: int
    severity: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"[{self.number}] {self.where}: expected {self.expected}, found {self.found}"


class Report(NamedTuple):
    """`ok`: nothing that was given failed. `unchecked` names what nothing was given for."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        unchecked = f"not checked here: {', '.join(self.unchecked) or 'nothing'}"
        verdict = "OK: all that was given holds" if self.ok else "REFUSED"
        return "\n".join([*map(str, self.findings), unchecked, verdict])


def verify(
    record: Any, sheet: Any, *, odds: Any = None, commitment: Any = None, randomness: Any = None
) -> Report:
    """Check a record against its odds sheet; each is bytes, a path, or has `to_bytes()`.

    `commitment` is the hex digest that was published, `randomness` the text as its source gave it.
    Raises nothing, whatever it is given.
    """
    unchecked = ["commitment"] * (commitment is None) + ["randomness"] * (randomness is None)
    findings: list[Finding] = []
    number = 1
    try:
        steps = _checks(record, sheet, odds, commitment, randomness, unchecked)
        for number, where, holds, *shown in steps:
            if not holds and len(findings) < SHOWN:
                severity = "fatal" if number < 11 else "error"
                findings.append(Finding(number, severity, where, *map(_short, shown)))
            if findings and number < 11:
                break
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        findings.append(Finding(number, "fatal", "input", "something to check", _short(error)))
    return Report(tuple(findings), tuple(unchecked))


def _checks(
    record: Any, sheet: Any, odds: Any, commitment: Any, randomness: Any, unchecked: list[str]
) -> Iterator[Step]:
    """Each comparison in order; the next one is asked for only if all fatal ones held."""
    data = _bytes(record)
    yield 2, "record", True, "", ""
    stated = _canonical(data)
    yield from _form(3, "record", stated, RECORD)
    bound = stated["commitment"]
    yield from _form(3, "commitment", bound, COMMITMENT)
    matcher, task = bound["matcher"], bound["task"]
    for key, form in FORMS_OF_PARTS.items():
        if bound[key] is not None:
            yield from _form(3, key, bound[key], form)
    named = bound["inputs"]["inspectors"]
    yield 3, "inputs.inspectors", named is not None or matcher is None, "hex", named
    unchecked += [] if matcher is None else ["odds", "teams"]
    digest = hashlib.sha256(_dump(bound))
    published = digest.hexdigest() if commitment is None else commitment
    yield _same(4, "SHA-256 of the commitment", published, digest.hexdigest())
    given = stated["randomness"] if randomness is None else randomness
    yield _same(5, "randomness", given, stated["randomness"])
    parts = (PROTOCOL, task["id"], digest.digest(), stated["randomness"])
    seed = _seed(*parts)
    seeds = [_seed("subjects", seed).hex(), matcher and _seed("inspectors", seed).hex()]
    yield _same(6, "seed", seed.hex(), stated["seed"])
    yield _same(6, "purpose seeds", seeds, [stated["subjects_seed"], stated["inspectors_seed"]])
    yield 7, "sheet", True, "", ""
    data = _bytes(sheet)
    hashed = hashlib.sha256(data).hexdigest()
    yield _same(7, "SHA-256 of the sheet", bound["sheet_sha256"], hashed)
    yield 8, "sheet", True, "", ""
    first, _, rest = data.partition(b"\n")
    header = _canonical(first)
    yield from _form(8, "sheet", header, SHEET)
    yield _same(8, "sheet.task_id", task["id"], header["task_id"])
    yield _same(8, "sheet.items", task["items"], header["items"])
    yield 9, "sheet", rest.endswith(b"\n"), "lines, each ended by a newline", rest[-20:]
    rows, cells = rest.decode()[:-1].split("\n"), header["cells"]
    wanted = [min(take + task["reserves"], size) for size, take in cells]
    bounds = [_bound(count, size) for count, (size, _) in zip(wanted, cells, strict=True)]
    found = yield from _tickets(rows, header, seeds[0], bounds)
    if any(len(each) < count for each, count in zip(found, wanted, strict=True)):
        found = yield from _tickets(rows, header, seeds[0], [NO_BOUND] * len(cells))
    yield 11, "odds", odds is stated["odds_sha256"] is None, "none", odds or stated["odds_sha256"]
    size = matcher["parameters"].get("team_size") if matcher else None
    for number, visit in enumerate(stated["visits"]):
        team = visit.get("team") if type(visit) is dict else None
        good = _fits("team", team) and size in (None, len(team or ())) if matcher else team is None
        expected = "distinct people, as many as committed" if matcher else "null"
        yield 11, f"visits[{number}].team", good, expected, team
    orders = [sorted(each)[:count] for each, count in zip(found, wanted, strict=True)]
    for key, entries in _outcome(header, orders).items():
        yield _same(12, f"length of {key}", len(entries), len(stated[key]))
        for number, (mine, theirs) in enumerate(zip(entries, stated[key], strict=False)):
            if "team" in mine and type(theirs) is dict:
                mine["team"] = theirs.get("team")
            yield _same(12, f"{key}[{number}]", mine, theirs)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else ascii(value)
    return text if len(text) <= 240 else f"{text[:200]}…{text[-35:]}"


def _same(number: int, where: str, expected: Any, found: Any) -> Step:
    """Equal, types included: true is not 1."""
    return number, where, _dump(expected) == _dump(found), expected, found


def _bytes(given: Any) -> bytes:
    if isinstance(given, str | os.PathLike):
        return Path(given).read_bytes()
    return given if isinstance(given, bytes) else bytes(given.to_bytes())


def _canonical(data: bytes) -> Any:
    """The value of bytes that are its canonical form; keys are checked while they are read."""
    hooks: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _integer)
    value = json.loads(data.decode(), object_pairs_hook=_object, **hooks)
    if _dump(value) != data:
        raise ValueError("not canonical: blanks, escapes, or another form of the same value")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key.encode("utf-16-be", "surrogatepass") for key, _ in pairs]
    if keys != sorted(set(keys)):
        raise ValueError("not canonical: keys twice or out of order")
    return dict(pairs)


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > 2**53:
        raise ValueError(f"not an integer within ±2^53: {text[:20]}")
    return int(text)


def _seed(*fields: str | bytes) -> bytes:
    parts = [x.encode() if isinstance(x, str) else x for x in fields]
    return hashlib.sha256(b"".join(len(x).to_bytes(8, "big") + x for x in parts)).digest()


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _fits(form: str, value: Any) -> bool:
    if form.endswith("?") and value is None:
        return True
    kind, holds = FORMS[form.rstrip("?")]
    return type(value) is kind and bool(holds(value))


def _form(number: int, where: str, value: Any, form: str) -> Iterator[Step]:
    """A value that is an object with these keys, each of its form."""
    fields = dict(each.split(":") for each in form.split() if each != "+")
    keys = set(value) if type(value) is dict else set()
    good = keys >= fields.keys() if form.endswith("+") else keys == fields.keys()
    yield number, f"keys of {where}", good, sorted(fields), sorted(keys)
    for key, each in fields.items():
        yield number, f"{where}.{key}", _fits(each, value[key]), each, value[key]


def _tickets(
    rows: list[str], header: Any, seed: str, bounds: list[bytes]
) -> Generator[Step, None, list[list[Any]]]:
    """For each cell its tickets below its bound, each with the id and the line's cells."""
    plain = not any(UNUSUAL.search(row) for row in rows) and "".join(rows).count('"') == 2 * len(
        rows
    )
    found: list[list[Any]] = [[] for _ in bounds]
    known: dict[str, int] = {}
    patterns, used, highest, tally = [], [], [], []  # of each ending that was seen
    previous = ""
    start = hashlib.sha256(f"{seed}:".encode()).copy
    for number, row in enumerate(rows, start=2):
        name, _, ending = row[2:].partition('",[')
        if not plain or row[:2] != '["':  # an id that needs escapes, or no line at all
            name, cells = _canonical(row.encode())
            ending = f"{_dump(cells).decode()[1:]}]"
        if ending not in known:
            cells = json.loads(f"[{ending[:-1]}") if ENDING.fullmatch(ending) else []
            own = {cell for cell in cells if cell is not None}
            good = len(cells) == len(header["items"]) and own and max(own) < len(bounds)
            yield 9, f"sheet, line {number}", good, "a cell for each item that applies", row
            known[ending] = len(known)
            patterns.append(cells), used.append(own), tally.append(0)
            highest.append(max(bounds[cell] for cell in own))
        if type(name) is not str or name <= previous:  # code points order as UTF-8 bytes
            yield 9, f"sheet, line {number}", False, f"an id after {previous!r}", name
        previous = name
        pattern = known[ending]
        tally[pattern] += 1
        state = start()
        state.update(name.encode())
        ticket = state.digest()
        if ticket < highest[pattern]:
            for cell in used[pattern]:
                if ticket < bounds[cell]:
                    found[cell].append((ticket, name, patterns[pattern]))
    sizes: Counter[int] = Counter()
    for own, count in zip(used, tally, strict=True):
        sizes.update(dict.fromkeys(own, count))
    counted = [[sizes[cell], take] for cell, (_, take) in enumerate(header["cells"])]
    yield _same(10, "sizes of the cells", counted, header["cells"])
    return found


def _bound(count: int, size: int) -> bytes:
    """What more than `count` of `size` tickets are below, but for one draw in 10^9."""
    generous = count + 6 * math.isqrt(count) + 20
    return NO_BOUND if generous >= size else ((generous << 256) // size).to_bytes(32, "big")


def _outcome(header: Any, orders: list[list[Any]]) -> dict[str, list[Any]]:
    """Cells, visits (their teams left open) and reserves, from each cell's lowest tickets."""
    outcome: dict[str, list[Any]] = {"cells": [], "visits": [], "reserves": []}
    visited: dict[tuple[bytes, str], Any] = {}
    for cell, (order, (size, take)) in enumerate(zip(orders, header["cells"], strict=True)):
        last = order[take - 1][0].hex() if take else None
        outcome["cells"].append({"last_ticket": last, "size": size, "take": take})
        for ticket, name, pattern in order[:take]:
            visited.setdefault((ticket, name), ([], pattern))[0].append(cell)
        for ticket, name, _ in order[take:]:
            outcome["reserves"].append({"cell": cell, "subject": name, "ticket": ticket.hex()})
    for (ticket, name), (own, pattern) in sorted(visited.items()):
        items = [item for item, cell in zip(header["items"], pattern, strict=True) if cell in own]
        visit = {"cells": own, "items": items, "subject": name, "team": None}
        outcome["visits"].append(visit | {"ticket": ticket.hex()})
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; exit status 0 if it is good, else 1."""
    example = "example: python verify.py record.json sheet.jsonl --randomness '05 09 12 + 08'"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], epilog=example)
    for name in ("record", "sheet", "--odds", "--commitment", "--randomness"):
        parser.add_argument(name)
    report = verify(**vars(parser.parse_args(arguments)))
    print(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
