"""Exports of ledgers, good and bad, built by hand; nothing here imports the package.

The forms of docs/ledger.md a second time, with a canonical JSON and a chain of their own.
`cases()` gives the golden vectors; in a bad one a single rule is broken, and every later event is
chained to it, so that nothing else shows it. `python tests/ledger/make_vectors.py` writes them to
`tests/vectors/ledgers-v1/`.
"""

import copy
import hashlib
import json
import shutil
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "vectors" / "ledgers-v1"
PROTOCOL = "randcheck/v1"
SOURCE = {"grade": "G0", "kind": "lottery"}
EMPTY = f"-1:{'0' * 64}"


# --- the rules, once more ------------------------------------------------------------------------


def dumps(value):
    """RFC 8785 for objects, lists, texts, whole numbers, true, false and null."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return b"{" + b",".join(dumps(key) + b":" + dumps(value[key]) for key in keys) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(dumps, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def lines_of(steps):
    """The lines of steps, without their ends: each event names the line before, as it stands.

    A step is kind, body and what is done to the event, or to its line, if that is anything.
    """
    lines, previous, sequence = [], "0" * 64, 0
    for minute, (kind, body, *change) in enumerate(steps):
        event = {"actor": "office", "at": f"2026-07-01T09:{minute:02}:00Z", "body": body}
        event |= {"kind": kind, "previous": previous, "protocol": PROTOCOL, "sequence": sequence}
        line = None
        for each in change:
            line = each(event)
        lines.append(dumps(event) if line is None else line)
        previous, sequence = sha(lines[-1]), int(event.get("sequence", sequence)) + 1
    return lines


def export(steps):
    return b"".join(line + b"\n" for line in lines_of(steps))


def heads(data):
    """The head after each event."""
    return [f"{n}:{sha(line)}" for n, line in enumerate(data.split(b"\n")[:-1])]


# --- the events ----------------------------------------------------------------------------------


def hex_of(name):
    return sha(name.encode())


def plan(version=1, reason=None, name="plan-2026", change=None):
    body = {"id": name, "reason": reason, "sha256": hex_of(f"{name} {version}"), "version": version}
    return ("plan", body, *([change] if change else []))


def commitment(name, task="T-1", version=1, repeats=None, reason=None, **more):
    body = {
        "commitment_sha256": hex_of(name),
        "plan": None if version is None else {"id": "plan-2026", "version": version},
        "reason": reason,
        "repeats": None if repeats is None else hex_of(repeats),
        "root": None,
        "sheet_sha256": hex_of(f"sheet of {name}"),
        "source": SOURCE,
        "task": task,
    }
    return "commitment", body | more


def stage(name, parent, repeats=None, reason=None):
    body = {"commitment_sha256": hex_of(name), "parent": hex_of(parent), "reason": reason}
    body |= {"repeats": None if repeats is None else hex_of(repeats), "source": SOURCE}
    return "stage commitment", body


def randomness(name, step="", evidence=None):
    body = {"commitment_sha256": hex_of(name), "evidence": evidence, "text": "05 09 12 + 08"}
    return f"{step}randomness", body


def record(name, made, step=""):
    return f"{step}record", {"commitment_sha256": hex_of(name), "record_sha256": hex_of(made)}


def confirmation(made, by=("I-1", "I-2")):
    return "confirmation", {"by": list(by), "record_sha256": hex_of(made)}


def substitution(parent, successor):
    return "substitution", {"parent": hex_of(parent), "successor_sha256": hex_of(successor)}


def abandoned(name, reason="the lottery was cancelled"):
    return "abandoned", {"commitment_sha256": hex_of(name), "reason": reason}


def witness(steps, at=-1, by="notary", signature=None):
    """What an outsider saw of the events so far: the head after one of them."""
    sequence, _, digest = heads(export(steps))[at].partition(":")
    body = {"by": by, "head": digest, "sequence": int(sequence), "signature": signature}
    return "witness", body


def office(what, after=None, thing="visit-1", **data):
    """What an office says of a thing, after the event that last spoke of it."""
    body = {"about": "case", "after": after, "data": data, "id": thing, "what": what}
    return "office", body


def drawn(name, made, task="T-1", version=1, repeats=None, reason=None):
    """A draw from commitment to record."""
    first = commitment(name, task, version, repeats, reason)
    return [first, randomness(name), record(name, made)]


def staged(name, parent, made):
    """A stage from commitment to confirmation."""
    step = "stage "
    return [
        stage(name, parent), randomness(name, step), record(name, made, step), confirmation(made),
    ]  # fmt: skip


DRAWN = [plan(), *drawn("c1", "r1")]
LIFE = [*DRAWN, confirmation("r1")]
STAGED = [*LIFE, *staged("s1", "r1", "sr1")]
ABANDONED = [plan(), commitment("c1"), abandoned("c1")]
AGAIN = [*LIFE, commitment("c2", repeats="c1", reason="by order of a court")]
OTHER = plan(name="another plan")  # what can always come next


# --- good ----------------------------------------------------------------------------------------


def good():
    """Name → steps, after which event a head was kept if any, and what the case shows."""
    seen = [plan(), commitment("c1")]
    seen = [*seen, witness(seen), witness(seen, 0, signature="signed"), witness(seen, 0)]
    seen = [*seen, witness(seen, by="the paper"), randomness("c1"), record("c1", "r1")]
    names = {"id": "计划-2026", "version": 1}
    evidence = {
        "Ａ": 2**53, "\U0001f3b2": -(2**53), "b": [None, True, {"": []}], "a": '"\\\n\x1f\x7f/é',
    }  # fmt: skip
    whole = [plan(), commitment("c0"), abandoned("c0"), plan(2, "one task more")]
    whole += drawn("c1", "r1", version=2, repeats="c0", reason="the lottery was cancelled")
    whole.insert(5, witness(whole[:5], signature="signed"))
    whole += [confirmation("r1"), stage("s1", "r1"), abandoned("s1", "nobody was well")]
    whole += [stage("s2", "r1", "s1", "all are well"), randomness("s2", "stage ")]
    whole += [record("s2", "sr2", "stage "), confirmation("sr2"), *staged("s3", "sr2", "sr3")]
    whole += [substitution("r1", "x1"), substitution("x1", "x2")]
    whole += drawn("c2", "r2", version=2, repeats="c1", reason="by order of a court")
    whole += [witness(whole, by="the paper")]
    return {
        "empty": ([], None, "nothing has happened"),
        "empty-kept": (LIFE, -1, "the head of the empty ledger, kept from the start"),
        "plan-only": ([plan()], None, "a plan and nothing more"),
        "office": (
            [plan(), office("drawn", items=["food"]), office("drawn", thing="检查-2"),
             office("confirmed", 1), office("inspected", 3), office("confirmed", 2, "检查-2")],
            None, "what an office says of two things"),
        "plan-versions": ([plan(), plan(2, "more"), OTHER, plan(3, "less")], None, "two plans"),
        "draw": (LIFE, 4, "one draw of a plan, and the head at its end"),
        "draw-outside-a-plan": (
            [*drawn("c1", "r1", version=None), confirmation("r1")], None, "no plan, one draw"),
        "draw-with-root": (
            [plan(), commitment("c1", root=hex_of("root"), sheet_sha256=None)],
            None, "a root, and a sheet that is not named"),
        "draws-side-by-side": (
            [plan(), commitment("c1"), commitment("d1", "T-2"), randomness("d1"), randomness("c1"),
             record("c1", "r1"), record("d1", "rd1"), confirmation("rd1")],
            3, "two tasks at once, and a head from between"),
        "same-task-of-two-plans": (
            [plan(), OTHER, commitment("c1"),
             commitment("d1", plan={"id": "another plan", "version": 1}),
             commitment("e1", version=None)],
            None, "a task's name belongs to its plan"),
        "same-second": (
            [(*step[:2], lambda e: e.update(at="2024-02-29T23:59:59Z")) for step in LIFE],
            None, "times that stand still"),
        "stages": ([*STAGED, *staged("s2", "sr1", "sr2")], None, "a stage after a stage"),
        "stage-repeated": (
            [*STAGED, stage("s2", "r1", "s1", "one team was ill")], None, "a stage once more"),
        "substitutions": (
            [*LIFE, substitution("r1", "x1"), substitution("x1", "x2")], None, "two successors"),
        "substitution-beside-a-stage": (
            [*STAGED, substitution("r1", "x1")], None, "a successor after a stage"),
        "abandoned": (ABANDONED, None, "abandoned before the source spoke"),
        "abandoned-after-randomness": (
            [plan(), commitment("c1"), randomness("c1"), abandoned("c1", "it did not suit"),
             commitment("c2", repeats="c1", reason="once more")],
            None, "allowed, and counted: the ledger says after what"),
        "abandoned-after-confirmation": ([*LIFE, abandoned("c1")], None, "a whole draw withdrawn"),
        "repeated": (AGAIN, None, "a draw that was done, and another one that cites it"),
        "repeated-thrice": (
            [*ABANDONED, *drawn("c2", "r2", repeats="c1", reason="again"),
             commitment("c3", repeats="c2", reason="again")],
            None, "each one cites the one before"),
        "new-version": (
            [*LIFE, plan(2, "more"), commitment("c2", version=2, repeats="c1", reason="more"),
             *staged("s1", "r1", "sr1")],
            None, "under a new version the earlier draw stays in force"),
        "witnesses": (seen, 1, "several outsiders, several heads, and one of them kept"),
        "names-beyond-ascii": (
            [("plan", {"id": "计划-2026", "reason": None, "sha256": hex_of("x"), "version": 1},
              lambda e: e.update(actor="市场监管局 \U0001f3b2")),
             commitment("c1", "电梯/3号楼", plan=names, source=SOURCE | {"kind": "双色球"}),
             randomness("c1"), record("c1", "r1"),
             confirmation("r1", ["I", "é", "乙", "\U0001f3b2"])],
            None, "names in any script; people ascend by their UTF-8 bytes"),
        "evidence": (
            [plan(), commitment("c1"), randomness("c1", evidence=evidence)],
            None, "keys in UTF-16 order, escapes, the largest numbers"),
        "whole-life": (whole, 9, "everything that can happen, and a head from its middle"),
    }  # fmt: skip


# --- bad: lines and forms ------------------------------------------------------------------------


def line(change):
    """What is done to the bytes of an event, in canonical form before."""
    return lambda event: change(dumps(event))


def swapped(one, other):
    return lambda data: data.replace(one, other, 1)


def broken_lines():
    """Name → why, and what is done to the line of the plan's second version."""
    return {
        "space": ("a blank after a colon", swapped(b":", b": ")),
        "space-at-end": ("a blank at the end of a line", lambda data: data + b" "),
        "crlf": ("a line that ends in CR LF", lambda data: data + b"\r"),
        "blank": ("an empty line", lambda data: b""),
        "bom": ("a byte order mark", lambda data: b"\xef\xbb\xbf" + data),
        "not-utf8": ("a byte that is not UTF-8", swapped(b"office", b"offic\xe9")),
        "no-json": ("a line that is no JSON", lambda data: data[:-1]),
        "two-in-one": ("a value after the event", lambda data: data + b"null"),
        "key-order": (
            "keys out of order",
            lambda data: b'{"sequence":1,' + data[1:].replace(b',"sequence":1', b""),
        ),
        "key-twice": ("a key twice", swapped(b'"kind":"plan"', b'"kind":"plan","kind":"plan"')),
        "escape": ("an escape that is not needed", swapped(b"office", b"\\u006ffice")),
        "escape-slash": ("an escaped slash", swapped(b"randcheck/v1", b"randcheck\\/v1")),
        "half-character": ("half a character", swapped(b"office", b"offic\\ud83c")),
        "float": ("a number with a point", swapped(b'"version":2', b'"version":2.0')),
        "number-large": (
            "a number that not all readers have",
            swapped(b'"version":2', b'"version":9007199254740993'),
        ),
        "number-zero": ("a number with a zero before it", swapped(b'"version":2', b'"version":02')),
    }


