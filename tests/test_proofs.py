import base64
import json
import random
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import proof_cases
import randcheck as rc
from randcheck import canonical, tickets
from randcheck.design import Cell, Design
from randcheck.errors import CanonicalError, ParameterError, RecordError
from randcheck.proofs import ProofTree, _ascending, check_proof
from randcheck.why import Fate, OwnCheck, own_check, why

NONCE = "5f" * 32
CASES = proof_cases.cases()
ITEMS = ("food", "price")


def design_of(lines, takes=None, task="T-1", items=ITEMS):
    """A design of lines: ids with a cell, or none, for each item."""
    lines = sorted(lines, key=lambda line: line[0].encode())
    number = max(cell for _, row in lines for cell in row if cell is not None) + 1
    members = [[k for k, (_, row) in enumerate(lines) if c in row] for c in range(number)]
    takes = takes or [len(own) // 2 for own in members]
    cells = tuple(
        Cell(take, np.array(own, dtype=np.int32)) for take, own in zip(takes, members, strict=True)
    )
    rows = sorted({tuple(-1 if c is None else c for c in row) for _, row in lines})
    pattern_of = [rows.index(tuple(-1 if c is None else c for c in row)) for _, row in lines]
    ids = np.array([name for name, _ in lines], dtype=object)
    patterns = np.array(rows, dtype=np.int32)
    return Design(task, items, ids, cells, patterns, np.array(pattern_of, dtype=np.int32))


def small_draw(nonce=NONCE, reserves=0):
    subjects = rc.SubjectRegistry.from_records(
        {"id": f"F-{n:03d}", "name": f"Firm {n}", "region": "990100", "risk_class": "ABCD"[n % 4]}
        for n in range(90)
    )
    catalog = rc.ItemCatalog.from_records(
        {"id": x, "name": x, "basis": "law", "category": "general"} for x in ITEMS
    )
    risk = rc.RiskStratifiedSampler(rates={"A": "5%", "B": "10%", "C": "30%", "D": "100%"})
    parts = {"food": risk, "price": rc.UniformSampler(rate="20%")}
    task = rc.Task(
        id="2026-07 一次",
        items=ITEMS,
        sampler=rc.JointItemSampler(parts),
        as_of=date(2026, 7, 1),
        reserves=reserves,
    )
    return rc.draw(task, subjects=subjects, catalog=catalog, nonce=nonce, randomness="05 09 12")


@pytest.fixture(scope="module")
def drawn():
    draw = small_draw()
    return draw, ProofTree.of(draw.design, NONCE)


# --- vectors -------------------------------------------------------------------------------------


def test_the_vectors_are_what_the_second_implementation_writes():
    folders = {path.name for path in proof_cases.FOLDER.iterdir() if path.is_dir()}
    assert folders == CASES.keys()
    for name, (proof, root, subject, why_) in CASES.items():
        assert (proof_cases.FOLDER / name / "proof.json").read_bytes() == proof
        case = json.loads((proof_cases.FOLDER / name / "case.json").read_text())
        holds = not name.startswith("fail-")
        assert case == {"holds": holds, "root": root, "subject": subject, "why": why_}


@pytest.mark.parametrize("name", CASES)
def test_golden_proof(name):
    proof, root, subject, why_ = CASES[name]
    findings = check_proof(proof, root, subject)
    assert (not findings) is (not name.startswith("fail-")), f"{why_}: {findings}"


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("fail-")])
def test_our_own_tree_gives_the_golden_proof(name):
    proof, root, subject, _ = CASES[name]
    sheet = proof_cases.SMALL if name == "member-alone" else proof_cases.SHEET
    tree = ProofTree.of(sheet, proof_cases.NONCE)
    assert tree.root == root
    assert tree.prove(subject) == proof


# --- the tree ------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
rows = st.tuples(st.none() | st.integers(0, 3), st.integers(0, 3))


