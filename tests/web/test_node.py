"""The verifier in JavaScript, one Node process a test: all vectors, and hostile bytes."""

import base64
import hashlib
import json
import random
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

import proof_cases
import randcheck
import replacement_cases
from ledger import cases as ledger_cases
from randcheck.ledger import check, verify_export
from randcheck.proofs import ProofTree, check_proof
from randcheck.replacement import check_replacement

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors"
MODULE = Path(randcheck.__file__).parent / "web" / "verify.mjs"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


def node(script, *arguments, stdin=b""):
    done = subprocess.run([NODE, *script, *arguments], input=stdin, capture_output=True, check=True)
    return done.stdout


def given(value):
    """The value as JSON, bytes in it as `run.mjs` reads them."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: given(each) for key, each in value.items()}
    return [given(each) for each in value] if isinstance(value, list | tuple) else value


def reports(calls):
    """One report a call: the name of a function of the module, then what it is given."""
    found = json.loads(node([HERE / "run.mjs", MODULE], stdin=json.dumps(given(calls)).encode()))
    faults = [
        each
        for each in found
        if "threw" in each or any(row["where"] == "verifier" for row in each["findings"])
    ]
    assert faults == []
    return found


def first(findings):
    """The number of the first finding, as the specification fixes it."""
    return next((each["number"] for each in findings), None)


def load(folder):
    case = json.loads((folder / "case.json").read_text())
    before = folder / "before"
    odds = folder / "odds.jsonl"
    options = {"commitment": case["commitment"], "randomness": case["randomness"]}
    if odds.exists():
        options["odds"] = odds.read_bytes()
    other = before if before.exists() else folder / "sheet.jsonl"
    return ["verify", (folder / "record.json").read_bytes(), other.read_bytes(), options]


def load_proof(folder):
    case = json.loads((folder / "case.json").read_text())
    proof = (folder / "proof.json").read_bytes()
    return ["checkProof", proof, case["root"], {"subject": case["subject"]}]


def load_successor(folder):
    case = json.loads((folder / "case.json").read_text())
    files = [(folder / f"{name}").read_bytes() for name in ("successor.json", "record.json")]
    earlier = [path.read_bytes() for path in sorted(folder.glob("earlier-*.json"))]
    options = {"earlier": earlier, "among": case["among"]}
    return ["checkSuccessor", *files, (folder / "sheet.jsonl").read_bytes(), options]


def load_ledger(folder):
    case = json.loads((folder / "case.json").read_text())
    return ["verifyLedger", (folder / "export.jsonl").read_bytes(), case["head"]]


def vectors(load, *names):
    """Each case of these directories: its folder, what must be said of it, and the call."""
    folders = [path for name in names for path in sorted((VECTORS / name).iterdir())]
    return [
        (folder, json.loads((folder / "case.json").read_text()), load(folder))
        for folder in folders
        if folder.is_dir()
    ]


DRAWS = vectors(load, "draws-v1", "teams-v1")
PROOFS = vectors(load_proof, "proofs-v1")
SUCCESSORS = vectors(load_successor, "replacements-v1")
LEDGERS = vectors(load_ledger, "ledgers-v1")
GOOD = [call for _, case, call in DRAWS if case["holds"]]


@pytest.mark.parametrize(
    ("cases", "number"),
    [(DRAWS, 71 + 70), (PROOFS, 48), (SUCCESSORS, 43), (LEDGERS, 223)],
    ids=["draws and stages", "proofs", "successors", "ledgers"],
)
def test_every_vector_is_judged_as_it_must_be(cases, number):
    assert len(cases) == number
    wrong = {}
    for (folder, case, _), report in zip(cases, reports([call for *_, call in cases]), strict=True):
        holds = case.get("holds", case.get("ok"))
        must = case.get("number", case.get("finding"))
        found = first(report["findings"])
        if report["ok"] is not holds or must not in (None, found):
            wrong[folder.name] = report
    assert wrong == {}


def test_seeds_tickets_and_order():
    script = """
        const { readFileSync } = await import('node:fs');
        const { seedOf, purposeSeed, ticketOf, compareIds, sha256 } = await import(process.argv[1]);
        const out = JSON.parse(readFileSync(0, 'utf8')).cases.map((each) => {
          const seed = seedOf(each.task_id, each.commitment, each.public_randomness);
          const subjects = purposeSeed(seed, 'subjects');
          const tickets = {};
          for (const id of Object.keys(each.tickets)) tickets[id] = ticketOf(subjects, id);
          const ids = Object.keys(tickets).sort(
            (a, b) => Number(tickets[a] > tickets[b]) - Number(tickets[a] < tickets[b]));
          return { ...each, seed, subjects_seed: subjects, tickets,
            inspectors_seed: purposeSeed(seed, 'inspectors'), lowest_five: ids.slice(0, 5) };
        });
        const hashes = [...Array(300).keys()].map((n) =>
          Buffer.from(sha256(new Uint8Array(n).fill(n))).toString('hex'));
        const ids = ['', 'a', 'é', '\\uffff', '\\ue000', '\\u{10000}', '\\u{1f3b2}x', '\\ud7ff'];
        process.stdout.write(JSON.stringify([out, hashes, ids.sort(compareIds)]));
    """
    data = (VECTORS / "tickets-v1.json").read_bytes()
    evaluate = ["--input-type=module", "-e", script]
    found, hashes, ids = json.loads(node(evaluate, MODULE.as_uri(), stdin=data))
    assert found == json.loads(data)["cases"]
    assert hashes == [hashlib.sha256(bytes([n % 256]) * n).hexdigest() for n in range(300)]
    assert ids == sorted(ids, key=str.encode)


TOKENS = [b"null", b"0", b"-1", b"1e1", b'"', b"[", b"{}", b"\xff", b"\\u0041", b"9" * 20, b"\n"]


def changed(data, dice):
    """The bytes with a few of them changed, cut, doubled or moved."""
    at = dice.randrange(len(data))
    to = min(len(data), at + dice.randint(1, 40))
    return dice.choice(
        [
            data[:at] + bytes([data[at] ^ dice.randint(1, 255)]) + data[at + 1 :],
            data[:at] + dice.choice(TOKENS) + data[to:],
            data[:at] + data[to:],
            data[:at] + data[at:to] * 2 + data[to:],
            data[:at],
            data[:at] + b"[" * 100_000 + data[at:],
            data[at:] + data[:at],
            b"",
        ]
    )


def mutations(calls, number, seed, places=(1,)):
    """Good calls with the bytes at one of these places changed."""
    dice = random.Random(seed)
    for _ in range(number):
        call = list(dice.choice(calls))
        place = dice.choice(places)
        found = changed(call[place], dice)
        if found != call[place]:
            call[place] = found
            yield call


def with_odds(calls):
    """The calls of `verify` with odds; `{"odds": …}` takes their place at the end."""
    for name, record, other, options in calls:
        if "odds" in options:
            yield [name, record, other, options["odds"], options]


def odds_inside(call):
    name, record, other, odds, options = call
    return [name, record, other, options | {"odds": odds}]


MUTATED = {
    "draws and stages": lambda: map(
        odds_inside, mutations([*with_odds(GOOD)], 320, seed=7, places=[1, 1, 2, 3])
    ),
    "proofs": lambda: mutations([x for _, case, x in PROOFS if case["holds"]], 400, seed=8),
    "successors": lambda: mutations(
        [x for _, case, x in SUCCESSORS if case["holds"]], 320, seed=9, places=[1, 1, 2, 3]
    ),
    "ledgers": lambda: mutations(
        [
            [name, data, str(verify_export(data).head)]
            for _, case, (name, data, _) in LEDGERS
            if case["ok"] and data
        ],
        400,
        seed=10,
    ),
}


@pytest.mark.parametrize("kind", MUTATED)
def test_changed_bytes_are_refused_and_nothing_throws(kind):
    calls = list(MUTATED[kind]())
    assert len(calls) >= 300
    held = [call for call, report in zip(calls, reports(calls), strict=True) if report["ok"]]
    if kind == "successors":  # what persons say of an absence is where a successor begins
        same = [followed(call) for _, case, call in SUCCESSORS if case["holds"]]
        held = [call for call in held if followed(call) not in same]
    assert held == []


def followed(call):
    """All of a successor's files but what its absences say beside whom they are of."""
    _, successor, *others = call
    value = json.loads(successor)
    value["absences"] = [each["subject_id"] for each in value["absences"]]
    return [value, *others]


