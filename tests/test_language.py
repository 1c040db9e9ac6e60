"""All that people read comes in Chinese: the catalogue is complete, and real errors show it."""

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import randcheck as rc
import staff
from chinese import CHINESE, QUOTED, SENTENCE, in_chinese
from files import ROOT, VECTORS, script
from office import test_desk
from randcheck import cli, errors, language, ledger, office, signatures
from randcheck.errors import RandcheckError
from randcheck.language import catalogue
from randcheck.ledger import Ledger
from randcheck.models import Inspector, Item, PastDraw, Scope, Subject
from randcheck.office import Desk, StepError, lives
from randcheck.replacement import Absence, check_replacement
from randcheck.testing import made_up_catalog, made_up_subjects

#: It finds messages in the sources with the standard library alone.
SCRIPT = script(ROOT / ".ci" / "messages.py")
PO = SCRIPT.LOCALE / "zh" / "LC_MESSAGES" / "randcheck.po"


def expected_part(told):
    """A report without places and what was found: those are data, or the words of Python itself."""
    return re.sub("实为.*", "", re.sub(r"(?m)^\[\d+\] .*?：应为", "应为", told))


# --- the catalogue ------------------------------------------------------------------------------


def test_every_message_is_translated_and_the_compiled_file_is_current():
    assert SCRIPT.faults("zh", SCRIPT.messages()) == []


def test_what_is_wrong_with_a_catalogue_is_found(tmp_path, monkeypatch):
    shutil.copytree(SCRIPT.LOCALE / "zh", tmp_path / "zh")
    monkeypatch.setattr(SCRIPT, "LOCALE", tmp_path)
    po = tmp_path / "zh" / "LC_MESSAGES" / "randcheck.po"
    found = SCRIPT.messages()
    text = po.read_text(encoding="utf-8")
    for old, new, told in (
        ('msgstr "为空"', 'msgstr ""', "no translation of 'is empty'"),
        ('msgid "is empty"', '#, fuzzy\nmsgid "is empty"', "fuzzy: 'is empty'"),
        ("至多 {number} 人日", "至多 {count} 人日", "other placeholders"),
        ('msgid "is empty"', 'msgid "is quite empty"', "in no source: 'is quite empty'"),
        ('msgstr "为空"', 'msgstr "是空的"', "randcheck.mo is not that of randcheck.po"),
    ):
        assert old in text
        po.write_text(text.replace(old, new, 1), encoding="utf-8")
        assert any(told in each for each in SCRIPT.faults("zh", found)), told
    po.write_text(text, encoding="utf-8")
    extra = {**found, SCRIPT.Message("", "is quite new"): [("somewhere.py", 1)]}
    assert SCRIPT.faults("zh", extra) == ["somewhere.py:1: no translation of 'is quite new'"]


#: Where Chinese is data: words that an import knows, codes with their names, made-up names.
DATA = {
    "datasets.py", "demo.py", "io/cells.py", "io/sheets.py", "office/codes.py", "office/items.py",
    "pseudonyms.py",
}  # fmt: skip


def test_no_text_for_people_stands_in_chinese_in_the_sources():
    found = set()
    for path in SCRIPT.SOURCES.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                plain = re.sub(r"\([^()]*\)", "", node.value)  # a term beside its English word
                if CHINESE.search(plain) and id(node) not in docstrings:
                    found.add(path.relative_to(SCRIPT.SOURCES).as_posix())
    assert {name for name in found if not name.startswith("testing/")} == DATA


@pytest.mark.parametrize(
    ("code", "templates"),
    [
        ("raise Fault('is empty', 'mend it')", {"is empty", "mend it"}),
        ("Fault(f'has {len(x)} of {shorten(value)}')", {"has {count} of {value}"}),
        ('Fault(f\'a {"big" if x else "small"} one\')', {"a big one", "a small one"}),
        ("Fault(f'none of {name or \"them\"}')", {"none of {name}", "none of them"}),
        ("Fault(f'{a.b} and {a.b} and {c.b}')", {"{b} and {b} and {b_2}"}),
        ("Fault('write {\\'name\\': value}')", {"write {{'name': value}}"}),
        ("told = 'of the ' + kind + ' here'", {"of the {kind} here"}),
        ("def f():\n  'a docstring of words'", set()),
        ("x = repr if kind == 'natural kind' else None", set()),
        ("need(x, step, 'one', found)", {"one"}),
        (
            "Problem(1, 'column', 'nothing', 'is empty', 'give it')",
            {"nothing", "is empty", "give it"},
        ),
        ("log.info('reading %s now', path)", {"reading {a} now"}),
        ("Column('name', 'Value')", {"Value"}),
        ("in_all('yes')", {"yes"}),
        ("ResultCode(id='none', name='no problem found')", set()),
    ],
)
def test_how_messages_are_found(code, templates):
    found = SCRIPT._File(ast.parse(code)).messages()
    assert {message.id for message, _ in found} == templates