def whole_event():
    """Name → why, and what is done to the event of the plan's second version."""

    def to(key, value):
        return lambda event: event.update({key: value})

    return {
        "actor-empty": ("an actor without a name", to("actor", "")),
        "actor-blank": ("an actor of blanks", to("actor", "\u3000")),
        "actor-number": ("a number for an actor", to("actor", 5)),
        "at-zone": ("a time that is not UTC", to("at", "2026-07-01T17:31:00+08:00")),
        "at-date": ("a day that the calendar does not have", to("at", "2026-07-32T09:31:00Z")),
        "at-24": ("an hour that a day does not have", to("at", "2026-07-01T24:00:00Z")),
        "at-fraction": ("a part of a second", to("at", "2026-07-01T09:31:00.5Z")),
        "at-digits": ("digits of another script", to("at", "２026-07-01T09:31:00Z")),
        "body-list": ("a list for a body", to("body", [])),
        "kind": ("a kind that there is not", to("kind", "plans")),
        "previous-upper": (
            "the right digest, in upper case",
            lambda event: event.update(previous=event["previous"].upper()),
        ),
        "protocol": ("another protocol", to("protocol", "randcheck/v2")),
        "sequence-truth": ("true for 1", to("sequence", True)),
        "sequence-text": ("a text for a number", to("sequence", "1")),
        "key-unknown": ("a key that an event does not have", to("more", None)),
        "key-missing": ("an event without its actor", lambda event: event.pop("actor") and None),
    }


