"""Does a record follow from its odds sheet and its randomness? Bytes in, numbered findings out.

The standard library alone, no import from the package: this file is the whole verifier, of draws
and of stages (docs/spec.md). What is empty, missing, unknown or of another type fails. The checks,
by the number of their findings (after one of 1 to 10 or 13 the rest is skipped):
 1. What is given can be read.  2. The record is canonical JSON: RFC 8785, integers within ±2^53.
 3. Record and commitment have exactly the protocol's keys, each of the right form.
 4. The commitment is the published one.  5. The randomness is the source's.  6. The seeds follow.
 7. The sheet's SHA-256 is the committed one; for a stage, that of the record before is its parent.
 8. The sheet's header is canonical and the committed task's; no cell takes more than its size.
 9. Each line is canonical, after the one before by id, with a cell for at least one item.
10. Each cell's size is its count of subjects.  12. Cells, visits, reserves follow from the tickets.
11. Teams stand where a matcher was committed, and nowhere else; a stage's are of its visits alone.
13. The odds are the bound ones, all sums right.  14. The teams follow from the odds by rounding.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from datetime import date
from operator import methodcaller
from pathlib import Path
from traceback import format_exception_only
from typing import Any, NamedTuple

V1, LIMIT, NO_BOUND = "randcheck/v1", 100, b"\xff" * 33  # LIMIT: findings in a report
UTF_16 = methodcaller("encode", "utf-16-be", "surrogatepass")
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr)
KINDS = "parse_int", "parse_float", "parse_constant"  # read as what can not be canonical:
HOOKS: Any = dict.fromkeys(KINDS, lambda text: max(-(2**53), min(int(text[:17]), 2**53)))
HOOKS["object_pairs_hook"] = lambda pairs: dict(sorted(pairs, key=lambda pair: UTF_16(pair[0])))
SPECIAL = bytes({*range(32), ord("\\")} - {ord("\n")})  # in a sheet only where ids need escapes
ENDING = re.compile(rb"(null|0|[1-9][0-9]{0,8})(,(null|0|[1-9][0-9]{0,8}))*\]\]")
FORMS: dict[str, Any] = {  # an object's keys with their forms (`?` admits null, `+` further keys)
    "draw": "protocol:v1 commitment:commitment randomness:text seed:hex subjects_seed:hex "
    "inspectors_seed:hex? cells:list visits:list reserves:list odds_sha256:hex?",
    "commitment": "protocol:v1 nonce:string task:task sampler:strategy matcher:strategy? "
    "inputs:inputs excluded:counts sheet_sha256:hex source:source parent:hex?",
    "stage": "protocol:v1 commitment:bound randomness:text seed:hex inspectors_seed:hex teams:list",
    "bound": "protocol:v1 nonce:string task:day matcher:strategy inputs:inputs source:source "
    "parent:hex odds_sha256:hex kind:kind recusal:recusal? visits:ids",
    "recusal": "decided:date leaving:ids reason:text staying:rising", "day": "id:text as_of:date",
    "task": "id:text items:texts as_of:date reserves:count +", "source": "grade:grade kind:text +",
    "strategy": "name:text distribution:text version:text parameters:object",
    "inputs": "subjects:hex items:hex inspectors:hex? history:hex?",
    "sheet": "cells:cells items:texts protocol:v1 task_id:text",
    "odds": "bits:bits capacities:limits inspectors:rising protocol:v1",  # or a type and a rule:
    "string": (str, type), "text": (str, bool), "object": (dict, type), "list": (list, type),
    "v1": (str, V1.__eq__), "kind": (str, re.compile("teams|recusal").fullmatch),
    "hex": (str, re.compile("[0-9a-f]{64}").fullmatch), "bits": (int, lambda n: 0 < n < 31),
    "grade": (str, re.compile("G[012]").fullmatch), "count": (int, lambda n: n >= 0),
    "date": (str, lambda day: date.fromisoformat(day).isoformat() == day),
    "counts": (dict, lambda v: all(key and _fits("count", v[key]) for key in v)),
    "limits": (list, lambda v: all(_fits("count?", most) for most in v)),
    "texts": (list, lambda v: 0 < len(v) == len({x for x in v if type(x) is str and x})),
    "rising": (list, lambda v: [*map(type, v)] == [str] * len(v) and v == sorted({*v} - {""})),
    "ids": (list, lambda v: v and _fits("rising", v)),
    "team": (list, lambda v: len(v) > 1 and _fits("rising", v)),
    "cells": (list, lambda v: all([*map(type, x)] == [int] * 2 and 0 <= x[1] <= x[0] for x in v)),
}  # fmt: skip


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
    """Check a draw's record with its odds sheet, a stage's with the record before. Never raises.

    Each is bytes, a path, or has `to_bytes()`; `commitment` and `randomness` are as published.
    """
    checks = _Checks()
    try:
        checks.run(record, sheet, odds, commitment, randomness)
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        if all(finding.severity == "error" for finding in checks.findings):
            told = format_exception_only(error)[0].strip()[:200]
            checks.findings += (Finding(*checks.here, "what can be read", told),)
    return Report(checks.findings, checks.unchecked)


class _Checks:
    """One verification: its checks in order, and what they found."""

    findings, unchecked = tuple[Finding, ...](), tuple[str, ...]()
    here = 1, "fatal", "input"  # of the finding if what comes next can not be read
    candidates = frozenset[str]()  # who has a numerator in the odds

    def need(self, number: int, where: str, holds: Any, expected: str, found: Any = None) -> None:
        self.here, last = (number, "fatal", where), len(self.findings) == LIMIT - 1
        if not holds:
            pair = expected[:200], ENCODER.encode(found)[:200]
            pair = ("no further findings", "more") if last else pair
            severity = "fatal" if number < 11 or number == 13 or last else "error"
            self.findings += (Finding(number, severity, where, *pair),)
            if severity == "fatal":
                raise ValueError("the checks end here")

    def same(self, number: int, where: str, expected: Any, found: Any) -> None:
        """Whether a value is the expected one, at each place in it; true is not 1."""
        if type(expected) is type(found) is dict and expected.keys() == found.keys():
            for key in expected:
                self.same(number, f"{where}.{key}", expected[key], found[key])
        elif type(expected) is type(found) is list and len(expected) == len(found):
            for index, pair in enumerate(zip(expected, found, strict=True)):
                self.same(number, f"{where}[{index}]", *pair)
        else:
            mine = ENCODER.encode(expected)
            self.need(number, where, mine == ENCODER.encode(found), mine, found)

    def form(self, number: int, where: str, form: str, value: Any) -> None:
        """Whether a value has its form: an object exactly its keys, and each value its own."""
        self.here, rule = (number, "fatal", where), FORMS[form.rstrip("?")]
        if type(rule) is tuple:
            self.need(number, where, _fits(form, value), form, value)
        elif value is not None or form[-1] != "?":
            forms = dict(each.split(":") for each in rule.removesuffix(" +").split())
            keys = {*value} if type(value) is dict else set()
            good = keys >= forms.keys() if rule[-1] == "+" else keys == forms.keys()
            self.need(number, f"keys of {where}", good, rule, sorted(keys))
            for key in forms:
                self.form(number, f"{where}.{key}", forms[key], value[key])

    def run(self, record: Any, sheet: Any, odds: Any, commitment: Any, randomness: Any) -> None:
        given = {"commitment": commitment, "randomness": randomness}
        self.unchecked = tuple(name for name in given if given[name] is None)
        data, before, self.here = _bytes(record), _bytes(sheet), (2, "fatal", "record")
        stated = _canonical(data)
        stage = type(stated) is dict and "teams" in stated
        self.form(3, "record", "stage" if stage else "draw", stated)
        bound, text = stated["commitment"], stated["randomness"]
        task, matcher = bound["task"], bound["matcher"]
        self.need(3, "inputs.inspectors", not matcher or bound["inputs"]["inspectors"], "a digest")
        digest = hashlib.sha256(ENCODER.encode(bound).encode()).hexdigest()
        self.same(4, "commitment's SHA-256", digest if commitment is None else commitment, digest)
        self.same(5, "randomness", text if randomness is None else randomness, text)
        root = _seed(V1.encode(), task["id"].encode(), bytes.fromhex(digest), text.encode())
        subjects, inspectors = (_seed(name, root).hex() for name in (b"subjects", b"inspectors"))
        self.same(6, "seed", root.hex(), stated["seed"])
        self.same(6, "subjects_seed", subjects, stated.get("subjects_seed", subjects))
        self.same(6, "inspectors_seed", inspectors if matcher else None, stated["inspectors_seed"])
        claim, drawn = (bound if stage else stated)["odds_sha256"], None
        self.need(11, "odds", odds is None or claim, "none, as the record says", "some")
        self.need(11, "odds_sha256", matcher or claim is None, "null without a matcher", claim)
        if odds is not None and claim is not None:
            drawn = self.odds(_bytes(odds), claim, inspectors)
            self.unchecked += ("matcher",) * (not stage)
        self.unchecked += ("odds", "teams") * (matcher is not None and drawn is None)
        outcome = self.stage(before, bound) if stage else self.sheet(before, bound, subjects)
        self.teams(stated, outcome, drawn, bound.get("recusal"))
        if ENCODER.encode(stated | outcome).encode() != data:
            for key, entries in outcome.items():
                self.same(11 if stage else 12, key, entries, stated[key])

    def teams(self, stated: Any, outcome: Any, drawn: Any, recusal: Any) -> None:
        """Who is in each team: the outcome is given the teams as stated, once they are judged."""
        key, matcher = "visits" if "visits" in stated else "teams", stated["commitment"]["matcher"]
        leaving, staying = ({*recusal[x]} if recusal else set() for x in ("leaving", "staying"))
        size, partial = (matcher and matcher["parameters"].get(x) for x in ("team_size", "partial"))
        least = len(leaving | staying) or (size if type(size) is int else 2)
        null, names = key == "visits" and (not matcher or partial is True), [*(drawn or ())]
        visits = {visit["subject"] for visit in outcome[key]}
        self.need(14, "subjects of the odds", visits.issuperset(names), "visits alone", names)
        for number, (visit, entry) in enumerate(zip(outcome[key], stated[key], strict=False)):
            team: Any = entry.get("team") if type(entry) is dict else None
            good = matcher and _fits("team", team) and len(team) >= least and staying <= {*team}
            good = good and leaving.isdisjoint(team) and (not recusal or len(team) == least)
            where, good = f"{key}[{number}].team", good or (null and team is None)
            self.need(11, where, good, f"{least} people or more", team)
            visit["team"] = team
            if drawn is not None:
                came = drawn.get(visit["subject"])
                self.same(14, where, came and sorted(staying.union(came)), team)

    def stage(self, data: bytes, bound: Any) -> dict[str, list[Any]]:
        """What a stage's record must say, but for its teams."""
        self.same(7, "parent's SHA-256", bound["parent"], hashlib.sha256(data).hexdigest())
        parent, visits, recusal = _canonical(data), bound["visits"], bound["recusal"]
        self.same(7, "task.id", parent["commitment"]["task"]["id"], bound["task"]["id"])
        self.same(11, "kind", "recusal" if recusal else "teams", bound["kind"])
        teams = {x["subject"]: x["team"] for x in parent.get("teams", parent.get("visits"))}
        if recusal:
            whole, known = sorted(recusal["leaving"] + recusal["staying"]), visits[0] in teams
            self.need(11, "visits", len(visits) == 1, "one visit", visits)
            self.need(11, "leaving", _fits("ids", whole), "nobody who stays", whole)
            self.need(14, "candidates", self.candidates.isdisjoint(whole), "nobody of these", whole)
            self.unchecked += ("published odds",) + ("team before",) * (not known)
            if known or parent["commitment"].get("kind") != "recusal":
                self.same(11, "team before", teams.get(visits[0]), whole)
        else:
            good = "visits" in parent and teams == dict.fromkeys(visits)
            self.need(11, "visits", good, "all of a draw without teams", visits)
        return {"teams": [{"subject": subject, "team": None} for subject in visits]}

    def odds(self, data: bytes, digest: str, seed: str) -> dict[str, list[str]]:
        """The people that the odds table and the seed give each subject, ascending."""
        self.same(13, "odds' SHA-256", digest, hashlib.sha256(data).hexdigest())
        self.need(13, "odds, line 1", data.endswith(b"\n"), "lines, each ended by a newline")
        head, *lines = map(_canonical, data[:-1].split(b"\n"))
        self.form(13, "odds", "odds", head)
        one, people, loads = 1 << head["bits"], head["inspectors"], Counter[int]()
        value, names = dict[tuple[int, int, int], int](), [name for name, _ in lines]
        for number, (name, slots) in enumerate(lines):
            good, own = type(name) is str and names[number - 1 : number] < [name], Counter[int]()
            for slot, (places, who, odds) in enumerate(slots):
                good = good and {*map(type, (places, *who, *odds))} == {int} and places > 0
                good = good and sum(odds) == places * one and who == sorted({*who})
                good = good and min(who) >= 0 < min(odds)
                own.update(dict(zip(who, odds, strict=True)))
                value |= {(i, number, slot): n for i, n in zip(who, odds, strict=True)}
            loads.update(own)
            good = good and slots and max(own.values()) <= one
            self.need(13, f"odds, line {number + 2}", good, "a later subject, the right sums", name)
        limits = enumerate(zip(people, head["capacities"], strict=True))
        above = [who for i, (who, most) in limits if most is not None and loads[i] > most * one]
        self.same(13, "inspectors above their capacity", [], above)
        self.candidates = frozenset(people[i] for i in loads)
        for bit in range(head["bits"]):
            _round(value, bit, names, seed)
        teams: dict[str, list[str]] = {name: [] for name in names}
        for i, number, _ in sorted(entry for entry, n in value.items() if n):
            teams[names[number]].append(people[i])
        return teams

    def sheet(self, data: bytes, bound: Any, seed: str) -> dict[str, list[Any]]:
        """Cells, visits (their teams left open) and reserves, from each cell's lowest tickets."""
        self.same(7, "sheet's SHA-256", bound["sheet_sha256"], hashlib.sha256(data).hexdigest())
        self.here, (first, _, body) = (8, "fatal", "sheet, line 1"), data.partition(b"\n")
        header, task, spare = _canonical(first), bound["task"], bound["task"]["reserves"]
        self.form(8, "sheet", "sheet", header)
        self.same(8, "sheet", [task["id"], task["items"]], [header["task_id"], header["items"]])
        self.need(9, "sheet", body.endswith(b"\n"), "lines, each ended by a newline", body[-20:])
        body.decode()  # raises where it is not UTF-8
        cells, items = header["cells"], task["items"]
        bounds = [_bound(min(take + spare, size), size) for size, take in cells]
        sizes, found = self.scan(body, seed, len(items), bounds)
        self.same(10, "sizes of the cells", [size for size, _ in cells], sizes)
        if any(len(x) < min(take + spare, n) for x, (n, take) in zip(found, cells, strict=True)):
            _, found = self.scan(body, seed, len(items), [NO_BOUND] * len(cells))
        out: dict[str, list[Any]] = {"cells": [], "visits": [], "reserves": []}
        visited: dict[Any, list[int]] = {}
        for cell, (order, (size, take)) in enumerate(zip(map(sorted, found), cells, strict=True)):
            last = order[take - 1][0].hex() if take else None
            out["cells"].append({"last_ticket": last, "size": size, "take": take})
            for entry in order[:take]:
                visited.setdefault(entry, []).append(cell)
            for ticket, who, _ in order[take : take + spare]:
                kept = {"cell": cell, "subject": who.decode(), "ticket": ticket.hex()}
                out["reserves"].append(kept)
        for (ticket, who, pattern), own in sorted(visited.items()):
            due = [item for item, cell in zip(items, pattern, strict=True) if cell in own]
            visit = {"cells": own, "items": due, "subject": who.decode(), "team": None}
            out["visits"].append(visit | {"ticket": ticket.hex()})
        return out

    def scan(self, body: bytes, seed: str, items: int, bounds: list[bytes]) -> tuple[Any, Any]:
        """For each cell its size, and its tickets below its bound, with the id and line's cells."""
        known: dict[bytes, list[Any]] = {}  # ending → bound, count, cells as set and as tuple
        sizes, found = [0] * len(bounds), [list[Any]() for _ in bounds]
        start, previous = hashlib.sha256(f"{seed}:".encode()).copy, b""
        for line, (name, _, ending) in enumerate(_rows(body), 2):
            if ending not in known or name <= previous:
                cells = json.loads(b"[" + ending[:-1]) if ENDING.fullmatch(ending) else []
                own, told = {*cells} - {None}, [name.decode(), ending.decode()]
                good = len(cells) == items and -1 < max(own, default=-1) < len(bounds)
                good = good and name > previous
                self.need(9, f"sheet, line {line}", good, "a later id with its cells", told)
                known[ending] = [max(bounds[cell] for cell in own), 0, own, tuple(cells)]
            entry, previous = known[ending], name
            entry[1] += 1
            state = start()
            state.update(name)
            ticket = state.digest()
            if ticket < entry[0]:
                for cell in entry[2]:
                    found[cell].append((ticket, name, entry[3]))
        for _, count, own, _ in known.values():
            for cell in own:
                sizes[cell] += count
        return sizes, found