def test_both_verifiers_say_the_same_of_records_that_were_sealed_again():
    """A record changed by hand and given a new seed: only the rules themselves can refuse it."""
    dice = random.Random(11)
    values = [None, True, -1, 2**53, "", "x", [], {}, ["a", "a"], "0" * 64, "2026-02-29"]
    cases = []
    for _ in range(400):
        _, record, other, options = dice.choice(GOOD)
        value = json.loads(record)
        inside = value["commitment"]
        for _ in range(dice.randint(0, 2)):
            nested = [each for each in inside.values() if isinstance(each, dict) and each]
            inside = dice.choice(nested) if nested else inside
        inside[dice.choice([*inside, "more"])] = dice.choice(values)
        cases.append(["verify", sealed(value), other, {"odds": options.get("odds")}])
    for (_, record, other, options), report in zip(cases, reports(cases), strict=True):
        python = randcheck.verify(record, sheet=other, odds=options["odds"])
        assert report["ok"] is python.ok, (record, report, python)


def test_both_ask_for_teams_of_the_size_that_was_committed():
    cases = []
    for _, record, other, _ in GOOD:
        value = json.loads(record)
        if value["commitment"]["matcher"]:
            for size in (1, 2, 3, 4, True, None):
                value["commitment"]["matcher"]["parameters"]["team_size"] = size
                cases.append(["verify", sealed(value), other, {}])
    found = [report["ok"] for report in reports(cases)]
    assert found == [randcheck.verify(call[1], sheet=call[2]).ok for call in cases]
    assert {*found} == {True, False}