def test_every_template_is_found_again_from_what_it_made():
    """Filled with things that are no words, each message is translated with them in place."""
    entries = [entry for entry in SCRIPT.read_po(PO) if not entry.message.context]
    for entry in entries:
        names = [n for n in dict.fromkeys(re.findall(r"(?<!\{)\{(\w*)", entry.message.id)) if n]
        parts = {name: f"'{number}~'" for number, name in enumerate(names)}
        plain = re.sub(r":[,.0-9a-z]+\}", "}", entry.message.id)
        if not re.search("[A-Za-z]", re.sub(r"\{\w*\}", "", plain)):
            continue
        told = language.translate(plain.format(**parts), "zh")
        assert CHINESE.search(told) or not CHINESE.search(entry.told), (entry.message.id, told)
        assert "{" not in told.replace("{'", "") or "{{" in entry.told, told


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_asked_for(text):
    assert language.translate(text, "en") == text
    assert isinstance(language.translate(text, "zh"), str)
    assert language.translate(f"holds {text!r}, which is not known", "zh") == (
        f"含有 {text!r}，无法识别"
    )


def test_the_most_specific_template_is_taken():
    say = language.translate
    assert say("is not text but int", "zh") == "不是文本，而是整数"
    assert say("is not a Scope but int", "zh") == "不是 Scope，而是整数"
    assert say("one in event 3 before", "zh") == "第 3 条事件已有一个"
    assert say("drawn or confirmed", "zh") == "drawn or confirmed"  # a list, only where marked
    assert say("something that nobody ever said", "zh") == "something that nobody ever said"
    nested = "Drawn: draw: 'x' is no SHA-256; give 64 lower-case hex digits"
    assert say(nested, "zh") == "Drawn：抽取：'x' 不是 SHA-256；请给出 64 位小写十六进制数字"


def test_the_language_is_asked_for_or_that_of_the_place(monkeypatch):
    for name in catalogue._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert language.current() == "en"
    for name, value, expected in (
        ("LANG", "zh_CN.UTF-8", "zh"),
        ("LC_MESSAGES", "C", "en"),
        ("LC_ALL", "zh-Hans", "zh"),
        ("RANDCHECK_LANGUAGE", "en", "en"),
        ("RANDCHECK_LANGUAGE", "zh", "zh"),
        ("RANDCHECK_LANGUAGE", "fr", "en"),
    ):
        monkeypatch.setenv(name, value)
        assert language.current() == expected
    assert language.current("en") == "en"
    with pytest.raises(errors.ParameterError, match="give 'en' or 'zh'"):
        language.current("fr")


def test_nothing_of_babel_is_needed():
    code = "import sys; sys.modules['babel'] = None; from randcheck import language as l; "
    code += "assert l.translate('is empty', 'zh') == '为空'; print(sorted(m for m in sys.modules "
    code += "if m.startswith('babel') and sys.modules[m]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- errors -------------------------------------------------------------------------------------

S = {"id": "f", "name": "n", "region": "1"}
P = {"id": "i", "name": "n", "department": "d", "certificate": "c",
     "certificate_expires": date(2030, 1, 1)}  # fmt: skip


def _subjects(*rows):
    return lambda: rc.SubjectRegistry.from_records(rows)


def _subject(**changes):
    return lambda: Subject(**{**S, **changes})


def _inspector(**changes):
    return lambda: Inspector(**{**P, **changes})


def _task(**changes):
    given = {"id": "T", "items": ("food",), "as_of": date(2026, 7, 1)}
    given["sampler"] = rc.UniformSampler(rate="5%")
    return lambda: rc.Task(**{**given, **changes})


