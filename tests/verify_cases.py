"""Records of draws with odds and of stages, made by hand: what must hold, and what must not.

Nothing here is computed by the package: seeds, tickets, rounding and canonical JSON are written out
again, so that these cases can be kept as golden vectors. Each bad case breaks one rule while all
digests and seeds follow, as a forger would have it.
"""

import copy
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

SUBJECTS = tuple(f"firm-{number:02}" for number in range(14))
PEOPLE = tuple(f"p{number}" for number in range(9))
BITS, TAKE = 3, 12
HEX = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b", "c", "d")}
STRATEGY = {"distribution": "elsewhere", "name": "hand", "parameters": {}, "version": "1"}


class Case(NamedTuple):
    """One record with what is given beside it; `number` is a finding's that must be among them."""

    name: str
    number: int  # 0: it holds
    why: str
    files: dict[str, bytes]
    arguments: dict[str, str]


# --- the protocol, written out --------------------------------------------------------------------


def canon(value: Any) -> bytes:
    """Canonical JSON; all keys here are ASCII."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def field(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


def seeds(bound: Any, randomness: str) -> dict[str, str]:
    digest = hashlib.sha256(canon(bound)).digest()
    parts = (b"randcheck/v1", bound["task"]["id"].encode(), digest, randomness.encode())
    root = hashlib.sha256(b"".join(map(field, parts))).digest()
    purposes = {
        f"{name}_seed": sha(field(name.encode()) + field(root))
        for name in ("subjects", "inspectors")
    }
    return {"seed": root.hex(), **purposes}


def tossed(seed: str, bit: int, subject: str, slot: int, inspector: int) -> int:
    parts = (str(bit), subject, str(slot), str(inspector // 256))
    data = f"{seed}:".encode() + b"".join(field(part.encode()) for part in parts)
    return int(hashlib.sha256(data).hexdigest(), 16) >> (255 - inspector % 256) & 1


def rounded(table: bytes, seed: str) -> dict[str, list[str]]:
    """The teams of a table, by the specification word for word."""
    head, *lines = map(json.loads, table.decode().splitlines())
    value = {
        (number, slot, i): n
        for number, (_, slots) in enumerate(lines)
        for slot, (_, who, odds) in enumerate(slots)
        for i, n in zip(who, odds, strict=True)
    }
    for bit in range(head["bits"]):
        active = [entry for entry in value if value[entry] >> bit & 1]
        row, column = {}, {}

        def two_by_two(entries, links):
            for one, other in zip(entries[::2], entries[1::2], strict=False):
                links[one], links[other] = other, one
            return entries[len(entries) // 2 * 2 :]

        for slot in dict.fromkeys(entry[:2] for entry in active):
            two_by_two([entry for entry in active if entry[:2] == slot], row)
        last = []
        for i in sorted({entry[2] for entry in active}):
            own = [entry for entry in active if entry[2] == i]
            left = []
            for visit in dict.fromkeys(entry[0] for entry in own):
                left += two_by_two([entry for entry in own if entry[0] == visit], column)
            last += two_by_two(left, column)
        two_by_two(last, column)
        seen = set()
        for leader in active:
            entry, halves = leader, ([], [])
            while entry not in seen:
                seen |= {entry, row[entry]}
                halves[0].append(entry)
                halves[1].append(row[entry])
                entry = column[row[entry]]
            coin = tossed(seed, bit, lines[leader[0]][0], leader[1], leader[2])
            for half, sign in zip(halves, (1, -1) if coin else (-1, 1), strict=True):
                for entry in half:
                    value[entry] += sign << bit
    teams = {name: [] for name, _ in lines}
    for (number, _, i), n in value.items():
        if n:
            teams[lines[number][0]].append(head["inspectors"][i])
    return {name: sorted(team) for name, team in teams.items()}


# --- tables ---------------------------------------------------------------------------------------


def table(lines: dict[str, Any], limits: Any = 3, bits: int = BITS, people: Any = PEOPLE) -> bytes:
    """The bytes of slots by subject: each slot its places and numerators by name."""
    head = {
        "bits": bits,
        "capacities": [limits] * len(people),
        "inspectors": list(people),
        "protocol": "randcheck/v1",
    }
    rows = [
        [
            subject,
            [
                [places, [people.index(name) for name in sorted(odds)],
                 [odds[name] for name in sorted(odds)]]
                for places, odds in lines[subject]
            ],
        ]
        for subject in sorted(lines)
    ]  # fmt: skip
    return b"".join(canon(row) + b"\n" for row in (head, *rows))


@cache
def _rounds(bits: int) -> list[list[list[str]]]:
    """Whole assignments of twelve teams of two, nobody in more than three."""
    dice, rounds = random.Random(20260701), []
    while len(rounds) < 1 << bits:
        order = dice.sample([*PEOPLE] * 3, 27)
        teams = [order[at : at + 2] for at in range(0, 24, 2)]
        if all(len({*team}) == 2 for team in teams):
            rounds.append(teams)
    return rounds


def lines_for(subjects: list[str], bits: int = BITS) -> dict[str, Any]:
    """Odds as the average over whole assignments: two slots in every third visit."""
    lines = {}
    for number, subject in enumerate(sorted(subjects)):
        slots = [[1, {}], [1, {}]] if number % 3 == 0 else [[2, {}]]
        for teams in _rounds(bits):
            for place, name in enumerate(teams[number]):
                odds = slots[place % len(slots)][1]
                odds[name] = odds.get(name, 0) + 1
        lines[subject] = slots
    return lines


# --- draws ----------------------------------------------------------------------------------------


def draw(parameters: Any = None, *, teams: bool = True, take: int = TAKE) -> tuple[Any, bytes]:
    """A record's value and its sheet: one cell, `take` of fourteen firms, one reserve."""
    head = {"cells": [[len(SUBJECTS), take]], "items": ["food"], "protocol": "randcheck/v1"}
    rows = [head | {"task_id": "T-1"}, *([name, [0]] for name in SUBJECTS)]
    sheet = b"".join(canon(row) + b"\n" for row in rows)
    bound = {
        "excluded": {},
        "inputs": {"history": None, "inspectors": HEX["a"] if teams else None, "items": HEX["b"],
                   "subjects": HEX["c"]},
        "matcher": STRATEGY | {"parameters": parameters or {}} if teams else None,
        "nonce": "n",
        "parent": None,
        "protocol": "randcheck/v1",
        "sampler": STRATEGY,
        "sheet_sha256": sha(sheet),
        "source": {"grade": "G0", "kind": "rehearsal"},
        "task": {"as_of": "2026-07-01", "id": "T-1", "items": ["food"], "reserves": 1},
    }  # fmt: skip
    own = seeds(bound, "05 09 12")
    order = sorted((sha(f"{own['subjects_seed']}:{name}".encode()), name) for name in SUBJECTS)
    visits = [
        {"cells": [0], "items": ["food"], "subject": name, "team": None, "ticket": ticket}
        for ticket, name in order[:take]
    ]
    [(ticket, spare)] = order[take : take + 1]
    record = own | {
        "cells": [{"last_ticket": order[take - 1][0] if take else None, "size": 14, "take": take}],
        "commitment": bound,
        "odds_sha256": None,
        "protocol": "randcheck/v1",
        "randomness": "05 09 12",
        "reserves": [{"cell": 0, "subject": spare, "ticket": ticket}],
        "visits": visits,
    }
    return record | ({} if teams else {"inspectors_seed": None}), sheet