def sealed(record):
    """The record with the seeds that its commitment gives, in canonical bytes."""

    def canonical(value):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return text.encode()

    def digest(*fields):
        return hashlib.sha256(b"".join(len(x).to_bytes(8, "big") + x for x in fields))

    task = record["commitment"].get("task")
    name = task.get("id") if isinstance(task, dict) else None
    if isinstance(name, str):
        bound = hashlib.sha256(canonical(record["commitment"])).digest()
        text = record["randomness"].encode()
        seed = digest(b"randcheck/v1", name.encode(), bound, text)
        record["seed"] = seed.hexdigest()
        for purpose in ("subjects", "inspectors"):
            if record.get(f"{purpose}_seed"):
                purpose_seed = digest(purpose.encode(), seed.digest()).hexdigest()
                record[f"{purpose}_seed"] = purpose_seed
    return canonical(record)


def altered(value, dice, values):
    """A copy of a JSON value with one thing in it replaced, left out, doubled or added."""
    value = json.loads(json.dumps(value))
    inside = value
    while True:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        nested = [key for key in keys if isinstance(inside[key], dict | list) and inside[key]]
        if not nested or dice.random() < 0.3:
            break
        inside = inside[dice.choice(nested)]
    key = dice.choice(keys)
    change = dice.randrange(6)
    if change == 0:
        del inside[key]
    elif change == 1 and isinstance(inside, dict):
        inside["more"] = dice.choice(values)
    elif change == 1:
        inside.insert(key, inside[key])
    elif change == 2 and isinstance(inside, list):
        other = dice.choice(keys)
        inside[key], inside[other] = inside[other], inside[key]
    elif type(inside[key]) is int and change < 5:
        inside[key] += dice.choice([-1, 1])
    else:
        inside[key] = dice.choice(values)
    return value


VALUES = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2**53,
    "",
    " ",
    "x",
    "S07",
    "0" * 64,
    [],
    {},
    ["a"],
    {"a": 1},
]


