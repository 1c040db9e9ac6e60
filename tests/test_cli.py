"""The command as a person types it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import randcheck as rc
from chinese import in_chinese
from randcheck import cli, demo
from randcheck.io import write_csv
from randcheck.testing import made_up_catalog
from worlds import inspectors, world

TASK = """
id = "T"
items = ["food", "disclosure"]
as_of = 2026-07-01
reserves = 1
[registries]
subjects = "subjects.csv"
items = "items.csv"
[sampler]
name = "uniform"
rate = "5%"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv("subjects.csv", world()["subjects"])
    write_csv("items.csv", made_up_catalog())
    write_csv("inspectors.csv", inspectors())
    Path("task.toml").write_text(TASK)
    return tmp_path


@pytest.fixture
def run(capsys):
    def run(*arguments):
        try:
            status = cli.main([*map(str, arguments)])
        except SystemExit as left:
            status = left.code
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return status, told.out, told.err

    return run


def digest():
    return hashlib.sha256(Path("july/commitment.json").read_bytes()).hexdigest()


def test_commit_then_draw_then_verify(folder, run):
    status, out, _ = run("draw", "task.toml", "--out", "july", "--commit")
    assert status == 0
    assert digest() in out
    assert not Path("july/record.json").exists()
    status, out, _ = run("draw", "task.toml", "--out", "july", "--randomness", "05 09")
    assert status == 0
    assert digest() in out
    assert "Grade G0" in out
    record = json.loads(Path("july/record.json").read_bytes())
    assert len(record["commitment"]["nonce"]) == 64
    assert len(Path("july/visits.csv").read_text().splitlines()) == len(record["visits"]) + 1
    files = "july/record.json", "july/sheet.jsonl"
    good = run("verify", *files, "--commitment", digest(), "--randomness", "05 09")
    assert good[0] == 0
    bad = run("verify", *files, "--randomness", "05 10")
    assert (bad[0], bad[1].splitlines()[-1]) == (1, "REFUSED")


def test_both_at_once_with_teams_and_a_nonce(folder, run):
    given = ("--inspectors", "inspectors.csv", "--nonce", "n", "--randomness", "1")
    assert run("draw", "task.toml", "--out", "july", *given)[0] == 0
    record = json.loads(Path("july/record.json").read_bytes())
    assert record["commitment"]["nonce"] == "n"
    assert all(len(visit["team"]) == 2 for visit in record["visits"])


def test_one_draw_a_commitment(folder, run):
    assert run("draw", "task.toml", "--out", "july", "--commit")[0] == 0
    status, _, err = run("draw", "task.toml", "--out", "july", "--commit")
    assert status == 2
    assert "is there already" in err
    assert run("draw", "task.toml", "--out", "july", "--randomness", "1")[0] == 0
    status, _, err = run("draw", "task.toml", "--out", "july", "--randomness", "2")
    assert status == 2
    assert "one draw a commitment" in err


def test_a_registry_that_changed_since_is_named(folder, run):
    assert run("draw", "task.toml", "--out", "july", "--commit")[0] == 0
    path = Path("subjects.csv")
    path.write_text(path.read_text().replace("Made-up firm 7,", "Renamed,"))
    status, _, err = run("draw", "task.toml", "--out", "july", "--randomness", "1")
    assert status == 2
    assert "inputs changed since" in err


def test_ids_that_look_alike_are_told(folder, run):
    subjects = [*world()["subjects"], rc.Subject("FIRM-000001", "n", region="990101")]
    write_csv("subjects.csv", rc.SubjectRegistry.from_records(subjects))
    _, _, err = run("draw", "task.toml", "--out", "july", "--commit")
    assert "ids that look alike" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("draw", "none.toml", "--out", "x", "--commit"), "none.toml: No such file"),
        (("draw", "task.toml", "--out", "x", "--commit", "--subjects", "none.csv"), "none.csv: No"),
        (("draw", "task.toml", "--out", "x"), "required"),
        (("draw", "task.toml", "--out", "x", "--randomness", ""), "is no text"),
        (("ticket", "abc", "x"), "is no purpose seed"),
        (("nothing",), "invalid choice"),
        ((), "required"),
    ],
)
def test_errors_are_said_in_plain_words(folder, run, arguments, words):
    status, _, err = run(*arguments)
    assert status == 2
    assert words in err


