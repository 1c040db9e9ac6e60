"""Does a record follow from its odds sheet and its randomness? Bytes in, numbered findings out.

The standard library alone, no import from the package: this file is the whole verifier, for draws
and for stages (docs/spec.md). What is empty, missing, unknown or of another type fails; nothing is
repaired. The checks, by the number of their findings (one of 1 to 10 or 13 ends them):
 1. What is given can be read.  2. The record is canonical JSON: RFC 8785, integers within ±2^53.
 3. Record and commitment have exactly the protocol's keys, each of the right form.
 4. The commitment's SHA-256 is the published one.  5. The randomness is what the source gave.
 6. Seed and purpose seeds follow from task, commitment and randomness.
 7. The sheet's SHA-256 is the committed one; for a stage, that of the record before is its parent.
 8. The sheet's header is canonical and the committed task's; no cell takes more than its size.
 9. Each line is canonical, after the one before by id, with a cell for at least one item.
10. Each cell's size is the count of its subjects.
11. Teams stand where a matcher was committed, and nowhere else; a stage's are of its visits alone.
12. Cells, visits and reserves follow from the tickets.
13. The odds are those that were bound, each line canonical; places, pairs and capacities add up.
14. The teams follow from the odds by rounding.
"""

import argparse
import hashlib
import json
import re
import sys
from datetime import date
from operator import methodcaller
from pathlib import Path
from traceback import format_exception_only
from typing import Any, NamedTuple

V1 = "randcheck/v1"
LIMIT = 100  # findings in a report
NO_BOUND = b"\xff" * 33
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr)
SPECIAL = bytes({*range(32), ord("\\")} - {ord("\n")})  # in a sheet only where ids need escapes
ENDING = re.compile(rb"(null|0|[1-9][0-9]{0,8})(,(null|0|[1-9][0-9]{0,8}))*\]\]")
# fmt: off
FORMS: dict[str, tuple[type, Any]] = {  # a type, and what else must hold (`type`: nothing)
    "string": (str, type), "text": (str, bool), "object": (dict, type), "list": (list, type),
    "v1": (str, V1.__eq__), "grade": (str, re.compile("G[012]").fullmatch),
    "count": (int, lambda n: n >= 0), "hex": (str, re.compile("[0-9a-f]{64}").fullmatch),
    "date": (str, lambda day: date.fromisoformat(day).isoformat() == day),
    "counts": (dict, lambda v: all(key and _fits("count", v[key]) for key in v)),
    "texts": (list, lambda v: 0 < len(v) == len({x for x in v if type(x) is str and x})),
    "rising": (list, lambda v: [*map(type, v)] == [str] * len(v) and v == sorted({*v} - {""})),
    "ids": (list, lambda v: v and _fits("rising", v)), "bits": (int, lambda n: 0 < n < 31),
    "team": (list, lambda v: len(v) > 1 and _fits("rising", v)),
    "kind": (str, {"teams", "recusal"}.__contains__),
    "limits": (list, lambda v: all(_fits("count?", most) for most in v)),
    "cells": (list, lambda v: all([*map(type, x)] == [int] * 2 and 0 <= x[1] <= x[0] for x in v)),
}
KEYS = {  # each object's keys with the form of their values; `?` admits null, `+` further keys
    "record": "protocol:v1 commitment:commitment randomness:text seed:hex subjects_seed:hex "
    "inspectors_seed:hex? cells:list visits:list reserves:list odds_sha256:hex?",
    "commitment": "protocol:v1 nonce:string task:task sampler:strategy matcher:strategy? "
    "inputs:inputs excluded:counts sheet_sha256:hex source:source parent:hex?",
    "task": "id:text items:texts as_of:date reserves:count +:",
    "strategy": "name:text distribution:text version:text parameters:object",
    "inputs": "subjects:hex items:hex inspectors:hex? history:hex?",
    "source": "grade:grade kind:text +:", "sheet": "cells:cells items:texts protocol:v1 task_id:text",
    "stage": "protocol:v1 commitment:bound randomness:text seed:hex inspectors_seed:hex teams:list",
    "bound": "inputs:inputs kind:kind matcher:strategy nonce:string odds_sha256:hex parent:hex "
    "protocol:v1 recusal:recusal? source:source task:day visits:ids", "day": "id:text as_of:date",
    "recusal": "decided:date leaving:ids reason:text staying:rising",
    "odds": "bits:bits capacities:limits inspectors:rising protocol:v1",
}
# fmt: on


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
    """Check a draw's record against its odds sheet, a stage's against the record before it.

    Each is bytes, a path, or has `to_bytes()`; `commitment` is the published digest, `randomness`
    the source's text. Raises nothing, ever.
    """
    checks = _Checks()
    try:
        checks.run(record, sheet, odds, commitment, randomness)
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        if not checks.ended:
            told = format_exception_only(error)[0].strip()[:200]
            checks.findings.append(Finding(*checks.here, "what can be read", told))
    return Report(tuple(checks.findings), tuple(checks.unchecked))


