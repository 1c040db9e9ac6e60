"""Does an exported ledger hold? Lines of JSON in, numbered findings and the head out.

The standard library alone, in one file: `python check.py EXPORT [--head HEAD]`, exit 0 or 1. The
ledger asks the same order before it stores an event. Every finding but 8 ends the checks:
 1. What is given can be read.
 2. Each line is canonical JSON (RFC 8785, integers within ±2^53) with a line end.
 3. Each event has exactly the keys of the protocol and of its kind, each of the right form.
 4. Sequences count from 0, each by one.  5. Each event names the digest of the one before.
 6. Times do not go back.
 7. The order of a draw's life: plan, commitment, randomness, record, confirmation, stages. One
    commitment for a plan's version and task, one stage after a record; another one comes only
    after the one before was abandoned or drawn, and cites it with a reason. What an office says of
    a thing names the last that was said of it.
 8. A head that was kept is still in the chain: what came before it was not rewritten.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from traceback import format_exception_only
from typing import Any, NamedTuple

PROTOCOL = "randcheck/v1"
TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode

#: The keys of each kind's body with their forms; ?: or null.
KINDS = {
    "plan": "id:text version:count reason:text? sha256:hex",
    "commitment": "commitment_sha256:hex plan:version? reason:text? repeats:hex? root:hex? "
    "sheet_sha256:hex? source:source task:text",
    "randomness": "commitment_sha256:hex evidence:object? text:text",
    "record": "commitment_sha256:hex record_sha256:hex",
    "confirmation": "by:ids record_sha256:hex",
    "stage commitment": "commitment_sha256:hex parent:hex reason:text? repeats:hex? source:source",
    "stage randomness": "commitment_sha256:hex evidence:object? text:text",
    "stage record": "commitment_sha256:hex record_sha256:hex",
    "substitution": "parent:hex successor_sha256:hex",
    "abandoned": "commitment_sha256:hex reason:text",
    "witness": "by:text head:hex sequence:count signature:text?",
    "office": "about:text after:count? data:object id:text what:text",
}
FORMS: dict[str, Any] = {  # keys with forms, or what belongs there, its type and what else holds
    "event": "actor:text at:time body:object kind:kind previous:hex protocol:v1 sequence:count",
    "version": "id:text version:count",
    "source": "grade:grade kind:text",
    "text": ("a text", str, lambda x: x != "" and not x.isspace()),
    "hex": ("64 lower-case hex digits", str, re.compile("[0-9a-f]{64}").fullmatch),
    "count": ("a whole number from 0", int, lambda x: x >= 0),
    "object": ("an object", dict, lambda _: True),
    "grade": ("G0, G1 or G2", str, re.compile("G[012]").fullmatch),
    "ids": ("texts, ascending", list, lambda x: x and all(_is("text", i) for i in x) and _up(x)),
    "time": ("a time such as 2026-07-01T09:30:00Z", str, lambda x: is_time(x)),
    "kind": (f"one of {', '.join(KINDS)}", str, KINDS.__contains__),
    "v1": (PROTOCOL, str, PROTOCOL.__eq__),
}

#: What is known of the events so far: a key's value, None where there is none.
Known = Callable[[str], Any]


class RefusedError(Exception):
    """An event that breaks a check: its number, where, what belongs there, what was found."""

    def __init__(self, number: int, where: str, expected: str, found: str) -> None:
        super().__init__(number, where, expected[:200], found[:200])
        self.number, self.where, self.expected, self.found = self.args


class Head(NamedTuple):
    """The last event's sequence and digest, written `17:5f…`; of an empty ledger `-1:00…`."""

    sequence: int
    digest: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """The head of its text; `ValueError` if it is none."""
        if not re.fullmatch("(-1|0|[1-9][0-9]{0,15}):[0-9a-f]{64}", text):
            raise ValueError("no head: write 17:5f…, the sequence and the digest")
        sequence, _, digest = text.partition(":")
        return cls(int(sequence), digest)


