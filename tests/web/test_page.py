"""The page, built and looked at by a real browser, from a disk."""

import json
import runpy
from pathlib import Path

import pytest

import randcheck
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