def one_of_each():
    """A good event of each kind: the steps before it, and the event."""
    return {
        "plan": ([plan()], plan(2, "more")),
        "commitment": ([plan()], commitment("c1", root=hex_of("root"))),
        "randomness": ([plan(), commitment("c1")], randomness("c1", evidence={})),
        "record": (DRAWN[:-1], DRAWN[-1]),
        "confirmation": (DRAWN, confirmation("r1")),
        "stage commitment": (LIFE, stage("s1", "r1")),
        "stage randomness": ([*LIFE, STAGED[5]], STAGED[6]),
        "stage record": (STAGED[:7], STAGED[7]),
        "substitution": (LIFE, substitution("r1", "x1")),
        "abandoned": (ABANDONED[:-1], ABANDONED[-1]),
        "witness": ([plan()], witness([plan()], signature="signed")),
        "office": ([plan(), office("drawn")], office("confirmed", 1, by="clerk")),
    }


#: Kind and key of a body → what does not belong there, and why. Of each form one, at the least.
UPPER = "a digest in upper case"
WRONG = {
    ("plan", "id"): (None, "a plan without a name"),
    ("plan", "version"): ("2", "a text for a version"),
    ("plan", "reason"): ("", "an empty reason"),
    ("plan", "sha256"): (None, "a plan without its digest"),
    ("commitment", "commitment_sha256"): (hex_of("c1").upper(), UPPER),
    ("commitment", "plan"): ({"id": "plan-2026"}, "a plan without its version"),
    ("commitment", "reason"): (5, "a number for a reason"),
    ("commitment", "repeats"): ("", "no digest"),
    ("commitment", "root"): (hex_of("root").upper(), UPPER),
    ("commitment", "sheet_sha256"): (hex_of("sheet of c1")[:-1], "a digest of 63 digits"),
    ("commitment", "source"): ({"grade": "G3", "kind": "lottery"}, "a grade that there is not"),
    ("commitment", "task"): (" ", "a task without a name"),
    ("randomness", "commitment_sha256"): (hex_of("c1").upper(), UPPER),
    ("randomness", "evidence"): ([], "evidence that is no object"),
    ("randomness", "text"): ("", "no randomness"),
    ("record", "commitment_sha256"): (hex_of("c1").upper(), UPPER),
    ("record", "record_sha256"): (hex_of("r1") + "0", "a digest of 65 digits"),
    ("confirmation", "by"): (["I-2", "I-1"], "people out of order"),
    ("confirmation", "record_sha256"): (hex_of("r1").upper(), UPPER),
    ("stage commitment", "commitment_sha256"): (None, "a commitment without its digest"),
    ("stage commitment", "parent"): (None, "a stage after nothing"),
    ("stage commitment", "reason"): (True, "true for a reason"),
    ("stage commitment", "repeats"): (0, "a number for a digest"),
    ("stage commitment", "source"): (None, "a stage without a source"),
    ("stage randomness", "commitment_sha256"): (hex_of("s1").upper(), UPPER),
    ("stage randomness", "evidence"): ("https://example.org", "evidence that is no object"),
    ("stage randomness", "text"): (5, "a number for the text"),
    ("stage record", "commitment_sha256"): (hex_of("s1").upper(), UPPER),
    ("stage record", "record_sha256"): (None, "a record without its digest"),
    ("substitution", "parent"): (hex_of("r1").upper(), UPPER),
    ("substitution", "successor_sha256"): (None, "a successor without its digest"),
    ("abandoned", "commitment_sha256"): (hex_of("c1").upper(), UPPER),
    ("abandoned", "reason"): (None, "no reason"),
    ("witness", "by"): ("", "a witness without a name"),
    ("witness", "head"): (hex_of("other")[:-1], "no head"),
    ("witness", "sequence"): (-1, "a number below the first event's"),
    ("witness", "signature"): (5, "a number for a signature"),
    ("office", "about"): ("", "about nothing"),
    ("office", "after"): ("1", "a text for a number"),
    ("office", "data"): ([], "data that are no object"),
    ("office", "id"): (5, "a number for an id"),
    ("office", "what"): (None, "nothing said"),
}
MORE = {
    ("confirmation", "by", "nobody"): ([], "confirmed by nobody"),
    ("confirmation", "by", "twice"): (["I-1", "I-1"], "one person twice"),
    ("confirmation", "by", "blank"): (["", "I-1"], "a person without a name"),
    ("confirmation", "by", "text"): ("I-1", "a text for a list"),
    ("commitment", "source", "kind"): ({"grade": "G0", "kind": ""}, "a source without a name"),
    ("commitment", "source", "key"): (SOURCE | {"url": "x"}, "a key that a source does not have"),
    ("commitment", "plan", "version"): ({"id": "plan-2026", "version": True}, "true for 1"),
    ("witness", "sequence", "truth"): (False, "false for 0"),
}


