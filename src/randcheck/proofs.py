"""One firm's own check: its line of the odds sheet, proven against a root published before.

Rules enforced here (protocol `randcheck/v1`; docs/proofs.md has them for a stranger):
1. The root binds task, items, number of lines and, for each line, the sizes and takes of its cells.
2. Each line is hidden by 16 bytes of its own from the nonce: a proof opens one, and no other.
3. Pages of eight lines by ascending public key make a proof of absence possible; it opens no line.
4. A proof is judged by numbered findings; no bytes make the check raise.

A tree keeps about 100 bytes a line beside the ids, and needs 200 while it is built.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256, shake_256
from struct import iter_unpack
from typing import Any

import numpy as np
import numpy.typing as npt

from randcheck import canonical, tickets
from randcheck.design import Design
from randcheck.errors import ParameterError, RecordError, shorten
from randcheck.tickets import PROTOCOL
from randcheck.verify import Finding

#: Lines on a page, bytes of a salt, and the fewest characters of a nonce that hides anything.
PAGE, SALT, NONCE = 8, 16, 16
WIDE = 32 * PAGE

_ABSENT = {"items", "pages", "protocol", "size", "subject", "task"}
_MEMBER = _ABSENT - {"pages"} | {"beside", "keys", "line", "odds", "path", "position", "salt"}
_PAGE = {"contents", "keys", "number", "path"}


# --- the tree: the office's side -----------------------------------------------------------------


class ProofTree:
    """The tree over a sheet's lines; `root` is published before the randomness exists.

    Make one with `of`. `ids` ascend; `patterns[pattern_of[k]]` are the cells of `ids[k]`.
    """

    def __init__(
        self,
        secret: bytes,
        told: Mapping[str, Any],
        ids: Sequence[str],
        patterns: Sequence[list[Any]],
        pattern_of: npt.NDArray[Any],
    ) -> None:
        if not ids:
            raise ValueError("has no line")
        self.task_id: str = told["task_id"]
        self.items: list[str] = told["items"]
        cells = [[number, *cell] for number, cell in enumerate(told["cells"])]
        self._rows = [(row, [cells[x] for x in sorted({*row} - {None})]) for row in patterns]
        self._pattern_of = pattern_of
        self._salts = shake_256(secret).digest(SALT * len(ids))
        keys, contents = self._hash(ids)
        self._order = _ascending(keys)
        self._keys = keys.take(self._order, axis=0).tobytes()
        self._contents = contents.take(self._order, axis=0).tobytes()
        self._levels = _levels(self._keys, self._contents)
        self.root = _root(self.task_id, self.items, len(self), self._levels[-1])

    @classmethod
    def of(cls, sheet: Design | bytes, nonce: str, *, allow_guessing: bool = False) -> ProofTree:
        """The tree of a design or of its sheet's bytes, hidden by the commitment's nonce.

        Who can guess the nonce can guess every line, so one of fewer than 16 characters raises
        `ParameterError` unless `allow_guessing`. `RecordError` for bytes that are no sheet.
        """
        if len(nonce) < NONCE and not allow_guessing:
            raise ParameterError(
                "nonce",
                "(not shown)",
                f"has {len(nonce)} characters, so lines could be guessed",
                "commit with 32 random bytes in hex, or say allow_guessing=True",
            )
        try:
            digest = sheet.digest if isinstance(sheet, Design) else canonical.sha256(sheet)
            values = _told(sheet) if isinstance(sheet, Design) else _read(sheet)
            parts = (f"{PROTOCOL} salt".encode(), nonce.encode(), bytes.fromhex(digest))
            return cls(b"".join(map(tickets.field, parts)), *values)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise RecordError("sheet", f"cannot be read: {shorten(str(error))}") from None

    def __len__(self) -> int:
        return len(self._pattern_of)

    def __repr__(self) -> str:
        return f"<ProofTree of {len(self)} lines, root {self.root}>"

    def prove(self, subject_id: str) -> bytes:
        """The proof of a firm's line, or that it has none, as canonical JSON."""
        canonical.dumps(subject_id)  # `CanonicalError` for what is no text
        key = sha256(_key_prefix(self.task_id) + subject_id.encode()).digest()
        position = bisect_left(range(len(self)), key, key=self._key)
        page, last = position // PAGE, len(self) - 1
        here, at = slice(WIDE * page, WIDE * page + WIDE), 32 * (position % PAGE)
        told = {"items": self.items, "protocol": PROTOCOL, "size": len(self)}
        told |= {"subject": subject_id, "task": self.task_id}
        if position > last or self._key(position) != key:
            pages = {min(position, last) // PAGE, max(position - 1, 0) // PAGE}
            return canonical.dumps(told | {"pages": [self._page(n) for n in sorted(pages)]})
        row = int(self._order[position])
        line, odds = self._rows[self._pattern_of[row]]
        contents = self._contents[here]
        more = {
            "beside": _text(contents[:at] + contents[at + 32 :]),
            "keys": _text(_tagged(3, self._keys[here])),
            "line": line,
            "odds": odds,
            "path": _text(_path(self._levels, page)),
            "position": position,
            "salt": _text(self._salts[SALT * row : SALT * row + SALT]),
        }
        return canonical.dumps(told | more)

    def _page(self, number: int) -> dict[str, Any]:
        here = slice(WIDE * number, WIDE * number + WIDE)
        contents, keys = _text(_tagged(4, self._contents[here])), _text(self._keys[here])
        path = _text(_path(self._levels, number))
        return {"contents": contents, "keys": keys, "number": number, "path": path}

    def _key(self, position: int) -> bytes:
        return self._keys[32 * position : 32 * position + 32]

    def _hash(self, ids: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Key and content of each line, in the sheet's order. These are the hot loops."""
        salts = np.full((len(ids), 1 + SALT), 2, dtype=np.uint8)
        salts[:, 1:] = np.frombuffer(self._salts, dtype=np.uint8).reshape(-1, SALT)
        stated = np.array([_stated(*row) for row in self._rows], dtype=object)
        start = sha256(_key_prefix(self.task_id)).copy
        keys, contents = [], []
        for first in range(0, len(ids), tickets.CHUNK):  # few enough for the processor's cache
            here = slice(first, first + tickets.CHUNK)
            names = [name.encode() for name in ids[here]]
            digests = []
            for name in names:
                state = start()
                state.update(name)
                digests.append(state.digest())
            keys.append(b"".join(digests))
            rows = zip(
                iter_unpack(f"{1 + SALT}s", salts[here].tobytes()),
                stated[self._pattern_of[here]].tolist(),
                names,
                strict=True,
            )
            contents.append(b"".join([sha256(x + y + z).digest() for (x,), y, z in rows]))
        return _table(keys), _table(contents)


def _told(design: Design) -> tuple[Any, ...]:
    cells = [[cell.size, cell.take] for cell in design.cells]
    told = {"cells": cells, "items": list(design.items), "task_id": design.task_id}
    rows = [[None if x < 0 else x for x in row] for row in design.patterns.tolist()]
    return told, design.ids.tolist(), rows, design.pattern_of


def _read(sheet: bytes) -> tuple[Any, ...]:
    """What the bytes of a sheet say; one of the errors that `ProofTree.of` explains if not."""
    first, _, body = sheet.partition(b"\n")
    lines = body.decode().split("\n")
    halves = [line.rpartition('",[') for line in lines[:-1]]
    if lines[-1]:
        raise ValueError("does not end with a line")
    quoted = [f'{name[1:]}"' for name, _, _ in halves]
    ids = [canonical.loads(x.encode()) if "\\" in x else x[1:-1] for x in quoted]
    numbers: dict[str, int] = {}
    pattern_of = np.array([numbers.setdefault(end, len(numbers)) for *_, end in halves])
    told = canonical.loads(first)
    patterns = [canonical.loads(f"[[{x}".encode())[0] for x in numbers]
    width, cells = len(told["items"]), {*range(len(told["cells"])), None}
    if any(len(row) != width or not {None} != {*row} <= cells for row in patterns):
        raise ValueError("a line's cells do not fit the first line")
    return told, ids, patterns, pattern_of


def _table(hashes: list[bytes]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 32)


def _ascending(keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """The order of the keys: by their first 8 bytes, and by all of them where those are equal."""
    words = keys.view(">u8").astype(np.uint64)
    order = np.argsort(words[:, 0])
    if (np.diff(words[order, 0]) == 0).any():
        order = np.lexsort(words.T[::-1])
        if (words[order[1:]] == words[order[:-1]]).all(axis=1).any():
            raise RecordError("sheet", "has an id twice")
    return order


def _levels(keys: bytes, contents: bytes) -> list[bytes]:
    """The hashes of each level, from the pages to the head; a last one without a pair goes up."""
    pages = []
    for at in range(0, len(keys), WIDE):
        mine = sha256(b"\3" + keys[at : at + WIDE]).digest()
        theirs = sha256(b"\4" + contents[at : at + WIDE]).digest()
        pages.append(sha256(b"\0" + mine + theirs).digest())
    level = b"".join(pages)
    levels = [level]
    while len(level) > 32:
        whole = len(level) // 64 * 64
        pairs = iter_unpack("64s", memoryview(level)[:whole])
        level = b"".join([sha256(b"\1" + pair).digest() for (pair,) in pairs]) + level[whole:]
        levels.append(level)
    return levels


def _path(levels: list[bytes], number: int) -> bytes:
    """The hashes beside the way from a page to the head, from below."""
    places = [(level, 32 * (number >> n ^ 1)) for n, level in enumerate(levels[:-1])]
    return b"".join(level[at : at + 32] for level, at in places)


# --- what both sides compute ---------------------------------------------------------------------


def _key_prefix(task_id: str) -> bytes:
    return tickets.field(f"{PROTOCOL} key".encode()) + tickets.field(task_id.encode())


def _tagged(tag: int, *parts: bytes) -> bytes:
    return sha256(b"".join((bytes([tag]), *parts))).digest()


def _stated(line: list[Any], odds: list[Any]) -> bytes:
    return tickets.field(canonical.dumps([line, odds]))


def _root(task_id: str, items: list[str], size: int, head: bytes) -> str:
    parts = (f"{PROTOCOL} root".encode(), task_id.encode(), canonical.dumps(items))
    bound = b"".join(map(tickets.field, (*parts, size.to_bytes(8, "big"), head)))
    return sha256(bound).hexdigest()


def _climb(node: bytes, number: int, pages: int, path: bytes) -> bytes:
    """The head that a page and its path lead to; nothing if the path is not as long as the way."""
    at = 0
    while pages > 1:
        if number ^ 1 < pages:  # otherwise the last one goes up without a pair
            pair = (path[at : at + 32], node) if number % 2 else (node, path[at : at + 32])
            node, at = _tagged(1, *pair), at + 32
        number, pages = number // 2, (pages + 1) // 2
    return node if at == len(path) else b""


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _data(text: Any) -> bytes:
    """The bytes of Base64 text, in its one form."""
    data = b64decode(text, validate=True)
    if _text(data) != text:
        raise ValueError("Base64 with bits that say nothing")
    return data


# --- the check: a stranger's side ----------------------------------------------------------------

_Rules = Iterator[tuple[int, str, bool, str]]


def check_proof(proof: bytes, root: str, subject_id: str | None = None) -> tuple[Finding, ...]:
    """What does not hold in a proof by itself: nothing, or one finding; never raises.

    Of 1 input, 2 form, 3 firm asked for, 4 line and odds, 5 way to the root, 6 absence.
    """
    number, where = 1, "proof"
    try:
        told = canonical.loads(proof)
        for number, where, holds, expected in _rules(told, root, subject_id):
            if not holds:
                return (Finding(number, "fatal", where, expected, "something else"),)
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = f"{type(error).__name__}: {error}"[:200]
        return (Finding(number, "fatal", where, "what can be read", text),)
    return ()


def _rules(told: Any, root: Any, asked: str | None) -> _Rules:
    """Number, place, whether it holds, and what should be; each relies on those before it."""
    keys = _MEMBER if "line" in told else _ABSENT
    yield 2, "proof", type(told) is dict and told.keys() == keys, f"the keys {sorted(keys)}"
    items, size = told["items"], told["size"]
    yield 2, "items", type(items) is list and {*map(type, items)} == {str}, "texts"
    yield 2, "protocol", told["protocol"] == PROTOCOL, PROTOCOL
    yield 2, "size", type(size) is int and size > 0, "a whole number from 1"
    yield 2, "subject, task", type(told["subject"]) is type(told["task"]) is str, "texts"
    yield 2, "root", canonical.is_sha256(root), "64 lower-case hex digits"
    yield 3, "subject", asked in (None, told["subject"]), shorten(asked)
    yield from (_member if keys is _MEMBER else _absent)(told, root)


def _member(told: dict[str, Any], root: str) -> _Rules:
    line, odds, size, position = (told[key] for key in ("line", "odds", "size", "position"))
    fits = type(line) is list and len(line) == len(told["items"])
    yield 4, "line", fits, "a cell, or null, for each item"
    own = sorted({*line} - {None})
    yield 4, "line", {*map(type, own)} == {int} and own[0] >= 0, "numbers of cells"
    whole = all({*map(type, row)} == {int} for row in odds)
    yield 4, "odds", whole and own == [cell for cell, _, _ in odds], "a row for each cell"
    yield 4, "odds", all(0 <= n <= of <= size for _, of, n in odds), "takes within sizes"
    yield 2, "position", type(position) is int and 0 <= position < size, "a place in the tree"
    number, at = divmod(position, PAGE)
    salt, beside, keys = (_data(told[key]) for key in ("salt", "beside", "keys"))
    lengths = [SALT, 32 * min(PAGE, size - PAGE * number) - 32, 32]
    yield 2, "salt, beside, keys", [*map(len, (salt, beside, keys))] == lengths, "their lengths"
    content = _tagged(2, salt, _stated(line, odds), told["subject"].encode())
    page = _tagged(4, beside[: 32 * at], content, beside[32 * at :])
    yield 5, "root", _leads(told, number, keys, page, told["path"]) == root, shorten(root)


def _absent(told: dict[str, Any], root: str) -> _Rules:
    pages, size, keys = told["pages"], told["size"], list[bytes]()
    yield 2, "pages", type(pages) is list and len(pages) in (1, 2), "one page, or two"
    first = pages[0]["number"]
    for number, page in enumerate(pages, start=first):
        yield 2, "pages", page.keys() == _PAGE, f"the keys {sorted(_PAGE)}"
        same = type(page["number"]) is int and page["number"] == number
        yield 6, "number", same and 0 <= number * PAGE < size, "pages that follow each other"
        contents, own = _data(page["contents"]), _data(page["keys"])
        lengths = [32, 32 * min(PAGE, size - PAGE * number)]
        yield 2, "contents, keys", [len(contents), len(own)] == lengths, "their lengths"
        led = _leads(told, number, _tagged(3, own), contents, page["path"])
        yield 5, "root", led == root, shorten(root)
        keys += [own[at : at + 32] for at in range(0, len(own), 32)]
    mine = sha256(_key_prefix(told["task"]) + told["subject"].encode()).digest()
    yield 6, "keys", keys == sorted({*keys} - {mine}), "keys that ascend, without the firm's"
    yield 6, "keys", keys[0] < mine or first == 0, "a key below, or the first page"
    end = (first + len(pages)) * PAGE >= size
    yield 6, "keys", keys[-1] > mine or end, "a key above, or the last page"


def _leads(told: dict[str, Any], number: int, keys: bytes, contents: bytes, path: str) -> str:
    """The root that a page leads to; that of no tree if its path does not fit."""
    node, pages = _tagged(0, keys, contents), -(-told["size"] // PAGE)
    head = _climb(node, number, pages, _data(path))
    return _root(told["task"], told["items"], told["size"], head)
