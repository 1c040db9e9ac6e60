"""Proofs of one firm's line, good and bad, built by hand; nothing here imports the package.

The rules of docs/proofs.md a second time, in their shortest form and without regard to speed.
`cases()` gives the golden vectors; in a bad one a single rule is broken. Written to
`tests/vectors/proofs-v1/` by `python tests/proof_cases.py`.
"""

import base64
import copy
import hashlib
import json
import shutil
from pathlib import Path

FOLDER = Path(__file__).parent / "vectors" / "proofs-v1"
NONCE = "5f" * 32


# --- the rules, once more ------------------------------------------------------------------------


def dumps(value):
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def field(data):
    return len(data).to_bytes(8, "big") + data


def b64(data):
    return base64.b64encode(data).decode()


def key_of(task, name):
    return sha(field(b"randcheck/v1 key"), field(task.encode()), name.encode())


def content_of(salt, name, line, odds):
    return sha(b"\2", salt, field(dumps([line, odds])), name.encode())


def root_of(task, items, size, head):
    parts = [b"randcheck/v1 root", task.encode(), dumps(items), size.to_bytes(8, "big"), head]
    return sha(*map(field, parts)).hex()


def head_of(pages):
    """RFC 6962: the largest power of two below the number to the left."""
    if len(pages) == 1:
        return pages[0]
    left = 1 << (len(pages) - 1).bit_length() - 1
    return sha(b"\1", head_of(pages[:left]), head_of(pages[left:]))


def path_of(number, pages):
    if len(pages) == 1:
        return []
    left = 1 << (len(pages) - 1).bit_length() - 1
    if number < left:
        return [*path_of(number, pages[:left]), head_of(pages[left:])]
    return [*path_of(number - left, pages[left:]), head_of(pages[:left])]


