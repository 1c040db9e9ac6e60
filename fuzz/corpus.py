"""Good inputs to begin with, from `tests/vectors` and made-up registries, and a dictionary.

Small on purpose: an execution takes well under a millisecond where the reader allows it.
"""

import importlib.util
import json
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
VECTORS = TESTS / "vectors"
FOUND = Path(__file__).parent / "found"

#: Between the files of an input that stands for several.
SPLIT = b"\x1e"

#: What the signatures of the corpus are of.
SIGNED = b'{"protocol":"randcheck/v1"}'

#: Good draws, then good stages and draws with teams: record and sheet are below 10 KB.
DRAWS = ("empty-cell", "one-cell", "teams", "joint-three-items", "all-and-none")
TEAMS = (
    "one-step", "first-step", "second-step", "partial", "recusal", "recusal-of-both",
    "recusal-after-another-visit", "recusal-after-two-steps",
)  # fmt: skip

TASK = """id = "T"
items = ["food", "price"]
as_of = 2026-07-01
reserves = 2
lead = "market supervision"
departments = ["fire"]
[scope]
regions = ["01", "02"]
statuses = ["active"]
[[exclusions]]
name = "drawn-within"
months = 12
[[exclusions]]
name = "owner-excluded"
[sampler]
name = "joint-item"
[sampler.samplers.food]
name = "risk-stratified"
total = 5
allocation = { name = "neyman", deviations = { A = "0.1", B = 1, C = 2, D = 3 } }
[sampler.samplers.price]
name = "risk-stratified"
rates = { A = "1%", B = "1/30", C = "50%", D = "100%" }
[matcher]
name = "fair"
team_size = 2
[source]
kind = "lottery"
reference = "tomorrow's"
"""
SMALL = """id = "T"
items = ["food"]
as_of = 2026-07-01
[sampler]
name = "uniform"
rate = "10%"
"""

_WORDS = """
[ ] { } , : " \\ \\" \\\\ \\n \\u0000 \\ud800 \\/ null true false 0 -0 1 -1 1.0 1e9 9007199254740992
9007199254740993 999999999999999999999999999999 NaN Infinity [[[[[[[[ {"": "a":1,"a":1 ", " ": 🎲 Ａ
randcheck/v1 0000000000000000000000000000000000000000000000000000000000000000 2026-02-30 9999-12-31
0001-01-01 2026-07-01 2026-07-01T00:00:00Z 100% 1/30 0% 1/0 -1% 1e400 =1+1 ; | ' \"\"\" \\r\\n \\t
[sampler] [[exclusions]] [matcher] [source] [scope] [registries] name= "uniform" "risk-stratified"
"joint-item" "fair" "neyman" "proportional" count= total= team_size= inf nan 99999999999 {} [] [[]]
"""


def files(folder):
    """The record of a vector, what it is verified with, and the odds or None."""
    before = folder / ("before" if (folder / "before").exists() else "sheet.jsonl")
    odds = folder / "odds.jsonl"
    told = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    return {
        "record": (folder / "record.json").read_bytes(),
        "sheet": before.read_bytes(),
        "odds": odds.read_bytes() if odds.exists() else None,
        "commitment": told["commitment"],
        "randomness": told["randomness"],
    }


@cache
def good():
    """All good draws and stages by name."""
    folders = [VECTORS / "draws-v1" / name for name in DRAWS]
    folders += [VECTORS / "teams-v1" / name for name in TEAMS]
    return {folder.name: files(folder) for folder in folders}


@cache
def replacements():
    """Good replacements by name: record, sheet, earlier successors, the successor, `among`."""
    found = {}
    for name in ("one-gone", "two-items-of-a-cell", "substitute-absent", "visited-first", "teams"):
        folder = VECTORS / "replacements-v1" / name
        told = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        found[name] = {
            "record": (folder / "record.json").read_bytes(),
            "sheet": (folder / "sheet.jsonl").read_bytes(),
            "earlier": [each.read_bytes() for each in sorted(folder.glob("earlier-*"))],
            "successor": (folder / "successor.json").read_bytes(),
            "among": told["among"],
        }
    return found


@cache
def helper(path):
    """A module of the tests that imports nothing of pytest."""
    sys.path.insert(0, str(TESTS))
    try:
        spec = importlib.util.spec_from_file_location(f"fuzz_{Path(path).stem}", TESTS / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(TESTS))
    return module


