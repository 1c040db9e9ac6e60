"""Does a record follow from its odds sheet and its randomness? Bytes in, numbered findings out.

The standard library alone; nothing is repaired. Findings 11, 12, 14 are errors, others fatal: the
last. Of 1 input, 2 canonical JSON, 3 forms, 4 commitment, 5 randomness, 6 seeds, 7 SHA-256 of the
sheet (a stage: parent), 8 header, 9 lines, 10 sizes, 11 teams at all, 12 visits, 13 odds, 14 teams.
"""

import argparse
import gc
import json
import operator
import re
import sys
from collections import Counter
from datetime import date
from hashlib import sha256
from pathlib import Path
from traceback import format_exception_only
from typing import Any, NamedTuple

TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode
SORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
FORMS: dict[str, Any] = {  # a type and what else holds, or keys with forms; ?: or null, +: or more
    "teams": "protocol:v1 commitment:step randomness:text seed:hex inspectors_seed:hex teams:list",
    "cells": (list, lambda v: all([*map(type, x)] == [int] * 2 and 0 <= x[1] <= x[0] for x in v)),
    "counts": (dict, lambda v: "" not in v and all(_is("count", n) for n in v.values())),
    "texts": (list, lambda v: 0 < len(v) == len({x for x in v if _is("text", x)})),
    "strategy": "name:text distribution:text version:text parameters:object", "string": (str, type),
    "ids": (list, lambda v: not v or (_is("texts", v) and v == sorted(v))), "object": (dict, type),
    "date": (str, lambda day: date.fromisoformat(day).isoformat() == day), "list": (list, type),
    "limits": (list, lambda v: all(_is("count?", each) for each in v)), "text": (str, bool),
    "odds": "bits:bits capacities:limits inspectors:ids protocol:v1", "case": "id:text as_of:date",
    "inputs": "subjects:hex items:hex inspectors:hex? history:hex?",
    "recusal": "decided:date leaving:ids reason:text staying:ids", "count": (int, lambda n: n >= 0),
    "sheet": "cells:cells items:texts protocol:v1 task_id:text", "source": "grade:mark kind:text +",
    "task": "id:text items:texts as_of:date reserves:count +", "v1": (str, "randcheck/v1".__eq__),
    "hex": (str, re.compile("[0-9a-f]{64}").fullmatch), "bits": (int, range(1, 31).__contains__),
    "kind": (str, ("teams", "recusal").__contains__), "mark": (str, re.compile("G[012]").fullmatch),
    "visits": "protocol:v1 commitment:promise randomness:text seed:hex subjects_seed:hex "
    "inspectors_seed:hex? cells:list visits:list reserves:list odds_sha256:hex?",
    "promise": "protocol:v1 nonce:string task:task sampler:strategy matcher:strategy? "
    "inputs:inputs excluded:counts sheet_sha256:hex source:source parent:hex?",
    "step": "protocol:v1 nonce:string kind:kind task:case matcher:strategy inputs:inputs "
    "odds_sha256:hex visits:ids source:source parent:hex recusal:recusal?",
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
    """`ok`: nothing that was given failed. `unchecked` was not given; `grade` is the committed."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    grade: str = ""

    @property
    def ok(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        told = [*map(str, self.findings), *[f"grade {self.grade}, as committed"] * bool(self.grade)]
        told.append(f"not checked: {', '.join(self.unchecked) or 'nothing'}")
        return "\n".join([*told, "OK: all that was given holds" if self.ok else "REFUSED"])


def verify(
    record: Any, sheet: Any, *, odds: Any = None, commitment: Any = None, randomness: Any = None
) -> Report:
    """Check a draw's record with its sheet, a stage's with the record before it; never raises."""
    unchecked = ["commitment"] * (commitment is None) + ["randomness"] * (randomness is None)
    findings, number, where, grade, collects = list[Finding](), 1, "input", [""], gc.isenabled()
    gc.disable()  # millions of small objects without a cycle
    try:
        files = [x.to_bytes() if hasattr(x, "to_bytes") else x for x in (record, sheet, odds)]
        files = [x if isinstance(x, bytes | None) else Path(x).read_bytes() for x in files]
        for number, where, fits, *told in _checks(grade, unchecked, commitment, randomness, *files):
            kind = "error" if number in (11, 12, 14) else "fatal"
            if not fits:
                findings.append(Finding(number, kind, where, told[0][:200], TEXT(told[1])[:200]))
            if findings and (kind == "fatal" or len(findings) > 99):
                break
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = format_exception_only(error)[0].strip()[:200]
        findings.append(Finding(number, "fatal", where, "what can be read", text))
    finally:
        (gc.enable if collects else gc.disable)()
    findings[99:] = [Finding(number, "error", "record", "no others", "more")] * (len(findings) > 99)
    return Report(tuple(findings), tuple(unchecked), *grade)


def _checks(grade: Any, unchecked: Any, published: Any, source: Any, *files: Any) -> Any:
    stated = yield from _same(2, "record", ("object",), files[0])
    rows, ground = ("teams", "parent") if "teams" in stated else ("visits", "sheet_sha256")
    yield from _same(3, "record", (rows,), stated)
    bound, text, (data, before, odds) = stated["commitment"], stated["randomness"], files
    name, grade[0] = bound["task"]["id"], bound["source"]["grade"]
    matcher, claimed, draw = bound["matcher"], (bound | stated)["odds_sha256"], rows == "visits"
    yield 3, "inputs.inspectors", not matcher or bound["inputs"]["inspectors"], "a digest", None
    rest = {"teams": [], "recusal": ["published odds"]}.get(bound.get("kind"), ["matcher"])
    unchecked += ["odds", "teams"] * bool(matcher) if odds is None or claimed is None else rest
    digest, rules = sha256(TEXT(bound).encode()).hexdigest(), (matcher or {}).get("parameters", {})
    yield 4, "commitment's SHA-256", published in (None, digest), TEXT(published), digest
    yield 5, "randomness", source in (None, text), TEXT(source), text
    seed = sha256(_fields("randcheck/v1", name, bytes.fromhex(digest), text)).digest()
    subjects, dice = (sha256(_fields(x, seed)).hexdigest() for x in ("subjects", "inspectors"))
    seeds = {"seed": seed.hex(), "subjects_seed": subjects, "inspectors_seed": matcher and dice}
    yield from _same(6, "", seeds, {key: stated.get(key, seeds[key]) for key in seeds})
    yield from _same(7, ground, bound[ground], sha256(before).hexdigest())
    outcome = yield from (_sheet if draw else _stage)(before, stated, unchecked)
    yield 11, "odds", (matcher and claimed) or odds is claimed is None, "a claim, or none", claimed
    absent, size = not matcher or (draw and rules.get("partial") is True), rules.get("team_size")
    least = max(2, size) if type(size) is int else 2
    for index, (mine, theirs) in enumerate(zip(outcome[rows], stated[rows], strict=False)):
        team = mine["team"] = theirs.get("team") if type(theirs) is dict else None
        fits = absent if team is None else matcher and _is("ids", team) and len(team) >= least
        yield from [(11, f"{rows}[{index}].team", 0, f"{least} or more, sorted", team)] * (not fits)
    if TEXT(stated | outcome).encode() != data:
        yield from _same(12, "", stated | outcome, stated)
    if odds is not None:
        yield from _same(13, "odds_sha256", claimed, sha256(odds).hexdigest())
        teams = {row["subject"]: row["team"] for row in outcome[rows] if row["team"]}
        drawn = yield from _odds(odds, sorted(teams), f"{dice}:".encode(), bound.get("recusal"))
        yield from ((14, f"team: {x}", y == teams[x], TEXT(y), teams[x]) for x, y in drawn.items())


def _stage(data: bytes, stated: Any, unchecked: list[str]) -> Any:  # the teams, left open
    bound, recusal = stated["commitment"], stated["commitment"]["recusal"]
    rows = "teams" if data.startswith(b'{"commitment"') else "visits"
    parent = yield from _same(8, "parent", (rows,), data)
    yield from _same(10, "task.id", bound["task"]["id"], parent["commitment"]["task"]["id"])
    before = {each["subject"]: each["team"] for each in parent[rows]}
    if bound["kind"] == "teams":
        expected = ["visits", None, bound["visits"], [None] * len(before)]
        found = [rows, recusal, sorted(before), [*before.values()]]
    else:
        [subject], [team] = bound["visits"], [row["team"] for row in stated["teams"]]
        both, old = sorted(recusal["leaving"] + recusal["staying"]), before.get(subject)
        lost = old is None and parent["commitment"].get("kind") == "recusal"  # of another visit
        unchecked += ["team before"] * lost
        expected = [sorted({*both}), True, both, [len(both), *recusal["staying"]]]
        kept = [len(team), *(who for who in team if who in both)]
        found = [both, recusal["leaving"] != [], both if lost else sorted(old or ()), kept]
    yield from _same(10, "parent, recusal, team", expected, found)
    return {"teams": [{"subject": each, "team": None} for each in bound["visits"]]}


def _sheet(data: bytes, stated: Any, _: Any) -> Any:  # cells, visits without teams, reserves
    first, _, body = data.partition(b"\n")
    header = yield from _same(8, "sheet", ("sheet",), first)
    task, cells, items = stated["commitment"]["task"], header["cells"], header["items"]
    yield from _same(8, "sheet", [task["id"], task["items"]], [header["task_id"], items])
    yield 9, "sheet", body[:2] == b'["' and body[-1:] == b"\n", "lines with ends", body[-20:]
    start, bounds = sha256(f"{stated['subjects_seed']}:".encode()).copy, list[bytes]()
    for size, take in cells:  # fewer than n tickets are below it once in e^100 draws
        below = ((n := min(take + task["reserves"], size)) + n // 9 + 900 << 256) // (size or 1)
        bounds.append(min(below, 2**256 - 1).to_bytes(32, "big"))
    cut = (rows := body[2:-1].decode().encode()).replace(b'\n["', b'",[').split(b'",[')  # id, end
    odd = rows.translate(None, b"\\" + bytes({*range(32)} - {10})) != rows
    if odd or [body.count(b'"'), 2 * body.count(b"\n")] != [len(cut)] * 2:
        cut = [x for row in rows.split(b'\n["') for x in row.rpartition(b'",[')[::2]]
        cut[::2] = [_canonical(b'"%b"' % name).encode() for name in cut[::2]]
    names, ends, known, most, low = cut[::2], cut[1::2], dict[Any, Any](), {}, list[Any]()
    yield 9, "sheet", all(map(operator.lt, [b"", *names], names)), "ids that ascend", "others"
    for end in (count := Counter(ends)):
        [own] = _canonical(b"[[" + end)
        fits = {*map(type, own)} <= {int, type(None)} and len(own) == len(items)
        fits = fits and {None} != {*own} <= {None, *range(len(cells))}
        yield 9, f"sheet, line {ends.index(end) + 2}", fits, "a cell for an item", end.decode()
        known[end], most[end] = tuple(own), max(bounds[cell] for cell in {*own} - {None})
    for name, end, top in zip(names, ends, map(most.__getitem__, ends), strict=True):
        state = start()
        state.update(name)
        if (ticket := state.digest()) <= top:
            low.append((ticket, name, known[end]))
    sizes = [sum(n for x, n in count.items() if cell in known[x]) for cell in range(len(cells))]
    yield from _same(10, "sizes of the cells", [size for size, _ in cells], sizes)
    out, visits = dict[str, Any](cells=[], visits=[], reserves=[]), dict[Any, list[int]]()
    for cell, (size, take) in enumerate(cells):
        found = sorted(x for x in low if cell in x[2])[: take + task["reserves"]]
        last = found[take - 1][0].hex() if take else None
        out["cells"] += [{"last_ticket": last, "size": size, "take": take}]
        for drawn in found[:take]:
            visits.setdefault(drawn, []).append(cell)
        spare = ((t.hex(), x.decode()) for t, x, _ in found[take:])
        out["reserves"] += [{"cell": cell, "subject": x, "ticket": t} for t, x in spare]
    for (t, x, pattern), own in sorted(visits.items()):
        if (key := (pattern, *own)) not in known:
            known[key] = [item for item, cell in zip(items, pattern, strict=True) if cell in own]
        visit = {"cells": own, "items": known[key], "subject": x.decode(), "team": None}
        out["visits"].append(visit | {"ticket": t.hex()})
    return out


def _odds(data: bytes, subjects: list[str], dice: bytes, recusal: Any) -> Any:  # team by subject
    first, *rows, end = data.split(b"\n")
    head = yield from _same(13, "odds", ("odds",), first)
    names, one, lines = head["inspectors"], 1 << head["bits"], [_canonical(row) for row in rows]
    yield from _same(13, "visits in odds", [*subjects, ""], [*(x for x, _ in lines), end.decode()])
    staying, leaving = (recusal["staying"], recusal["leaving"]) if recusal else ([], [])
    caps, entries = enumerate(zip(names, head["capacities"], strict=True)), list[Any]()
    room = {i: 0 if x in staying + leaving else len(rows) if n is None else n for i, (x, n) in caps}
    left = dict[Any, int]({i: n * one for i, n in room.items()})
    for line, (subject, slots) in enumerate(lines, 2):
        for place, (size, who, nums) in enumerate(slots):
            fits = {*map(type, [size, *who, *nums])} == {int} and who == sorted({*who})
            fits = fits and min(who) >= 0 < min(nums) and sum(nums) == size * one
            yield 13, f"odds, line {line}", fits, "a slot whose odds add up", [size, who, nums]
            entries += [(n, subject, place, i) for i, n in zip(who, nums, strict=True)]
    for n, subject, _, i in entries:
        left[i] -= n
        left[subject, i] = left.get((subject, i), one) - n
    yield from _same(13, "beyond capacity", [], [key for key, n in left.items() if n < 0])
    teams = {subject: [*staying] for subject in subjects}
    for _, subject, _, i in _round(entries, head["bits"], dice):
        teams[subject].append(names[i])
    return {subject: sorted(team) for subject, team in teams.items()}


def _round(entries: list[Any], bits: int, dice: bytes) -> Any:  # the entries that are taken
    value, across, waiting = [n for n, *_ in entries], dict[int, int](), dict[Any, int]()
    for bit in range(bits):
        left = active = [entry for entry, n in enumerate(value) if n >> bit & 1]
        along = {entry: active[k ^ 1] for k, entry in enumerate(active)}  # an even number a slot
        for part in (slice(1, 4, 2), slice(3, 4), slice(0)):  # visit and inspector, inspector, all
            for entry in left:
                other = waiting.pop(entries[entry][part], entry)
                if other == entry:
                    waiting[entries[entry][part]] = entry
                across[entry], across[other] = other, entry
            left, waiting = sorted(waiting.values(), key=lambda entry: entries[entry][3]), {}
        for entry in active:
            if value[entry] >> bit & 1:
                _, subject, place, i = entries[entry]
                coins = sha256(dice + _fields(bit, subject, place, i // 256)).digest()
                step = (coins[i % 256 // 8] >> 7 - i % 8 & 1 or -1) << bit
                while value[entry] >> bit & 1:
                    value[entry] += step
                    value[along[entry]] -= step
                    entry = across[along[entry]]
    return [entry for entry, n in zip(entries, value, strict=True) if n]


def _same(number: int, where: str, expected: Any, found: Any) -> Any:  # a tuple names a form
    yield number, where, True, "", ""
    found = _canonical(found) if type(found) is bytes else found
    form, kind = expected[0] if type(expected) is tuple else "", type(found)
    rule = FORMS.get(form.rstrip("?"))
    mine = rule if type(rule) is str else form or TEXT(expected)
    same = _is(form, found) if form else mine == TEXT(found)
    if type(rule) is str and kind is dict:
        more = found if "+" in rule else {}
        expected = more | {key: (each,) for key, each in re.findall(r"(\w+):(\S+)", rule)}
    if not same and type(expected) is kind in (dict, list) and len(expected) == len(found):
        for key, each in expected.items() if kind is dict else enumerate(expected):
            place = f"{where}.{key}".lstrip(".") if kind is dict else f"{where}[{key}]"
            yield from _same(number, place, each, found[key])
    else:
        yield number, where, same, mine, found
    return found


def _is(form: str, value: Any) -> bool:
    rule = FORMS[form.rstrip("?")]
    return form[-1] == "?" if value is None else type(value) is rule[0] and bool(rule[1](value))


def _canonical(data: bytes) -> Any:  # what can not be in such bytes is read as something else
    odd = data[:1] not in b'{["' or re.search(rb"[\xf0-\xff]|[:,[-][0-9]{16}", data)
    kw: Any = {"parse_int": lambda n: max(-(2**53), min(int(n[:17]), 2**53))}
    kw["object_hook"] = lambda v: dict(sorted(v.items(), key=lambda x: x[0].encode("utf-16be")))
    value = json.loads(data, parse_float=str, parse_constant=str, **(kw if odd else {}))
    if (TEXT if odd else SORTED)(value).encode() != data:
        raise ValueError("not canonical: blanks, escapes, order of keys, a key twice, a number")
    return value


def _fields(*xs: Any) -> bytes:
    data = [x if type(x) is bytes else f"{x}".encode() for x in xs]
    return b"".join(len(x).to_bytes(8, "big") + x for x in data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=verify.__doc__, epilog="example: verify.py r s")
    [*map(parser.add_argument, ("record", "sheet", "--odds", "--commitment", "--randomness"))]
    report = verify(**vars(parser.parse_args()))
    sys.stdout.buffer.write(f"{report}\n".encode())
    raise SystemExit(not report.ok)