EMPTY = Head(-1, "0" * 64)


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
    """`ok`: nothing that was given failed. `head` is that of the events up to the first fault."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    head: Head

    @property
    def ok(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        told = [*map(str, self.findings), f"not checked: {', '.join(self.unchecked) or 'nothing'}"]
        told.append(f"head {self.head}")
        return "\n".join([*told, "OK: all that was given holds" if self.ok else "REFUSED"])


class Chain:
    """Events so far: their digests, the time of the last, and `marks`, what the order asks for."""

    def __init__(self) -> None:
        self.digests: list[str] = []
        self.marks: dict[str, Any] = {}
        self.at = ""

    @property
    def head(self) -> Head:
        return Head(len(self.digests) - 1, self.digests[-1]) if self.digests else EMPTY

    def known(self, key: str) -> Any:
        """A mark, or for `digest:17` the digest of event 17, which must be there."""
        name, _, rest = key.partition(":")
        return self.digests[int(rest)] if name == "digest" else self.marks.get(key)

    def add(self, line: bytes) -> None:
        """Take one event more, or raise `RefusedError`."""
        event = read(line)
        self.marks |= follow(event, self.head, self.at, self.known)
        self.digests.append(sha256(line).hexdigest())
        self.at = event["at"]


def verify_export(source: Any, old_head: Any = None) -> Report:
    """Check an export, bytes or a path, and that it goes on from a head kept; never raises."""

    def lines() -> Iterable[bytes]:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        *whole, rest = data.split(b"\n")
        yield from whole
        _need(not rest, 2, "last line", "a line end", TEXT(rest[-50:]))

    return verify_lines(Chain(), lines(), old_head)


def verify_lines(chain: Chain, lines: Iterable[bytes], old_head: Any = None) -> Report:
    """Add lines to a chain as long as they hold, then look for the head that was kept."""
    findings, unchecked = list[Finding](), ["old head"] * (old_head is None)
    try:
        for line in lines:
            chain.add(line)
    except RefusedError as refused:
        where = f"event {len(chain.digests)}, {refused.where}"
        findings.append(Finding(refused.number, "fatal", where, refused.expected, refused.found))
    except Exception as error:  # whatever was given, the answer is a finding: fail closed
        text = format_exception_only(error)[0].strip()[:200]
        findings.append(Finding(1, "fatal", "input", "what can be read", text))
    if old_head is not None:
        try:
            kept = old_head if isinstance(old_head, Head) else Head.parse(old_head)
            there = [EMPTY.digest, *chain.digests][kept.sequence + 1 :][:1]
            if there != [kept.digest]:
                if findings and not there:
                    unchecked.append("old head")
                else:
                    told = there[0] if there else f"an end at {chain.head}"
                    findings.append(Finding(8, "error", "old head", str(kept)[:200], told))
        except Exception as error:
            told = format_exception_only(error)[0].strip()[:200]
            findings.append(Finding(8, "error", "old head", "a head", told))
    return Report(tuple(findings), tuple(unchecked), chain.head)


# --- checks 2 and 3: one event ---------------------------------------------------------------


def read(line: bytes) -> Any:
    """The event of a line, or `RefusedError`."""
    try:
        event = _canonical(line)
    except (ValueError, RecursionError) as error:
        told = format_exception_only(error)[0].strip()
        raise RefusedError(2, "line", "canonical JSON", told) from None
    _form("event", "event", event)
    _form("body", KINDS[event["kind"]], event["body"])
    return event


def _form(where: str, form: str, value: Any) -> None:
    rule = FORMS.get(form.rstrip("?"), form)
    if value is None and form.endswith("?"):
        return
    if not isinstance(rule, str):
        _need(_is(form, value), 3, where, rule[0], TEXT(value))
        return
    keys = dict(re.findall(r"(\w+):(\S+)", rule))
    fits = type(value) is dict and value.keys() == keys.keys()
    _need(fits, 3, where, f"the keys {', '.join(sorted(keys))}", TEXT(value))
    for key, each in keys.items():
        _form(f"{where}.{key}".removeprefix("event."), each, value[key])


def _is(form: str, value: Any) -> bool:
    _, kind, holds = FORMS[form.rstrip("?")]
    return type(value) is kind and bool(holds(value))


def _up(values: list[str]) -> bool:
    return values == sorted({*values}, key=str.encode)


def is_time(text: str) -> bool:
    """Whether a text is a time in UTC, in the one way that events write it."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", text):
        return False
    try:
        return datetime.fromisoformat(text[:-1]).isoformat() == text[:-1]
    except ValueError:
        return False


