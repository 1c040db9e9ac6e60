"""Does a record follow from its odds sheet and its randomness? Bytes in, numbered findings out.

The standard library alone, no import from the package: this file is the whole verifier. What is
empty, missing, unknown or of another type fails; nothing is repaired. The checks, by the number of
their findings (one of 1 to 10 is fatal and ends them, for the later ones rest on it):
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
import sys
from collections.abc import Generator, Iterable
from datetime import date
from operator import methodcaller
from pathlib import Path
from traceback import format_exception_only
from typing import Any, NamedTuple

V1 = "randcheck/v1"
LIMIT = 100  # findings in a report
NO_BOUND = b"\xff" * 33
UTF_16 = methodcaller("encode", "utf-16-be", "surrogatepass")
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr)
SPECIAL = bytes({*range(32), ord("\\")} - {ord("\n")})  # in a sheet only where ids need escapes
ENDING = re.compile(rb"(null|0|[1-9][0-9]{0,8})(,(null|0|[1-9][0-9]{0,8}))*\]\]")
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
FORMS: dict[str, tuple[type, Any]] = {  # a type, and what else must hold (`type`: nothing)
    "string": (str, type), "text": (str, bool), "object": (dict, type), "list": (list, type),
    "v1": (str, V1.__eq__), "grade": (str, re.compile("G[012]").fullmatch),
    "count": (int, lambda n: n >= 0), "hex": (str, re.compile("[0-9a-f]{64}").fullmatch),
    "date": (str, lambda day: date.fromisoformat(day).isoformat() == day),
    "counts": (dict, lambda v: all(key and _fits("count", v[key]) for key in v)),
    "texts": (list, lambda v: 0 < len(v) == len({x for x in v if type(x) is str and x})),
    "team": (list, lambda v: _fits("texts", v) and len(v) > 1),
    "cells": (list, lambda v: all([*map(type, x)] == [int] * 2 and 0 <= x[1] <= x[0] for x in v)),
}  # fmt: skip
Checks = Generator[Any, None, Any]  # of: number, where, whether it holds, expected, found


class Finding(NamedTuple):
    """One thing that does not hold; `severity` is "error", or "fatal": the checks ended here."""

    number: int
    severity: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        text = f"[{self.number}] {self.where}: expected {self.expected}, found {self.found}"
        return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


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
    number, where, given = 1, "input", (record, sheet, odds, commitment, randomness)
    try:
        for number, where, holds, expected, found in _checks(unchecked, *given):
            if not holds:
                pair = expected[:200], ENCODER.encode(found)[:200]
                findings.append(Finding(number, "fatal" if number < 11 else "error", where, *pair))
            if findings and (number < 11 or len(findings) == LIMIT):
                break
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        told = format_exception_only(error)[0].strip()[:200]
        findings.append(Finding(number, "fatal", where, "what can be read", told))
    if len(findings) == LIMIT:
        findings[-1] = Finding(number, "error", "record", "no further findings", "more")
    return Report(tuple(findings), tuple(unchecked))


def _checks(unchecked: list[str], *given: Any) -> Checks:
    """Each check in order; what holds is yielded too, so that it is known where we are."""
    data, sheet, odds, published, source = _bytes(given[0]), _bytes(given[1]), *given[2:]
    yield 2, "record", True, "", ""
    stated = _canonical(data)
    yield from _form(3, "record", stated)
    bound, text = stated["commitment"], stated["randomness"]
    yield from _form(3, "commitment", bound)
    matcher, digest = bound["matcher"], hashlib.sha256(ENCODER.encode(bound).encode()).hexdigest()
    for key in ("task", "sampler", "inputs", "source", *["matcher"] * (matcher is not None)):
        yield from _form(3, key, bound[key])
    unchecked += ["odds", "teams"] * (matcher is not None)
    yield 3, "inputs.inspectors", not matcher or bound["inputs"]["inspectors"], "a digest", None
    yield from _same(4, "commitment's SHA-256", digest if published is None else published, digest)
    yield from _same(5, "randomness", text if source is None else source, text)
    seed = _seed(V1.encode(), bound["task"]["id"].encode(), bytes.fromhex(digest), text.encode())
    inspectors_seed = matcher and _seed(b"inspectors", seed).hex()
    yield from _same(6, "subjects_seed", _seed(b"subjects", seed).hex(), stated["subjects_seed"])
    yield from _same(6, "inspectors_seed", inspectors_seed, stated["inspectors_seed"])
    yield from _same(6, "seed", seed.hex(), stated["seed"])
    header, lowest = yield from _sheet(sheet, bound, stated["subjects_seed"])
    yield 11, "odds", odds is stated["odds_sha256"] is None, "none in this version", "a claim"
    size = matcher and matcher["parameters"].get("team_size")
    for number, visit in enumerate(stated["visits"]):
        team = visit.get("team") if type(visit) is dict else None
        good = _fits("team", team) if matcher else team is None
        if not good or (type(size) is int and len(team or ()) != size):
            yield 11, f"visits[{number}].team", False, f"{size or '2+'} people, or null", team
    outcome = _outcome(header, lowest)
    for mine, theirs in zip(outcome["visits"], stated["visits"], strict=False):
        mine["team"] = theirs.get("team") if type(theirs) is dict else None  # judged above
    if ENCODER.encode(stated | outcome).encode() != data:
        for key, entries in outcome.items():
            yield from _same(12, key, entries, stated[key])


def _sheet(data: bytes, bound: Any, seed: str) -> Checks:
    """Returns the header, and for each cell its lowest tickets: those taken and the reserves."""
    yield from _same(7, "sheet's SHA-256", bound["sheet_sha256"], hashlib.sha256(data).hexdigest())
    yield 8, "sheet, line 1", True, "", ""
    first, _, body = data.partition(b"\n")
    header, task = _canonical(first), bound["task"]
    yield from _form(8, "sheet", header)
    yield from _same(8, "sheet", [task["id"], task["items"]], [header["task_id"], header["items"]])
    yield 9, "sheet", body.endswith(b"\n"), "lines, each ended by a newline", body[-20:]
    body.decode()  # raises where it is not UTF-8
    cells, items = header["cells"], len(header["items"])
    counts = [min(take + task["reserves"], size) for size, take in cells]
    bounds = [_bound(count, size) for count, (size, _) in zip(counts, cells, strict=True)]
    sizes, found = yield from _scan(body, seed, items, bounds)
    yield from _same(10, "sizes of the cells", [size for size, _ in cells], sizes)
    if any(len(each) < count for each, count in zip(found, counts, strict=True)):
        _, found = yield from _scan(body, seed, items, [NO_BOUND] * len(cells))
    return header, [sorted(each)[:count] for each, count in zip(found, counts, strict=True)]


def _scan(body: bytes, seed: str, items: int, bounds: list[bytes]) -> Checks:
    """For each cell: its size; its tickets below its bound, each with the id and line's cells."""
    found: list[list[Any]] = [[] for _ in bounds]
    known: dict[bytes, list[Any]] = {}  # ending → its bound, its count, its cells as set and tuple
    start, previous = hashlib.sha256(f"{seed}:".encode()).copy, b""
    for name, _, ending in _rows(body):
        if ending not in known or name <= previous:
            cells = json.loads(b"[" + ending[:-1]) if ENDING.fullmatch(ending) else []
            own = {*cells} - {None}
            good = len(cells) == items and -1 < max(own, default=-1) < len(bounds)
            if not good or name <= previous:
                line = f"sheet, line {2 + sum(entry[1] for entry in known.values())}"
                yield 9, line, False, "a later id with its cells", [name.decode(), ending.decode()]
            known[ending] = [max(bounds[cell] for cell in own), 0, own, tuple(cells)]
        previous = name
        entry = known[ending]
        entry[1] += 1
        state = start()
        state.update(name)
        ticket = state.digest()
        if ticket < entry[0]:
            for cell in entry[2]:
                found[cell].append((ticket, name, entry[3]))
    sizes = [0] * len(bounds)
    for _, count, own, _ in known.values():
        for cell in own:
            sizes[cell] += count
    return sizes, found