def broken_forms():
    """Name → number, why, and the steps: all good but for one form, and one good event after it."""
    for name, (why, change) in broken_lines().items():
        yield f"line-{name}", 2, why, [plan(), plan(2, "more", change=line(change)), OTHER]
    keys = b'"\xf0\x9f\x8e\xb2":0,"\xef\xbc\xa1":0'
    other = b",".join(keys.split(b",")[::-1])
    odd = (*randomness("c1", evidence={"\U0001f3b2": 0, "Ａ": 0}), line(swapped(keys, other)))
    yield "line-key-order-utf16", 2, "keys in the order of code points", [
        plan(), commitment("c1"), odd, OTHER]  # fmt: skip
    for name, (why, change) in whole_event().items():
        yield f"event-{name}", 3, why, [plan(), plan(2, "more", change=change), OTHER]
    for kind, (before, (_, body)) in one_of_each().items():
        short = kind.replace(" ", "-")
        last = sorted(body)[-1]
        less = {key: value for key, value in body.items() if key != last}
        for fault, changed, why in (
            ("key-missing", less, f"no {last}"),
            ("key-unknown", body | {"note": None}, "a key that this kind does not have"),
        ):
            yield f"{short}-{fault}", 3, why, [*before, (kind, changed), OTHER]
        for (of, key, *which), (value, why) in (WRONG | MORE).items():
            if of == kind:
                name = "-".join([short, key.replace("_", "-"), *which])
                yield name, 3, why, [*before, (kind, body | {key: value}), OTHER]