def _canonical(data: bytes) -> Any:  # what can not be in such bytes is read as something else
    hook: Any = {"parse_float": str, "parse_constant": str}
    hook["object_hook"] = lambda v: {k: v[k] for k in sorted(v, key=lambda k: k.encode("utf-16be"))}
    value = json.loads(data, parse_int=lambda n: max(-(2**53), min(int(n[:17]), 2**53)), **hook)
    if TEXT(value).encode() != data:
        raise ValueError("not canonical: blanks, escapes, order of keys, a key twice, a number")
    return value


# --- checks 4 to 7: one event after the others -----------------------------------------------


def follow(event: Any, head: Head, at: str, known: Known) -> dict[str, Any]:
    """What becomes known by an event after `head`, stored at the time `at`; or `RefusedError`."""
    _need(event["sequence"] == head.sequence + 1, 4, "sequence", head.sequence + 1, event)
    _need(event["previous"] == head.digest, 5, "previous", head.digest, event)
    _need(event["at"] >= at, 6, "at", f"{at} or later", event)
    kind, body, here = event["kind"], event["body"], event["sequence"]
    rule = RULES[kind.removeprefix("stage ")]
    told: dict[str, Any] = rule(body, here, known, kind.startswith("stage "))
    return told


def _plan(body: Any, here: int, known: Known, _: bool) -> dict[str, Any]:
    key = _key("plan", body["id"])
    due = (known(key) or 0) + 1
    _need(body["version"] == due, 7, "body.version", f"version {due}, the plan's next", body)
    fits = (body["reason"] is None) == (due == 1)
    _need(fits, 7, "body.reason", "a reason from version 2 on, null in version 1", body)
    return {key: due}


def _commitment(body: Any, here: int, known: Known, stage: bool) -> dict[str, Any]:
    parent, version = body.get("parent"), None
    if stage:
        _confirmed(parent, known, "body.parent")
        slot = f"stage:{parent}"
    else:
        slot = _key("draw", [body["plan"] and body["plan"]["id"], body["task"]])
        if body["plan"]:
            version = body["plan"]["version"]
            latest = known(_key("plan", body["plan"]["id"]))
            told = f"a plan that is published, in its last version ({latest or 'none is'})"
            _need(version == latest, 7, "body.plan", told, body)
    mine = f"commitment:{body['commitment_sha256']}"
    _once(known(mine), "body.commitment_sha256", "a commitment of its own")
    last = known(slot)
    before = known(f"commitment:{last}")
    if before:
        ended = before["closed"] or before["record"]
        told = f"that the commitment before, {last}, was drawn or abandoned"
        _need(ended, 7, "body", told, "it is open")
    _need(body["repeats"] == last, 7, "body.repeats", TEXT(last), body)
    fits = (body["reason"] is None) == (last is None)
    _need(fits, 7, "body.reason", "a reason where another one is repeated, null elsewhere", body)
    out: dict[str, Any] = {slot: body["commitment_sha256"]}
    if before and before["version"] == version:  # a draw of an earlier version stays in force
        out[f"commitment:{last}"] = before | {"closed": before["closed"] or "repeated"}
    out[mine] = {"closed": None, "parent": parent, "randomness": None, "record": None}
    out[mine] |= {"sequence": here, "version": version}
    return out


def _randomness(body: Any, here: int, known: Known, stage: bool) -> dict[str, Any]:
    state = _open(body, known, stage)
    _once(state["randomness"], "randomness", "one for a commitment")
    return {f"commitment:{body['commitment_sha256']}": state | {"randomness": here}}


def _record(body: Any, here: int, known: Known, stage: bool) -> dict[str, Any]:
    commitment, record = body["commitment_sha256"], body["record_sha256"]
    state = _open(body, known, stage)
    _need(state["randomness"] is not None, 7, "body", "its randomness first", "none")
    _need(not state["record"], 7, "body", "one record for a commitment", f"{state['record']} too")
    _once(known(f"record:{record}"), "body.record_sha256", "a record of its own")
    told = {"commitment": commitment, "confirmed": None, "sequence": here}
    mine = state | {"record": record}
    return {f"commitment:{commitment}": mine, f"record:{record}": told}


def _confirmation(body: Any, here: int, known: Known, _: bool) -> dict[str, Any]:
    state = _recorded(body["record_sha256"], known, "body.record_sha256")
    _once(state["confirmed"], "body.record_sha256", "one confirmation for a record")
    return {f"record:{body['record_sha256']}": state | {"confirmed": here}}