def _rows(body: bytes) -> Iterable[tuple[bytes, bytes, bytes]]:
    """Each line's id, what parts it from its cells, and their text up to the line's end."""
    rows = body[2:-1].split(b'\n["')
    plain = body[:2] == b'["' and len(body.translate(None, SPECIAL)) == len(body)
    if plain and (body.count(b"\n"), body.count(b'"')) == (len(rows), 2 * len(rows)):
        return map(methodcaller("partition", b'",['), rows)  # one quote in each: the id's end
    values = map(_canonical, body[:-1].split(b"\n"))  # ids that need escapes
    return ((x.encode(), b"", ENCODER.encode(cells)[1:].encode() + b"]") for x, cells in values)


def _bound(count: int, size: int) -> bytes:
    """What more than `count` of `size` tickets are below, but for one draw in 10^9."""
    generous = count + 6 * int(count**0.5) + 20
    return NO_BOUND if generous >= size else ((generous << 256) // size).to_bytes(32, "big")


def _outcome(header: Any, lowest: list[Any]) -> dict[str, list[Any]]:
    """Cells, visits (their teams left open) and reserves, from each cell's lowest tickets."""
    out: dict[str, list[Any]] = {"cells": [], "visits": [], "reserves": []}
    visited: dict[tuple[Any, ...], list[int]] = {}
    for cell, (order, (size, take)) in enumerate(zip(lowest, header["cells"], strict=True)):
        last = order[take - 1][0].hex() if take else None
        out["cells"].append({"last_ticket": last, "size": size, "take": take})
        for entry in order[:take]:
            visited.setdefault(entry, []).append(cell)
        for ticket, who, _ in order[take:]:
            out["reserves"].append({"cell": cell, "subject": who.decode(), "ticket": ticket.hex()})
    for (ticket, name, pattern), own in sorted(visited.items()):
        items = [item for item, cell in zip(header["items"], pattern, strict=True) if cell in own]
        visit = {"cells": own, "items": items, "subject": name.decode(), "team": None}
        out["visits"].append(visit | {"ticket": ticket.hex()})
    return out


def _same(number: int, where: str, expected: Any, found: Any) -> Checks:
    """Whether a value is the expected one, at each place in it; true is not 1."""
    if type(expected) is type(found) is dict and expected.keys() == found.keys():
        for key in expected:
            yield from _same(number, f"{where}.{key}", expected[key], found[key])
    elif type(expected) is type(found) is list:
        yield from _same(number, f"length of {where}", len(expected), len(found))
        for index, pair in enumerate(zip(expected, found, strict=False)):
            yield from _same(number, f"{where}[{index}]", *pair)
    else:
        mine = ENCODER.encode(expected)
        yield number, where, mine == ENCODER.encode(found), mine, found


def _form(number: int, name: str, value: Any) -> Checks:
    forms = dict(each.split(":") for each in KEYS[name].split() if each != "+")
    keys = set(value) if type(value) is dict else set()
    good = keys == forms.keys() or (KEYS[name].endswith("+") and keys > forms.keys())
    yield number, f"keys of {name}", good, " ".join(sorted(forms)), sorted(keys)
    for key, form in forms.items():
        yield number, f"{name}.{key}", True, "", ""
        yield number, f"{name}.{key}", _fits(form, value[key]), form, value[key]


def _fits(form: str, value: Any) -> bool:
    kind, holds = FORMS[form.rstrip("?")]
    return (form[-1] == "?" and value is None) or (type(value) is kind and bool(holds(value)))


def _bytes(given: Any) -> bytes:
    data = given.to_bytes() if hasattr(given, "to_bytes") else given
    return data if isinstance(data, bytes) else Path(data).read_bytes()


def _canonical(data: bytes) -> Any:
    """The value of its canonical bytes; what can not be in them is read as something else."""
    kinds = "parse_int", "parse_float", "parse_constant"
    hooks: Any = dict.fromkeys(kinds, lambda text: max(-(2**53), min(int(text[:17]), 2**53)))
    value = json.loads(data.decode(), object_pairs_hook=_object, **hooks)
    if ENCODER.encode(value).encode() != data:
        raise ValueError("not canonical: blanks, escapes, order of keys, a key twice, a number")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    order = None if "".join(value).isascii() else UTF_16
    return value if len(value) == len(pairs) and [*value] == sorted(value, key=order) else {}


def _seed(*fields: bytes) -> bytes:
    return hashlib.sha256(b"".join(len(x).to_bytes(8, "big") + x for x in fields)).digest()


if __name__ == "__main__":
    example = "example: python verify.py record.json sheet.jsonl --randomness '05 09 12 + 08'"
    parser = argparse.ArgumentParser(description="Check the record of a draw.", epilog=example)
    for name in ("record", "sheet", "--odds", "--commitment", "--randomness"):
        parser.add_argument(name)
    report = verify(**vars(parser.parse_args()))
    sys.stdout.buffer.write(f"{report}\n".encode())
    raise SystemExit(not report.ok)