@given(st.dictionaries(names, rows, min_size=1, max_size=40), st.lists(names, max_size=8))
@settings(max_examples=60)
def test_every_id_of_a_design_and_some_outside(lines, strangers):
    design = design_of(lines.items())
    tree, second = ProofTree.of(design, NONCE), proof_cases.Tree(design.to_bytes(), NONCE)
    assert tree.root == second.root == ProofTree.of(design.to_bytes(), NONCE).root
    for name in [*lines, *strangers]:
        proof = tree.prove(name)
        assert proof == proof_cases.dumps(second.prove(name))
        told = own_check(proof, root=tree.root, subject_id=name)
        assert told.ok
        odds = {item: Fraction(x.take, x.size) for x in told.fates for item in x.items}
        assert bool(odds) is (name in lines)
        for item in odds:
            assert design.inclusion_probability(name, item) == odds[item]


def test_the_root_binds_everything():
    lines = [(f"F-{n}", (n % 2, None)) for n in range(20)]
    roots = {
        ProofTree.of(design_of(lines), NONCE).root,
        ProofTree.of(design_of(lines), NONCE[::-1]).root,
        ProofTree.of(design_of(lines, takes=[5, 4]), NONCE).root,
        ProofTree.of(design_of(lines, task="T-2"), NONCE).root,
        ProofTree.of(design_of(lines, items=("price", "food")), NONCE).root,
        ProofTree.of(design_of(lines[1:]), NONCE).root,
        ProofTree.of(design_of([("F-0", (1, None)), *lines[1:]]), NONCE).root,
    }
    assert len(roots) == 7


def test_a_nonce_that_hides_nothing_is_refused():
    design = design_of([("F-1", (0, 0))])
    for nonce in ("", "short"):
        with pytest.raises(ParameterError, match="could be guessed") as caught:
            ProofTree.of(design, nonce)
        assert not nonce or nonce not in str(caught.value)
        tree = ProofTree.of(design, nonce, allow_guessing=True)
        assert check_proof(tree.prove("F-1"), tree.root) == ()
    assert repr(tree) == f"<ProofTree of 1 lines, root {tree.root}>"


HEAD = b'{"cells":[[1,1]],"items":["food"],"protocol":"randcheck/v1","task_id":"T"}\n'


@pytest.mark.parametrize(
    "sheet",
    [b"", HEAD, HEAD + b'["A",[0]]', HEAD + b'["A",[1]]\n', HEAD + b'["A",[0,0]]\n',
     HEAD + b'["A",[null]]\n', HEAD + b"nothing\n", HEAD + b"\xff\n", b"[]\n" + b'["A",[0]]\n',
     HEAD + b'["A",[0]]\n["A",[0]]\n', None],
)  # fmt: skip
def test_what_is_no_sheet_is_refused(sheet):
    with pytest.raises(RecordError, match=r"^sheet: "):
        ProofTree.of(sheet, NONCE)


def test_keys_that_begin_alike_are_still_in_order():
    rng = np.random.default_rng(5)
    keys = rng.integers(0, 256, (200, 32), dtype=np.uint8)
    keys[50:100, :8] = keys[:50, :8]
    keys[100:150, :24] = keys[:50, :24]
    told = [row.tobytes() for row in keys[_ascending(keys)]]
    assert told == sorted(row.tobytes() for row in keys)


def test_a_proof_of_many_fits_a_page_whatever_the_cells():
    lines = [(f"91990100{n:06d}", (2 * n % 3000, 2 * n % 3000 + 1)) for n in range(9000)]
    tree = ProofTree.of(design_of(lines), NONCE)
    assert len(tree.prove(lines[77][0])) < 1200
    assert max(len(tree.prove(f"S-{n}")) for n in range(50)) < 2200


# --- nobody else's line --------------------------------------------------------------------------


def test_a_proof_shows_no_other_line_and_no_other_salt(drawn):
    draw, tree = drawn
    second = proof_cases.Tree(draw.design.to_bytes(), NONCE)
    salts = {row[2]: row[5] for row in second.rows}
    for name in [*draw.design.ids, "stranger", "another"]:
        told = json.loads(tree.prove(name))
        shown = b"".join(
            base64.b64decode(value)
            for part in (told, *told.get("pages", []))
            for key, value in part.items()
            if key in ("beside", "contents", "keys", "path", "salt")
        )
        for other in draw.design.ids:
            if other != name:
                assert other not in tree.prove(name).decode()
                assert salts[other] not in shown