def test_registries_must_be_named(folder, run):
    Path("task.toml").write_text(TASK.replace('subjects = "subjects.csv"', ""))
    status, _, err = run("draw", "task.toml", "--out", "x", "--commit")
    assert status == 2
    assert "give --subjects CSV" in err


def test_tickets_are_what_sha256sum_says(run):
    seed = "ab" * 32
    status, out, _ = run("ticket", seed, "电梯-1", "b")
    assert status == 0
    assert out.splitlines()[0] == hashlib.sha256(f"{seed}:电梯-1".encode()).hexdigest() + "  电梯-1"


@pytest.mark.parametrize("command", ["demo", "draw", "verify", "ticket"])
def test_help_shows_examples(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"randcheck {command}" in out.partition("examples:")[2]


def test_version(run):
    assert run("--version")[1] == f"randcheck {rc.__version__}\n"


def test_the_demonstration(folder, run):
    status, out, _ = run("demo", "--subjects", "600", "--inspectors", "40", "--out", "shown")
    assert status == 0
    record = json.loads(Path("shown/record.json").read_bytes())
    assert f"{len(record['visits']):,} visits check" in out
    assert sum(len(visit["items"]) for visit in record["visits"]) > len(record["visits"])
    for reason, count in record["commitment"]["excluded"].items():
        assert f"{count:,} {reason}" in out
    assert hashlib.sha256(Path("shown/commitment.json").read_bytes()).hexdigest() in out
    assert out.count("everything follows") == 2
    command = [sys.executable, "-I", rc.verify.__code__.co_filename, "shown/record.json"]
    assert subprocess.run([*command, "shown/sheet.jsonl"], capture_output=True).returncode == 0


def test_a_small_demonstration(folder, run):
    assert run("demo", "--subjects", "60", "--inspectors", "10")[0] == 0
    status, _, err = run("demo", "--subjects", "0")
    assert status == 2
    assert err.startswith("randcheck: error: ")


def test_a_demonstration_that_does_not_verify_fails(folder, run, monkeypatch):
    monkeypatch.setattr(
        demo.rc, "verify", lambda *a, **k: rc.Report((rc.Finding(1, "fatal", "", "", ""),), ())
    )
    status, out, _ = run("demo", "--subjects", "200", "--inspectors", "20")
    assert status == 1
    assert "1 findings" in out


def test_progress_shows_on_a_terminal_only(folder, run, monkeypatch):
    _, _, err = run("draw", "task.toml", "--out", "quiet", "--commit")
    assert err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    _, _, err = run("draw", "task.toml", "--out", "loud", "--commit")
    assert "frame of task T" in err
    assert err.endswith("\r\x1b[K")


def test_as_a_module():
    command = [sys.executable, "-m", "randcheck.cli", "--version"]
    assert subprocess.run(command, capture_output=True, text=True).stdout.startswith("randcheck")


# --- ledger ------------------------------------------------------------------------------------


def test_a_ledger_is_shown_exported_and_checked(tmp_path, capsys):
    from randcheck.ledger import Ledger

    url = f"sqlite:///{tmp_path / 'office.sqlite'}"
    with Ledger.open(url) as ledger:
        plan = {"id": "P", "version": 1, "sha256": "ab" * 32, "reason": None}
        ledger.append("plan", plan, actor="bureau")
        head = str(ledger.head())
    export = tmp_path / "ledger.jsonl"
    assert cli.main(["ledger", "head", url]) == 0
    assert capsys.readouterr().out == f"{head}\n"
    assert cli.main(["ledger", "export", url, str(export)]) == 0
    assert capsys.readouterr().out == f"{head}\n"
    for target in (url, str(export)):
        assert cli.main(["ledger", "verify", target, "--head", head]) == 0
        assert cli.main(["ledger", "verify", target, "--head", f"0:{'00' * 32}"]) == 1
    export.write_bytes(export.read_bytes().replace(b"bureau", b"nobody"))
    assert cli.main(["ledger", "verify", str(export), "--head", head]) == 1


def test_a_ledger_that_is_not_there(tmp_path, capsys):
    assert cli.main(["ledger", "head", f"sqlite:///{tmp_path / 'none.sqlite'}"]) == 2
    assert "randcheck: error:" in capsys.readouterr().err


# --- one firm ----------------------------------------------------------------------------------


def test_why_and_own_check(folder, run):
    """The office says why, with a proof; the firm checks it against the published root."""
    out = folder / "why"
    status, shown = run("draw", "task.toml", "--out", out, "--commit")[:2]
    assert status == 0
    root = next(line.split()[-1] for line in shown.splitlines() if line.startswith("root"))
    assert run("draw", "task.toml", "--out", out, "--randomness", "1 2 3")[0] == 0
    record, sheet, proof = out / "record.json", out / "sheet.jsonl", out / "proof.json"
    for name in ("firm-000001", "nobody"):
        status, told = run("why", record, sheet, name, "--proof", proof)[:2]
        assert status == 0
        assert name in told or "not in the frame" in told
        status, said = run(
            "own-check", proof, "--root", root, "--id", name, "--record", record,
            "--language", "zh",
        )[:2]  # fmt: skip
        assert status == 0, said
        assert run("own-check", proof, "--root", "0" * 64, "--id", name)[0] == 1
        assert run("own-check", proof, "--root", root, "--id", "another")[0] == 1


def test_the_grade_is_shown_from_a_ledger_and_the_keys_of_witnesses(folder, run):
    from datetime import UTC, datetime

    from randcheck.evidence import witness
    from randcheck.ledger import Ledger, entries
    from randcheck.signatures import Keyring, SigningKey
    from worlds import joint_task

    now = datetime(2026, 7, 1, 9, tzinfo=UTC)
    key = SigningKey.generate()
    period = {"valid_from": now, "valid_until": datetime(2027, 1, 1, tzinfo=UTC)}
    public = key.public_key(holder="notary", roles=("witness",), **period)
    Path("keys.json").write_bytes(Keyring([public]).to_bytes())
    rounds = rc.Rounds((now.replace(hour=13),), 86400)
    source = rc.PublicSource("lottery", "x", rounds=rounds, witnesses={"notary": key.key_id})
    opened = rc.commit(joint_task(), **world(), source=source)
    record = opened.draw("5 9").record
    Path("record.json").write_bytes(record.to_bytes())
    Path("sheet.jsonl").write_bytes(opened.design.to_bytes())
    with Ledger.open("sqlite://", clock=lambda: now) as ledger:
        ledger.append(*entries.commitment(opened), actor="bureau")
        head = ledger.head()
        ledger.append(*entries.witness(head, "notary", witness(head, key, at=now)), actor="bureau")
        now = now.replace(hour=13)
        ledger.append(*entries.randomness(opened, "5 9", {"round": 1}), actor="bureau")
        ledger.append(*entries.record(record), actor="bureau")
        ledger.export("export.jsonl")
    given = ["verify", "record.json", "sheet.jsonl", "--ledger", "export.jsonl"]
    status, out, _ = run(*given, "--keyring", "keys.json", "--head", head)
    assert status == 0
    assert "grade G2, as committed" in out
    assert "grade G2 shown, attempt 1" in out
    status, out, _ = run(*given)
    assert status == 1
    assert "[7] witness notary" in out
    assert "grade G0 shown" in out
    status, out, error = run("verify", "none.json", "sheet.jsonl")
    assert (status, error) == (1, "")


# --- the office --------------------------------------------------------------------------------


def test_a_report_of_a_ledger_and_of_its_export(tmp_path, run):
    from randcheck.ledger import Ledger
    from randcheck.office import Desk, lives

    pytest.importorskip("chinese_calendar")
    url, export = f"sqlite:///{tmp_path / 'office.sqlite'}", tmp_path / "office.jsonl"
    with Ledger.open(url) as ledger:
        frozen = {"sha256": "0" * 64, "count": 1000, "on": "2026-03-02"}
        Desk(ledger, lives()).do("registry", "subjects", "frozen", frozen, actor="clerk")
        ledger.export(export)
    files = {name: tmp_path / f"report.{name}" for name in ("html", "csv", "json")}
    given = ["--year", "2026", "--as-of", "2026-12-31", "--language", "zh"]
    paths = [part for name, path in files.items() for part in (f"--{name}", path)]
    status, out, _ = run("report", url, *given, *paths)
    assert status == 0
    assert "抽查比例  0.00 %  0  1000  ≥ 3.00 %  未达标" in out
    assert in_chinese(out)
    assert "全部地区" in files["html"].read_text(encoding="utf-8")
    assert json.loads(files["json"].read_bytes())["period"] == ["2026-01-01", "2026-12-31"]
    assert files["csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    assert run("report", export, *given)[1] == out
    assert "firms drawn" in run("report", export, "--year", "2026", "--month", "3")[1]
    export.write_bytes(export.read_bytes()[:-1])
    status, _, error = run("report", export, *given)
    assert status == 2
    assert "line end" in error or "行" in error


def test_what_people_read_comes_in_their_language(folder, run, monkeypatch):
    status, _, error = run("draw", "none.toml", "--out", "x", "--commit", "--language", "zh")
    assert (status, error.startswith("randcheck：错误：")) == (2, True)
    monkeypatch.setenv("RANDCHECK_LANGUAGE", "zh")
    assert "用法" in run("--help")[1]
    assert "usage" in run("--language", "en", "--help")[1]
    status, out, _ = run("verify", "none.json", "none.jsonl")
    assert status == 1
    assert "没有核验的：承诺、随机数" in out


def test_every_command_speaks_chinese(folder, run, monkeypatch):
    pytest.importorskip("python_calamine")
    pytest.importorskip("xlsxwriter")
    pytest.importorskip("sqlalchemy")
    from randcheck.ledger import Ledger

    monkeypatch.setenv("RANDCHECK_LANGUAGE", "zh")
    Path("bad.csv").write_text("主体编号,名称,区划代码\nm 1,n,\n", encoding="utf-8")
    Path("good.csv").write_text("主体编号,名称,区划代码\nm1,n,990102\n", encoding="utf-8")
    with Ledger.open("sqlite:///office.sqlite") as ledger:
        plan = {"id": "P", "version": 1, "sha256": "ab" * 32, "reason": None}
        ledger.append("plan", plan, actor="bureau")
    same = rc.SubjectRegistry.from_records(
        [*world()["subjects"], rc.Subject("FIRM-000001", "n", region="990101")]
    )
    write_csv("alike.csv", same)
    files = "july/record.json", "july/sheet.jsonl"
    commands = [
        ("draw", "task.toml", "--out", "other", "--commit", "--subjects", "alike.csv"),
        ("draw", "task.toml", "--out", "july", "--commit"),
        ("draw", "task.toml", "--out", "july", "--commit"),
        ("draw", "task.toml", "--out", "july", "--randomness", "05 09"),
        ("draw", "none.toml", "--out", "none", "--commit"),
        ("verify", *files),
        ("verify", *files, "--randomness", "05 10"),
        ("why", *files, "firm-000001", "--proof", "proof.json"),
        ("own-check", "proof.json", "--root", "5f" * 32),
        ("ticket", "abc", "x"),
        ("strategies",),
        ("import", "bad.csv", "--as", "subjects", "--answer", "answer.csv"),
        ("import", "good.csv", "--as", "subjects"),
        ("ledger", "verify", "sqlite:///office.sqlite"),
        ("ledger", "verify", "none.jsonl"),
        ("report", "none.jsonl", "--year", 2026),
        ("nothing",),
    ]
    for command in commands:
        _, out, err = run(*command)
        assert in_chinese(out + err), (command, out + err)


def test_a_template_is_filled_in_imported_and_a_bad_one_answered(tmp_path, run):
    pytest.importorskip("python_calamine")
    pytest.importorskip("xlsxwriter")
    book, answer, table = (tmp_path / name for name in ("s.xlsx", "answer.xlsx", "s.csv"))
    assert run("template", "subjects", book)[:2] == (0, f"{book}\n")
    status, out, _ = run("import", book, "--as", "subjects", "--answer", answer)
    assert status == 1  # a template holds its example row alone
    assert answer.exists()
    assert "example" in out
    filled = tmp_path / "filled.csv"
    filled.write_bytes("主体编号,名称,区划代码\nmade-up-1,示例公司,990102\n".encode("gb18030"))
    status, out, _ = run("import", filled, "--as", "subjects", "--out", table)
    assert status == 0
    assert "1 subjects" in out
    assert rc.io.read_csv(table, rc.SubjectRegistry)["made-up-1"].name == "示例公司"
    assert run("import", filled, "--as", "ships")[0] == 2
