"""Draws with odds and stages, good and bad, built by hand; nothing here imports the package.

The rules of docs/spec.md a second time, in their shortest form and without regard to speed: what
the verifier and the package say is held against these. `cases()` gives the golden vectors; in a bad
one a single rule is broken, and everything that follows from the break is made to follow.
"""

import copy
import hashlib
import json
from itertools import groupby

RANDOMNESS = "2026-07-01 05 09 12 22 31 33 + 08"
LATER = "2026-07-08 01 02 03 04 05 06 + 07"
ITEMS = ["food"]
TASK = {"as_of": "2026-07-01", "id": "T-1", "items": ITEMS, "reserves": 1}
STRATEGY = {"distribution": "elsewhere", "name": "pairs", "parameters": {}, "version": "1"}
INPUTS = {"history": "a" * 64, "inspectors": "b" * 64, "items": "c" * 64, "subjects": "d" * 64}
SOURCE = {"grade": "G0", "kind": "rehearsal"}
SUBJECTS = ["A", 'B"b', "C", "D", "E", "F", "电梯/3", "x:y"]
STAFF = ["I0", "I1", "I2", "I3", "I4", "I5"]
K = 4  # bits, unless a case says otherwise


# --- the rules, once more ------------------------------------------------------------------------


def dumps(value):
    """The canonical bytes; no key here is beyond the characters that sort alike everywhere."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()  # fmt: skip


def sha(data):
    return hashlib.sha256(data).hexdigest()


def fields(*values):
    data = b""
    for value in values:
        each = value if isinstance(value, bytes) else str(value).encode()
        data += len(each).to_bytes(8, "big") + each
    return data


def seeds(task_id, digest, randomness):
    seed = hashlib.sha256(
        fields("randcheck/v1", task_id, bytes.fromhex(digest), randomness)
    ).digest()
    purposes = {x: sha(fields(x, seed)) for x in ("subjects", "inspectors")}
    return seed.hex(), purposes["subjects"], purposes["inspectors"]


def text_of(head, rows):
    return b"".join(dumps(each) + b"\n" for each in (head, *rows))


def two_by_two(entries):
    """Links between neighbours, and who is left."""
    links = [(entries[n], entries[n + 1]) for n in range(0, len(entries) - 1, 2)]
    return links, entries[len(entries) - len(entries) % 2 :]


def rounding(head, rows, seed):
    """Section 2 of the specification, word by word: subject → team."""
    value = {
        (line, slot, i): n
        for line, (_, slots) in enumerate(rows)
        for slot, (_, who, numbers) in enumerate(slots)
        for i, n in zip(who, numbers, strict=True)
    }
    for b in range(head["bits"]):
        active = [entry for entry in sorted(value) if value[entry] >> b & 1]
        first, second, remaining = [], [], []
        for _, slot in groupby(active, key=lambda entry: entry[:2]):
            first += two_by_two(list(slot))[0]
        for i in range(len(head["inspectors"])):
            mine = [entry for entry in active if entry[2] == i]
            over = []
            for _, visit in groupby(mine, key=lambda entry: entry[0]):
                links, rest = two_by_two(list(visit))
                second += links
                over += rest
            links, rest = two_by_two(over)
            second += links
            remaining += rest
        second += two_by_two(remaining)[0]
        sides = []
        for links in (first, second):
            sides.append(dict(links) | {b: a for a, b in links})
            assert len(sides[-1]) == len(active)
        done = set()
        for leader in active:
            if leader in done:
                continue
            halves, at = ([], []), leader
            while at not in done:
                other = sides[0][at]
                halves[0].append(at)
                halves[1].append(other)
                done |= {at, other}
                at = sides[1][other]
            line, slot, i = leader
            told = f"{seed}:".encode() + fields(b, rows[line][0], slot, i // 256)
            bits = "".join(f"{byte:08b}" for byte in hashlib.sha256(told).digest())
            gain = 1 if bits[i % 256] == "1" else -1
            for entry in halves[0]:
                value[entry] += gain << b
            for entry in halves[1]:
                value[entry] -= gain << b
    teams = {name: [] for name, _ in rows}
    for (line, _, i), n in sorted(value.items()):
        if n:
            teams[rows[line][0]].append(head["inspectors"][i])
    return {name: sorted(team) for name, team in teams.items()}


# --- odds tables ---------------------------------------------------------------------------------


def header(staff=tuple(STAFF), bits=K, capacities=None):
    return {
        "bits": bits,
        "capacities": [None] * len(staff) if capacities is None else capacities,
        "inspectors": list(staff),
        "protocol": "randcheck/v1",
    }


def slot(places, weights, bits=K):
    """A slot of inspector number → weight, its numerators in proportion and adding up."""
    total, numerators, rest = sum(weights.values()), {}, places << bits
    for i, weight in weights.items():
        numerators[i] = max(1, (places << bits) * weight // total)
        rest -= numerators[i]
    for i in sorted(numerators, key=lambda i: numerators[i]) * (abs(rest) + 1):
        step = (rest > 0) - (rest < 0)
        if 1 <= numerators[i] + step <= 1 << bits:
            numerators[i] += step
            rest -= step
    return [places, list(numerators), list(numerators.values())]


def pairs_of(subjects):
    """Two places in each visit, unequal odds."""
    return [[x, [slot(2, {i: 1 + (i + n) % 3 for i in range(6)})]] for n, x in enumerate(subjects)]


def hierarchy_of(subjects):
    """A leader from a few and a second from all: two slots that share candidates."""
    return [
        [x, [[1, [0, 1, 2], [5, 5, 6]], [1, [0, 1, 2, 3, 4, 5], [2, 3, 1, 4, 4, 2]]]]
        for x in subjects
    ]


def joint_of(subjects):
    """Three people in a team, of two departments; one is sure to go."""
    return [[x, [[2, [0, 1, 2], [16, 7, 9]], [1, [3, 4], [11, 5]]]] for x in subjects]


# --- draws and stages ----------------------------------------------------------------------------


def draw(rows_of=None, head=None, *, parameters=None, matcher=True, skipped=0, take=3, table=None):
    """A draw's files as values: record, sheet, head and rows of the odds."""
    sheet = text_of(
        {
            "cells": [[len(SUBJECTS), take]],
            "items": ITEMS,
            "protocol": "randcheck/v1",
            "task_id": "T-1",
        },
        [[x, [0]] for x in sorted(SUBJECTS, key=str.encode)],
    )
    bound = {
        "excluded": {},
        "inputs": INPUTS | ({} if matcher else {"inspectors": None}),
        "matcher": STRATEGY | {"parameters": parameters or {}} if matcher else None,
        "nonce": "n",
        "parent": None,
        "protocol": "randcheck/v1",
        "sampler": STRATEGY,
        "sheet_sha256": sha(sheet),
        "source": SOURCE,
        "task": TASK,
    }
    seed, dice, inspectors_seed = seeds("T-1", sha(dumps(bound)), RANDOMNESS)
    order = sorted((sha(f"{dice}:{x}".encode()), x) for x in SUBJECTS)
    visits = [
        {"cells": [0], "items": ITEMS, "subject": x, "team": None, "ticket": ticket}
        for ticket, x in order[:take]
    ]
    record = {
        "cells": [{"last_ticket": order[take - 1][0], "size": len(SUBJECTS), "take": take}],
        "commitment": bound,
        "inspectors_seed": inspectors_seed if matcher else None,
        "odds_sha256": None,
        "protocol": "randcheck/v1",
        "randomness": RANDOMNESS,
        "reserves": [{"cell": 0, "subject": x, "ticket": t} for t, x in order[take : take + 1]],
        "seed": seed,
        "subjects_seed": dice,
        "visits": visits,
    }
    drawn = {"record": record, "before": sheet, "head": head or header(), "rows": None}
    if rows_of:
        names = sorted((x for _, x in order[: take - skipped]), key=str.encode)
        drawn["rows"] = rows_of(names)
        follow(drawn)
    return drawn