@cache
def registries():
    """Small registries as CSV: subjects, items, inspectors, history."""
    from datetime import date

    import randcheck as rc
    from randcheck.io import write_csv
    from randcheck.testing import made_up_catalog, made_up_subjects

    worlds = helper("worlds.py")
    tables = {
        "subjects": made_up_subjects(40, seed=1),
        "items": made_up_catalog(),
        "inspectors": worlds.inspectors(6),
        "history": rc.History.from_records(
            [rc.PastDraw(made_up_subjects(3, seed=1).ids[0], date(2026, 1, 1), "T", team=("i1",))]
        ),
        "full": worlds.full_inspectors(),
    }
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            write_csv(Path(folder) / name, table)
            out[name] = (Path(folder) / name).read_bytes()
    return out


@cache
def proofs():
    """The root of a sheet's tree, and the proofs of three firms and of one that is not there."""
    import randcheck as rc

    case = good()["joint-three-items"]
    tree = rc.ProofTree.of(case["sheet"], "5f" * 32)
    rows = [json.loads(line)[0] for line in case["sheet"].splitlines()[1:]]
    names = (rows[0], rows[len(rows) // 2], rows[-1], "nobody")

    def again(data):
        told = json.loads(data).values()
        return any(tree.prove(each) == data for each in told if isinstance(each, str))

    return {"root": tree.root, "proofs": {x: tree.prove(x) for x in names}, "again": again}


@cache
def signatures():
    """A keyring, then a signature of each of two people, a line each; their keys are fixed."""
    from cryptography.hazmat.primitives.asymmetric import ed25519

    from randcheck.signatures import ED25519, Keyring, SigningKey, sign

    lines, keys = [], []
    year = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-12-31T23:59:59Z"}
    for number, role in ((1, "reviewer"), (2, "leader")):
        private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        key = SigningKey(ED25519, private, ED25519.public(private))
        keys.append(key.public_key(holder=f"person-{number}", roles=(role,), **year))
        lines.append(sign(SIGNED, key, role=role, at="2026-07-01T09:00:00Z"))
    return b"\n".join([Keyring(keys).to_bytes(), *lines])


def seeds(target):
    """The inputs to begin with."""
    return MAKERS[target]() + [path.read_bytes() for path in found(target)]


def found(target):
    """Inputs that once failed."""
    return sorted(path for path in (FOUND / target).glob("*") if path.is_file())


def tokens():
    """Pieces for mutations and, as a dictionary, for libFuzzer."""
    return [word.encode() for word in _WORDS.split()]


def dictionary():
    """The tokens as libFuzzer reads them."""
    lines = ("".join(f"\\x{byte:02x}" for byte in token) for token in tokens())
    return "\n".join(f'"{line}"' for line in lines) + "\n"


def _ledger():
    ledger = helper("ledger/cases.py").lively()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        ledger.export(path)
        data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    return [data, *(b"".join(lines[:count]) for count in (0, 1, 3, 8))]


def _commands():
    head = "17:" + "5f" * 32
    lines = [
        "verify record.json sheet.jsonl --odds odds.jsonl --commitment 00 --randomness 1",
        "verify record.json sheet.jsonl",
        "ticket " + "0" * 64 + " a b",
        "strategies",
        "ledger head sqlite:///ledger.sqlite",
        f"ledger verify export.jsonl --head {head}",
        "ledger verify sqlite:///ledger.sqlite",
        "ledger export sqlite:///ledger.sqlite out.jsonl",
        "draw task.toml --out july --commit",
        "draw task.toml --out july --randomness 1 --nonce n --subjects subjects.csv",
        "--version",
    ]
    return [line.replace(" ", "\n").encode() for line in lines]


def _tables():
    every = registries()
    named = {"full": "inspectors"}
    return [named.get(name, name).encode() + b"\n" + data for name, data in every.items()]


def _tasks():
    every = registries()
    names = ("subjects", "items", "inspectors", "history")
    tables = [every[name] for name in names]
    return [
        SPLIT.join([TASK.encode(), *tables]),
        SPLIT.join([SMALL.encode(), *tables[:2]]),
        SPLIT.join([SMALL.encode(), *tables[:3]]),
    ]


MAKERS = {
    "canonical": lambda: [
        *[each["record"] for each in good().values()][:3],
        *(b'{"a":[1,{"b":null}]}', '["é","🎲",{"\uff21":1}]'.encode(), b'["\\u0000\\n\\"\\\\"]'),
    ],
    "record": lambda: [
        *(each["record"] for each in good().values()),
        *(each["successor"] for each in replacements().values()),
    ],
    "sheet": lambda: [good()[name]["sheet"] for name in DRAWS],
    "odds": lambda: [each["odds"] for each in good().values() if each["odds"]],
    "ledger": _ledger,
    "replacement": lambda: [each["successor"] for each in replacements().values()],
    "csv": _tables,
    "proof": lambda: [*proofs()["proofs"].values()],
    "signature": lambda: [signatures()],
    "task": _tasks,
    "command": _commands,
    "database": lambda: [(TESTS / "ledger" / "ledger-v1.sqlite").read_bytes()],
}