def _substitution(body: Any, here: int, known: Known, _: bool) -> dict[str, Any]:
    parent, successor = body["parent"], body["successor_sha256"]
    base = (known(f"successor:{parent}") or {"record": parent})["record"]
    state = _confirmed(base, known, "body.parent")
    draw = known(f"commitment:{state['commitment']}")["parent"] is None
    _need(draw, 7, "body.parent", "a draw's record, or a successor of it", "a stage's record")
    _once(known(f"substitution:{parent}"), "body.parent", "one successor, to go on from")
    _once(known(f"successor:{successor}"), "body.successor_sha256", "a successor of its own")
    told = {"record": base, "sequence": here}
    return {f"substitution:{parent}": here, f"successor:{successor}": told}


def _abandoned(body: Any, here: int, known: Known, _: bool) -> dict[str, Any]:
    key = f"commitment:{body['commitment_sha256']}"
    state = known(key)
    _need(state, 7, "body.commitment_sha256", "a commitment that is there", body)
    _need(not state["closed"], 7, "body", "a commitment in force", f"one {state['closed']} before")
    return {key: state | {"closed": "abandoned"}}


def _witness(body: Any, here: int, known: Known, _: bool) -> dict[str, Any]:
    seen = body["sequence"]
    _need(seen < here, 7, "body.sequence", "an event before this one", body)
    digest = known(f"digest:{seen}")
    _need(body["head"] == digest, 7, "body.head", f"{digest}, as event {seen} has it", body)
    key = _key("witness", [body["by"], seen, body["signature"]])
    _once(known(key), "body", "a witness of its own")
    return {key: here}


def _office(body: Any, here: int, known: Known, _: bool) -> dict[str, Any]:
    key = _key("office", [body["about"], body["id"]])
    last = known(key)
    told = f"{TEXT(last)}, the last event about it"
    _need(body["after"] == last, 7, "body.after", told, body)
    return {key: here}


RULES: dict[str, Any] = {
    "plan": _plan,
    "commitment": _commitment,
    "randomness": _randomness,
    "record": _record,
    "confirmation": _confirmation,
    "substitution": _substitution,
    "abandoned": _abandoned,
    "witness": _witness,
    "office": _office,
}


def _open(body: Any, known: Known, stage: bool) -> Any:  # the state of a commitment in force
    state = known(f"commitment:{body['commitment_sha256']}")
    told = f"a commitment of a {'stage' if stage else 'draw'} that is there"
    fits = state and (state["parent"] is not None) == stage
    _need(fits, 7, "body.commitment_sha256", told, body)
    _in_force(state, known, "body.commitment_sha256")
    return state


def _recorded(record: str, known: Known, where: str) -> Any:  # the state of a record in force
    state = known(f"record:{record}")
    _need(state, 7, where, "a record that is there", record)
    _in_force(known(f"commitment:{state['commitment']}"), known, where)
    return state


def _confirmed(record: str, known: Known, where: str) -> Any:
    state = _recorded(record, known, where)
    _need(state["confirmed"] is not None, 7, where, "a record that is confirmed", record)
    return state


def _in_force(state: Any, known: Known, where: str) -> None:
    while state:
        told = f"the commitment of event {state['sequence']} was {state['closed']}"
        _need(not state["closed"], 7, where, "what is in force", told)
        parent = state["parent"]
        state = parent and known(f"commitment:{known(f'record:{parent}')['commitment']}")


def _once(state: Any, where: str, expected: str) -> None:
    here = state["sequence"] if isinstance(state, dict) else state
    _need(state is None, 7, where, expected, f"one in event {here} before")


def _key(kind: str, value: Any) -> str:  # texts of any length and alphabet make a short key
    return f"{kind}:{sha256(TEXT(value).encode()).hexdigest()}"


def _need(holds: Any, number: int, where: str, expected: Any, found: Any) -> None:
    if not holds:
        if isinstance(found, dict):  # the event or its body: show the place alone
            found = TEXT(found.get(where.removeprefix("body."), found))
        raise RefusedError(number, where, str(expected), found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=verify_export.__doc__)
    parser.add_argument("export")
    parser.add_argument("--head", help="one that was kept, such as 17:5f…")
    options = parser.parse_args()
    report = verify_export(options.export, options.head)
    print(report)  # noqa: T201  the answer of a command
    raise SystemExit(not report.ok)