class Tree:
    """The tree over a sheet. For a bad case a crooked office has its way with it: another order,
    other statements (name → line, odds, salt), a key that is left out of its page.
    """

    def __init__(self, sheet, nonce, order=sorted, forged=(), hidden=None):
        header, *lines = map(json.loads, sheet.decode().splitlines())
        self.task, self.items = header["task_id"], header["items"]
        told = [b"randcheck/v1 salt", nonce.encode(), sha(sheet)]
        salts = hashlib.shake_256(b"".join(map(field, told))).digest(16 * len(lines))
        rows = []
        for number, (name, line) in enumerate(lines):
            salt = salts[16 * number : 16 * number + 16]
            odds = [[n, *header["cells"][n]] for n in sorted({n for n in line if n is not None})]
            line, odds, salt = dict(forged).get(name, (line, odds, salt))
            content = content_of(salt, name, line, odds)
            rows.append((key_of(self.task, name), content, name, line, odds, salt))
        self.rows = order(rows)
        self.chunks = [self.rows[n : n + 8] for n in range(0, len(rows), 8)]
        self.pages = []
        for chunk in self.chunks:
            keys = sha(b"\3", *(row[0] for row in chunk if row[2] != hidden))
            contents = sha(b"\4", *(row[1] for row in chunk))
            self.pages.append(sha(b"\0", keys, contents))
        self.root = root_of(self.task, self.items, len(rows), head_of(self.pages))

    def path(self, number):
        return b64(b"".join(path_of(number, self.pages)))

    def page(self, number):
        return {
            "contents": b64(sha(b"\4", *(row[1] for row in self.chunks[number]))),
            "keys": b64(b"".join(row[0] for row in self.chunks[number])),
            "number": number,
            "path": self.path(number),
        }

    def absent(self, name, pages):
        told = {"items": self.items, "protocol": "randcheck/v1", "size": len(self.rows)}
        told |= {"subject": name, "task": self.task}
        return told | {"pages": [self.page(number) for number in pages]}

    def prove(self, name):
        told = self.absent(name, [])
        found = [n for n, row in enumerate(self.rows) if row[2] == name]
        if not found:
            below = sum(row[0] < key_of(self.task, name) for row in self.rows)
            last = len(self.rows) - 1
            return self.absent(name, sorted({min(below, last) // 8, max(below - 1, 0) // 8}))
        del told["pages"]
        [at] = found
        chunk, (_, content, _, line, odds, salt) = self.chunks[at // 8], self.rows[at]
        return told | {
            "beside": b64(b"".join(row[1] for row in chunk if row[1] != content)),
            "keys": b64(sha(b"\3", *(row[0] for row in chunk))),
            "line": line,
            "odds": odds,
            "path": self.path(at // 8),
            "position": at,
            "salt": b64(salt),
        }


def sheet_of(task, items, cells, lines):
    header = {"cells": cells, "items": items, "protocol": "randcheck/v1", "task_id": task}
    return b"".join(dumps(each) + b"\n" for each in (header, *lines))


# --- the cases -----------------------------------------------------------------------------------

NAMES = sorted(
    [f"F-{n:02d}" for n in range(38)] + ['A"b\\', "电梯/3", "\U0001f600"], key=str.encode
)
LINES = [[name, [n % 3, None if n % 4 else 3]] for n, name in enumerate(NAMES)]
CELLS = [[sum(c in line for _, line in LINES), n + 1] for n, c in enumerate(range(4))]
SHEET = sheet_of("T-1", ["food", "price"], CELLS, LINES)
GOOD = "F-09"  # in the middle of a full page
SMALL = sheet_of("T-2", ["food"], [[1, 1]], [["only", [0]]])


def cases():
    """Name → (proof, root, subject asked for, why it must hold or not)."""
    tree, small = Tree(SHEET, NONCE), Tree(SMALL, NONCE)
    good = tree.prove(GOOD)
    at = good["position"] // 8
    out = {}

    def add(name, proof, why, *, root=tree.root, subject=None):
        data = proof if isinstance(proof, bytes) else dumps(proof)
        told = subject or (json.loads(data)["subject"] if not isinstance(proof, bytes) else GOOD)
        out[name] = (data, root, told, why)

    def bad(name, why, change, proof=good, **more):
        broken = copy.deepcopy(proof)
        change(broken)
        add(f"fail-{name}", broken, why, **more)

    add("member", good, "a line, on a page of eight")
    add("member-two-cells", tree.prove(NAMES[0]), "a line in two cells")
    add("member-escaped", tree.prove('A"b\\'), "an id that JSON escapes")
    add("member-emoji", tree.prove("\U0001f600"), "an id beyond the basic plane")
    add("member-alone", small.prove("only"), "a tree of one line", root=small.root)
    strangers = [f"S-{n}" for n in range(2000)]
    proofs = {name: tree.prove(name) for name in strangers}
    edges = [p for p in proofs.values() if len(p["pages"]) == 2]
    keys = sorted(row[0] for row in tree.rows)
    low = next(x for x in strangers if key_of("T-1", x) < keys[0])
    high = next(x for x in strangers if key_of("T-1", x) > keys[-1])
    inside = next(
        p for p in proofs.values()
        if len(p["pages"]) == 1 and keys[0] < key_of("T-1", p["subject"]) < keys[-1]
    )  # fmt: skip
    add("absent", inside, "between two keys of a page")
    add("absent-between-pages", edges[0], "between the last of a page and the first of the next")
    add("absent-below", proofs[low], "below all keys")
    add("absent-above", proofs[high], "above all keys")

    bad(
        "line",
        "another cell",
        lambda p: p.update(line=[0, 3], odds=[[0, *CELLS[0]], [3, *CELLS[3]]]),
    )
    bad("take", "a take that is not the cell's", lambda p: p["odds"][0].__setitem__(2, 0))
    bad("size-of-cell", "a size that is not the cell's", lambda p: p["odds"][0].__setitem__(1, 30))
    bad(
        "odds-of-another-cell",
        "odds that are not the line's",
        lambda p: p["odds"][0].__setitem__(0, 2),
    )
    bad("subject", "the proof of another firm", lambda p: p.update(subject="F-10"))
    bad(
        "neighbour",
        "a good proof, but of another firm than asked for",
        lambda p: None,
        subject="F-10",
    )
    bad("salt", "another salt", lambda p: p.update(salt=b64(bytes(16))))
    bad("position", "another place", lambda p: p.update(position=p["position"] ^ 1))
    bad("size", "another number of lines", lambda p: p.update(size=42))
    bad("task", "another task", lambda p: p.update(task="T-3"))
    bad("items", "items in another order", lambda p: p.update(items=["price", "food"]))
    bad(
        "path",
        "a path that is too short",
        lambda p: p.update(path=p["path"][:-44] if len(p["path"]) % 128 == 0 else ""),
    )
    bad("root", "another root", lambda p: None, root="0" * 64)
    bad("key-unknown", "a key too many", lambda p: p.update(more=1))
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = good["salt"][-3]
    other = good["salt"][:-3] + spare[spare.index(last) + 1] + "=="
    assert base64.b64decode(other) == base64.b64decode(good["salt"])
    bad("base64", "Base64 with bits that say nothing", lambda p: p.update(salt=other))
    more = b64(base64.b64decode(good["path"]) + bytes(32))
    bad("path-long", "a path that goes on", lambda p: p.update(path=more))
    alone = small.prove("only")
    bad("size-truth", "true for 1", lambda p: p.update(size=True), alone, root=small.root)
    bad("protocol", "another protocol", lambda p: p.update(protocol="randcheck/v2"))
    bad("truth", "a truth value for a number", lambda p: p.update(position=True))
    add("fail-space", dumps(good).replace(b":", b": ", 1), "not canonical")
    add("fail-member-as-absent", tree.absent(GOOD, [tree.prove(GOOD)["position"] // 8]),
        "a firm that has a line, among the keys shown")  # fmt: skip
    far = [n for n in range(5) if n not in {p["number"] for p in inside["pages"]}]
    add("fail-absent-elsewhere", tree.absent(inside["subject"], [far[1]]),
        "a page that the key does not belong on")  # fmt: skip
    apart = edges[0]["pages"][0]["number"]
    add("fail-absent-gap", tree.absent(GOOD, [apart, (apart + 2) % 6]), "pages with a gap")
    here = inside["pages"][0]["number"]

    def swapped(rows):
        rows = sorted(rows)
        rows[8 * here + 3], rows[8 * here + 4] = rows[8 * here + 4], rows[8 * here + 3]
        return rows

    def forge(name, why, proof_of, **how):
        crooked = Tree(SHEET, NONCE, **how)
        add(f"fail-{name}", proof_of(crooked), f"a crooked tree: {why}", root=crooked.root)

    forge("absent-unsorted", "keys out of order",
          lambda tree: tree.absent(inside["subject"], [here]), order=swapped)  # fmt: skip

    def without(tree):
        told = tree.absent(GOOD, [at])
        keys = b"".join(row[0] for row in tree.chunks[at] if row[2] != GOOD)
        told["pages"][0]["keys"] = b64(keys)
        return told

    forge("absent-key-left-out", "a page lacks the firm's key", without, hidden=GOOD)
    line, odds, salt = good["line"], good["odds"], base64.b64decode(good["salt"])
    lies = {
        "odds-take-over-size": (line, [[c, 3, 4] for c, _, _ in odds], salt),
        "odds-size-over-all": (line, [[c, 99, 4] for c, _, _ in odds], salt),
        "odds-negative": (line, [[c, 3, -1] for c, _, _ in odds], salt),
        "odds-truth": (line, [[c, 3, True] for c, _, _ in odds], salt),
        "odds-none": (line, [], salt),
        "line-short": (line[:1], odds[:1], salt),
        "line-empty": ([None, None], [], salt),
        "line-negative": ([-1, None], [[-1, 3, 1]], salt),
        "line-truth": ([True, None], [[1, 3, 1]], salt),
        "salt-long": (line, odds, salt + b"\0"),
    }
    for name, lie in lies.items():
        forge(name, "what a line's statement must not be", lambda tree: tree.prove(GOOD),
              forged={GOOD: lie})  # fmt: skip
    three = [min(here, 3) + n for n in range(3)]
    add("fail-absent-three-pages", tree.absent(inside["subject"], three), "more than two pages")
    add("fail-absent-no-page", tree.absent(inside["subject"], []), "nothing shown")
    one = next(p for p in proofs.values() if [x["number"] for x in p["pages"]] == [1])
    bad("absent-truth", "true for 1", lambda p: p["pages"][0].update(number=True), one)
    bad("absent-key-unknown", "a key too many", lambda p: p["pages"][0].update(more=1), one)
    return out


def write():
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, (proof, root, subject, why) in cases().items():
        folder = FOLDER / name
        folder.mkdir(parents=True)
        (folder / "proof.json").write_bytes(proof)
        case = {"holds": not name.startswith("fail-"), "root": root, "subject": subject, "why": why}
        text = json.dumps(case, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / "case.json").write_text(f"{text}\n")
    (FOLDER / "sheet.jsonl").write_bytes(SHEET)


if __name__ == "__main__":
    write()
