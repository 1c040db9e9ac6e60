"""Does a record follow from its odds sheet and its randomness? Bytes in, numbered findings out.

This file is the whole verifier: the standard library alone, no import from the package.

The checks, by the number of their findings; what is empty, missing, unknown or of another type
fails, and nothing is repaired:

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
import re
from collections.abc import Generator, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

PROTOCOL = "randcheck/v1"
NO_BOUND = b"\xff" * 33
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
UNUSUAL = re.compile(r'["\\\x00-\x1f]')
ENDING = re.compile(r"(null|0|[1-9][0-9]{0,8})(,(null|0|[1-9][0-9]{0,8}))*\]\]")

#: The keys of each object with the form of each value; `?` admits null, `+` further keys.
KEYS = {
    "record": "protocol:v1 commitment:object randomness:text seed:hex subjects_seed:hex "
    "inspectors_seed:hex? cells:list visits:list reserves:list odds_sha256:hex?",
    "commitment": "protocol:v1 nonce:string task:object sampler:object matcher:object? "
    "inputs:object excluded:counts sheet_sha256:hex source:object parent:hex?",
    "task": "id:text items:texts as_of:date reserves:count +",
    "sampler": "name:text distribution:text version:text parameters:object",
    "matcher": "name:text distribution:text version:text parameters:object",
    "inputs": "subjects:hex items:hex inspectors:hex? history:hex?",
    "source": "grade:grade kind:text +",
    "sheet": "cells:cells items:texts protocol:v1 task_id:text",
}
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
    "texts": (list, lambda v: 0 < len(v) == len({x for x in v if type(x) is str and x})),
    "team": (list, lambda value: _fits("texts", value) and len(value) > 1),
    "cells": (list, lambda value: value and all(_fits("cell", cell) for cell in value)),
    "cell": (list, lambda cell: [*map(type, cell)] == [int, int] and 0 <= cell[1] <= cell[0]),
}  # fmt: skip


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
        told = [*map(str, self.findings), f"not checked: {', '.join(self.unchecked) or 'nothing'}"]
        return "\n".join([*told, "OK: all that was given holds" if self.ok else "REFUSED"])


def verify(
    record: Any, sheet: Any, *, odds: Any = None, commitment: Any = None, randomness: Any = None
) -> Report:
    """Check a record against its odds sheet; each is bytes, a path, or has `to_bytes()`.

    `commitment` is the published digest, `randomness` the source's text. Raises nothing, ever.
    """
    unchecked = ["commitment"] * (commitment is None) + ["randomness"] * (randomness is None)
    findings: list[Finding] = []
    number, given = 1, (record, sheet, odds, commitment, randomness)
    try:
        for number, where, holds, *both in _checks(unchecked, *given):
            if not holds and len(findings) < 100:
                kind = "fatal" if number < 11 else "error"
                findings.append(Finding(number, kind, where, *(f"{each}"[:300] for each in both)))
            if findings and number < 11:
                break
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        findings.append(Finding(number, "fatal", "input", "something to check", ascii(error)[:300]))
    return Report(tuple(findings), tuple(unchecked))


def _checks(unchecked: list[str], *given: Any) -> Iterator[Any]:
    """Each comparison in order: number, where, whether it holds, expected, found."""
    record, sheet, odds, commitment, randomness = given
    data = _bytes(record)
    yield 2, "record", True, "", ""
    stated = _canonical(data)
    yield from _form(3, "record", stated)
    bound = stated["commitment"]
    yield from _form(3, "commitment", bound)
    matcher, task = bound["matcher"], bound["task"]
    for key in ("task", "sampler", "inputs", "source", *["matcher"] * (matcher is not None)):
        yield from _form(3, key, bound[key])
    yield 3, "inputs.inspectors", bound["inputs"]["inspectors"] or not matcher, "hex", None
    unchecked += ["odds", "teams"] * (matcher is not None)
    digest = hashlib.sha256(_dump(bound))
    published = digest.hexdigest() if commitment is None else commitment
    yield _same(4, "SHA-256 of the commitment", published, digest.hexdigest())
    given = stated["randomness"] if randomness is None else randomness
    yield _same(5, "randomness", given, stated["randomness"])
    seed = _seed(PROTOCOL, task["id"], digest.digest(), stated["randomness"])
    inspectors_seed = matcher and _seed("inspectors", seed).hex()
    yield _same(6, "subjects_seed", _seed("subjects", seed).hex(), stated["subjects_seed"])
    yield _same(6, "inspectors_seed", inspectors_seed, stated["inspectors_seed"])
    yield _same(6, "seed", seed.hex(), stated["seed"])
    yield 7, "sheet", True, "", ""
    data = _bytes(sheet)
    yield _same(7, "SHA-256", bound["sheet_sha256"], hashlib.sha256(data).hexdigest())
    yield 8, "sheet", True, "", ""
    first, _, rest = data.partition(b"\n")
    header = _canonical(first)
    yield from _form(8, "sheet", header)
    yield _same(8, "items", [task["id"], task["items"]], [header["task_id"], header["items"]])
    yield 9, "sheet", rest.endswith(b"\n"), "lines, each ended by a newline", rest[-20:]
    body, cells = rest.decode(), header["cells"]
    wanted = [min(take + task["reserves"], size) for size, take in cells]
    bounds = [_bound(count, size) for count, (size, _) in zip(wanted, cells, strict=True)]
    found = yield from _tickets(body, header, stated["subjects_seed"], bounds)
    if any(len(each) < count for each, count in zip(found, wanted, strict=True)):
        found = yield from _tickets(body, header, stated["subjects_seed"], [NO_BOUND] * len(cells))
    yield 11, "odds", odds is stated["odds_sha256"] is None, "none", odds or stated["odds_sha256"]
    size = matcher["parameters"].get("team_size") if matcher else None
    for number, visit in enumerate(stated["visits"]):
        team = visit.get("team") if type(visit) is dict else None
        good = _fits("team", team) and size in (None, len(team or ())) if matcher else team is None
        yield 11, f"visits[{number}].team", good, "a team if a matcher drew it", ascii(team)
    orders = [sorted(each)[:count] for each, count in zip(found, wanted, strict=True)]
    for key, entries in _outcome(header, orders).items():
        for mine, theirs in zip(entries, stated[key], strict=False):
            if "team" in mine and type(theirs) is dict:
                mine["team"] = theirs.get("team")  # judged above
        if not _same(12, key, entries, stated[key])[2]:
            yield _same(12, f"length of {key}", len(entries), len(stated[key]))
            for number, pair in enumerate(zip(entries, stated[key], strict=False)):
                yield _same(12, f"{key}[{number}]", *pair)


def _same(number: int, where: str, expected: Any, found: Any) -> tuple[Any, ...]:
    mine, theirs = _dump(expected).decode(), _dump(found).decode()  # as JSON, true is not 1
    return number, where, mine == theirs, mine, theirs


def _bytes(given: Any) -> bytes:
    if isinstance(given, str) or hasattr(given, "__fspath__"):
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
    return ENCODER.encode(value).encode()


def _fits(form: str, value: Any) -> bool:
    kind, holds = FORMS[form.rstrip("?")]
    return (form[-1] == "?" and value is None) or (type(value) is kind and bool(holds(value)))


def _form(number: int, name: str, value: Any) -> Iterator[Any]:
    """A value that is an object with its keys, each of its form."""
    fields = dict(each.split(":") for each in KEYS[name].split() if each != "+")
    keys = set(value) if type(value) is dict else set()
    good = keys == fields.keys() or (KEYS[name].endswith("+") and keys > fields.keys())
    yield number, f"keys of {name}", good, sorted(fields), sorted(keys)
    for key, form in fields.items():
        yield number, f"{name}.{key}", _fits(form, value[key]), form, ascii(value[key])


def _tickets(body: str, header: Any, seed: str, bounds: list[bytes]) -> Generator[Any, None, Any]:
    """For each cell its tickets below its bound, each with the id and the line's cells."""
    rows = body[:-1].split("\n")
    found: list[list[Any]] = [[] for _ in bounds]
    known: dict[str, list[Any]] = {}  # ending → its cells in order, as a set, their bound, a count
    previous = ""
    start = hashlib.sha256(f"{seed}:".encode()).copy
    for number, row in enumerate(rows, start=2):
        name, _, ending = row[2:].partition('",[')
        if row[:2] != '["' or UNUSUAL.search(name):  # an id that needs escapes, or no line at all
            name, cells = _canonical(row.encode())
            ending = f"{_dump(cells).decode()[1:]}]"
        if ending not in known:
            cells = json.loads(f"[{ending[:-1]}") if ENDING.fullmatch(ending) else []
            own = set(cells) - {None}
            good = len(cells) == len(header["items"]) and -1 < max(own, default=-1) < len(bounds)
            yield 9, f"sheet, line {number}", good, "a cell for each item that applies", row
            known[ending] = [cells, own, max(bounds[cell] for cell in own), 0]
        if type(name) is not str or name <= previous:  # code points order as UTF-8 bytes
            yield 9, f"sheet, line {number}", False, f"an id after {previous!r}", name
        previous = name
        pattern = known[ending]
        pattern[3] += 1
        state = start()
        state.update(name.encode())
        ticket = state.digest()
        if ticket < pattern[2]:
            for cell in pattern[1]:
                if ticket < bounds[cell]:
                    found[cell].append((ticket, name, pattern[0]))
    sizes = [0] * len(bounds)
    for _, own, _, count in known.values():
        for cell in own:
            sizes[cell] += count
    yield _same(10, "sizes of the cells", sizes, [size for size, _ in header["cells"]])
    return found


def _bound(count: int, size: int) -> bytes:
    """What more than `count` of `size` tickets are below, but for one draw in 10^9."""
    generous = count + 6 * int(count**0.5) + 20
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


if __name__ == "__main__":
    example = "example: python verify.py record.json sheet.jsonl --randomness '05 09 12 + 08'"
    parser = argparse.ArgumentParser(description="Check the record of a draw.", epilog=example)
    for name in ("record", "sheet", "--odds", "--commitment", "--randomness"):
        parser.add_argument(name)
    report = verify(**vars(parser.parse_args()))
    print(report)
    raise SystemExit(not report.ok)
