"""Replacements, good and bad, built by hand; nothing here imports the package.

The rule of docs/replacement.md a second time, in its shortest form and without regard to speed.
`cases()` gives the golden vectors; in a bad one a single rule is broken. Written to
`tests/vectors/replacements-v1/` by `python tests/replacement_cases.py`.
"""

import copy
import json
import shutil
from pathlib import Path

from verify_cases import INPUTS, RANDOMNESS, SOURCE, STRATEGY, dumps, seeds, sha

FOLDER = Path(__file__).parent / "vectors" / "replacements-v1"
PROTOCOL = "randcheck/v1"
ITEMS = ["food", "price", "meter"]
TAKES = [4, 3, 4, 3, 5]


# --- the rule, once more -------------------------------------------------------------------------


def follow(record, sheet, rounds, among=1):
    """The successors (bytes) of a record (bytes) with one list of absences after the other."""
    drawn = json.loads(record)
    header, *rows = [json.loads(row) for row in sheet.decode().splitlines()]
    items, cells_of = header["items"], dict(rows)
    ticket = {x["subject"]: x["ticket"] for x in drawn["visits"] + drawn["reserves"]}
    team = {x["subject"]: x["team"] for x in drawn["visits"]}
    cell_of = {(x, i): cells_of[x][n] for x in ticket for n, i in enumerate(items)}
    root = {(x["subject"], i): None for x in drawn["visits"] for i in x["items"]}  # (who, item)
    gone, parent, out = set(), sha(record), []
    for absences in rounds:
        told = sorted(absences, key=lambda a: (ticket[a["subject_id"]], a["subject_id"].encode()))
        lost = [
            (a["subject_id"], cell, items.index(item), item)
            for a in told
            for cell, item in [(cell_of[a["subject_id"], i], i) for i in items]
            if (a["subject_id"], item) in root
        ]
        order = [a["subject_id"] for a in told]
        lost.sort(key=lambda entry: (order.index(entry[0]), entry[1], entry[2]))
        gone |= set(order)
        substitutes, unreplaced = [], []
        for name, cell, _, item in lost:
            here = [r["subject"] for r in drawn["reserves"] if r["cell"] == cell]
            having = [x for x in here if cell_of[x, item] == cell]
            free = [x for x in having if (x, item) not in root and x not in gone]
            entry = {"cell": cell, "for": name, "item": item}
            if not free:
                size, take = header["cells"][cell]
                if size == take:
                    reason = "the cell is taken whole: nobody is left to stand in"
                elif here and not having:
                    reason = (
                        "the item applies to none of the cell's reserves: give it a task of its own"
                    )
                else:
                    reason = (
                        "the cell's reserves are used up: give the item a task of its own, "
                        "or plan more reserves"
                    )
                unreplaced.append(entry | {"reason": reason, "reserves": len(here)})
                continue
            visited = [x for x, _ in root if x not in gone]
            chosen = [x for x in free[:among] if x in visited] + free
            stands_in = chosen[0]
            passed = []
            for x in here[: here.index(stands_in)]:
                if (x, item) in root:
                    continue
                why = "another is visited anyway"
                if x not in having:
                    why = "the item does not apply"
                elif x in gone:
                    why = "absent"
                passed.append({"subject": x, "why": why})
            substitutes.append(
                entry
                | {"passed": passed, "subject": stands_in, "ticket": ticket[stands_in]}
                | {"visited": stands_in in visited}
            )
            root[stands_in, item] = root[name, item] or name
        visits = []
        for x in sorted({x for x, _ in root} - gone, key=lambda x: (ticket[x], x.encode())):
            own = [i for i in items if (x, i) in root]
            teams = [team[x]] if x in team else [team[root[x, i]] for i in own]
            visits.append({
                "items": [{"cell": cell_of[x, i], "for": root[x, i], "item": i} for i in own],
                "subject": x,
                "team": teams[0] if all(each == teams[0] for each in teams) else None,
                "ticket": ticket[x],
            })  # fmt: skip
        out.append(dumps({
            "absences": told, "among": among, "parent": parent, "protocol": PROTOCOL,
            "record": sha(record), "substitutes": substitutes, "unreplaced": unreplaced,
            "visits": visits,
        }))  # fmt: skip
        parent = sha(out[-1])
    return out