def subjects_of(record: Any) -> list[str]:
    return sorted(visit["subject"] for visit in record["visits"])


def staffed(record: Any, odds: bytes, teams: dict[str, Any] | None = None) -> Any:
    """The record with the digest of these odds and these teams (those of the odds)."""
    value = copy.deepcopy(record)
    value["odds_sha256"] = sha(odds)
    own = rounded(odds, value["inspectors_seed"]) if teams is None else teams
    for visit in value["visits"]:
        visit["team"] = own.get(visit["subject"])
    return value


def drawn() -> tuple[Any, bytes, dict[str, Any], bytes]:
    """A good draw: record, sheet, the odds' lines and their bytes."""
    record, sheet = draw()
    lines = lines_for(subjects_of(record))
    return staffed(record, table(lines)), sheet, lines, table(lines)


def draw_files(record: Any, sheet: bytes, odds: bytes | None) -> dict[str, bytes]:
    files = {"record.json": canon(record), "sheet.jsonl": sheet}
    return files if odds is None else files | {"odds.jsonl": odds}


# --- stages ---------------------------------------------------------------------------------------


def stage(
    parent: bytes,
    odds: bytes,
    visits: list[str],
    recusal: Any = None,
    change: Callable[[Any], Any] = lambda bound: None,
    randomness: str = "later",
) -> Any:
    """A stage's record; `change` works on the commitment before digests, seeds and teams follow."""
    bound = {
        "inputs": {"history": None, "inspectors": HEX["a"], "items": HEX["b"],
                   "subjects": HEX["c"]},
        "kind": "recusal" if recusal else "teams",
        "matcher": copy.deepcopy(STRATEGY),
        "nonce": "m",
        "odds_sha256": sha(odds),
        "parent": sha(parent),
        "protocol": "randcheck/v1",
        "recusal": copy.deepcopy(recusal),
        "source": {"grade": "G1", "kind": "drand", "round": 7},
        "task": {"as_of": "2026-07-03", "id": "T-1"},
        "visits": list(visits),
    }  # fmt: skip
    change(bound)
    own = seeds(bound, randomness)
    came = rounded(odds, own["inspectors_seed"])
    staying = (bound["recusal"] or {}).get("staying", [])
    return {
        "commitment": bound,
        "inspectors_seed": own["inspectors_seed"],
        "protocol": "randcheck/v1",
        "randomness": randomness,
        "seed": own["seed"],
        "teams": [
            {"subject": name, "team": sorted({*staying, *came.get(name, PEOPLE[:2])})}
            for name in bound["visits"]
        ],
    }