def test_equal_lines_have_unequal_contents():
    """Who knows his own content learns nothing of who is in the same cell."""
    second = proof_cases.Tree(design_of([(f"F-{n}", (0, 0)) for n in range(50)]).to_bytes(), NONCE)
    assert len({row[1] for row in second.rows}) == 50
    assert len({row[5] for row in second.rows}) == 50


# --- hostile proofs ------------------------------------------------------------------------------


def mutations(proof, rng):
    """Endless broken forms of a proof: bytes, values, keys."""
    while True:
        kind = rng.randrange(4)
        if kind == 0:
            at = rng.randrange(len(proof))
            yield proof[:at] + bytes([proof[at] ^ 1 << rng.randrange(8)]) + proof[at + 1 :]
        elif kind == 1:
            yield proof[: rng.randrange(len(proof))]
        else:
            told = json.loads(proof)
            part = rng.choice([told, *told.get("pages", [])])
            key = rng.choice(sorted(part))
            value = part[key]
            if kind == 2:
                odd = [None, True, -1, 0, 2**53, "", "AAAA", [], [[]], {}, [0], [None], [[0, 1, 1]]]
                part[key] = rng.choice(odd)
            elif isinstance(value, str) and len(value) > 43:
                raw = bytearray(base64.b64decode(value))
                raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
                part[key] = base64.b64encode(raw[: rng.choice([-32, len(raw)])]).decode()
            elif isinstance(value, int):
                part[key] = value + rng.choice([-8, -1, 1, 8])
            elif isinstance(value, list) and value:
                part[key] = rng.choice([value[::-1], value[1:], [*value, value[0]]])
            else:
                del part[key]
            yield canonical.dumps(told)


def test_no_mutation_is_accepted(drawn):
    draw, tree = drawn
    rng = random.Random(11)
    proofs = [tree.prove(name) for name in [*draw.design.ids[:8], "no-1", "no-2", "no-3", "no-4"]]
    proofs.append(next(p for p in map(tree.prove, map(str, range(99))) if p.count(b"number") == 2))
    sources = [(proof, mutations(proof, rng)) for proof in proofs]
    for _ in range(2000):
        proof, broken = rng.choice(sources)
        data = next(broken)
        if data != proof:
            assert check_proof(data, tree.root), data
            assert not own_check(data, root=tree.root, record=draw.record).ok


@given(st.binary(max_size=80) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(
        ["line", "items", "pages", "size", "subject", "task", "protocol"]), x)).map(
            lambda value: json.dumps(value).encode()))  # fmt: skip
@settings(max_examples=200)
def test_no_bytes_make_the_check_raise(data):
    assert check_proof(data, "0" * 64)
    assert not own_check(data, root="0" * 64, record=data).ok


@pytest.mark.parametrize("root", [None, 5, "", "AB" * 32, "0" * 63, b"0" * 64])
def test_a_root_that_is_none_is_a_finding(drawn, root):
    [finding] = check_proof(drawn[1].prove("F-001"), root)
    assert (finding.number, finding.where) == (2, "root")


def test_a_whole_tree_of_another_sheet_is_refused(drawn):
    draw, tree = drawn
    other = ProofTree.of(draw.design, NONCE[::-1])
    for name in (*draw.design.ids[:20], "stranger"):
        [finding] = check_proof(other.prove(name), tree.root)
        assert finding.number == 5


# --- one's own fate ------------------------------------------------------------------------------


