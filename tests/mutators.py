"""One random change of a file: of its bytes, its lines, or the JSON in one of them.

`dice` is a `random.Random`, or Hypothesis's. What comes back may be the same bytes: whoever counts
looks. A change of JSON is written canonically again, unless the change is of just that.
"""

import copy
import json

MARK = "\ue000"  # in no file here; it is taken out of the text again


def dumps(value):
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.replace(MARK, "").encode(errors="surrogatepass")


def mutated(data, dice):
    """The data after one change, and the change's name."""
    change = dice.choice(CHANGES)
    return change(data, dice), change.__name__


# --- bytes ---------------------------------------------------------------------------------------


def bit_flipped(data, dice):
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def byte_deleted(data, dice):
    at = dice.randrange(len(data))
    return data[:at] + data[at + 1 :]


def byte_inserted(data, dice):
    at = dice.randrange(len(data) + 1)
    return data[:at] + bytes([dice.randrange(256)]) + data[at:]


def cut_off(data, dice):
    return data[: dice.randrange(len(data))]


def run_moved(data, dice):
    """A few bytes taken out and put in elsewhere."""
    start = dice.randrange(len(data))
    run = data[start : start + dice.randrange(1, 40)]
    rest = data[:start] + data[start + len(run) :]
    at = dice.randrange(len(rest) + 1)
    return rest[:at] + run + rest[at:]


def digit_changed(data, dice):
    """Another digit, decimal or hex, wherever one stands."""
    places = [at for at, byte in enumerate(data) if byte in b"0123456789abcdef"]
    at = dice.choice(places)
    return data[:at] + bytes([dice.choice(b"0123456789abcdef")]) + data[at + 1 :]


# --- lines ---------------------------------------------------------------------------------------


def lines_swapped(data, dice):
    lines = data.splitlines(keepends=True)
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def line_dropped(data, dice):
    lines = data.splitlines(keepends=True)
    del lines[dice.randrange(len(lines))]
    return b"".join(lines)


def line_doubled(data, dice):
    lines = data.splitlines(keepends=True)
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    return b"".join(lines)


# --- JSON ----------------------------------------------------------------------------------------


def of_json(change):
    """A change of the JSON in one line: `change(node, key, dice, whole)`, in place."""

    def of_line(data, dice):
        lines = data.splitlines(keepends=True)
        number = dice.randrange(len(lines))
        whole = [json.loads(lines[number])]
        node, key = dice.choice(places(whole))
        change(node, key, dice, whole)
        end = b"\n" if lines[number].endswith(b"\n") else b""
        lines[number] = b"".join(map(dumps, whole)) + end
        return b"".join(lines)

    of_line.__name__ = change.__name__
    return of_line


def places(whole):
    """Every value in it: what holds it, and under which key."""
    found, waiting = [], [whole]
    for node in waiting:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        found += [(node, key) for key in keys]
        waiting += [node[key] for key in keys if isinstance(node[key], dict | list)]
    return found


@of_json
def value_changed(node, key, dice, whole):
    old, near = node[key], [None, "", "x", 0, 1, -1, True, False, [], {}]
    if isinstance(old, str):
        near += [old + "0", old[:-1], old.upper(), old[::-1], "0" * len(old), f" {old}", old + "\n"]
    node[key] = dice.choice(near)


@of_json
def number_changed(node, key, dice, whole):
    numbers = [place for place in places(whole) if type(place[0][place[1]]) is int]
    node, key = dice.choice(numbers) if numbers else (node, key)
    if numbers:
        node[key] += dice.choice([1, -1, 2**53, -(2**53), 2**64])


@of_json
def type_changed(node, key, dice, whole):
    old = node[key]
    if isinstance(old, int) and not isinstance(old, bool):
        node[key] = dice.choice([bool(old), str(old), float(old), [old]])
    elif isinstance(old, str):
        node[key] = dice.choice([[old], {old: old}, list(old[:80]), len(old)])
    elif isinstance(old, list):
        node[key] = dice.choice([dict(enumerate(old)), dumps(old).decode(), tuple(old[::-1])])
    else:
        node[key] = dice.choice([[old], str(old), int(bool(old))])


@of_json
def hex_digit_changed(node, key, dice, whole):
    digests = [
        place for place in places(whole)
        if type(place[0][place[1]]) is str and len(place[0][place[1]]) == 64
    ]  # fmt: skip
    if digests:
        node, key = dice.choice(digests)
        at, old = dice.randrange(64), node[key]
        node[key] = old[:at] + dice.choice("0123456789abcdef") + old[at + 1 :]


@of_json
def entry_dropped(node, key, dice, whole):
    del node[key]


@of_json
def entries_swapped(node, key, dice, whole):
    """Two entries of one list, or the values of two keys."""
    other = dice.choice(list(node) if isinstance(node, dict) else range(len(node)))
    node[key], node[other] = node[other], node[key]


@of_json
def entry_copied(node, key, dice, whole):
    """What stands elsewhere, in this place too."""
    there, other = dice.choice(places(whole))
    value = copy.deepcopy(there[other])
    if isinstance(node, list) and dice.randrange(2):
        node.insert(key, value)
    else:
        node[key] = value


@of_json
def key_renamed(node, key, dice, whole):
    if isinstance(node, dict):
        node[dice.choice([key + "s", key[:-1], key.upper(), "note", ""])] = node.pop(key)


@of_json
def key_added(node, key, dice, whole):
    if isinstance(node, dict):
        node[dice.choice([f"{key}{dice.randrange(3)}", "note", ""])] = dice.choice([None, 0, "x"])


@of_json
def key_twice(node, key, dice, whole):
    """The same key once more, with the same value or another one."""
    if isinstance(node, dict):
        node[key + MARK] = dice.choice([node[key], None, "x", 0])


@of_json
def keys_out_of_order(node, key, dice, whole):
    if isinstance(node, dict):
        node[MARK + key] = node.pop(key)


@of_json
def nested(node, key, dice, whole):
    for _ in range(dice.choice([1, 1, 2, 90, 400])):
        node[key] = [node[key]] if dice.randrange(2) else {"x": node[key]}


@of_json
def odd_character(node, key, dice, whole):
    """A text, whatever stood there, that ends in what needs an escape, or in half a character."""
    node[key] = str(node[key]) + dice.choice(["\x7f", "\ud800", "\u2028", "\0"])


CHANGES = [
    bit_flipped, byte_deleted, byte_inserted, cut_off, run_moved, digit_changed,
    lines_swapped, line_dropped, line_doubled,
    value_changed, number_changed, type_changed, hex_digit_changed, entry_dropped, entries_swapped,
    entry_copied, key_renamed, key_added, key_twice, keys_out_of_order, nested, odd_character,
]  # fmt: skip