def recusal_of(team: list[str], leaving: int = 1) -> dict[str, Any]:
    return {
        "decided": "2026-07-02",
        "leaving": team[:leaving],
        "reason": "ill",
        "staying": team[leaving:],
    }


def substitutes(subject: str, team: list[str], leaving: int = 1) -> bytes:
    """A table of one line: whoever is not of the team, at even odds, for as many as leave."""
    able = [name for name in PEOPLE if name not in team][:4]
    lines = {subject: [[leaving, dict.fromkeys(able, leaving * (1 << BITS) // 4)]]}
    return table(lines, None, people=able)


def stage_files(record: Any, before: bytes, odds: bytes | None) -> dict[str, bytes]:
    files = {"record.json": canon(record), "before.json": before}
    return files if odds is None else files | {"odds.jsonl": odds}


def _case(name: str, number: int, why: str, files: dict[str, bytes], **arguments: str) -> Case:
    value = json.loads(files["record.json"])
    follows = {
        "commitment": sha(canon(value["commitment"])),
        "randomness": value["randomness"],
    }
    return Case(name, number, why, files, follows | arguments)


# --- what must hold -------------------------------------------------------------------------------


def _good() -> Iterator[Case]:
    record, sheet, lines, odds = drawn()
    yield _case("odds", 0, "a draw with its odds", draw_files(record, sheet, odds))
    yield _case("odds-kept-back", 0, "the same, odds not given", draw_files(record, sheet, None))
    free = table(lines, None)
    yield _case("odds-no-limits", 0, "no capacities",
                draw_files(staffed(record, free), sheet, free))  # fmt: skip
    even = {name: [[2, dict.fromkeys(PEOPLE[:4], 1)]] for name in lines}
    data = table(even, None, bits=1)
    yield _case("odds-one-bit", 0, "numerators over 2",
                draw_files(staffed(record, data), sheet, data))  # fmt: skip
    sure = {name: [[1, {"p0": 1 << 30}], [1, {"p1": 1 << 30}]] for name in lines}
    data = table(sure, None, bits=30)
    yield _case("odds-certain", 0, "two who go everywhere, over 2^30",
                draw_files(staffed(record, data), sheet, data))  # fmt: skip
    partly, sheet = draw({"partial": True, "team_size": 2})
    some = lines_for(subjects_of(partly))
    del some[subjects_of(partly)[4]]
    data = table(some)
    yield _case("odds-partial", 0, "one visit without a team, as the matcher allows",
                draw_files(staffed(partly, data), sheet, data))  # fmt: skip
    nobody = staffed(partly, table({}))
    yield _case("odds-nobody", 0, "no visit can be staffed", draw_files(nobody, sheet, table({})))
    old = copy.deepcopy(record) | {"odds_sha256": None}
    yield _case("odds-unpublished", 0, "teams of a matcher without odds",
                draw_files(old, drawn()[1], None))  # fmt: skip
    for name, one in _stages().items():
        yield _case(f"stage-{name}", 0, one.why, stage_files(one.record, one.before, one.odds))
    one = _stages()["teams"]
    yield _case("stage-odds-kept-back", 0, "the odds not given",
                stage_files(one.record, one.before, None))  # fmt: skip


class _Stage(NamedTuple):
    record: Any
    before: bytes
    odds: bytes
    why: str


@cache
def _stages() -> dict[str, _Stage]:
    record, _, _, _ = drawn()
    parent = canon(record)
    name, team = record["visits"][0]["subject"], record["visits"][0]["team"]
    odds = substitutes(name, team)
    once = stage(parent, odds, [name], recusal_of(team))
    made = {"recusal": _Stage(once, parent, odds, "one leaves a team of two, one comes")}
    odds = substitutes(name, team, 2)
    both = stage(parent, odds, [name], recusal_of(team, 2))
    made["recusal-of-all"] = _Stage(both, parent, odds, "both leave, two come")
    now = once["teams"][0]["team"]
    odds = substitutes(name, [*team, *now])
    twice = stage(canon(once), odds, [name], recusal_of(now))
    made["recusal-again"] = _Stage(twice, canon(once), odds, "the same visit once more")
    other, others = record["visits"][1]["subject"], record["visits"][1]["team"]
    odds = substitutes(other, others)
    later = stage(canon(once), odds, [other], recusal_of(others))
    made["recusal-elsewhere"] = _Stage(later, canon(once), odds, "another visit after a recusal")
    bare, _ = draw(teams=False)
    odds = table(lines_for(subjects_of(bare)))
    second = stage(canon(bare), odds, subjects_of(bare))
    made["teams"] = _Stage(second, canon(bare), odds, "teams in a second step")
    name, team = second["teams"][3]["subject"], second["teams"][3]["team"]
    odds = substitutes(name, team)
    after = stage(canon(second), odds, [name], recusal_of(team))
    made["recusal-of-a-stage"] = _Stage(after, canon(second), odds, "after a second step")
    return made


# --- what must not: the odds ----------------------------------------------------------------------


def _rows(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """A change of the table's lines as values."""

    def changed(data: bytes) -> bytes:
        rows = [json.loads(line) for line in data.splitlines()]
        change(rows)
        return b"".join(canon(row) + b"\n" for row in rows)

    return changed


def _put(*path: Any) -> Callable[[bytes], bytes]:
    """The last of `path` where the rest leads."""

    def change(rows: Any) -> None:
        for key in path[:-2]:
            rows = rows[key]
        rows[path[-2]] = path[-1]

    return _rows(change)


def _add(row: int, slot: int, *more: int) -> Callable[[bytes], bytes]:
    """Add to the first numerators of a slot."""

    def change(rows: Any) -> None:
        for at, n in enumerate(more):
            rows[row][1][slot][2][at] += n

    return _rows(change)


def _swap(*path: int) -> Callable[[bytes], bytes]:
    """The first two of a list swapped."""

    def change(rows: Any) -> None:
        for key in path:
            rows = rows[key]
        rows[-1], rows[-2] = rows[-2], rows[-1]

    return _rows(change)


def _lengthen(*path: Any) -> Callable[[bytes], bytes]:
    """The last of `path` appended where the rest leads."""

    def change(rows: Any) -> None:
        for key in path[:-1]:
            rows = rows[key]
        rows.append(path[-1])

    return _rows(change)


def _certain_twice(rows: Any) -> None:
    rows[1][1] = [[1, [0], [8]], [1, [0, 1], [1, 7]]]
    rows[0]["capacities"] = [None] * 9


def _zero(rows: Any) -> None:
    slot = rows[1][1][0]
    i = next(i for i in range(9) if i not in slot[1])
    pairs = sorted([*zip(slot[1], slot[2], strict=True), (i, 0)])
    slot[1:] = [[i for i, _ in pairs], [n for _, n in pairs]]


def _less(rows: Any) -> None:
    n = rows[2][1][0][2]
    n[0], n[1] = n[0] + n[1] + 1, -1


def _at_capacity(rows: Any) -> None:
    loads = [0] * 9
    for _, slots in rows[1:]:
        for _, who, odds in slots:
            for i, n in zip(who, odds, strict=True):
                loads[i] += n
    rows[0]["capacities"][4] = (loads[4] - 1) // 8


def _further(rows: Any) -> None:
    rows[0]["capacities"] = [None] * 9
    rows.append(["zz", [[2, [0, 1, 2, 3], [4, 4, 4, 4]]]])


def _pop(*path: Any) -> Callable[[bytes], bytes]:
    def change(rows: Any) -> None:
        for key in path[:-1]:
            rows = rows[key]
        rows.pop(path[-1])

    return _rows(change)


def _text(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return changed


TABLES: dict[str, tuple[int, str, Callable[[bytes], bytes]]] = {
    "sum-above": (13, "a slot's numerators add up to one more", _add(2, 0, 1)),
    "sum-below": (13, "a slot's numerators add up to one less", _add(2, 0, 0, -1)),
    "sum-of-other-places": (13, "one place, numerators for two", _put(2, 1, 0, 0, 1)),
    "pair-above-one": (13, "somebody's odds for a visit add up to above 1", _rows(_certain_twice)),
    "capacity": (13, "somebody's odds add up to more than the capacity", _rows(_at_capacity)),
    "capacity-zero": (13, "odds for somebody without capacity", _put(0, "capacities", 3, 0)),
    "capacity-negative": (13, "a capacity below 0", _put(0, "capacities", 3, -1)),
    "capacity-truth": (13, "true for a capacity", _put(0, "capacities", 3, True)),
    "capacity-text": (13, "a capacity as text", _put(0, "capacities", 3, "3")),
    "capacities-short": (13, "a capacity too few", _pop(0, "capacities", -1)),
    "capacities-long": (13, "a capacity too many", _lengthen(0, "capacities", 3)),
    "subjects-order": (13, "two lines swapped", _swap()),
    "subject-twice": (13, "a line twice", _rows(lambda rows: rows.insert(3, rows[3]))),
    "subject-number": (13, "a number for a subject", _put(1, 0, 5)),
    "subject-null": (13, "null for a subject", _put(1, 0, None)),
    "candidates-order": (13, "two candidates swapped", _swap(2, 1, 0, 1)),
    "candidate-twice": (13, "a candidate twice", _rows(
        lambda rows: rows[2][1][0][1].__setitem__(1, rows[2][1][0][1][0]))),
    "candidate-unknown": (13, "an inspector number beyond the last", _put(2, 1, 0, 1, -1, 9)),
    "candidate-negative": (13, "an inspector number below 0", _put(2, 1, 0, 1, 0, -1)),
    "candidate-truth": (13, "true for an inspector number", _put(
        1, 1, [[1, [0, True], [1, 7]], [1, [2], [8]]])),
    "candidates-fewer": (13, "numerators for nobody", _pop(2, 1, 0, 1, -1)),
    "candidates-none": (13, "a slot without candidates", _put(2, 1, 0, [2, [], []])),
    "numerator-zero": (13, "a numerator of 0", _rows(_zero)),
    "numerator-negative": (13, "a numerator below 0", _rows(_less)),
    "numerator-float": (13, "1.0 for 1", _text(b",1]", b",1.0]")),
    "numerator-truth": (13, "true for 1", _text(b",1]", b",true]")),
    "numerator-text": (13, "a numerator as text", _put(2, 1, 0, 2, 0, "1")),
    "places-truth": (13, "true for one place", _put(1, 1, 0, 0, True)),
    "places-zero": (13, "a slot for nobody", _rows(lambda rows: rows[2][1].append([0, [], []]))),
    "places-negative": (13, "places below 0", _put(2, 1, 0, [-1, [0], [-8]])),
    "slots-none": (13, "a visit without slots", _put(2, 1, [])),
    "slot-longer": (13, "a slot of four parts", _lengthen(2, 1, 0, 0)),
    "line-longer": (13, "a line of three parts", _lengthen(2, 0)),
    "line-object": (13, "an object for a line", _put(1, {"a": 1, "b": 2})),
    "line-of-text": (13, "a text for a line", _put(1, "ab")),
    "bits-zero": (13, "bits of 0", _put(0, "bits", 0)),
    "bits-31": (13, "bits above 30", _put(0, "bits", 31)),
    "bits-other": (13, "one bit more than the sums have", _put(0, "bits", 4)),
    "bits-truth": (13, "true for bits", _put(0, "bits", True)),
    "key-extra": (13, "a further key in the header", _put(0, "more", 1)),
    "key-missing": (13, "no capacities in the header", _pop(0, "capacities")),
    "protocol": (13, "another protocol", _put(0, "protocol", "randcheck/v2")),
    "inspectors-order": (13, "inspectors not ascending", _swap(0, "inspectors")),
    "inspector-twice": (13, "an inspector twice", _put(0, "inspectors", 1, "p0")),
    "inspector-empty": (13, "an inspector without id", _put(0, "inspectors", 0, "")),
    "newline-missing": (13, "no newline at the end", lambda data: data[:-1]),
    "newline-twice": (13, "an empty line at the end", lambda data: data + b"\n"),
    "crlf": (13, "lines end with CR LF", lambda data: data.replace(b"\n", b"\r\n")),
    "bom": (13, "a byte order mark", lambda data: b"\xef\xbb\xbf" + data),
    "space": (13, "a space", _text(b":", b": ")),
    "key-twice": (13, "a key twice", _text(b'"bits":3', b'"bits":3,"bits":3')),
    "escape": (13, "an escape that is not needed", _text(b'"p0"', b'"\\u00700"')),
    "not-utf8": (13, "a byte that is no UTF-8", _text(b'"p0"', b'"p\xff"')),
    "empty": (13, "no bytes", lambda data: b""),
    "header-alone-broken": (13, "half a header", lambda data: data[:40] + b"\n"),
    "visit-missing": (14, "a visit with a team has no line", _pop(5)),
    "visit-added": (14, "a line for who is not visited", _rows(_further)),
}  # fmt: skip


def _bad_tables() -> Iterator[Case]:
    record, sheet, _, odds = drawn()
    teams = {visit["subject"]: visit["team"] for visit in record["visits"]}
    for name, (number, why, change) in TABLES.items():
        data = change(odds)
        assert data != odds, name
        forged = staffed(record, data, teams)
        yield _case(f"fail-odds-{name}", number, why, draw_files(forged, sheet, data))


# --- what must not: teams -------------------------------------------------------------------------


def _bad_teams() -> Iterator[Case]:
    record, sheet, lines, odds = drawn()

    def with_teams(name: str, number: int, why: str, change: Callable[[Any], Any]) -> Case:
        value = copy.deepcopy(record)
        change(value["visits"])
        return _case(f"fail-team-{name}", number, why, draw_files(value, sheet, odds))

    def swap(visits: Any) -> None:
        one, other = visits[0]["team"], visits[1]["team"]
        [mine] = sorted({*one} - {*other})[:1]
        [yours] = sorted({*other} - {*one})[:1]
        visits[0]["team"] = sorted({*one} - {mine} | {yours})
        visits[1]["team"] = sorted({*other} - {yours} | {mine})

    def another(visits: Any) -> None:
        team = visits[2]["team"]
        visits[2]["team"] = sorted([team[0], next(name for name in PEOPLE if name not in team)])

    yield with_teams("swapped", 14, "two members change places", swap)
    yield with_teams("another", 14, "another person goes", another)
    for name, number, why, team in (
        ("of-one", 11, "a team of one", lambda team: team[:1]),
        ("null", 11, "no team, which the matcher does not allow", lambda team: None),
        ("twice", 11, "the same person twice", lambda team: team[:1] * 2),
        ("descending", 11, "not ascending", lambda team: team[::-1]),
        ("more", 14, "somebody more", lambda team: [*team, "zz"]),
        ("number", 11, "a number for a person", lambda team: [team[0], 7]),
        ("text", 11, "a text for a team", lambda team: "".join(team)),
        ("empty", 11, "an empty team", lambda team: []),
    ):
        yield with_teams(
            name, number, why, lambda visits, f=team: visits[4].update(team=f(visits[4]["team"]))
        )
    other = table(lines, 4)
    yield _case("fail-odds-of-another", 13, "odds whose digest the record does not state",
                draw_files(record, sheet, other))  # fmt: skip
    yield _case("fail-odds-unstated", 11, "odds though the record states none",
                draw_files(record | {"odds_sha256": None}, sheet, odds))  # fmt: skip
    bare, bare_sheet = draw(teams=False)
    yield _case("fail-odds-no-matcher", 11, "odds stated without a matcher",
                draw_files(bare | {"odds_sha256": sha(odds)}, bare_sheet, odds))  # fmt: skip
    yield _case("fail-odds-seed", 6, "another inspectors' seed",
                draw_files(record | {"inspectors_seed": HEX["d"]}, sheet, odds))  # fmt: skip
    for name, number, why, parameters, lose in (
        ("partial-unsaid", 11, "null where the matcher says nothing of it", {}, True),
        ("partial-text", 11, "null where partial is a text", {"partial": "true"}, True),
        ("partial-number", 11, "null where partial is 1", {"partial": 1}, True),
        ("partial-with-odds", 14, "null for a visit that has odds", {"partial": True}, False),
        ("too-small", 11, "two where the matcher sends three", {"team_size": 3}, None),
    ):
        value, own = draw(parameters)
        kept = lines_for(subjects_of(value))
        gone = subjects_of(value)[4]
        if lose:
            del kept[gone]
        data = table(kept)
        value = staffed(value, data)
        for visit in value["visits"]:
            if lose is False and visit["subject"] == gone:
                visit["team"] = None
        yield _case(f"fail-team-{name}", number, why, draw_files(value, own, data))


# --- what must not: stages ------------------------------------------------------------------------


def _bad_stages() -> Iterator[Case]:
    good = _stages()
    two, one = good["teams"], good["recusal"]

    def record_of(base: _Stage, change: Callable[[Any], Any]) -> Any:
        value = copy.deepcopy(base.record)
        change(value)
        return value

    def bound_of(base: _Stage, change: Callable[[Any], Any]) -> Any:
        bound = base.record["commitment"]
        return stage(base.before, base.odds, bound["visits"], bound["recusal"], change)

    def case(name: str, number: int, why: str, base: _Stage, record: Any, **given: Any) -> Case:
        files = stage_files(record, given.get("before", base.before), given.get("odds", base.odds))
        return _case(f"fail-stage-{name}", number, why, files)

    # the commitment, everything after it following
    for name, number, why, base, change in (
        ("parent", 7, "another parent", two, lambda b: b.update(parent=HEX["a"])),
        ("parent-null", 3, "no parent", two, lambda b: b.update(parent=None)),
        ("task", 7, "another task", two, lambda b: b["task"].update(id="T-2")),
        ("task-key", 3, "a further key in the task", two, lambda b: b["task"].update(items=[])),
        ("task-date", 3, "a day that does not exist", two,
         lambda b: b["task"].update(as_of="2026-02-30")),
        ("kind", 3, "an unknown kind", two, lambda b: b.update(kind="reserve")),
        ("kind-recusal", 11, "a recusal without one", two, lambda b: b.update(kind="recusal")),
        ("kind-teams", 11, "teams with a recusal", one, lambda b: b.update(kind="teams")),
        ("recusal-null", 11, "kind recusal, recusal null", one, lambda b: b.update(recusal=None)),
        ("recusal-empty", 3, "an empty recusal", one, lambda b: b.update(recusal={})),
        ("recusal-key", 3, "a further key in the recusal", one,
         lambda b: b["recusal"].update(by="x")),
        ("recusal-reason", 3, "no reason", one, lambda b: b["recusal"].update(reason="")),
        ("recusal-date", 3, "no date", one, lambda b: b["recusal"].update(decided="soon")),
        ("recusal-leaving", 3, "nobody leaves", one, lambda b: b["recusal"].update(leaving=[])),
        ("recusal-order", 3, "leaving not ascending", good["recusal-of-all"],
         lambda b: b["recusal"]["leaving"].reverse()),
        ("recusal-staying", 11, "who leaves stays as well", one,
         lambda b: b["recusal"].update(staying=sorted(
             [*b["recusal"]["staying"], *b["recusal"]["leaving"]]))),
        ("recusal-other-team", 11, "the team before was another", one,
         lambda b: b["recusal"].update(leaving=["zz"])),
        ("visit-missing", 11, "a visit of the parent left out", two, lambda b: b["visits"].pop()),
        ("visit-added", 11, "a visit that the parent has not", two,
         lambda b: b["visits"].append("zz")),
        ("visits-order", 3, "visits not ascending", two, lambda b: b["visits"].reverse()),
        ("visits-twice", 3, "a visit twice", two,
         lambda b: b["visits"].insert(0, b["visits"][0])),
        ("visits-none", 3, "no visits", two, lambda b: b["visits"].clear()),
        ("recusal-two-visits", 11, "a recusal for two visits", one,
         lambda b: b.update(visits=sorted(json.loads(one.before)["visits"][n]["subject"]
                                          for n in (0, 1)))),
        ("recusal-unknown", 11, "a recusal for a visit that was not drawn", one,
         lambda b: b.update(visits=["zz"])),
        ("matcher-null", 3, "no matcher", two, lambda b: b.update(matcher=None)),
        ("matcher-key", 3, "a further key in the matcher", two, lambda b: b["matcher"].update(x=1)),
        ("inspectors-null", 3, "no digest of the inspectors", two,
         lambda b: b["inputs"].update(inspectors=None)),
        ("inputs-key", 3, "a further input", two, lambda b: b["inputs"].update(sheet=HEX["a"])),
        ("odds-null", 3, "no odds committed", two, lambda b: b.update(odds_sha256=None)),
        ("grade", 3, "an unknown grade", two, lambda b: b["source"].update(grade="G9")),
        ("bound-key", 3, "a further key in the commitment", two, lambda b: b.update(more=1)),
        ("bound-protocol", 3, "another protocol", two, lambda b: b.update(protocol="v2")),
    ):  # fmt: skip
        yield case(name, number, why, base, bound_of(base, change))
    # the record alone
    for name, number, why, base, change in (
        ("seed", 6, "another seed", two, lambda r: r.update(seed=HEX["a"])),
        ("inspectors-seed", 6, "another inspectors' seed", two,
         lambda r: r.update(inspectors_seed=HEX["a"])),
        ("randomness-empty", 3, "no randomness", two, lambda r: r.update(randomness="")),
        ("record-key", 3, "a further key", two, lambda r: r.update(visits=[])),
        ("teams-object", 3, "an object for the teams", two, lambda r: r.update(teams={})),
        ("team-another", 14, "another person", two,
         lambda r: r["teams"][0].update(team=["p0", "zz"])),
        ("team-swapped", 14, "two teams swapped", two, lambda r: (
            r["teams"][0].update(team=r["teams"][1]["team"]),
            r["teams"][1].update(team=two.record["teams"][0]["team"]))),
        ("team-of-one", 11, "a team of one", two, lambda r: r["teams"][0].update(team=["p0"])),
        ("team-null", 11, "no team", two, lambda r: r["teams"][0].update(team=None)),
        ("team-twice", 11, "the same person twice", two,
         lambda r: r["teams"][0].update(team=["p0", "p0"])),
        ("team-descending", 11, "not ascending", two, lambda r: r["teams"][0]["team"].reverse()),
        ("team-key", 11, "a further key beside a team", two, lambda r: r["teams"][0].update(x=1)),
        ("team-subject", 11, "another subject", two, lambda r: r["teams"][0].update(subject="x")),
        ("team-list", 11, "a list for an entry", two,
         lambda r: r["teams"].__setitem__(0, ["a", "b"])),
        ("teams-fewer", 11, "a team left out", two, lambda r: r["teams"].pop()),
        ("teams-more", 11, "a team too many", two, lambda r: r["teams"].append(r["teams"][0])),
        ("teams-order", 11, "teams in another order", two, lambda r: r["teams"].reverse()),
        ("recusal-kept", 11, "who leaves is still in the team", one, lambda r: r["teams"][0].update(
            team=sorted(r["commitment"]["recusal"]["leaving"]
                        + r["commitment"]["recusal"]["staying"]))),
        ("recusal-not-kept", 11, "who stays is not in the team", one,
         lambda r: r["teams"][0].update(team=sorted(
             {*r["teams"][0]["team"], "zz"} - {*r["commitment"]["recusal"]["staying"]}))),
        ("recusal-more", 11, "one leaves, two come", one, lambda r: r["teams"][0]["team"].append(
            "zz")),
        ("recusal-chosen", 14, "another substitute than the drawn one", one,
         lambda r: r["teams"][0].update(
             team=sorted([*r["commitment"]["recusal"]["staying"], "zz"]))),
    ):  # fmt: skip
        yield case(name, number, why, base, record_of(base, change))
    # other parents, other odds
    teams = {visit["subject"]: visit["team"] for visit in json.loads(one.before)["visits"]}
    again = table(lines_for([*teams]))
    yield case("parent-with-teams", 11, "teams for a draw that has teams", one,
               stage(one.before, again, sorted(teams)), odds=again)  # fmt: skip
    partly = json.loads(one.before)
    partly["visits"][0]["team"] = None
    yield case("parent-partly", 11, "teams for a draw that has some teams", one,
               stage(canon(partly), again, sorted(teams)), odds=again,
               before=canon(partly))  # fmt: skip
    yield case("parent-stage", 11, "teams for a stage of teams", two,
               stage(canon(two.record), two.odds, two.record["commitment"]["visits"]),
               before=canon(two.record))  # fmt: skip
    yield case("before-another", 7, "the record before is not the parent", two, two.record,
               before=one.before)  # fmt: skip
    yield case("before-not-canonical", 7, "the parent is not canonical", two,
               stage(two.before + b"\n", two.odds, two.record["commitment"]["visits"]),
               before=two.before + b"\n")  # fmt: skip
    none = stage(b"{}", two.odds, two.record["commitment"]["visits"])
    yield case("before-no-record", 7, "the parent is no record", two, none, before=b"{}")
    bound = one.record["commitment"]
    [name], recusal = bound["visits"], bound["recusal"]
    for told, number, why, able in (
        ("odds-who-stays", 14, "who stays is drawn from", [*recusal["staying"], "zy", "zz"]),
        ("odds-who-leaves", 14, "who leaves is drawn from", [*recusal["leaving"], "zy", "zz"]),
    ):
        people = sorted(able)
        odds = table({name: [[1, dict(zip(people, (3, 3, 2), strict=True))]]}, None, people=people)
        yield case(told, number, why, one, stage(one.before, odds, [name], recusal), odds=odds)
    odds = substitutes("another", [*teams[name]])
    yield case("odds-elsewhere", 14, "odds for another visit", one,
               stage(one.before, odds, [name], recusal), odds=odds)  # fmt: skip
    free = [person for person in PEOPLE if person not in teams[name]][:4]
    line = [[1, dict.fromkeys(free, 2)]]
    odds = table({name: line, "zz": line}, None, people=free)
    yield case("odds-further", 14, "odds for a further visit", one,
               stage(one.before, odds, [name], recusal), odds=odds)  # fmt: skip
    odds = table({name: [[2, dict.fromkeys(free, 4)]]}, None, people=free)
    yield case("odds-more-places", 11, "one leaves, two are drawn", one,
               stage(one.before, odds, [name], recusal), odds=odds)  # fmt: skip
    odds = table(lines_for([*teams]), 4)
    yield case("odds-another", 13, "odds that were not committed", two, two.record, odds=odds)
    files = stage_files(two.record, two.before, two.odds)
    yield _case("fail-stage-commitment", 4, "another commitment was published", files,
                commitment=HEX["a"])  # fmt: skip
    yield _case("fail-stage-randomness", 5, "the source gave another text", files,
                randomness="else")  # fmt: skip


@cache
def numbered() -> tuple[Case, ...]:
    """All cases, each with the number of a finding that it must have."""
    return (*_good(), *_bad_tables(), *_bad_teams(), *_bad_stages())


def cases() -> Iterator[tuple[str, bool, str, dict[str, bytes], dict[str, str]]]:
    """Name, whether it holds, why, the files, and what is published."""
    for case in numbered():
        yield case.name, case.number == 0, case.why, case.files, case.arguments