def _round(value: dict[Any, int], bit: int, names: list[str], seed: str) -> None:
    """One bit of the numerators of (inspector, line, slot): each active one gains or loses it."""
    active = [entry for entry, n in value.items() if n >> bit & 1]
    row = {entry: active[n ^ 1] for n, entry in enumerate(active)}  # each slot has an even number
    column, left = dict[Any, Any](), sorted(active)
    for depth in (2, 1, 0):  # links in a visit, then of an inspector, then of all
        rest: list[Any] = []
        for entry in left:
            if rest and rest[-1][:depth] == entry[:depth]:
                column[entry] = rest.pop()
                column[column[entry]] = entry
            else:
                rest.append(entry)
        left = rest
    for entry in active:
        if entry in row:  # the leader of a cycle
            i, number, slot = entry
            named = (str(x).encode() for x in (bit, names[number], slot, i // 256))
            coin = _seed(*named, start=f"{seed}:".encode())[i % 256 // 8] >> 7 - i % 8 & 1
            gain = 1 << bit if coin else -1 << bit
            while entry in row:
                other = row.pop(entry)
                del row[other]
                value[entry], value[other] = value[entry] + gain, value[other] - gain
                entry = column[other]


def _rows(body: bytes) -> Any:
    """Each line's id, what parts it from its cells, and their text up to the line's end."""
    rows = body[2:-1].split(b'\n["')
    plain = body[:2] == b'["' and len(body.translate(None, SPECIAL)) == len(body)
    if plain and (body.count(b"\n"), body.count(b'"')) == (len(rows), 2 * len(rows)):
        return (row.partition(b'",[') for row in rows)  # one quote in each: the id's end
    values = map(_canonical, body[:-1].split(b"\n"))  # ids that need escapes
    return ((x.encode(), b"", ENCODER.encode(cells)[1:].encode() + b"]") for x, cells in values)


def _bound(count: int, size: int) -> bytes:
    """What more than `count` of `size` tickets are below, but for one draw in 10^9."""
    generous = count + 6 * int(count**0.5) + 20
    return NO_BOUND if generous >= size else ((generous << 256) // size).to_bytes(32, "big")


def _fits(form: str, value: Any) -> bool:
    kind, holds = FORMS[form.rstrip("?")]
    return (form[-1] == "?" and value is None) or (type(value) is kind and bool(holds(value)))


def _bytes(given: Any) -> bytes:
    data = given.to_bytes() if hasattr(given, "to_bytes") else given
    return data if isinstance(data, bytes) else Path(data).read_bytes()


def _canonical(data: bytes) -> Any:
    value = json.loads(data.decode(), **HOOKS)
    if ENCODER.encode(value).encode() != data:
        raise ValueError("not canonical: blanks, escapes, order of keys, a key twice, a number")
    return value


def _seed(*fields: bytes, start: bytes = b"") -> bytes:
    return hashlib.sha256(start + b"".join(len(x).to_bytes(8, "big") + x for x in fields)).digest()


if __name__ == "__main__":
    example = "example: python verify.py record.json sheet.jsonl --randomness '05 09 12 + 08'"
    parser = argparse.ArgumentParser(description="Check the record of a draw.", epilog=example)
    for name in ("record", "sheet", "--odds", "--commitment", "--randomness"):
        parser.add_argument(name)
    report = verify(**vars(parser.parse_args()))
    sys.stdout.buffer.write(f"{report}\n".encode())
    raise SystemExit(not report.ok)