def _draw(**changes):
    def make():
        task = _task(**changes)()
        rc.draw(task, subjects=made_up_subjects(40), catalog=made_up_catalog(), randomness="7")

    return make


def _design(*cells, draw=None):
    class Sampler:
        def design(self, frame):
            return rc.Design.from_cells(frame, [make(frame) for make in cells])

    return _draw(sampler=draw or Sampler())


def _cell(take, members=None):
    def make(frame):
        return rc.Cell(take=take, members=frame.ids if members is None else members)

    return make


def _staffed(*needs, people):
    return lambda: rc.FairMatcher().odds(staff.visits(*needs), staff.registry(*people))


def _event(**changes):
    body = {"commitment_sha256": "5f" * 32, "record_sha256": "60" * 32}
    return lambda: Ledger.open("sqlite://").append(
        changes.pop("kind", "record"), {**body, **changes}, actor="me"
    )


def _step(*steps):
    def make():
        desk = Desk(Ledger.open("sqlite://", clock=lambda: test_desk.NOON), lives())
        for about, thing, what, data in steps:
            desk.do(about, thing, what, data, actor="clerk")

    return make


DRAWN = test_desk.drawn().to_json()
CASE = office.cases.case_id(DRAWN["draw"], DRAWN["subject"])
FIRST = ("case", CASE, "drawn", DRAWN)
RISK = rc.RiskStratifiedSampler
SCORE = rc.RiskScoreSampler

