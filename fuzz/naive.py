"""The rules once more, without speed and without anything of the package.

What a fuzzed file is accepted by must be accepted here too: see `targets.py`.
"""

import hashlib
import json


def dumps(value):
    """Canonical JSON of values that are integers, texts, lists, objects, truth values or null."""

    def ordered(each):
        if isinstance(each, dict):
            keys = sorted(each, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
            return {key: ordered(each[key]) for key in keys}
        return [ordered(one) for one in each] if isinstance(each, list) else each

    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def loads(data):
    """The value of canonical bytes; `ValueError` otherwise."""

    def refuse(text):
        raise ValueError(text)

    def integer(text):
        if len(text) > 17 or abs(int(text)) > 2**53:
            raise ValueError("large")
        return int(text)

    try:
        value = json.loads(
            data.decode(), parse_int=integer, parse_float=refuse, parse_constant=refuse
        )
        if dumps(value) != data:
            raise ValueError("another form")
    except RecursionError:
        raise ValueError("deep") from None
    return value


def sha(data):
    return hashlib.sha256(data).hexdigest()


def seeds(task_id, digest, randomness):
    """Seed, subjects' seed and inspectors' seed, in hex."""

    def field(value):
        value = value if isinstance(value, bytes) else value.encode()
        return len(value).to_bytes(8, "big") + value

    parts = ("randcheck/v1", task_id, bytes.fromhex(digest), randomness)
    seed = hashlib.sha256(b"".join(map(field, parts))).digest()
    return seed.hex(), *(sha(field(name) + field(seed)) for name in ("subjects", "inspectors"))


def sheet_of(data):
    """Header and rows of an odds sheet; `ValueError` if it is none."""
    *lines, end = data.split(b"\n")
    header, *rows = map(loads, lines)
    good = end == b"" and rows and type(header) is dict
    good = good and sorted(header) == ["cells", "items", "protocol", "task_id"]
    good = good and header["protocol"] == "randcheck/v1" and is_text(header["task_id"])
    good = good and type(header["items"]) is type(header["cells"]) is list
    good = good and header["items"] and all(map(is_text, header["items"]))
    if not good or len({*header["items"]}) < len(header["items"]):
        raise ValueError("header")
    sizes = [0] * len(header["cells"])
    before = b""
    for row in rows:
        if type(row) is not list or len(row) != 2 or not is_text(row[0]):
            raise ValueError("row")
        name, own = row
        if type(own) is not list or len(own) != len(header["items"]) or name.encode() <= before:
            raise ValueError("row")
        before = name.encode()
        if not all(each is None or (type(each) is int and 0 <= each < len(sizes)) for each in own):
            raise ValueError("cell")
        if {*own} == {None}:
            raise ValueError("no item")
        for cell in {*own} - {None}:
            sizes[cell] += 1
    for size, cell in zip(sizes, header["cells"], strict=True):
        if type(cell) is not list or [*map(type, cell)] != [int, int]:
            raise ValueError("cells")
        if cell[0] != size or not 0 <= cell[1] <= size:
            raise ValueError("sizes")
    return header, rows


def is_text(value):
    return type(value) is str and value != ""


def draw(sheet, commitment, randomness):
    """What the record of a draw without teams states, but for the commitment itself."""
    header, rows = sheet_of(sheet)
    task = commitment["task"]
    if [header["task_id"], header["items"]] != [task["id"], task["items"]]:
        raise ValueError("task")
    seed, subjects, inspectors = seeds(task["id"], sha(dumps(commitment)), randomness)
    tickets = {name: sha(f"{subjects}:{name}".encode()) for name, _ in rows}
    order = sorted(tickets, key=lambda name: (tickets[name], name.encode()))
    lines, cells, reserves, taken = dict(rows), [], [], {}
    for cell, (size, take) in enumerate(header["cells"]):
        own = [name for name in order if cell in lines[name]]
        last = tickets[own[take - 1]] if take else None
        cells.append({"last_ticket": last, "size": size, "take": take})
        for name in own[:take]:
            taken.setdefault(name, []).append(cell)
        reserves += [
            {"cell": cell, "subject": name, "ticket": tickets[name]}
            for name in own[take : take + task["reserves"]]
        ]
    visits = [
        {
            "cells": taken[name],
            "items": [
                item
                for item, cell in zip(header["items"], lines[name], strict=True)
                if cell in taken[name]
            ],
            "subject": name,
            "team": None,
            "ticket": tickets[name],
        }
        for name in order
        if name in taken
    ]
    return {
        "cells": cells,
        "inspectors_seed": inspectors if commitment["matcher"] else None,
        "protocol": "randcheck/v1",
        "randomness": randomness,
        "reserves": reserves,
        "seed": seed,
        "subjects_seed": subjects,
        "visits": visits,
    }


def chain(export):
    """The head of an export whose lines are canonical, numbered and chained; else `ValueError`."""
    *lines, end = export.split(b"\n")
    previous, at = "0" * 64, ""
    for sequence, line in enumerate(lines):
        event = loads(line)
        if (event["sequence"], event["previous"]) != (sequence, previous) or event["at"] < at:
            raise ValueError("chain")
        previous, at = sha(line), event["at"]
    if end:
        raise ValueError("end")
    return f"{len(lines) - 1}:{previous}"