# --- bad: the chain and the order ----------------------------------------------------------------


def broken_chains():
    """Name → number, why, and the steps; what comes after the break goes on from it."""

    def to(key, value):
        return lambda event: event.update({key: value})

    def second(change):
        return [plan(), plan(2, "more", change=change), OTHER]

    yield "sequence-from-1", 4, "events that count from 1", [plan(change=to("sequence", 1)), OTHER]
    yield "sequence-gap", 4, "a number left out", second(to("sequence", 2))
    yield "sequence-twice", 4, "a number twice", second(to("sequence", 0))
    first = hex_of("an event before the first")
    yield "previous-of-first", 5, "something before the first event", [
        plan(change=to("previous", first)), OTHER]  # fmt: skip
    yield "previous-zeros", 5, "a second event that calls itself the first", second(
        to("previous", "0" * 64))  # fmt: skip
    skipped = sha(lines_of([plan()])[0])
    yield "previous-of-the-one-before", 5, "an event that forks off from an earlier one", [
        plan(), OTHER, plan(2, "more", change=to("previous", skipped)), commitment("c1", version=2),
    ]  # fmt: skip
    yield "time-back", 6, "a second earlier than the event before", second(
        to("at", "2026-07-01T08:59:59Z"))  # fmt: skip
    yield "time-ahead", 6, "one event a year ahead, so that the next goes back", second(
        to("at", "2027-07-01T09:01:00Z"))  # fmt: skip