class _Checks:
    def __init__(self) -> None:
        self.findings, self.unchecked = list[Finding](), list[str]()
        self.here, self.ended = (1, "fatal", "input"), False  # where an exception would be found

    def need(
        self, number: int, where: str, holds: Any, expected: str = "", found: Any = None
    ) -> None:
        """A check: what does not hold is a finding; some end all checks."""
        self.here = number, "fatal", where
        if not holds:
            fatal = number < 11 or number == 13
            severity, shown = "fatal" if fatal else "error", ENCODER.encode(found)[:200]
            self.findings.append(Finding(number, severity, where, expected[:200], shown))
            if len(self.findings) == LIMIT:
                self.findings[-1] = Finding(*self.here, "no further findings", "more")
            self.ended = fatal or len(self.findings) == LIMIT
            if self.ended:
                raise ValueError(where)

    def same(self, number: int, where: str, expected: Any, found: Any) -> None:
        """Whether a value is the expected one, at each place in it; true is not 1."""
        if type(expected) is type(found) is dict and expected.keys() == found.keys():
            for key in expected:
                self.same(number, f"{where}.{key}", expected[key], found[key])
        elif type(expected) is type(found) is list:
            self.same(number, f"length of {where}", len(expected), len(found))
            for index, pair in enumerate(zip(expected, found, strict=False)):
                self.same(number, f"{where}[{index}]", *pair)
        else:
            mine = ENCODER.encode(expected)
            self.need(number, where, mine == ENCODER.encode(found), mine, found)

    def form(self, number: int, name: str, value: Any) -> None:
        """Whether an object has exactly its keys, and each value its form."""
        forms = dict(each.split(":") for each in KEYS[name].split())
        more, keys = forms.pop("+", None), {*value} if type(value) is dict else set()
        good = keys >= forms.keys() if more == "" else keys == forms.keys()
        self.need(number, f"keys of {name}", good, " ".join(sorted(forms)), sorted(keys))
        for key, form in forms.items():
            self.here = number, "fatal", f"{name}.{key}"
            if (part := form.rstrip("?")) in FORMS:
                self.need(number, f"{name}.{key}", _fits(form, value[key]), form, value[key])
            elif value[key] is not None or part == form:
                self.form(number, part, value[key])

    def run(self, record: Any, sheet: Any, odds: Any, commitment: Any, randomness: Any) -> None:
        """All checks in order."""
        given = {"commitment": commitment, "randomness": randomness}
        self.unchecked += [name for name in given if given[name] is None]
        data, before, self.here = _bytes(record), _bytes(sheet), (2, "fatal", "record")
        stated = _canonical(data)
        stage = type(stated) is dict and "teams" in stated
        self.form(3, "stage" if stage else "record", stated)
        bound, text = stated["commitment"], stated["randomness"]
        task, matcher = bound["task"], bound["matcher"]
        self.need(3, "inputs.inspectors", not matcher or bound["inputs"]["inspectors"], "a digest")
        digest = hashlib.sha256(ENCODER.encode(bound).encode()).hexdigest()
        self.same(4, "commitment's SHA-256", digest if commitment is None else commitment, digest)
        self.same(5, "randomness", text if randomness is None else randomness, text)
        seed = _seed(V1.encode(), task["id"].encode(), bytes.fromhex(digest), text.encode())
        self.same(6, "seed", seed.hex(), stated["seed"])
        right = _seed(b"inspectors", seed).hex() if matcher else None
        self.same(6, "inspectors_seed", right, stated["inspectors_seed"])
        claim, drawn = (bound if stage else stated)["odds_sha256"], None
        outcome = None if stage else self.sheet(before, stated, _seed(b"subjects", seed).hex())
        self.need(11, "odds", odds is None or claim, "none, as the record says", "some")
        self.need(11, "odds_sha256", matcher or claim is None, "null without a matcher", claim)
        if odds is not None and claim is not None:
            drawn = self.drawn(_bytes(odds), claim, stated["inspectors_seed"])
        self.unchecked += ["odds", "teams"] * (matcher is not None and drawn is None)
        if outcome is None:
            self.stage(before, stated, drawn)
        else:
            self.unchecked += ["matcher"] * (drawn is not None)
            self.draw(data, stated, outcome, drawn)

    def draw(self, data: bytes, stated: Any, outcome: Any, drawn: Any) -> None:
        """The teams of a draw; cells, visits and reserves."""
        matcher, visits = stated["commitment"]["matcher"], stated["visits"]
        visits = [visit if type(visit) is dict else {} for visit in stated["visits"]]
        size, partial = (matcher and matcher["parameters"].get(x) for x in ("team_size", "partial"))
        least = size if type(size) is int else 2
        subjects, lines = [visit.get("subject") for visit in visits], [*(drawn or ())]
        self.need(14, "subjects of the odds", {*lines} <= {*subjects}, "visits alone", lines)
        for number, (visit, subject) in enumerate(zip(visits, subjects, strict=True)):
            team, where = visit.get("team"), f"visits[{number}].team"
            good = matcher and _fits("team", team) and len(team) >= least
            good = good or (team is None and (not matcher or partial is True))
            self.need(11, where, good, f"{least} people or more, or null", team)
            if drawn is not None:
                self.same(14, where, drawn.get(subject), team)
        for mine, visit in zip(outcome["visits"], visits, strict=False):
            mine["team"] = visit.get("team")  # judged above
        if ENCODER.encode(stated | outcome).encode() != data:
            for key, entries in outcome.items():
                self.same(12, key, entries, stated[key])

    def stage(self, data: bytes, stated: Any, drawn: Any) -> None:
        """A stage: its parent, whom it is about, and that nobody else comes than who was drawn."""
        bound, leaving, staying = stated["commitment"], set[str](), set[str]()
        self.same(7, "parent's SHA-256", bound["parent"], hashlib.sha256(data).hexdigest())
        parent, visits, recusal = _canonical(data), bound["visits"], bound["recusal"]
        self.same(7, "task.id", parent["commitment"]["task"]["id"], bound["task"]["id"])
        teams = {x["subject"]: x["team"] for x in parent.get("teams", parent.get("visits"))}
        self.same(11, "kind", "recusal" if recusal else "teams", bound["kind"])
        if recusal:
            leaving, staying = {*recusal["leaving"]}, {*recusal["staying"]}
            whole, after = sorted(leaving | staying), parent["commitment"].get("kind")
            self.need(11, "visits", len(visits) == 1 and not leaving & staying, "one visit", visits)
            team = teams.get(visits[0], whole if after == "recusal" else None)
            self.same(11, "team before", team, whole)
            self.unchecked += ["published odds"] + ["team before"] * (visits[0] not in teams)
        else:
            first = "visits" in parent and not any(team is not None for team in teams.values())
            self.need(11, "parent", first, "a draw without teams", parent)
            self.same(11, "visits", sorted(teams), visits)
        self.same(11, "subjects of teams", visits, [entry["subject"] for entry in stated["teams"]])
        for entry in stated["teams"]:
            team, size = entry["team"], len(leaving | staying)
            good = len(entry) == 2 and _fits("team", team) and len(team) == (size or len(team))
            good = good and staying <= {*team} and leaving.isdisjoint(team)
            self.need(11, "team", good, "who stays, and for each who leaves somebody else", team)
        if drawn is not None:
            self.same(14, "subjects of the odds", visits, [*drawn])
            self.need(14, "candidates", (leaving | staying).isdisjoint(self.candidates), "others")
            teams = [sorted(staying.union(drawn[name])) for name in visits]
            self.same(14, "teams", teams, [entry["team"] for entry in stated["teams"]])

    def drawn(self, data: bytes, digest: str, seed: str) -> dict[str, list[str]]:
        """The people that the odds table and the seed give each subject, ascending."""
        self.same(13, "odds' SHA-256", digest, hashlib.sha256(data).hexdigest())
        self.need(13, "odds, line 1", data.endswith(b"\n"), "lines, each ended by a newline")
        head, *lines = map(_canonical, data[:-1].split(b"\n"))
        self.form(13, "odds", head)
        one, people, entries, value = 1 << head["bits"], head["inspectors"], [], list[int]()
        loads, names = [0] * len(people), [name for name, _ in lines]
        for number, (name, slots) in enumerate(lines):
            own: dict[int, int] = {}
            good = type(name) is str and (number == 0 or names[number - 1] < name) and slots
            for slot, (places, who, odds) in enumerate(slots):
                good = good and {*map(type, (places, *who, *odds))} == {int} and places > 0
                good = good and min(odds) > 0 <= min(who) and who == sorted({*who})
                good = good and sum(odds) == places * one
                for i, n in zip(who, odds, strict=True):
                    own[i], loads[i] = own.get(i, 0) + n, loads[i] + n
                    entries.append((i, number, slot))
                    value.append(n)
            good = good and max(own.values()) <= one
            self.need(13, f"odds, line {number + 2}", good, "a later subject, the right sums", name)
        limits = zip(people, loads, head["capacities"], strict=True)
        above = [name for name, load, most in limits if most is not None and load > most * one]
        self.same(13, "inspectors above their capacity", [], above)
        self.candidates = {people[i] for i, _, _ in entries}
        teams = {name: set[str]() for name in names}
        for (i, number, _), n in zip(
            entries, _round(entries, value, names, head, seed), strict=True
        ):
            teams[names[number]] |= {people[i]} if n else set()
        return {name: sorted(own) for name, own in teams.items()}

    def sheet(self, data: bytes, stated: Any, seed: str) -> dict[str, list[Any]]:
        """Cells, visits (their teams left open) and reserves, from each cell's lowest tickets."""
        bound, out = stated["commitment"], {"cells": [], "visits": [], "reserves": []}
        self.same(6, "subjects_seed", seed, stated["subjects_seed"])
        self.same(7, "sheet's SHA-256", bound["sheet_sha256"], hashlib.sha256(data).hexdigest())
        self.here, (first, _, body) = (8, "fatal", "sheet, line 1"), data.partition(b"\n")
        header, task, spare = _canonical(first), bound["task"], bound["task"]["reserves"]
        self.form(8, "sheet", header)
        self.same(8, "sheet", [task["id"], task["items"]], [header["task_id"], header["items"]])
        self.need(9, "sheet", body.endswith(b"\n"), "lines, each ended by a newline", body[-20:])
        body.decode()  # raises where it is not UTF-8
        cells, bounds = header["cells"], [_bound(take + spare, size) for size, take in cells]
        sizes, found = self.scan(body, seed, len(task["items"]), bounds)
        self.same(10, "sizes of the cells", [size for size, _ in cells], sizes)
        if any(len(x) < min(take + spare, n) for x, (n, take) in zip(found, cells, strict=True)):
            _, found = self.scan(body, seed, len(task["items"]), [NO_BOUND] * len(cells))
        visited: dict[tuple[Any, ...], list[int]] = {}
        for cell, (order, (size, take)) in enumerate(zip(found, cells, strict=True)):
            order.sort()
            last = order[take - 1][0].hex() if take else None
            out["cells"].append({"last_ticket": last, "size": size, "take": take})
            for entry in order[:take]:
                visited.setdefault(entry, []).append(cell)
            for ticket, who, _ in order[take : take + spare]:
                reserve = {"cell": cell, "subject": who.decode(), "ticket": ticket.hex()}
                out["reserves"].append(reserve)
        for (ticket, who, pattern), own in sorted(visited.items()):
            items = [item for item, cell in zip(task["items"], pattern, strict=True) if cell in own]
            visit = {"cells": own, "items": items, "subject": who.decode(), "team": None}
            out["visits"].append(visit | {"ticket": ticket.hex()})
        return out

    def scan(self, body: bytes, seed: str, items: int, bounds: list[bytes]) -> tuple[Any, Any]:
        """For each cell its size, and its tickets below its bound, with the id and line's cells."""
        found: list[list[Any]] = [[] for _ in bounds]
        known: dict[bytes, list[Any]] = {}  # ending → bound, count, cells as set and as tuple
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
        counts = [(count, own) for _, count, own, _ in known.values()]
        return [sum(n for n, own in counts if cell in own) for cell in range(len(bounds))], found


