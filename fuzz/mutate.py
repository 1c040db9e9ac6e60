"""Random changes of an input: of its bytes, and of the JSON or the text in its lines."""

# ruff: noqa: S311  (this randomness decides nothing)

import json
import random

from naive import dumps

VALUES = [
    None, True, False, 0, 1, -1, 2, 30, 31, 2**31, 2**53, 2**53 + 1, -(2**63), 1.5, "", " ", "a",
    "0" * 64, "\x00", "\u202e", "\ud800", "é", "e\u0301", "９", "🎲", "\uff21", [], {}, [[]],
    [None], {"": 0}, "2026-02-30", "0001-01-01", "9999-12-31", "a" * 300,
]  # fmt: skip

#: Settings of a task file, and values that most of them do not take.
KEYS = """
id items as_of reserves lead departments scope exclusions sampler matcher source registries subjects
history name rate rates total count months team_size floor allocation samplers regions kinds tags
"""
SETTINGS = """
3 -1 true 1.5 inf nan "" "a" "food" [] [3] [[]] ["food","food"] {} {name=3} {name="fair"} "1/0"
{name="uniform",rate="1%"} [{name=3}] 99999999999999 9223372036854775807 2026-07-01 0001-01-01
9999-12-31 2026-07-01T00:00:00Z "100%" {A="1%"} {A=3} {food={name="uniform",rate="5%"}}
"""


def mutate(data, draw, others, tokens):
    """One to four changes; `others` are inputs to take pieces from."""
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        change = draw.choice((_bytes, _line, _tree, _tree, _tree))
        data = change(data, draw, others, tokens)
    return data


def _bytes(data, draw, others, tokens):
    at, size = draw.randrange(len(data) + 1), draw.choice((0, 1, 1, 2, 4, 16))
    choice = draw.randrange(5)
    if choice == 0:
        piece = bytes(draw.randrange(256) for _ in range(draw.choice((1, 1, 2, 3))))
    elif choice == 1:
        piece = draw.choice(tokens)
    elif choice == 2:
        other = draw.choice(others)
        start = draw.randrange(len(other) + 1)
        piece = other[start : start + draw.choice((4, 16, 64))]
    elif choice == 3:
        piece = data[at : at + size] * 2
    else:
        piece = b""
    return data[:at] + piece + data[at + size :]


def _line(data, draw, others, tokens):
    lines = data.split(b"\n")
    at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    choice = draw.randrange(6)
    if choice == 5:
        lines.insert(at, f"{draw.choice(KEYS.split())} = {draw.choice(SETTINGS.split())}".encode())
    elif choice == 0:
        del lines[at]
    elif choice == 1:
        lines[at], lines[other] = lines[other], lines[at]
    elif choice == 2:
        lines.insert(at, lines[other])
    elif choice == 3:
        lines[at] = draw.choice(draw.choice(others).split(b"\n"))
    else:  # a cell of a table, or a word
        mark = draw.choice((b",", b"=", b";", b" "))
        cells = lines[at].split(mark)
        cells[draw.randrange(len(cells))] = draw.choice(tokens)
        lines[at] = mark.join(cells)
    return b"\n".join(lines)


def _tree(data, draw, others, tokens):
    """A value in a line of JSON is dropped, doubled, moved or replaced; the line is canonical."""
    lines = data.split(b"\n")
    at = draw.randrange(len(lines))
    try:
        value = json.loads(lines[at])
        places = [*_places(value)]
        if not places:
            return _bytes(data, draw, others, tokens)
        where, key = draw.choice(places)
        choice = draw.randrange(6)
        if choice == 0:
            del where[key]
        elif choice == 1:
            where[key] = draw.choice(VALUES)
        elif choice == 2 and isinstance(where, list):
            where.insert(key, json.loads(json.dumps(where[key])))
        elif choice == 3 and isinstance(where, list):
            draw.shuffle(where)
        elif choice == 4 and isinstance(where[key], int):
            where[key] += draw.choice((-1, 1, 1 << draw.randrange(60)))
        else:
            here, name = draw.choice(places)
            where[key] = json.loads(json.dumps(here[name]))
        lines[at] = dumps(value)
    except (ValueError, RecursionError):
        return _bytes(data, draw, others, tokens)
    return b"\n".join(lines)


def _places(value):
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            keys = [*each] if isinstance(each, dict) else range(len(each))
            yield from ((each, key) for key in keys)
            waiting += [each[key] for key in keys]


def smallest(data, fails, tries=2000):
    """A smaller input that still fails, by leaving out lines, then pieces."""
    draw = random.Random(0)
    for mark in (b"\n", b","):
        parts, size = data.split(mark), 0
        size = max(len(parts) // 2, 1)
        while size and tries > 0:
            at = 0
            while at < len(parts) and tries > 0:
                tries -= 1
                left = parts[:at] + parts[at + size :]
                if left and fails(mark.join(left)):
                    parts = left
                else:
                    at += size
            size //= 2
        data = mark.join(parts)
    for size in (64, 16, 4, 1):
        for _ in range(min(tries, 4 * len(data) // size)):
            tries -= 1
            at = draw.randrange(len(data) + 1)
            left = data[:at] + data[at + size :]
            if left != data and fails(left):
                data = left
    return data