def broken_order():
    """Name → why, the steps before, and the event at the wrong time."""
    open_, told = [plan(), commitment("c1")], [plan(), commitment("c1"), randomness("c1")]
    two = [*LIFE, *drawn("d1", "rd1", "T-2")]
    waiting = [*LIFE, stage("s1", "r1")]
    newer = [*LIFE, plan(2, "more")]
    why = "by order of a court"
    thrice = [*AGAIN, randomness("c2"), record("c2", "r2")]
    elsewhere = {"id": "plan-2027", "version": 1}
    return {
        "plan-version-2-first": ("a plan that begins with version 2", [], plan(2, "more")),
        "plan-version-twice": ("a version that was published before", [plan()], plan()),
        "plan-version-skipped": ("a version left out", [plan()], plan(3, "more")),
        "plan-reason-in-version-1": ("a reason for the first version", [], plan(1, "why")),
        "plan-no-reason": ("a change without a reason", [plan()], plan(2)),
        "commitment-plan-unknown": (
            "a plan that nobody published", [plan()], commitment("c1", plan=elsewhere)),
        "commitment-plan-to-come": (
            "a version that is not published yet", [plan()], commitment("c1", version=2)),
        "commitment-plan-older": (
            "an older version of the plan", [plan(), plan(2, "more")], commitment("c1")),
        "commitment-digest-twice": (
            "the same commitment for another task", open_, commitment("c1", "T-2")),
        "commitment-digest-of-a-stage": (
            "a stage's commitment for a draw", waiting, commitment("s1", "T-2")),
        "commitment-second-while-open": (
            "a second commitment while the first is open", open_,
            commitment("c2", repeats="c1", reason=why)),
        "commitment-second-while-told": (
            "a second one when the randomness is known, and the first not abandoned", told,
            commitment("c2", repeats="c1", reason=why)),
        "commitment-second-without-repeats": (
            "a second draw that cites nothing", LIFE, commitment("c2")),
        "commitment-repeats-an-earlier": (
            "a third one that cites the first", thrice,
            commitment("c3", repeats="c1", reason=why)),
        "commitment-repeats-another-task": (
            "the draw of another task cited", two, commitment("c2", repeats="d1", reason=why)),
        "commitment-repeats-nothing": (
            "a first draw that cites one", LIFE, commitment("d1", "T-2", 1, "c1", why)),
        "commitment-no-reason": (
            "a repetition without a reason", LIFE, commitment("c2", repeats="c1")),
        "commitment-reason-for-nothing": (
            "a reason without a repetition", [plan()], commitment("c1", reason=why)),
        "commitment-new-version-without-repeats": (
            "a draw escaped by a new version of the plan", newer, commitment("c2", version=2)),
        "commitment-new-version-while-open": (
            "a new version while the draw is open", [*open_, plan(2, "more")],
            commitment("c2", version=2, repeats="c1", reason=why)),
        "commitment-outside-a-plan-again": (
            "a second draw outside any plan that cites nothing", drawn("c1", "r1", version=None),
            commitment("c2", version=None)),
        "randomness-unknown": ("randomness for nothing", open_, randomness("c9")),
        "randomness-twice": ("a second randomness", told, randomness("c1")),
        "randomness-of-a-stage": ("a stage's randomness as a draw's", waiting, randomness("s1")),
        "randomness-after-abandoned": ("randomness for what was abandoned", ABANDONED,
                                       randomness("c1")),
        "record-before-randomness": ("a record before its randomness", open_, record("c1", "r1")),
        "record-unknown": ("the record of nothing", told, record("c9", "r1")),
        "record-twice": ("a second record", DRAWN, record("c1", "r2")),
        "record-digest-twice": (
            "the record of another draw", [*LIFE, *drawn("d1", "r", "T-2")[:2]],
            record("d1", "r1")),
        "record-after-abandoned": (
            "a record of what was abandoned", [*told, abandoned("c1")], record("c1", "r1")),
        "record-of-a-stage": ("a stage's record as a draw's", STAGED[:7], record("s1", "sr1")),
        "confirmation-unknown": ("a record that is not there", DRAWN, confirmation("r9")),
        "confirmation-twice": ("confirmed twice", LIFE, confirmation("r1")),
        "confirmation-after-repeated": (
            "a draw confirmed that another one repeats",
            [*DRAWN, commitment("c2", repeats="c1", reason=why)], confirmation("r1")),
        "stage-unknown": ("a stage after nothing", LIFE, stage("s1", "r9")),
        "stage-unconfirmed": ("a stage on an unconfirmed record", DRAWN, stage("s1", "r1")),
        "stage-unconfirmed-stage": (
            "a stage on an unconfirmed stage", STAGED[:8], stage("s2", "sr1")),
        "stage-digest-twice": ("a stage with a draw's commitment", LIFE, stage("c1", "r1")),
        "stage-second": ("a second stage on a record", STAGED, stage("s2", "r1")),
        "stage-second-while-open": (
            "a second stage while the first is open", waiting, stage("s2", "r1", "s1", why)),
        "stage-no-reason": ("a stage repeated without a reason", STAGED, stage("s2", "r1", "s1")),
        "stage-reason-for-nothing": (
            "a reason without a repetition", LIFE, stage("s1", "r1", None, why)),
        "stage-after-abandoned": (
            "a stage on an abandoned draw", [*LIFE, abandoned("c1")], stage("s1", "r1")),
        "stage-after-repeated": ("a stage on a repeated draw", AGAIN, stage("s1", "r1")),
        "stage-after-repeated-stage": (
            "a stage on the record of a repeated stage",
            [*STAGED, stage("s2", "r1", "s1", why)], stage("s3", "sr1")),
        "stage-randomness-of-a-draw": (
            "a draw's randomness as a stage's", open_, randomness("c1", "stage ")),
        "stage-randomness-twice": (
            "a second randomness", STAGED[:7], randomness("s1", "stage ")),
        "stage-randomness-after-repeated": (
            "randomness for a stage of a repeated draw",
            [*waiting, commitment("c2", repeats="c1", reason=why)], randomness("s1", "stage ")),
        "stage-record-before-randomness": (
            "a stage's record before its randomness", waiting, record("s1", "sr1", "stage ")),
        "stage-record-digest-twice": (
            "the draw's record as the stage's", STAGED[:7], record("s1", "r1", "stage ")),
        "substitution-unknown": ("a successor of nothing", LIFE, substitution("r9", "x1")),
        "substitution-unconfirmed": (
            "a successor of an unconfirmed record", DRAWN, substitution("r1", "x1")),
        "substitution-of-a-stage": (
            "a successor of a stage's record", STAGED, substitution("sr1", "x1")),
        "substitution-second": (
            "two successors of one record", [*LIFE, substitution("r1", "x1")],
            substitution("r1", "x2")),
        "substitution-digest-twice": (
            "the successor of another draw",
            [*LIFE, substitution("r1", "x1"), *two[5:], confirmation("rd1")],
            substitution("rd1", "x1")),
        "substitution-after-repeated": (
            "a successor of a repeated draw", AGAIN, substitution("r1", "x1")),
        "abandoned-unknown": ("nothing abandoned", open_, abandoned("c9")),
        "abandoned-twice": ("abandoned twice", ABANDONED, abandoned("c1")),
        "abandoned-after-repeated": ("abandoned when it was repeated", AGAIN, abandoned("c1")),
        "witness-another-head": (
            "a head that the ledger never had", open_,
            ("witness", witness(open_)[1] | {"head": hex_of("x")})),
        "witness-another-sequence": (
            "a head at another event", open_, ("witness", witness(open_)[1] | {"sequence": 0})),
        "witness-to-come": (
            "a head beyond the last event", open_,
            ("witness", witness(open_)[1] | {"sequence": 2})),
        "office-after-nothing": (
            "a thing's second event that names none before", [*open_, office("drawn")],
            office("confirmed")),
        "office-after-another": (
            "an event after that of another thing",
            [*open_, office("drawn"), office("drawn", thing="visit-2")], office("confirmed", 3)),
        "office-after-an-older": (
            "an event after one that is not the last",
            [*open_, office("drawn"), office("confirmed", 2)], office("inspected", 2)),
        "office-first-after": (
            "a thing's first event that names one before", open_, office("drawn", 1)),
        "witness-twice": ("the same head seen twice", [*open_, witness(open_)], witness(open_)),
    }  # fmt: skip