def stage(parent, rows, head=None, *, recusal=None, **changes):
    """A stage after a record (a value): kind teams, or a recusal."""
    bound = {
        "inputs": INPUTS,
        "kind": "recusal" if recusal else "teams",
        "matcher": STRATEGY,
        "nonce": "m",
        "odds_sha256": None,
        "parent": sha(dumps(parent)),
        "protocol": "randcheck/v1",
        "recusal": recusal,
        "source": SOURCE,
        "task": {"as_of": "2026-07-03", "id": "T-1"},
        "visits": [name for name, _ in rows],
    }
    record = {"commitment": bound | changes, "protocol": "randcheck/v1", "randomness": LATER}
    drawn = {"record": record, "before": dumps(parent), "head": head or header(), "rows": rows}
    follow(drawn)
    return drawn


def follow(drawn, *, odds=None, teams=True):
    """Make digests, seeds and teams follow from what was changed; `odds` are other bytes."""
    record = drawn["record"]
    bound, staged = record["commitment"], "cells" not in record
    drawn["odds"] = text_of(drawn["head"], drawn["rows"]) if odds is None else odds
    (bound if staged else record)["odds_sha256"] = sha(drawn["odds"])
    if staged:
        task = bound["task"].get("id", "")
        record["seed"], _, record["inspectors_seed"] = seeds(
            task, sha(dumps(bound)), record["randomness"]
        )
    if teams:
        taken = rounding(drawn["head"], drawn["rows"], record["inspectors_seed"])
        staying = (bound.get("recusal") or {"staying": []})["staying"]
        if staged:
            record["teams"] = [{"subject": x, "team": sorted(taken[x] + staying)} for x in taken]
        for visit in record.get("visits", []):
            visit["team"] = taken.get(visit["subject"])
    return drawn


