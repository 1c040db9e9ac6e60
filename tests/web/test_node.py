"""The verifier in JavaScript, one Node process a test: all vectors, and hostile bytes."""

import base64
import hashlib
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

import randcheck

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors"
MODULE = Path(randcheck.__file__).parent / "web" / "verify.mjs"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


def node(script, *arguments, stdin=b""):
    done = subprocess.run([NODE, *script, *arguments], input=stdin, capture_output=True, check=True)
    return done.stdout


def reports(cases):
    """One report a case; a case is record, other, odds, commitment, randomness."""

    def text(data):
        return None if data is None else base64.b64encode(data).decode()

    rows = [
        {
            "record": text(record),
            "other": text(other),
            "odds": text(odds),
            "commitment": commitment,
            "randomness": randomness,
        }
        for record, other, odds, commitment, randomness in cases
    ]
    return json.loads(node([HERE / "run.mjs", MODULE], stdin=json.dumps(rows).encode()))


def load(folder):
    case = json.loads((folder / "case.json").read_text())
    before = folder / "before"
    odds = folder / "odds.jsonl"
    return (
        (folder / "record.json").read_bytes(),
        (before if before.exists() else folder / "sheet.jsonl").read_bytes(),
        odds.read_bytes() if odds.exists() else None,
        case["commitment"],
        case["randomness"],
    )


FOLDERS = [
    folder for name in ("draws-v1", "teams-v1") for folder in sorted((VECTORS / name).iterdir())
]
HOLDS = [json.loads((folder / "case.json").read_text())["holds"] for folder in FOLDERS]
GOOD = [load(folder) for folder, holds in zip(FOLDERS, HOLDS, strict=True) if holds]


def test_every_vector_is_judged_as_it_must_be():
    assert len(FOLDERS) == 71 + 70
    found = reports(map(load, FOLDERS))
    wrong = {
        folder.name: report
        for folder, holds, report in zip(FOLDERS, HOLDS, found, strict=True)
        if report.get("ok") is not holds
    }
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


def mutations(number, seed):
    """Good cases with a few bytes of one of their files changed, cut, doubled or moved."""
    dice = random.Random(seed)
    tokens = [
        b"null",
        b"0",
        b"-1",
        b"1e1",
        b'"',
        b"[",
        b"{}",
        b"\xff",
        b"\\u0041",
        b"9" * 20,
        b"\n",
    ]
    for _ in range(number):
        case = list(dice.choice([each for each in GOOD if each[2] is not None]))
        which = dice.choice([0, 0, 1, 2])
        data = case[which]
        at = dice.randrange(len(data))
        to = min(len(data), at + dice.randint(1, 40))
        changed = dice.choice(
            [
                data[:at] + bytes([data[at] ^ dice.randint(1, 255)]) + data[at + 1 :],
                data[:at] + dice.choice(tokens) + data[to:],
                data[:at] + data[to:],
                data[:at] + data[at:to] * 2 + data[to:],
                data[:at],
                data[:at] + b"[" * 100_000 + data[at:],
                data[at:] + data[:at],
                b"",
            ]
        )
        if changed != data:
            case[which] = changed
            yield case


def test_changed_bytes_are_refused_and_nothing_throws():
    cases = list(mutations(320, seed=7))
    assert len(cases) >= 300
    found = reports(cases)
    assert [report for report in found if "threw" in report] == []
    assert [n for n, report in enumerate(found) if report["ok"]] == []
    faults = [
        each for report in found for each in report["findings"] if each["where"] == "verifier"
    ]
    assert faults == []


def test_both_verifiers_say_the_same_of_records_that_were_sealed_again():
    """A record changed by hand and given a new seed: only the rules themselves can refuse it."""
    dice = random.Random(11)
    values = [None, True, -1, 2**53, "", "x", [], {}, ["a", "a"], "0" * 64, "2026-02-29"]
    cases = []
    for _ in range(400):
        record, other, odds, *_ = dice.choice(GOOD)
        value = json.loads(record)
        inside = value["commitment"]
        for _ in range(dice.randint(0, 2)):
            nested = [each for each in inside.values() if isinstance(each, dict) and each]
            inside = dice.choice(nested) if nested else inside
        inside[dice.choice([*inside, "more"])] = dice.choice(values)
        cases.append((sealed(value), other, odds, None, None))
    for case, report in zip(cases, reports(cases), strict=True):
        python = randcheck.verify(case[0], sheet=case[1], odds=case[2])
        assert report["ok"] is python.ok, (case[0], report, python)


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


def test_what_is_not_bytes_is_a_finding():
    script = """
        const { verify } = await import(process.argv[1]);
        const odd = [undefined, null, 'text', 7, {}, [], Symbol.iterator];
        const some = new Uint8Array([123, 125]);
        const out = [await verify()];
        for (const a of odd) {
          for (const given of [[a, some], [some, a], [some, some, a], [some, some, { odds: a }],
            [some, some, { commitment: a, randomness: a }]]) out.push(await verify(...given));
        }
        process.stdout.write(JSON.stringify(out));
    """
    found = json.loads(node(["--input-type=module", "-e", script], MODULE.as_uri()))
    assert [report["ok"] for report in found] == [False] * 36
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
        const { SAY, CHECKS } = await import(process.argv[1]);
        process.stdout.write(JSON.stringify([Object.values(SAY), Object.keys(CHECKS)]));
    """
    sentences, checks = json.loads(node(["--input-type=module", "-e", script], MODULE.as_uri()))
    page = (MODULE.parent / "page.html").read_text(encoding="utf-8")
    chinese = page[page.index("say: {") : page.index("places: [")]
    missing = [
        each for each in sentences if f"'{each}': '" not in chinese and f"{each}: '" not in chinese
    ]
    assert missing == []
    assert checks == [str(number) for number in range(1, 15)]