def bad():
    """Name → number of the first finding, why, the export, the head that was kept."""
    out = {}
    for name, number, why, steps in (*broken_forms(), *broken_chains()):
        out[f"fail-{name}"] = (number, why, export(steps), None)
    for name, (why, before, event) in broken_order().items():
        out[f"fail-{name}"] = (7, why, export([*before, event, OTHER]), None)

    data = export(LIFE)
    kept, lines = heads(data), data.splitlines(keepends=True)
    out["fail-no-final-newline"] = (2, "a last line without an end", data[:-1], None)
    out["fail-line-cut"] = (2, "a last line that is cut off", data[:-40], None)
    edited = data.replace(b"05 09 12 + 08", b"05 09 13 + 08")
    out["fail-edited"] = (5, "an event edited, and those after it left alone", edited, None)
    dropped = b"".join([*lines[:2], *lines[3:]])
    out["fail-dropped"] = (4, "an event taken out, and those after it left alone", dropped, None)
    exchanged = b"".join([*lines[:2], lines[3], lines[2], lines[4]])
    out["fail-exchanged"] = (4, "two events exchanged", exchanged, None)

    def other(change):
        steps = copy.deepcopy(LIFE)
        change(steps)
        return export(steps)

    rewritten = {
        "rewritten": (
            "another randomness, and all chained anew",
            other(lambda steps: steps[2][1].update(text="05 09 13 + 08")),
            kept[-1],
        ),
        "rewritten-middle": (
            "the first event told otherwise, shown by a head from the middle",
            other(lambda steps: steps[0][1].update(sha256=hex_of("another plan"))),
            kept[2],
        ),
        "rewritten-inserted": (
            "an event put in, and all chained anew",
            other(lambda steps: steps.insert(1, OTHER)),
            kept[1],
        ),
        "rewritten-actor": (
            "somebody else named",
            export([(*step, lambda event: event.update(actor="nobody")) for step in LIFE]),
            kept[0],
        ),
        "cut": ("the end cut off", b"".join(lines[:-1]), kept[-1]),
        "cut-to-nothing": ("everything cut off", b"", kept[0]),
        "head-forged": ("a head of no event", data, f"2:{hex_of('forged')}"),
        "head-of-another-event": (
            "a digest at another number",
            data,
            f"3:{kept[2].partition(':')[2]}",
        ),
        "head-beyond": ("a number beyond the end", data, f"5:{kept[4].partition(':')[2]}"),
        "head-of-the-empty-forged": ("something before the first event", data, f"-1:{'f' * 64}"),
        "head-form": ("no head", data, f"02:{kept[2].partition(':')[2]}"),
    }
    for name, (why, told, head) in rewritten.items():
        out[f"fail-{name}"] = (8, why, told, head)
    return out


# --- the cases -----------------------------------------------------------------------------------


def cases():
    """Name → the export, and what must be said of it."""
    out = {}
    for name, (steps, at, why) in good().items():
        data = export(steps)
        known = {-1: EMPTY} | dict(enumerate(heads(data)))
        head = None if at is None else known[at]
        out[name] = (data, {"finding": None, "head": head, "ok": True, "why": why})
    for name, (number, why, data, head) in bad().items():
        out[name] = (data, {"finding": number, "head": head, "ok": False, "why": why})
    return out


def files(data, told):
    """The files of a case by name."""
    text = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)
    return {"case.json": f"{text}\n".encode(), "export.jsonl": data}


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, case in cases().items():
        (FOLDER / name).mkdir(parents=True)
        for file, data in files(*case).items():
            (FOLDER / name / file).write_bytes(data)