BAD = [
    # ids, names, fields
    *(_subjects({**S, "id": bad}) for bad in (1, "", " f", "f\u200b", "\ud800",
      "f\u2028", "f\x00", "１２", "  ", None, b"f", "e\u0301")),
    *(_subject(**{name: bad}) for name, bad in (
        ("name", ""), ("name", 5), ("name", "a\nb"), ("region", None), ("kind", "house"),
        ("risk_class", "E"), ("tags", "food"), ("tags", [1]), ("owner", "f"), ("risk_score", -1),
        ("risk_score", 2_000_000), ("credit_code", "91"), ("credit_code", 5), ("industry", ""),
        ("credit_code", "91130300MA000000O7"), ("credit_code", "91130300MA0000000X"))),
    _subject(kind="attached object"), _subject(kind="natural person", id="11010519491231002X"),
    *(_inspector(**{name: bad}) for name, bad in (
        ("certificate_expires", "2030-01-01"), ("capacity", -1), ("capacity", "3"), ("role", "x"),
        ("leave", "x"), ("leave", [(date(2026, 1, 2), date(2026, 1, 1))]), ("leave", [(1,)]),
        ("employers", ["x"]), ("employers", {"x": 1}), ("regions", 5), ("certificate", ""))),
    lambda: Item("i", "n", "b", category="odd"), lambda: Item("i", "n", "b", applies_to=5),
    lambda: Scope(kinds=()), lambda: Scope(kinds=("house",)), lambda: Scope(regions="1"),
    lambda: PastDraw("s", "2026-01-01", "t"), lambda: Subject.from_json({"id": "f", "odd": 1}),
    lambda: Item.from_json({"id": "i", "name": "n", "basis": "b", "applies_to": {"kinds": ["x"]}}),
    lambda: PastDraw.from_json({"subject": "s", "drawn_on": "x", "task": "t"}),
    # registries
    _subjects(S, S), _subjects({"odd": 1}), _subjects(5), _subjects(*[{}] * 30),
    lambda: rc.SubjectRegistry.from_columns({"id": ["a", "b"], "name": ["x"]}),
    lambda: made_up_subjects(5).column("odd"), lambda: made_up_subjects(5).codes("id"),
    lambda: made_up_subjects(5)["odd"], lambda: made_up_catalog()["odd"],
    lambda: made_up_subjects(5).to_dataframe("excel"),
    lambda: rc.SubjectRegistry.from_dataframe(5),
    # rates, tasks, plans
    *(lambda bad=bad: rc.UniformSampler(rate=bad) for bad in (0.1, "x", "101%", None, True, "1/0",
      Decimal("NaN"), "-3%")),
    lambda: rc.UniformSampler(), lambda: rc.UniformSampler(rate="1%", count=3),
    lambda: rc.UniformSampler(count=-1),
    *(_task(**{name: bad}) for name, bad in (
        ("id", ""), ("items", ()), ("items", "food"), ("items", ("food", "food")),
        ("as_of", "2026"), ("sampler", 5), ("matcher", 5), ("scope", 5), ("exclusions", (5,)),
        ("reserves", -1), ("departments", ("",)), ("lead", 5),
        ("exclusions", (rc.DrawnThisYear(), rc.DrawnThisYear())))),
    lambda: rc.Plan(id="", year=0, authority="", tasks=(5,)),
    lambda: rc.Plan(id="p", year=2026, authority="a", tasks=(_task()(), _task()())),
    lambda: rc.Plan(id="p", year=2026, authority="a")["T"],
    lambda: rc.Task.from_json({"id": "T", "odd": 1}), lambda: rc.Plan.from_json({"id": "p"}),
    lambda: rc.DrawnWithin(months=0), lambda: rc.YearlyCap(times=0),
    # samplers and designs
    lambda: RISK(), lambda: RISK(rates={"E": "1%"}), lambda: RISK(rates=5),
    lambda: RISK(rates={"A": "1%"}, total=5),
    lambda: RISK(bands={"A": ("3%", "1%")}), lambda: RISK(bands={"A": "1%"}),
    lambda: RISK(rates={"A": "1%"}, strata=("odd",)), lambda: RISK(rates={"A": "1%"}, always=5),
    lambda: SCORE(count=0, cells=0), lambda: rc.JointItemSampler({"food": 5}),
    lambda: rc.JointItemSampler({"food": rc.UniformSampler(rate="1%")}, together=("food",)),
    _draw(sampler=RISK(rates={"A": "1%"}, unclassified="B")), _draw(items=("odd",)),
    _draw(sampler=rc.UniformSampler(count=1000)), _draw(scope=Scope(regions=("none",))),
    _draw(exclusions=(rc.DrawnThisYear(),)),
    _design(_cell(10_000)), _design(_cell(-1)), _design(_cell(1), _cell(1)), _design(),
    _design(_cell(0, [])), _design(_cell(1, ["odd"])), _design(_cell("x")),
    lambda: rc.commit(_task()(), subjects=made_up_subjects(9), catalog=made_up_catalog(), nonce=5),
    lambda: rc.commit(_task()(), subjects=made_up_subjects(9), catalog=made_up_catalog(), source=5),
    lambda: rc.commit(_task()(), subjects={}, catalog=made_up_catalog()),
    # matching
    lambda: rc.FairMatcher(team_size=1), lambda: rc.FairMatcher(bits=1),
    lambda: rc.FairMatcher(rules=5), lambda: rc.FairMatcher(rules=(5,)),
    _staffed(staff.need("a"), people=[staff.person(1)]),
    _staffed(staff.need("a", specialties=("boilers",)), people=[staff.person(1), staff.person(2)]),
    _staffed(*(staff.need(f"v{n}") for n in range(4)),
             people=[staff.person(1, capacity=1), staff.person(2, capacity=1)]),
    # records, canonical JSON, replacement
    *(lambda data=data: rc.DrawRecord.from_bytes(data) for data in (
        b"", b"[]", b"{}", b"{", b'{"a":1.5}', b'{"a":1,"a":2}', b"\xff", b'{"b":1, "a":2}',
        b"9007199254740993", b'"\\ud800"')),
    lambda: rc.Commitment.from_bytes(b"{}"), lambda: rc.Commitment.from_bytes(b"["),
    lambda: Absence("", "left", 5, "today", ("one",)),
    lambda: Absence("f", "gone", {"d": "x"}, date(2026, 7, 1), ("a", "a")),
    # signatures, randomness
    lambda: signatures.Keyring((5,)), lambda: signatures.Keyring.from_bytes(b"{}"),
    lambda: signatures.Policy(roles=()), lambda: signatures.Keyring.from_bytes(5),
    lambda: rc.PublicSource("", ""), lambda: rc.PublicSource("lottery", "x", form="odd"),
    lambda: rc.PublicSource("lottery", "x", rounds=5),
    # the ledger
    _event(), _event(record_sha256="x"), _event(kind="odd"), _event(more=1),
    _event(kind="abandoned", reason="x"), lambda: Ledger.open("odd"),
    lambda: Ledger.open("sqlite:///no/such/file.sqlite", readonly=True),
    lambda: Ledger.open("sqlite://").append(
        "plan", {"id": " P", "reason": None, "sha256": "5f" * 32, "version": 1}, actor="me"),
    # the office
    _step(FIRST, FIRST), _step(("case", CASE, "confirmed", {})), _step(("odd", "x", "y", {})),
    _step(("case", CASE, "odd", {})), _step(("case", "other", "drawn", DRAWN)),
    _step(("case", CASE, "drawn", {**DRAWN, "draw": "x"})),
    _step(FIRST, ("case", CASE, "entered", {})),
    _step(("case", CASE, "drawn", {})), _step(("case", CASE, "drawn", {**DRAWN, "team": ["I-1"]})),
    _step(FIRST, ("case", CASE, "confirmed", {}), ("case", CASE, "confirmed", {})),
    _step(FIRST, ("case", CASE, "voided", {"reason": ""})),
    _step(FIRST, ("case", CASE, "assigned", {"team": []})),
    _step(("scheme", "T#1", "issued", {"task": "T", "temporary": False, "text": "x"})),
    _step(("registry", "subjects", "frozen", {"sha256": "x", "count": -1, "on": "x"})),
    _step(("transfer", "t", "sent", {"case": "x", "kind": "odd", "to": "y", "ground": "z",
                                     "due": "2026-01-01"})),
    _step(("plan", "p", "drafted", {"plan": {}, "version": 1})),
    lambda: office.STANDARD["odd"],
    lambda: Desk(Ledger.open("sqlite://"), lives()).state("case", "x"),
]  # fmt: skip