# --- a draw to go on from ------------------------------------------------------------------------


def lines():
    """Forty subjects: a cell of two items that not all have, cells of one item, one taken whole."""
    rows = []
    for number in range(40):
        food = price = meter = None
        if number < 16:
            food = 0 if number % 5 else None
            price = 0 if number % 3 or number % 5 == 0 else None
        elif number < 28:
            food, price = 1, 2
        elif number < 31:
            food = 3
        else:
            price = 2
        if number % 2 == 0:
            meter = 4
        rows.append([f"S{number:02}" if number else '电梯"/0', [food, price, meter]])
    return sorted(rows, key=lambda row: row[0].encode())


def draw(reserves=3, teams=False):
    """The record and the sheet of a draw, as bytes."""
    rows = lines()
    sizes = [sum(cell in own for _, own in rows) for cell in range(len(TAKES))]
    header = {
        "cells": [list(each) for each in zip(sizes, TAKES, strict=True)],
        "items": ITEMS, "protocol": PROTOCOL, "task_id": "T-1",
    }  # fmt: skip
    sheet = b"".join(dumps(each) + b"\n" for each in [header, *rows])
    matcher = STRATEGY if teams else None
    commitment = {
        "excluded": {}, "inputs": INPUTS | {"inspectors": INPUTS["inspectors"] if teams else None},
        "matcher": matcher, "nonce": "", "parent": None, "protocol": PROTOCOL,
        "sampler": STRATEGY, "sheet_sha256": sha(sheet), "source": SOURCE,
        "task": {"as_of": "2026-07-01", "id": "T-1", "items": ITEMS, "reserves": reserves},
    }  # fmt: skip
    seed, subjects_seed, inspectors_seed = seeds("T-1", sha(dumps(commitment)), RANDOMNESS)
    ticket = {name: sha(f"{subjects_seed}:{name}".encode()) for name, _ in rows}
    cells, spare, taken = [], [], {}
    for cell, (size, take) in enumerate(header["cells"]):
        order = sorted((ticket[name], name) for name, own in rows if cell in own)
        cells.append({"last_ticket": order[take - 1][0], "size": size, "take": take})
        for _, name in order[:take]:
            taken.setdefault(name, []).append(cell)
        spare += [
            {"cell": cell, "subject": name, "ticket": t} for t, name in order[take:][:reserves]
        ]
    visits = [
        {"cells": taken[name], "subject": name, "ticket": ticket[name],
         "items": [item for item, cell in zip(ITEMS, dict(rows)[name], strict=True)
                   if cell in taken[name]],
         "team": [f"I{number:02}", f"I{number + 1:02}"] if teams else None}
        for number, name in enumerate(sorted(taken, key=ticket.get))
    ]  # fmt: skip
    record = {
        "cells": cells, "commitment": commitment, "odds_sha256": "e" * 64 if teams else None,
        "inspectors_seed": inspectors_seed if teams else None, "protocol": PROTOCOL,
        "randomness": RANDOMNESS, "reserves": spare, "seed": seed,
        "subjects_seed": subjects_seed, "visits": visits,
    }  # fmt: skip
    return dumps(record), sheet


def absence(name, reason="gone", **changes):
    return {
        "decided": "2026-07-15",
        "decided_by": ["I0", "I1"],
        "evidence": {"photograph of the closed door": "f" * 64},
        "reason": reason,
        "subject_id": name,
    } | changes


# --- good and bad --------------------------------------------------------------------------------


class World:
    """Who is drawn and in reserve in each cell, to choose the absent from."""

    def __init__(self, **options):
        self.record, self.sheet = draw(**options)
        self.drawn = json.loads(self.record)
        self.lines = dict(lines())

    def taken(self, cell):
        return [x["subject"] for x in self.drawn["visits"] if cell in x["cells"]]

    def spare(self, cell):
        return [x["subject"] for x in self.drawn["reserves"] if x["cell"] == cell]

    def absent(self, *names, **changes):
        return [absence(name, **changes) for name in names]

    def case(self, *rounds, among=1, why=None, number=None, announced=None):
        *earlier, last = follow(self.record, self.sheet, rounds, among)
        return {
            "record": self.record, "sheet": self.sheet, "earlier": earlier, "successor": last,
            "among": announced or among, "why": why, "number": number,
        }  # fmt: skip