def test_both_say_the_same_of_proofs_whose_json_was_changed():
    dice = random.Random(12)
    good = [call for _, case, call in PROOFS if case["holds"]]
    calls = []
    for _ in range(500):
        name, proof, root, options = dice.choice(good)
        told = proof_cases.dumps(altered(json.loads(proof), dice, VALUES))
        calls.append([name, told, root, options])
    for (_, proof, root, options), report in zip(calls, reports(calls), strict=True):
        findings = check_proof(proof, root, options["subject"])
        assert report["ok"] is (not findings), (proof, report, findings)


def test_both_say_the_same_of_a_proof_with_a_record():
    """A real draw: each firm's own check with the record, its public forms, seed and tickets."""
    drawn, tree, seed = a_draw(reserves=0)
    record = drawn.record
    whole = record.to_json()
    forms = [whole, record.public(), record.public(seeds=True)]
    dice = random.Random(13)
    calls, python = [], []
    names = [*drawn.design.ids.tolist(), "Z-1", "Z-2"]
    for n in range(600):
        name, shown = dice.choice(names), dice.choice(forms)
        mine = [visit for visit in shown["visits"] if visit["subject"] == name]
        if n % 3 == 2 and mine:
            at = shown["visits"].index(mine[0])
            changes = [{"items": ["food"]}, {"items": ["price"]}, {"items": []}]
            changes += [{"ticket": end * 64} for end in "0f" if "ticket" in mine[0]]
            visit = mine[0] | dice.choice(changes)
            visits = [*shown["visits"]]
            visits[at : at + 1] = dice.choice([[], [visit], [mine[0], mine[0]], [visit, mine[0]]])
            shown = shown | {"visits": visits}
        elif n % 3 == 2 and "seed" in shown:
            key = dice.choice(["seed", "subjects_seed", "randomness"])
            shown = shown | {key: dice.choice(["0" * 64, shown[key]])}
        last = {str(n): cell["last_ticket"] for n, cell in enumerate(whole["cells"])}
        told = {
            "subject": name,
            "record": dice.choice([None, proof_cases.dumps(shown)]),
            "subjectsSeed": dice.choice([None, None, seed, "0" * 64, "x"]),
            "lastTickets": dice.choice([None, last, last, {"0": "0" * 64}]),
        }
        proof = tree.prove(name)
        calls.append(["checkProof", proof, tree.root, told])
        tickets = told["lastTickets"] and {int(n): each for n, each in told["lastTickets"].items()}
        python.append(
            randcheck.own_check(
                proof,
                root=tree.root,
                subject_id=name,
                record=told["record"],
                subjects_seed=told["subjectsSeed"],
                last_tickets=tickets,
            )
        )
    held = 0
    for call, report, own in zip(calls, reports(calls), python, strict=True):
        assert report["ok"] is own.ok, (call, report, own)
        if own.ok:
            states = report["states"]
            held += 1
            assert (states["subject"], states["ticket"]) == (own.subject, own.ticket)
            assert states["inFrame"] is bool(own.fates)
            assert [tuple(each.values()) for each in states["fates"]] == [
                (x.cell, list(x.items), x.size, x.take, x.last_ticket, x.drawn) for x in own.fates
            ]
    assert 100 < held < 500


def a_draw(reserves):
    """A joint draw of ninety firms, the tree of its proofs, and its purpose seed."""
    subjects = randcheck.SubjectRegistry.from_records(
        {"id": f"F-{n:03d}", "name": f"Firm {n}", "region": "990100", "risk_class": "ABCD"[n % 4]}
        for n in range(90)
    )
    catalog = randcheck.ItemCatalog.from_records(
        {"id": x, "name": x, "basis": "law", "category": "general"} for x in ("food", "price")
    )
    rates = {"A": "0%", "B": "10%", "C": "30%", "D": "100%"}
    risk = randcheck.RiskStratifiedSampler(rates=rates)
    task = randcheck.Task(
        id="2026-07 一次",
        items=("food", "price"),
        sampler=randcheck.JointItemSampler(
            {"food": risk, "price": randcheck.UniformSampler(rate="20%")}
        ),
        as_of=date(2026, 7, 1),
        reserves=reserves,
    )
    nonce = "5f" * 32
    drawn = randcheck.draw(
        task, subjects=subjects, catalog=catalog, nonce=nonce, randomness="05 09 12"
    )
    return drawn, ProofTree.of(drawn.design, nonce), drawn.record.to_json()["subjects_seed"]