def recusal_of(record, leaving, **changes):
    """The first of the first visit's team leave; substitutes come from those who are not in it."""
    visit = record["visits" if "visits" in record else "teams"][0]
    team = visit["team"]
    told = {
        "decided": "2026-07-03",
        "leaving": team[:leaving],
        "reason": "a cousin",
        "staying": team[leaving:],
    }
    free = {i: 1 for i, name in enumerate(STAFF) if name not in team}
    return stage(record, [[visit["subject"], [slot(leaving, free)]]], recusal=told | changes)


# --- cases ---------------------------------------------------------------------------------------


def good():
    """Each good draw or stage by name."""
    two_step = draw(matcher=False)
    names = sorted((v["subject"] for v in two_step["record"]["visits"]), key=str.encode)
    many = [f"I{n:03}" for n in range(300)]
    wide = dict.fromkeys(range(0, 300, 7), 1)
    second = stage(two_step["record"], hierarchy_of(names))
    first = draw(pairs_of)
    loads = [-(-sum(row[1][0][2][i] for row in first["rows"]) // 16) for i in range(6)]
    left = recusal_of(first["record"], 1)
    other = copy.deepcopy(first["record"])
    other["visits"] = other["visits"][1:2]
    silent = recusal_of(other, 1)
    silent["record"]["commitment"]["parent"] = sha(dumps(left["record"]))
    silent["before"] = dumps(left["record"])
    return {
        "odds-pairs": first,
        "odds-one-bit": draw(
            lambda xs: [[x, [[2, [0, 1, 2, 3], [1] * 4]]] for x in xs], header(bits=1)
        ),
        "odds-hierarchy": draw(hierarchy_of),
        "odds-joint": draw(joint_of, parameters={"team_size": 2}),
        "odds-tight-capacities": draw(pairs_of, header(capacities=loads)),
        "odds-partial": draw(pairs_of, parameters={"partial": True}, skipped=1),
        "odds-nobody-can": draw(lambda xs: [], parameters={"partial": True}, skipped=3),
        "odds-300-inspectors": draw(
            lambda xs: [[x, [slot(2, wide, 10)]] for x in xs],
            header(many, 10),
        ),
        "odds-30-bits": draw(
            lambda xs: [[x, [slot(3, {1: 5, 2: 4, 4: 5, 5: 4}, 30)]] for x in xs], header(bits=30)
        ),
        "stage-teams": second,
        "stage-nothing-to-do": stage(draw(matcher=False, take=1)["record"] | {"visits": []}, []),
        "recusal": left,
        "recusal-all-leave": recusal_of(draw(joint_of)["record"], 3, reason="离职"),
        "recusal-of-a-second-step": recusal_of(second["record"], 1),
        "recusal-again": recusal_of(left["record"], 1),
        "recusal-of-another-visit": follow(silent),
    }


def broken_tables():
    """Name → why, and what is done to head and rows; teams follow where they can."""

    def rows(change):
        return lambda head, rows: change(rows)

    def first_slot(place, to):
        return lambda head, rows: rows[0][1][0].__setitem__(place, to)

    def key(name, to):
        return lambda head, rows: head.__setitem__(name, to)

    def slots(*to):
        return lambda head, rows: rows[0].__setitem__(1, [*to])

    def further(*to):
        return lambda head, rows: rows[0][1].append([*to])

    def capacity(head, rows):
        mine = [
            n for _, s in rows for _, who, ns in s for i, n in zip(who, ns, strict=True) if i == 2
        ]
        head["capacities"][2] = (sum(mine) - 1) // 16

    def above_one(head, rows):
        rows[0][1] = [[1, [0, 1], [9, 7]], [1, [0, 2], [8, 8]]]

    def above_one_in_a_slot(head, rows):
        rows[0][1] = [[2, [0, 1], [17, 15]]]

    return {
        "bits-0": ("no bits", key("bits", 0)),
        "bits-31": ("more than 30 bits", key("bits", 31)),
        "bits-truth": ("true where a number belongs", key("bits", True)),
        "protocol": ("another protocol", key("protocol", "randcheck/v2")),
        "key-unknown": ("a key that the protocol does not have", key("apart", [])),
        "key-missing": ("a key is missing", lambda head, rows: head.pop("capacities")),
        "inspectors-order": ("inspectors out of order", key("inspectors", [*STAFF[1:], "I0"])),
        "inspector-twice": ("an inspector twice", key("inspectors", ["I0", *STAFF[:-1]])),
        "inspector-empty": ("an inspector without an id", key("inspectors", ["", *STAFF[1:]])),
        "capacities-short": ("an inspector without a capacity", key("capacities", [None] * 5)),
        "capacities-long": ("a capacity without an inspector", key("capacities", [None] * 7)),
        "capacity-negative": ("a capacity below nothing", key("capacities", [-1, *[None] * 5])),
        "capacity-truth": ("true where a number belongs", key("capacities", [True, *[None] * 5])),
        "capacity": ("more than the capacity", capacity),
        "pair-above-one": ("two places in a visit, more often than always", above_one),
        "slot-above-one": ("a place more often than always", above_one_in_a_slot),
        "line-missing": ("a visit without its odds", rows(lambda rows: rows.pop())),
        "line-added": ("odds of no visit", rows(lambda r: r.append(["zz", r[0][1]]))),
        "line-twice": ("a visit twice", rows(lambda rows: rows.insert(1, rows[0]))),
        "lines-order": ("visits out of order", rows(lambda rows: rows.reverse())),
        "no-slot": ("a visit without a slot", slots()),
        "slots-null": ("null where slots belong", rows(lambda r: r[0].__setitem__(1, None))),
        "slot-short": ("a slot without numerators", rows(lambda rows: rows[0][1][0].pop())),
        "line-long": ("a line with a third value", rows(lambda rows: rows[0].append(0))),
        "subject-number": ("a number for a subject", rows(lambda r: r[0].__setitem__(0, 5))),
        "places": ("numerators that add up to another number of places", first_slot(0, 3)),
        "places-truth": ("true where a number belongs", further(True, [4, 5], [8, 8])),
        "places-none": ("a slot of nobody", further(0, [], [])),
        "candidate-order": ("candidates out of order", first_slot(1, [1, 0, 2, 3, 4, 5])),
        "candidate-twice": ("a candidate twice in a slot", first_slot(1, [0, 0, 2, 3, 4, 5])),
        "candidate-negative": ("a negative number", first_slot(1, [-1, 1, 2, 3, 4, 5])),
        "candidate-unknown": ("nobody with that number", first_slot(1, [0, 1, 2, 3, 4, 6])),
        "candidate-truth": ("true where a number belongs", first_slot(1, [0, True, 2, 3, 4, 5])),
        "candidate-missing": ("a numerator without a candidate", first_slot(1, [0, 1, 2, 3, 4])),
        "numerator-zero": ("a numerator of nothing", slots([2, [0, 1, 2], [0, 16, 16]])),
        "numerator-negative": ("a negative numerator", slots([2, [0, 1, 2, 3], [-1, 1, 16, 16]])),
        "numerator-truth": ("true for 1", slots([1, [0, 1], [True, 15]], [1, [2, 3], [8, 8]])),
        "numerator-off": ("numerators that do not add up", first_slot(2, [1, 1, 1, 1, 1, 1])),
    }  # fmt: skip


def broken_bytes():
    """Name → why, and what is done to the text of a table."""
    return {
        "space": ("a blank", lambda data: data.replace(b",", b", ", 1)),
        "crlf": ("other line ends", lambda data: data.replace(b"\n", b"\r\n")),
        "no-final-newline": ("the last line has no end", lambda data: data[:-1]),
        "blank-line": ("an empty line", lambda data: data + b"\n"),
        "empty": ("nothing", lambda data: b""),
        "bom": ("a byte order mark", lambda data: b"\xef\xbb\xbf" + data),
        "not-utf8": ("not UTF-8", lambda data: data + b"\xff\n"),
        "float": ("a float", lambda data: data.replace(b"[[2,", b"[[2.0,", 1)),
        "escape": ("an escape too many", lambda data: data.replace(b'"I0"', b'"\\u00490"')),
        "key-order": ("keys misplaced", lambda data: data.replace(b'"bits":4,"ca', b'"ca').replace(
            b'v1"}', b'v1","bits":4}')),
        "key-twice": ("a key twice", lambda data: data.replace(b'"bits":4,', b'"bits":4,' * 2)),
        "two-in-a-line": ("two visits in a line", lambda data: data.replace(b"]\n[", b"],[", 1)),
    }  # fmt: skip


def bad():
    """Name → number of the finding, why, and the draw or stage."""
    out = {}
    base = good()

    def case(name, number, why, of, change=None, *, again=True, teams=True, odds=None):
        drawn = copy.deepcopy(base[of])
        if change:
            change(drawn["record"], drawn)
        if again:
            follow(drawn, teams=teams, odds=odds)
        out[name] = (number, why, drawn)

    def bound(key, to):
        return lambda record, drawn: record["commitment"].__setitem__(key, to)

    def told(key, to):
        return lambda record, drawn: record["commitment"]["recusal"].__setitem__(key, to)

    for of in ("odds-pairs", "stage-teams"):
        kind = of.split("-")[0]
        for name, (why, change) in broken_tables().items():
            drawn = copy.deepcopy(base["odds-pairs"] if kind == "odds" else base["stage-teams"])
            if kind == "stage":
                drawn["rows"] = pairs_of([x for x, _ in drawn["rows"]])
                follow(drawn)
            change(drawn["head"], drawn["rows"])
            feasible = name in ("capacity", "pair-above-one")
            if kind == "odds" or feasible or name.startswith(("line-missing", "candidate", "bits")):
                number = 14 if name == "no-slot" else 13
                out[f"fail-{kind}-{name}"] = (number, why, follow(drawn, teams=feasible))
    for name, (why, change) in broken_bytes().items():
        case(
            f"fail-odds-{name}",
            13,
            why,
            "odds-pairs",
            teams=False,
            odds=change(base["odds-pairs"]["odds"]),
        )

    def swapped(record, drawn):
        one, other = record["visits"][:2]
        one["team"], other["team"] = other["team"], one["team"]

    def replaced(record, drawn):
        team = record["visits"][0]["team"]
        team[0] = next(x for x in STAFF if x not in team)
        team.sort()

    def reversed_team(record, drawn):
        record["visits"][0]["team"].reverse()

    def doubled(record, drawn):
        record["visits"][0]["team"][1] = record["visits"][0]["team"][0]

    def nobody(record, drawn):
        record["visits"][0]["team"] = None

    def everybody(record, drawn):
        visit = next(v for v in record["visits"] if v["team"] is None)
        visit["team"] = ["I0", "I1"]

    case("fail-odds-digest", 13, "other odds than the record's", "odds-pairs",
         lambda r, d: r.__setitem__("odds_sha256", "0" * 64), again=False)  # fmt: skip
    case("fail-odds-not-claimed", 11, "odds for a record that has none", "odds-pairs",
         lambda r, d: r.__setitem__("odds_sha256", None), again=False)  # fmt: skip
    case("fail-odds-upper-case", 3, "hex in upper case", "odds-pairs",
         lambda r, d: r.update(odds_sha256=r["odds_sha256"].upper()), again=False)  # fmt: skip
    case("fail-teams-swapped", 14, "two teams swapped", "odds-pairs", swapped, again=False)
    case(
        "fail-team-replaced", 14, "somebody who was not drawn", "odds-pairs", replaced, again=False
    )
    case(
        "fail-team-reversed",
        11,
        "a team that is not ascending",
        "odds-pairs",
        reversed_team,
        again=False,
    )
    case("fail-team-doubled", 11, "one person twice", "odds-pairs", doubled, again=False)
    case("fail-team-null", 11, "a visit without its team", "odds-pairs", nobody, again=False)
    case("fail-partial-invented", 13, "a team without odds", "odds-partial", everybody, again=False)
    case("fail-partial-dropped", 13, "odds without a team", "odds-partial", nobody, again=False)

    for key in ("seed", "inspectors_seed"):
        case(f"fail-stage-{key}", 6, "the seed does not follow", "stage-teams",
             lambda r, d, key=key: r.__setitem__(key, "0" * 64), again=False)  # fmt: skip
    case("fail-stage-randomness", 6, "another text than the source gave", "stage-teams",
         lambda r, d: r.__setitem__("randomness", RANDOMNESS), again=False)  # fmt: skip
    case("fail-stage-randomness-empty", 3, "no randomness", "stage-teams",
         lambda r, d: r.__setitem__("randomness", ""))  # fmt: skip
    case("fail-stage-key-unknown", 3, "a key that the protocol does not have", "stage-teams",
         lambda r, d: r.__setitem__("visits", []))  # fmt: skip
    case(
        "fail-stage-key-missing",
        3,
        "a key is missing",
        "stage-teams",
        lambda r, d: r.pop("protocol"),
    )
    case(
        "fail-stage-kind",
        3,
        "a kind that the protocol does not have",
        "stage-teams",
        bound("kind", "swap"),
    )
    case(
        "fail-stage-kind-of-recusal",
        10,
        "a recusal that calls itself teams",
        "recusal",
        bound("kind", "teams"),
    )
    case(
        "fail-stage-kind-of-teams",
        10,
        "teams that call themselves a recusal",
        "stage-teams",
        bound("kind", "recusal"),
    )
    case(
        "fail-stage-as-of",
        3,
        "no date",
        "stage-teams",
        bound("task", {"as_of": "2026-02-30", "id": "T-1"}),
    )
    case(
        "fail-stage-task",
        10,
        "another task than the parent's",
        "stage-teams",
        bound("task", {"as_of": "2026-07-03", "id": "T-2"}),
    )
    case("fail-stage-task-items", 3, "a key that the protocol does not have", "stage-teams",
         bound("task", {"as_of": "2026-07-03", "id": "T-1", "items": ITEMS}))  # fmt: skip
    case(
        "fail-stage-matcher-null",
        3,
        "teams that nothing drew",
        "stage-teams",
        bound("matcher", None),
    )
    case(
        "fail-stage-inspectors-null",
        3,
        "teams of nobody's register",
        "stage-teams",
        bound("inputs", INPUTS | {"inspectors": None}),
    )
    case(
        "fail-stage-odds-null",
        3,
        "no odds",
        "stage-teams",
        lambda r, d: bound("odds_sha256", None)(r, d),
        again=False,
    )
    case("fail-stage-parent", 7, "another record", "stage-teams", bound("parent", "0" * 64))
    case("fail-stage-parent-null", 3, "no record before it", "stage-teams", bound("parent", None))
    case("fail-stage-visits-order", 3, "visits out of order", "stage-teams",
         lambda r, d: r["commitment"]["visits"].reverse())  # fmt: skip

    def one_less(record, drawn):
        record["commitment"]["visits"].pop()
        drawn["rows"].pop()

    case(
        "fail-stage-visit-dropped",
        10,
        "a visit of the parent is not drawn",
        "stage-teams",
        one_less,
    )

    def not_the_rounding(record, drawn):
        team = record["teams"][0]["team"]
        team[0] = next(x for x in STAFF if x not in team)
        team.sort()

    def teams_swapped(record, drawn):
        one, other = record["teams"][:2]
        one["team"], other["team"] = other["team"], one["team"]

    case(
        "fail-stage-team-replaced",
        14,
        "somebody who was not drawn",
        "stage-teams",
        not_the_rounding,
        again=False,
    )
    case(
        "fail-stage-teams-swapped",
        14,
        "two teams swapped",
        "stage-teams",
        teams_swapped,
        again=False,
    )
    case(
        "fail-stage-teams-order",
        12,
        "teams out of order",
        "stage-teams",
        lambda r, d: r["teams"].reverse(),
        again=False,
    )
    case(
        "fail-stage-team-dropped",
        12,
        "a visit without a team",
        "stage-teams",
        lambda r, d: r["teams"].pop(),
        again=False,
    )
    case("fail-stage-team-key", 12, "a key that the protocol does not have", "stage-teams",
         lambda r, d: r["teams"][0].__setitem__("items", ITEMS), again=False)  # fmt: skip
    case("fail-stage-team-null", 11, "null where a team belongs", "stage-teams",
         lambda r, d: r["teams"][0].__setitem__("team", None), again=False)  # fmt: skip
    case(
        "fail-stage-team-of-one",
        11,
        "a team of one",
        "stage-teams",
        lambda r, d: r["teams"][0]["team"].pop(),
        again=False,
    )
    case("fail-stage-team-reversed", 11, "a team that is not ascending", "stage-teams",
         lambda r, d: r["teams"][0]["team"].reverse(), again=False)  # fmt: skip
    case("fail-stage-odds-digest", 13, "other odds than were committed", "stage-teams",
         lambda r, d: d.update(odds=d["odds"].replace(b"I5", b"I9")), again=False)  # fmt: skip

    def parent(of, change=None, end=b""):
        def set_parent(record, drawn):
            before = copy.deepcopy(base[of]["record"])
            if change:
                change(before)
            drawn["before"] = dumps(before) + end
            record["commitment"]["parent"] = sha(drawn["before"])

        return set_parent

    def with_teams(before):
        for visit in before["visits"]:
            visit["team"] = ["I0", "I1"]

    two_step = draw(matcher=False)["record"]
    base["two-step"] = {"record": two_step}
    case(
        "fail-stage-parent-has-teams",
        10,
        "the parent has teams",
        "stage-teams",
        parent("two-step", with_teams),
    )
    case(
        "fail-stage-parent-is-a-stage",
        10,
        "teams are drawn a second time",
        "stage-teams",
        parent("stage-teams"),
    )
    case(
        "fail-stage-parent-form",
        8,
        "a parent without a key",
        "stage-teams",
        parent("two-step", lambda b: b.pop("seed")),
    )
    case("fail-stage-parent-space", 8, "a parent that is not canonical", "stage-teams",
         parent("two-step", end=b"\n"))  # fmt: skip

    leaver = base["recusal"]["record"]["commitment"]["recusal"]["leaving"]
    stayer = base["recusal"]["record"]["commitment"]["recusal"]["staying"]

    others = sorted({*STAFF} - {*leaver, *stayer})

    def candidate(name):
        def change(record, drawn):
            subject = drawn["rows"][0][0]
            them = {i: 1 for i, x in enumerate(STAFF) if x == name or x in others}
            drawn["rows"] = [[subject, [slot(1, them)]]]

        return change

    def two_drawn(record, drawn):
        drawn["rows"][0][1][0] = slot(2, dict.fromkeys(drawn["rows"][0][1][0][1], 1))

    def two_visits(record, drawn):
        drawn["rows"].append(["zz", drawn["rows"][0][1]])
        record["commitment"]["visits"].append("zz")

    case(
        "fail-recusal-leaver-drawn",
        13,
        "who leaves may be drawn again",
        "recusal",
        candidate(leaver[0]),
    )
    case(
        "fail-recusal-stayer-drawn",
        10,
        "who stays may be drawn again",
        "recusal",
        candidate(stayer[0]),
    )
    case("fail-recusal-two-drawn", 10, "two come for one who leaves", "recusal", two_drawn)
    case("fail-recusal-two-visits", 10, "a recusal of two visits", "recusal", two_visits)
    case(
        "fail-recusal-nobody-leaves",
        10,
        "nobody leaves",
        "recusal",
        lambda r, d: r["commitment"]["recusal"].update(leaving=[], staying=sorted(leaver + stayer)),
        teams=False,
    )
    case(
        "fail-recusal-another-team",
        10,
        "not the team that the parent states",
        "recusal",
        told("leaving", ["zz"]),
    )
    case(
        "fail-recusal-leaves-and-stays",
        10,
        "somebody leaves and stays",
        "recusal",
        told("leaving", sorted(leaver + stayer)),
    )
    case("fail-recusal-leaving-order", 3, "ids out of order", "recusal-all-leave",
         lambda r, d: r["commitment"]["recusal"]["leaving"].reverse())  # fmt: skip
    case("fail-recusal-date", 3, "no date", "recusal", told("decided", "2026-2-3"))
    case("fail-recusal-reason", 3, "no reason", "recusal", told("reason", ""))
    case(
        "fail-recusal-key", 3, "a key that the protocol does not have", "recusal", told("who", "x")
    )
    case("fail-recusal-leaver-in-team", 10, "who leaves is in the team", "recusal",
         lambda r, d: r["teams"][0].update(team=sorted(leaver + stayer)), again=False)  # fmt: skip
    case("fail-recusal-stayer-gone", 10, "who stays is not in the team", "recusal",
         lambda r, d: r["teams"][0].update(team=others[:2]), again=False)  # fmt: skip
    case("fail-recusal-substitute", 14, "another substitute than was drawn", "recusal",
         lambda r, d: r["teams"][0].update(team=sorted([*stayer, next(
             x for x in others if x not in r["teams"][0]["team"])])), again=False)  # fmt: skip
    return out


def files(drawn):
    """The files of a draw or stage, and the arguments of `verify` with files by name."""
    staged = "cells" not in drawn["record"]
    names = {"record": "record.json", "sheet": "parent.json" if staged else "sheet.jsonl"}
    data = {names["record"]: dumps(drawn["record"]), names["sheet"]: drawn["before"]}
    if drawn.get("odds") is not None:
        names["odds"] = "odds.jsonl"
        data["odds.jsonl"] = drawn["odds"]
    bound = sha(dumps(drawn["record"]["commitment"]))
    return data, names | {"commitment": bound, "randomness": drawn["record"]["randomness"]}


def cases():
    """Name, whether it holds, why not, the files, and the arguments of `verify` (files by name)."""
    for name, drawn in good().items():
        yield (name, True, None, *files(drawn))
    for name, (_, why, drawn) in bad().items():
        yield (name, False, why, *files(drawn))


def arguments(data, told):
    """What `verify` is called with: a file's bytes where its name stands."""
    return {key: data.get(value, value) for key, value in told.items()}