def test_everybody_reads_his_own_fate_from_the_record(drawn):
    draw, tree = drawn
    visits = {visit.subject_id: visit for visit in draw.visits}
    lasts = {n: cell.last_ticket for n, cell in enumerate(draw.record.cells)}
    shapes = [
        {"record": draw.record},
        {"record": draw.record.to_bytes()},
        {"record": draw.record.to_json()},
        {"record": draw.record.public(seeds=True), "last_tickets": lasts},
        {"record": draw.record.public(seeds=True)},
        {"record": draw.record.public()},
        {"subjects_seed": draw.record.subjects_seed, "last_tickets": lasts},
    ]
    for name in draw.design.ids:
        proof = tree.prove(name)
        for given_ in shapes:
            told = own_check(proof, root=tree.root, subject_id=name, **given_)
            assert told.ok, told.findings
            drawn_for = {item for fate in told.fates if fate.drawn for item in fate.items}
            assert drawn_for == set(visits[name].items if name in visits else ())
            if told.ticket is not None:
                assert told.ticket == tickets.ticket(draw.record.subjects_seed, name)


def test_the_words(drawn):
    draw, tree = drawn
    record = draw.record
    text = {}
    for name in [*draw.design.ids, "F-999"]:
        told = own_check(tree.prove(name), root=tree.root, record=record)
        text[name] = told.words(), told.words("zh")
    spared = next(x for x in draw.design.ids if "not drawn" in text[x][0].splitlines()[1])
    ticket = tickets.ticket(record.subjects_seed, spared)
    [cell, *_] = own_check(tree.prove(spared), root=tree.root, record=record).fates
    first, second, _ = text[spared][0].splitlines()
    assert first == f"{spared}: you were in the frame of this draw; your ticket is {ticket[:4]}…."
    assert second == (
        f"For food: in your cell {cell.take} of {cell.size} were to be drawn, "
        f"the last of them with {cell.last_ticket[:4]}…; yours is higher, so you were not drawn."
    )
    assert text[spared][1].splitlines()[1] == (
        f"food：您所在的格共 {cell.size} 户，应抽 {cell.take} 户，"
        f"其中最后一户的号是 {cell.last_ticket[:4]}…；您的号比它大，所以您未被抽中。"
    )
    close = Fate(0, ("food",), 9, 3, "07ae5" + "0" * 59, drawn=False)
    told = OwnCheck((), "F-1", (close,), "07ae6" + "0" * 59).words()
    assert "your ticket is 07ae6…" in told
    assert "with 07ae5…" in told
    met = text[draw.visits[0].subject_id]
    assert "yours is not higher, so you were drawn" in met[0]
    assert "您的号不大于它，所以您被抽中" in met[1]
    assert text["F-999"] == (
        "F-999: you were not in the frame of this draw.",
        "F-999：您不在本次抽取的抽样框内。",
    )
    with pytest.raises(ParameterError, match="give 'en' or 'zh'"):
        OwnCheck(()).words("fr")


def test_what_was_not_given_is_said_to_be_open(drawn):
    draw, tree = drawn
    name = next(x for x in draw.design.ids if x.endswith("00"))
    told = own_check(tree.prove(name), root=tree.root)
    assert told.ok
    assert told.ticket is None
    assert "your ticket follows from the seed" in told.words()
    assert "does not follow from what was given" in told.words()
    lasts = {n: cell.last_ticket for n, cell in enumerate(draw.record.cells)}
    told = own_check(tree.prove(name), root=tree.root, last_tickets=lasts)
    assert "the last of them with" in told.words()
    bad = own_check(tree.prove(name), root="0" * 64)
    assert bad.words().startswith("This does not hold:\n[5] root")
    assert bad.words("zh").startswith("以下不成立：\n[5] root")


def test_a_cell_taken_whole_or_not_at_all_needs_no_ticket():
    tree = ProofTree.of(design_of([("A", (0, 1)), ("B", (0, 1))], takes=[2, 0]), NONCE)
    fates = own_check(tree.prove("A"), root=tree.root).fates
    assert [fate.drawn for fate in fates] == [True, False]
    told = own_check(tree.prove("A"), root=tree.root, last_tickets={1: "0" * 64})
    assert [finding.number for finding in told.findings] == [7]