def test_both_say_the_same_of_successors_that_were_changed():
    dice = random.Random(14)
    good = [call for _, case, call in SUCCESSORS if case["holds"]]
    calls = []
    for _ in range(400):
        name, successor, record, sheet, options = dice.choice(good)
        changed = {"among": dice.choice([None, options["among"]]), "earlier": options["earlier"]}
        if changed["earlier"] and dice.random() < 0.3:
            changed["earlier"] = [*changed["earlier"]]
            at = dice.randrange(len(changed["earlier"]))
            told = altered(json.loads(changed["earlier"][at]), dice, VALUES)
            changed["earlier"][at] = replacement_cases.dumps(told)
        else:
            told = altered(json.loads(successor), dice, VALUES)
            successor = replacement_cases.dumps(told)
        calls.append([name, successor, record, sheet, changed])
    for (_, successor, record, sheet, options), report in zip(calls, reports(calls), strict=True):
        python = check_replacement(successor, record, sheet=sheet, **options)
        assert report["ok"] is python.ok, (successor, report, python)


def test_both_say_the_same_of_ledgers_put_together_at_random():
    """Good events one by one, each refused one as the last of a ledger of its own."""
    dice = random.Random(15)
    calls, places = [], []
    for _ in range(25):
        chain, events = check.Chain(), []
        for _ in range(600):
            kind, body = random_event(dice, chain)
            event = {
                "actor": "office",
                "at": "2026-07-01T09:30:00Z",
                "body": body,
                "kind": kind,
                "previous": chain.head.digest,
                "protocol": "randcheck/v1",
                "sequence": len(events),
            }
            if dice.random() < 0.1:
                event = altered(event, dice, VALUES)
            line = ledger_cases.dumps(event)
            try:
                chain.add(line)
                events.append(line)
            except check.RefusedError as refused:
                if dice.random() < 0.05:
                    export = b"".join(each + b"\n" for each in [*events, line])
                    calls.append(["verifyLedger", export])
                    places.append((refused.number, len(events)))
        calls.append(["verifyLedger", b"".join(each + b"\n" for each in events), str(chain.head)])
        places.append((None, len(events)))
    good = [line for _, export, *head in calls if head for line in export.splitlines()]
    assert {json.loads(line)["kind"] for line in good} == {*check.KINDS}
    assert len(calls) > 500
    for (_, export, *_), (number, length), report in zip(
        calls, places, reports(calls), strict=True
    ):
        found = first(report["findings"])
        told = verify_export(export)
        assert (found, report["events"]) == (number, length), (export[-900:], report, told)
        assert report["head"] == str(told.head)


def random_event(dice, chain):
    """An event that may or may not come next: a few plans, commitments and records, all mixed."""
    one = dice.choice
    names, made = [f"c{n}" for n in range(9)], [f"r{n}" for n in range(5)]
    repeats = one([None, one(names)])
    reason = one([None, "why"]) if dice.random() < 0.1 else repeats and "why"
    step = one(["", "stage "])
    kinds = [
        ledger_cases.commitment(one(names), one("TU"), one([None, 1, 2]), repeats, reason),
        ledger_cases.stage(one(names), one(made), repeats, reason),
        ledger_cases.randomness(one(names), step),
        ledger_cases.record(one(names), one(made), step),
        ledger_cases.confirmation(one(made)),
        ledger_cases.substitution(one([*made, "x1", "x2"]), one(["x1", "x2", "x3"])),
    ]
    if dice.random() < 0.9:
        return one(kinds)
    seen = dice.randrange(len(chain.digests) + 2)
    there = chain.digests[seen] if seen < len(chain.digests) else "0" * 64
    version = one([1, 2, 3])
    rare = [
        ledger_cases.plan(version, None if version == 1 else "why"),
        ledger_cases.abandoned(one(names)),
        ledger_cases.witness(check.Head(seen, there), by=one("ab")),
        ledger_cases.said("drawn", one([None, seen]), one("ab")),
    ]
    return one(rare)