def test_real_errors_are_told_in_chinese_with_their_codes_unchanged():
    left, told = [], set()
    for number, make in enumerate(BAD):
        with pytest.raises(RandcheckError) as caught:
            make()
        error = caught.value
        english, code = str(error), error.code
        chinese = language.error_text(error, "zh")
        told.add(english)
        if not in_chinese(chinese):
            left.append((number, english, chinese))
        assert (str(error), error.code) == (english, code)
        assert language.error_text(error, "en") == english == language.told(error, "en")
        assert language.told(error, "zh") == chinese
    assert left == []
    assert len(told) >= 150


def test_layouts_of_errors():
    say = language.error_text
    problem = errors.Problem(3, "id", "'x'", "is empty", "give a text")
    assert say(errors.DataError("subjects", [problem]), "zh") == (
        "检查对象：第 3 行，id：'x' 为空；请填写文本"
    )
    many = say(errors.DataError("subjects", [problem] * 30), "zh").split("\n")
    assert (many[0], len(many), many[-1]) == ("检查对象：30 个问题", 22, "……另有 10 个")
    unknown = errors.UnknownNameError("item", ["x"] * 30, ["k"] * 30, "give it")
    assert say(unknown, "zh").startswith("未知的抽查事项：'x'、")
    assert "……另有 10 个；已知的有：k、" in say(unknown, "zh")
    assert say(unknown, "zh").endswith("…；请填写")
    assert say(errors.StaffingError(["a"], 2, 1, "is empty", ["the presence of I-1"]), "zh") == (
        "1 户无法配齐检查组（a）：为空；下列任一办法可以解决：让 I-1 到岗"
    )
    assert say(ValueError("is empty"), "zh") == "is empty"
    assert language.problem_text(problem, "en") == str(problem)
    error = StepError("case", "c", "reviewed", "drawn or entered", "nothing")
    assert say(error, "zh") == "检查案卷 c，复核：应为已抽取、已录入，实为（无）"


def test_codes_are_those_that_others_rely_on():
    def leaves(kind):
        yield kind
        for each in kind.__subclasses__():
            yield from leaves(each)

    found = {
        kind.code for kind in leaves(RandcheckError) if kind.__module__.startswith("randcheck")
    }
    assert found >= {
        "randcheck", "data", "parameter", "rate", "unknown-name", "empty-frame", "design", "odds",
        "staffing", "commitment", "record", "canonical", "missing-extra", "ledger-event",
        "ledger-order", "ledger-schema", "ledger-storage", "office-step", "office-calendar",
    }  # fmt: skip


# --- reports, pages, the command ----------------------------------------------------------------


def _cases(folder):
    return sorted(path for path in (VECTORS / folder).iterdir() if path.is_dir())


