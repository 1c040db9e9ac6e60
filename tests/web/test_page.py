"""The page, built and looked at by a real browser, from a disk."""

import json
import runpy
from datetime import date
from pathlib import Path

import pytest

import randcheck
from ledger import cases as ledger_cases
from randcheck import tickets
from randcheck.proofs import ProofTree
from web.chromium import BINARY, Browser

WEB = Path(randcheck.__file__).parent / "web"
VECTORS = Path(__file__).parent.parent / "vectors"
PAGE = WEB / "verify.html"


def test_the_page_is_built_from_what_stands_beside_it():
    built = runpy.run_path(str(WEB / "build.py"))["build"]()
    assert PAGE.read_text(encoding="utf-8") == built, "run python src/randcheck/web/build.py"


def test_the_page_names_nothing_outside_itself():
    text = PAGE.read_text(encoding="utf-8")
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
    assert f'http-equiv="Content-Security-Policy" content="{policy}' in text
    for word in (
        "http://",
        "https://",
        "fetch(",
        "XMLHttpRequest",
        "src=",
        "<link",
        "@import",
        "url(",
    ):
        assert word not in text, word


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if BINARY is None:
        pytest.skip("Chromium is not installed")
    with Browser(tmp_path_factory.mktemp("profile"), "zh-CN") as one:
        yield one


@pytest.fixture
def page(browser):
    browser.events.clear()
    browser.open(PAGE)
    yield browser
    assert browser.complaints() == []


def judge(page, *files, commitment=None, randomness=None):
    """Choose the files, type what was published, press Enter; return what the page says."""
    page.choose("#files", *files)
    page.wait(f"document.querySelectorAll('#slots .name.data').length === {len(files)}")
    for field, text in (("commitment", commitment), ("randomness", randomness)):
        if text is not None:
            page.run(f"document.getElementById('{field}').focus()")
            page.type(text)
    page.run("document.getElementById('run').focus()")
    page.press("Enter")
    page.wait("document.getElementById('result').dataset.ok !== undefined")
    ok = page.run("document.getElementById('result').dataset.ok")
    return {"true": True, "false": False}[ok], page.run(
        "document.getElementById('result').innerText"
    )


def published(folder):
    case = json.loads((folder / "case.json").read_text())
    return {"commitment": case["commitment"], "randomness": case["randomness"]}


def look_up(page, name):
    page.run("document.getElementById('id').value = ''; document.getElementById('id').focus()")
    page.type(name)
    page.press("Enter")
    page.wait(f"document.getElementById('ownResult').innerText.includes({json.dumps(name)})")
    return page.run("document.getElementById('ownResult').innerText")


def test_a_good_draw_and_two_of_its_firms(page):
    folder = VECTORS / "draws-v1" / "joint-three-items"
    record = json.loads((folder / "record.json").read_text())
    ok, text = judge(page, folder / "sheet.jsonl", folder / "record.json", **published(folder))
    assert ok
    assert "核验通过" in text
    visit = record["visits"][0]
    text = look_up(page, visit["subject"])
    assert visit["ticket"] in text
    assert all(record["cells"][cell]["last_ticket"] in text for cell in visit["cells"])
    assert "没有抽中\n" not in text
    visited = {each["subject"] for each in record["visits"]}
    reserve = next(each for each in record["reserves"] if each["subject"] not in visited)
    text = look_up(page, reserve["subject"])
    assert "没有抽中" in text
    assert "个备选" in text
    page.run("document.getElementById('id').value = 'nobody'")
    page.run("document.getElementById('ownForm').requestSubmit()")
    assert "概率表里没有这一户" in page.run("document.getElementById('ownResult').innerText")


def test_a_bad_draw_in_both_languages(page):
    folder = VECTORS / "draws-v1" / "fail-ticket"
    ok, text = judge(page, folder / "record.json", folder / "sheet.jsonl", **published(folder))
    assert not ok
    assert "核验不通过" in text
    assert "第 12 项" in text
    page.run("document.getElementById('en').click()")
    assert page.run("document.documentElement.lang") == "en"
    text = page.run("document.getElementById('result').innerText")
    assert "It does not hold" in text
    assert "Check 12" in text