def test_what_is_not_bytes_is_a_finding():
    script = """
        const { verify, checkProof, checkSuccessor, verifyLedger } = await import(process.argv[1]);
        const odd = [undefined, null, 'text', 7, {}, [], Symbol.iterator];
        const some = new Uint8Array([123, 125]);
        const out = [await verify()];
        for (const a of odd) {
          for (const given of [[a, some], [some, a], [some, some, a], [some, some, { odds: a }],
            [some, some, { commitment: a, randomness: a }]]) out.push(await verify(...given));
          out.push(await checkProof(a, a), await checkProof(some, a, a), await checkProof(some, 'x',
            { subject: a, record: a, lastTickets: a, subjectsSeed: a }));
          out.push(await checkSuccessor(a, some, some), await checkSuccessor(some, a, a, a),
            await checkSuccessor(some, some, some, { earlier: a, among: a }));
          out.push(await verifyLedger(a), await verifyLedger(some, a));
        }
        process.stdout.write(JSON.stringify(out));
    """
    found = json.loads(node(["--input-type=module", "-e", script], MODULE.as_uri()))
    assert [report["ok"] for report in found] == [False] * (1 + 7 * 13)
    assert all(report["findings"] for report in found)


def test_without_webcrypto_it_does_the_same():
    folder = VECTORS / "draws-v1" / "joint-three-items"
    script = """
        const { readFileSync } = await import('node:fs');
        Object.defineProperty(globalThis, 'crypto', { value: undefined });
        const { verify } = await import(process.argv[1]);
        const files = process.argv.slice(2).map((file) => new Uint8Array(readFileSync(file)));
        process.stdout.write(JSON.stringify(await verify(...files)));
    """
    files = [str(folder / name) for name in ("record.json", "sheet.jsonl")]
    report = json.loads(node(["--input-type=module", "-e", script], MODULE.as_uri(), *files))
    assert report == {"ok": True, "findings": [], "unchecked": ["commitment", "randomness"]}


@pytest.mark.parametrize(
    ("more", "code", "last"),
    [
        ([], 0, "ok"),
        (["--randomness", "2026-07-02 05 09 12 22 31 33 + 08"], 0, "ok"),
        (["--randomness=another"], 1, "not ok"),
        (["--commitment", "0" * 64], 1, "not ok"),
        (["--odds", "missing.jsonl"], 1, "not ok"),
        (["--odds"], 2, None),
        (["--help"], 2, None),
    ],
)
def test_as_a_command(more, code, last):
    folder = VECTORS / "teams-v1" / "one-step"
    words = [NODE, MODULE, folder / "record.json", folder / "before", *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    assert done.stdout.splitlines()[-1:] == ([last] if last else [])


def test_every_sentence_of_a_finding_has_its_chinese():
    script = """
        const { SAY, CHECKS, PROOF_CHECKS, SUCCESSOR_CHECKS, LEDGER_CHECKS } =
          await import(process.argv[1]);
        const checks = [CHECKS, PROOF_CHECKS, SUCCESSOR_CHECKS, LEDGER_CHECKS];
        process.stdout.write(JSON.stringify([Object.values(SAY), checks.map(Object.keys)]));
    """
    sentences, checks = json.loads(node(["--input-type=module", "-e", script], MODULE.as_uri()))
    page = (MODULE.parent / "page.html").read_text(encoding="utf-8")
    chinese = page[page.index("say: {") : page.index("places: [")]
    missing = [
        each for each in sentences if f"'{each}': '" not in chinese and f"{each}: '" not in chinese
    ]
    assert missing == []
    assert checks == [[str(n) for n in range(1, last + 1)] for last in (14, 8, 7, 8)]