def test_reports_of_records_are_told_in_chinese():
    for path in [*_cases("draws-v1"), *_cases("teams-v1")]:
        before = path / ("before" if (path / "before").exists() else "sheet.jsonl")
        odds = path / "odds.jsonl" if (path / "odds.jsonl").exists() else None
        report = rc.verify(path / "record.json", before, odds=odds)
        assert language.report_text(report, "en") == str(report)
        told = language.report_text(report, "zh")
        assert in_chinese(expected_part(told)), told
        assert told.endswith("成立：所给的内容全部成立" if report.ok else "\n不成立")


def test_reports_of_ledgers_proofs_and_successors_are_told_in_chinese():
    for path in _cases("ledgers-v1"):
        told = json.loads((path / "case.json").read_bytes())
        report = ledger.verify_export(path / "export.jsonl", told["head"])
        assert in_chinese(expected_part(language.report_text(report, "zh"))), path
    for path in _cases("proofs-v1"):
        told = json.loads((path / "case.json").read_bytes())
        check = rc.own_check((path / "proof.json").read_bytes(), root=told["root"],
                             subject_id=told["subject"])  # fmt: skip
        assert in_chinese(check.words("zh"))
    for path in _cases("replacements-v1"):
        earlier = [each.read_bytes() for each in sorted(path.glob("earlier-*.json"))]
        files = [(path / name).read_bytes() for name in ("successor.json", "record.json")]
        report = check_replacement(*files, sheet=(path / "sheet.jsonl").read_bytes(),
                                   earlier=earlier)  # fmt: skip
        assert in_chinese(expected_part(language.report_text(report, "zh"))), path


def test_an_audit_is_told_in_chinese_and_columns_stay_in_line():
    from randcheck.audit import audit_procedure

    turn = itertools.count()
    pool = [f"firm-{number:02}" for number in range(60)]
    audit = audit_procedure(lambda pool, n: pool[next(turn) % 3 :: 3][:n], pool, 20, draws=40,
                            simulations=199)  # fmt: skip
    told = language.report_text(audit, "zh")
    assert "从未抽中" in told or "名单相似" in told
    assert all(in_chinese(line) for line in told.split("\n")), told


def test_the_demonstration_is_told_in_chinese(tmp_path):
    from randcheck import demo

    told = language.lines(demo.run(900, 60, 0, tmp_path).text, "zh")
    assert not [line for line in told.split("\n") if SENTENCE.search(QUOTED.sub("''", line))
                and "示例" not in line and "disclosure" not in line]  # fmt: skip
    assert "5 核验       全部成立" in told


def _run(*arguments, env=None):
    code = "import sys; from randcheck import cli; sys.exit(cli.main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        env={**os.environ, **(env or {})},
        encoding="utf-8",
        check=False,
    )


def test_the_command_speaks_chinese_by_option_and_by_locale(capsys):
    parser = language.localize(cli._parser(), "zh")
    told = parser.format_help()
    assert told.startswith("用法：")
    assert in_chinese(told)
    english = cli._parser()
    assert language.localize(english, "en") is english
    options = re.findall(r"--[a-z-]+", english.format_help())
    assert re.findall(r"--[a-z-]+", told) == options
    [commands] = [each for each in parser._actions if hasattr(each.choices, "items")]
    for command in commands.choices.values():
        _, _, after = command.format_help().partition("\n\n")  # the usage is names alone
        assert in_chinese(re.sub("(?m)^  randcheck.*|^ +--.*….*", "", after))
    for arguments in (["nope"], ["verify"], ["demo", "--subjects", "x"], ["draw", "--out"]):
        with pytest.raises(SystemExit):
            language.localize(cli._parser(), "zh").parse_args(arguments)
        assert "错误：" in (told := capsys.readouterr().err)
        assert not SENTENCE.search(QUOTED.sub("", told.split("错误：")[1]))


def test_the_language_stands_in_the_arguments():
    option = language.option
    assert option(["--language", "zh", "demo"]) == option(["demo", "--language=zh"]) == "zh"
    assert option(["demo"]) is option(["--language"]) is option(["--language", "fr"]) is None
    done = _run("verify", "no-such-file", "none", env={"RANDCHECK_LANGUAGE": "zh"})
    assert done.returncode == 1
    assert done.stdout.endswith("不成立\n")