def test_nothing_published_was_given(page):
    folder = VECTORS / "draws-v1" / "one-cell"
    ok, text = judge(page, folder / "record.json", folder / "sheet.jsonl")
    assert ok
    assert "核验通过" not in text
    assert "尚未与公布的内容核对" in text


def test_teams_with_their_odds(page):
    folder = VECTORS / "teams-v1" / "one-step"
    names = ("odds.jsonl", "record.json", "before")
    ok, text = judge(page, *(folder / name for name in names), **published(folder))
    assert ok, text
    folder = VECTORS / "teams-v1" / "fail-teams-swapped"
    page.open(PAGE)
    ok, text = judge(page, *(folder / name for name in names), **published(folder))
    assert not ok
    assert "第 14 项" in text


def test_a_stage_finds_the_record_before(page):
    folder = VECTORS / "teams-v1" / "recusal-after-another-visit"
    names = ("before", "record.json", "odds.jsonl")
    ok, text = judge(page, *(folder / name for name in names), **published(folder))
    assert ok, text
    assert "回避换人" in text


@pytest.fixture(scope="module")
def own():
    """A real draw with its proofs: record, tree, a firm that was drawn, one that was not."""
    subjects = randcheck.SubjectRegistry.from_records(
        {"id": f"F-{n:04d}", "name": f"Firm {n}", "region": "990100", "risk_class": "ABCD"[n % 4]}
        for n in range(4000)
    )
    catalog = randcheck.ItemCatalog.from_records(
        [{"id": "food", "name": "food", "basis": "law", "category": "general"}]
    )
    rates = {"A": "1%", "B": "3%", "C": "10%", "D": "100%"}
    task = randcheck.Task(
        id="2026-07",
        items=("food",),
        sampler=randcheck.RiskStratifiedSampler(rates=rates),
        as_of=date(2026, 7, 1),
    )
    nonce = "8c1f" * 16
    drawn = randcheck.draw(
        task, subjects=subjects, catalog=catalog, nonce=nonce, randomness="05 09 12 22"
    )
    tree = ProofTree.of(drawn.design, nonce)
    visited = {visit.subject_id for visit in drawn.visits}
    taken = next(name for name in sorted(visited) if int(name[2:]) % 4 == 2)
    spared = next(f"F-{n:04d}" for n in range(2, 4000, 4) if f"F-{n:04d}" not in visited)
    return drawn.record, tree, taken, spared


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def prove(page, proof, root=None, subject=None, record=None):
    """Paste the proof, type root and id, choose the record; return what the page says."""
    page.run("document.getElementById('tab-proof').click()")
    fields = {"proof": proof, "root": root, "subject": subject}
    for field, text in fields.items():
        if text is not None:
            page.run(f"document.getElementById('{field}').value = ''")
            page.run(f"document.getElementById('{field}').focus()")
            page.type(text)
    if record is not None:
        page.choose("#file-shown", record)
        page.wait("document.querySelectorAll('#slots .name.data').length === 1")
    return answer(page)


def answer(page):
    page.run("document.getElementById('form').requestSubmit()")
    said = "document.getElementById('result').innerText"
    page.wait(f"!/^(正在核验|Checking)/.test({said})")
    return page.run(said)


def test_a_firm_that_was_not_drawn(page, own, tmp_path):
    record, tree, _, spared = own
    public, whole = tmp_path / "public.json", tmp_path / "record.json"
    public.write_bytes(canonical(record.public(seeds=True)))
    whole.write_bytes(record.to_bytes())
    proof = tree.prove(spared).decode()
    ticket = tickets.ticket(record.subjects_seed, spared)
    text = prove(page, f"\n{proof}  ", tree.root.upper(), spared, public)
    assert "证明成立" in text
    assert f"您的号是 {ticket[:4]}…" in text
    assert "没有抽中您" in text
    page.choose("#file-shown", whole)
    page.wait("!document.getElementById('result').dataset.ok")
    text = answer(page)
    assert "共 1,000 户，抽 100 户，最后抽中的号是" in text
    assert "您的号比它大，所以没有抽中您" in text
    page.run("document.getElementById('en').click()")
    text = page.run("document.getElementById('result').innerText")
    assert (
        f"For food: your ticket is {ticket[:4]}…; in your cell 100 of 1,000 were drawn, the last"
        in text
    )
    assert "yours is higher, so you were not drawn." in text