def _round(entries: Any, value: list[int], names: list[str], head: Any, seed: str) -> list[int]:
    """Each entry's numerator when all bits are rounded: 0 for those who are not in a team."""
    for bit in range(head["bits"]):
        active = [e for e, n in enumerate(value) if n >> bit & 1]
        row, column = dict[int, int](), dict[int, int]()
        _link(active, [entries[e][1:] for e in active], row)
        left = sorted(active, key=entries.__getitem__)  # by inspector, then visit, then slot
        for depth in (2, 1, 0):
            left = _link(left, [entries[e][:depth] for e in left], column)
        for leader in active:
            if leader not in row:
                continue
            i, visit, slot = entries[leader]
            named = (str(x).encode() for x in (bit, names[visit], slot, i // 256))
            coin = _seed(*named, start=f"{seed}:".encode())[i % 256 // 8] >> 7 - i % 8 & 1
            e, gain = leader, 1 << bit if coin else -1 << bit
            while e in row:
                other = row.pop(e)
                del row[other]
                value[e], value[other] = value[e] + gain, value[other] - gain
                e = column[other]
    return value


def _link(entries: list[int], groups: list[Any], partner: dict[int, int]) -> list[int]:
    """Link entries of the same group two by two; those that are left, in order."""
    waiting: dict[Any, int] = {}
    for e, group in zip(entries, groups, strict=True):
        if (other := waiting.pop(group, None)) is None:
            waiting[group] = e
        else:
            partner[e], partner[other] = other, e
    return [*waiting.values()]


def _rows(body: bytes) -> Any:
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
    return dict(sorted(pairs, key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass")))


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