def set_(path, value):
    def change(record):
        *way, last = path
        for key in way:
            record = record[key]
        record[last] = value(record[last]) if callable(value) else value

    return change


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (set_(["commitment", "task", "id"], "T-2"), 7),
        (set_(["commitment", "task", "items"], ["price", "food"]), 7),
        (set_(["commitment", "nonce"], "other"), 7),
        (set_(["randomness"], "06"), 7),
        (set_(["subjects_seed"], "0" * 64), 7),
        (set_(["seed"], "0" * 64), 7),
        (set_(["cells", 0, "take"], 9), 7),
        (set_(["cells", 0, "size"], 9), 7),
        (set_(["cells", 0, "last_ticket"], "none"), 7),
        (set_(["cells", 0, "last_ticket"], "f" * 64), 8),
        (set_(["cells"], []), 7),
        (set_(["visits"], lambda rows: rows[1:]), 8),
        (set_(["visits"], lambda rows: [rows[0], *rows]), 8),
        (set_(["visits", 0, "items"], ["fire"]), 8),
        (set_(["visits", 0, "ticket"], "0" * 64), 8),
        (set_(["visits"], "none"), 7),
    ],
)
def test_a_record_that_disagrees(drawn, change, number):
    draw, tree = drawn
    record = json.loads(draw.record.to_bytes())
    name = next(visit.subject for visit in draw.record.visits if 0 in visit.cells)
    rows_ = record["visits"]
    rows_.sort(key=lambda row: row["subject"] != name)
    change(record)
    told = own_check(tree.prove(name), root=tree.root, record=record)
    assert {finding.number for finding in told.findings} == {number}, told.findings


def test_a_stranger_who_is_visited_and_a_last_ticket_that_is_not_the_records(drawn):
    draw, tree = drawn
    public = draw.record.public(seeds=True)
    public["visits"].append({"subject": "F-999", "items": ["food"], "team": None, "ticket": "0"})
    [first, second] = own_check(tree.prove("F-999"), root=tree.root, record=public).findings
    assert (first.number, second.number) == (8, 8)
    name = draw.design.ids[0]
    cell = own_check(tree.prove(name), root=tree.root).fates[0].cell
    for given_ in ({"last_tickets": {cell: "0" * 64}}, {"subjects_seed": "0" * 64}):
        told = own_check(tree.prove(name), root=tree.root, record=draw.record, **given_)
        assert [finding.number for finding in told.findings] == [7]
    told = own_check(tree.prove(name), root=tree.root, subjects_seed="seed")
    assert [finding.where for finding in told.findings] == ["subjects_seed"]


# --- the office's counter ------------------------------------------------------------------------


def test_why(drawn):
    draw, tree = drawn
    for sheet in (draw.design, draw.design.to_bytes()):
        told = why(draw.record, sheet, "F-003")
        assert (told.root, told.proof) == (tree.root, tree.prove("F-003"))
        assert told.check.ok
        assert told.text() == f"{told.check.words()}\nroot {tree.root}"
    assert "不在" in why(draw.record, draw.design, "stranger", nonce=NONCE).text("zh")
    assert "bytes" in repr(told)
    with pytest.raises(RecordError, match="was not committed"):
        why(draw.record, draw.design.to_bytes()[:-1], "F-003")


def test_why_without_a_nonce():
    draw = small_draw(nonce="")
    with pytest.raises(ParameterError, match="could be guessed"):
        why(draw.record, draw.design, "F-003")
    assert why(draw.record, draw.design, "F-003", allow_guessing=True).check.ok


def test_no_name_begins_a_line_of_its_own():
    tree = ProofTree.of(design_of([("A\nB", (0, 0))], items=("food\x1b[2K", "price")), NONCE)
    for name, lines in (("A\nB", 2), ("C\nD", 1)):
        words = own_check(tree.prove(name), root=tree.root).words()
        assert words.count("\n") == lines - 1
        assert "\x1b" not in words
    with pytest.raises(CanonicalError, match="surrogate"):
        tree.prove("\ud800")