def good():
    w, teams, none = World(), World(teams=True), World(reserves=0)
    both = next(x for x in w.taken(0) if sum(cell == 0 for cell in w.lines[x]) == 2)
    first, second = w.taken(1)[:2]
    spare = w.spare(1)
    everybody = [x["subject"] for x in w.drawn["visits"]]
    others = [x["subject"] for x in teams.drawn["visits"]]
    text = {"evidence": {"登记机关回函：已注销": None}, "decided_by": ["张三", "李四"]}
    return {
        "one-gone": w.case(w.absent(first)),
        "two-items-of-a-cell": w.case(w.absent(both, reason="moved", **text)),
        "two-absent": w.case(w.absent(second, first, reason="not found")),
        "cell-taken-whole": w.case(w.absent(*w.taken(3))),
        "everybody-absent": w.case(w.absent(*everybody)),
        "no-reserves-planned": none.case(none.absent(none.taken(1)[0])),
        "reserve-absent": w.case(w.absent(first, spare[0])),
        "substitute-absent": w.case(w.absent(first), w.absent(spare[0]), w.absent(second)),
        "visited-first": w.case(w.absent(*everybody[:5]), among=3),
        "teams": teams.case(teams.absent(*others[:4]), teams.absent(others[5])),
    }


def bad():
    w, teams = World(), World(teams=True)
    first, second = w.taken(1)[:2]
    spare, everybody = w.spare(1), [x["subject"] for x in w.drawn["visits"]]
    one, two = w.absent(first), w.absent(second)
    out = {}

    def case(name, number, why, change=None, of=None, file="successor", **changes):
        made = copy.deepcopy(of or w.case(one)) | changes | {"why": why, "number": number}
        if change:
            value = json.loads(made[file])
            change(value)
            made[file] = dumps(value)
        out[f"fail-{name}"] = made

    def skipped(v):  # the next reserve, willing as it may be, is passed over for the one after it
        entry = next(x for x in v["substitutes"] if x["cell"] == 1)
        visit = next(x for x in v["visits"] if x["subject"] == entry["subject"])
        other = next(x for x in w.drawn["reserves"] if (x["cell"], x["subject"]) == (1, spare[1]))
        entry.update(subject=other["subject"], ticket=other["ticket"])
        visit.update(subject=other["subject"], ticket=other["ticket"])
        v["visits"].sort(key=lambda x: x["ticket"])

    def told(**changes):
        return lambda v: v["absences"][0].update(changes)

    case("willing-reserve-skipped", 6, "the second reserve instead of the first", skipped)
    case(
        "skipped-and-listed",
        6,
        "a reserve passed over for no reason",
        lambda v: (
            skipped(v),
            v["substitutes"][0]["passed"].append({"subject": spare[0], "why": "absent"}),
        ),
    )
    case(
        "drawn-firm-dropped",
        7,
        "a visit that nobody declared absent",
        lambda v: v["visits"].remove(next(x for x in v["visits"] if x["subject"] == second)),
    )
    case(
        "absent-firm-visited",
        7,
        "an absent firm that is visited",
        lambda v: v["visits"].append(
            {
                "items": [{"cell": 1, "for": None, "item": "food"}],
                "subject": first,
                "team": None,
                "ticket": next(x["ticket"] for x in w.drawn["visits"] if x["subject"] == first),
            }
        ),
    )
    case(
        "substitute-dropped",
        6,
        "an item that nobody takes over, and no reason",
        lambda v: v["substitutes"].pop(),
    )
    case(
        "item-dropped",
        7,
        "a visit without one of its items",
        lambda v: next(x for x in v["visits"] if len(x["items"]) > 1)["items"].pop(),
    )
    case(
        "passed-hidden",
        6,
        "an absent reserve that is not listed",
        lambda v: next(x for x in v["substitutes"] if x["passed"])["passed"].clear(),
        of=w.case(w.absent(first, spare[0])),
    )
    case(
        "visited-denied",
        6,
        "a substitute who was to be visited anyway, or not",
        lambda v: v["substitutes"][0].update(visited=not v["substitutes"][0]["visited"]),
    )
    case(
        "whole-cell-replaced",
        6,
        "a cell taken whole that calls itself used up",
        lambda v: v["unreplaced"][0].update(
            reason="the cell's reserves are used up: give the "
            "item a task of its own, or plan more reserves"
        ),
        of=w.case(w.absent(w.taken(3)[0])),
    )
    case(
        "place-of-another",
        7,
        "a substitute who stands for somebody else",
        lambda v: next(i for x in v["visits"] for i in x["items"] if i["for"]).update(
            {"for": second}
        ),
    )
    case(
        "team-swapped",
        7,
        "another team than the absent firm's",
        lambda v: next(x for x in v["visits"] if x["items"][0]["for"]).update(team=["I7", "I8"]),
        of=teams.case(teams.absent(teams.taken(1)[0])),
    )
    case("one-person", 2, "an absence that one person decided", told(decided_by=["I0"]))
    case("person-twice", 2, "one person under two ids", told(decided_by=["I0", "i0"]))
    case("no-evidence", 2, "an absence without evidence", told(evidence={}))
    case("evidence-digest", 2, "a digest in upper case", told(evidence={"photograph": "F" * 64}))
    case("reason", 2, "a reason that is none", told(reason="unwilling"))
    case("date", 2, "a day that is written in another way", told(decided="20260715"))
    case("nobody-absent", 3, "a successor without an absence", lambda v: v["absences"].clear())
    case("stranger-absent", 3, "the absence of one who is not concerned", told(subject_id="S99"))
    case(
        "absent-twice",
        3,
        "an absence that an earlier successor states",
        lambda v: v["absences"].append(one[0]),
        of=w.case(one, two),
    )
    case(
        "absences-order",
        5,
        "absences out of order",
        lambda v: v["absences"].reverse(),
        of=w.case(w.absent(first, second)),
    )
    case("parent", 4, "another parent", lambda v: v.update(parent="0" * 64))
    case("record", 4, "the successor of another record", lambda v: v.update(record="0" * 64))
    case("earlier-hidden", 4, "an earlier successor is not given", of=w.case(one, two), earlier=[])
    case(
        "earlier-order",
        3,
        "earlier successors out of order",
        of=w.case(one, two, w.absent(everybody[-1]))
        | {"earlier": w.case(one, two, w.absent(everybody[-1]))["earlier"][::-1]},
    )
    case(
        "earlier-forged",
        3,
        "an earlier successor that does not follow",
        of=w.case(one, two) | {"earlier": [out["fail-willing-reserve-skipped"]["successor"]]},
    )
    case(
        "among",
        4,
        "another among than announced",
        of=w.case(w.absent(*everybody[:5]), among=3),
        among=1,
    )
    case("among-zero", 3, "an among that is none", lambda v: v.update(among=0), among=None)
    case("key-unknown", 2, "a key that the form does not have", lambda v: v.update(note="x"))
    case("protocol", 2, "another protocol", lambda v: v.update(protocol="randcheck/v2"))
    case("space", 2, "bytes that are not canonical", successor=w.case(one)["successor"] + b"\n")
    case(
        "record-broken",
        3,
        "a record whose reserves do not follow from its tickets",
        lambda v: v["reserves"].reverse(),
        file="record",
    )
    case("sheet-of-another", 3, "another odds sheet", sheet=w.sheet.replace(b'"S09"', b'"S090"'))
    return out  # fmt: skip


def cases():
    """Name → files and what must be found."""
    return good() | bad()


def files(case):
    """The files of a case by name."""
    told = {"among": case["among"], "holds": case["why"] is None}
    told |= {"number": case["number"], "why": case["why"]}
    return {
        "record.json": case["record"], "sheet.jsonl": case["sheet"],
        "successor.json": case["successor"],
        "case.json": json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n",
    } | {f"earlier-{n}.json": data for n, data in enumerate(case["earlier"], 1)}  # fmt: skip


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, case in cases().items():
        (FOLDER / name).mkdir(parents=True)
        for file, data in files(case).items():
            (FOLDER / name / file).write_bytes(data)