def test_a_firm_that_was_drawn_and_one_not_in_the_frame(page, own):
    record, tree, taken, _ = own
    text = prove(page, tree.prove(taken).decode(), tree.root, taken)
    assert "仅凭所给的内容看不出来" in text
    assert "公布的检查名单（没有提供记录）" in text
    cell = json.loads(tree.prove(taken))["odds"][0][0]
    last = record.to_json()["cells"][cell]["last_ticket"]
    for field, told in (("seed", record.subjects_seed), ("lastTickets", f"{cell}: {last}\n")):
        page.run(f"document.getElementById('{field}').value = {json.dumps(told)}")
    assert "您的号不大于它，所以抽中了您" in answer(page)
    page.run("document.getElementById('lastTickets').value = 'x'")
    assert "请一行写一个" in answer(page)
    page.run("document.getElementById('lastTickets').value = ''")
    text = prove(page, tree.prove("F-9999").decode(), subject="F-9999")
    assert "您不在任务 2026-07 的抽样框内" in text
    text = prove(page, tree.prove("F-9999").decode(), subject="F-0001")
    assert "第 3 项" in text


def test_proofs_from_files_and_what_they_lack(page):
    folder = VECTORS / "proofs-v1"
    root = json.loads((folder / "member" / "case.json").read_text())["root"]
    assert "请先放入证明" in prove(page, "{}")
    assert "根应当是 64 位" in prove(page, "{}", root="12")
    page.run("document.getElementById('tab-draw').click()")
    page.choose("#files", folder / "member" / "proof.json")
    page.wait("document.getElementById('tab-proof').getAttribute('aria-pressed') === 'true'")
    page.wait("document.getElementById('proof').value.includes('beside')")
    page.run(f"document.getElementById('root').value = '{root}'")
    assert "尚未核对是谁的证明" in answer(page)
    for name in ("fail-take", "fail-path", "fail-salt"):
        text = prove(page, (folder / name / "proof.json").read_text(), root, "F-09")
        assert "第 5 项" in text, name


def test_a_ledger_with_and_without_a_head(page, tmp_path):
    path = tmp_path / "ledger.jsonl"
    with ledger_cases.lively() as ledger:
        head = ledger.export(path)
    page.choose("#files", path)
    page.wait("document.querySelectorAll('#slots .name.data').length === 1")
    text = answer(page)
    assert "尚未与留存的链头核对" in text
    assert str(head) in text
    page.run(f"document.getElementById('head').value = ' {head} '")
    assert "台账成立" in answer(page)
    page.run("document.getElementById('head').value = '5'")
    assert "链头应当写作" in answer(page)
    page.run(f"document.getElementById('head').value = '{head}'")
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    page.choose("#file-ledger", cut)
    page.wait("document.querySelector('#slots').innerText.includes('cut.jsonl')")
    text = answer(page)
    assert "核验不通过" in text
    assert "第 8 项" in text
    page.run("document.getElementById('en').click()")
    text = page.run("document.getElementById('result').innerText")
    assert "a chain that goes on from this head" in text


def test_hostile_bytes(page, tmp_path):
    record, sheet = tmp_path / "record.json", tmp_path / "sheet.jsonl"
    record.write_bytes(b'{"commitment":{"x":"<img src=x onerror=alert(1)>"},"__proto__":[')
    sheet.write_bytes(b"\xff" * 100)
    page.choose("#files", record, sheet)
    page.wait("document.getElementById('sorting').innerText.includes('record.json')")
    page.choose("#file-record", record)
    page.wait("document.querySelectorAll('#slots .name.data').length === 1")
    page.choose("#file-other", sheet)
    page.wait("document.querySelectorAll('#slots .name.data').length === 2")
    page.run("document.getElementById('form').requestSubmit()")
    page.wait("document.getElementById('result').dataset.ok === 'false'")
