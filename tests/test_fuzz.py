"""A short run of each target of `fuzz/`, and every input that once failed (docs/fuzzing.md).

The random changes are the same in every run: a fixed seed and a fixed number of executions.
"""

import random
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[1] / "fuzz"

resource = pytest.importorskip("resource")  # POSIX
pytest.importorskip("sqlalchemy")
pytest.importorskip("cryptography")


@pytest.fixture(scope="module")
def fuzz():
    """The script as a module; its limit of memory holds for its own process only."""
    sys.path.insert(0, str(FUZZ))
    try:
        import fuzz as script
    finally:
        sys.path.remove(str(FUZZ))
    before = resource.getrlimit(resource.RLIMIT_AS)
    script.limits(memory=False)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    return script


#: About a second each.
EXECUTIONS = {
    "canonical": 3000,
    "command": 300,
    "csv": 2000,
    "database": 150,
    "ledger": 1000,
    "odds": 300,
    "proof": 300,
    "record": 300,
    "replacement": 60,
    "sheet": 250,
    "signature": 1500,
    "task": 250,
}


def test_every_target_is_run(fuzz):
    from targets import TARGETS

    assert {*TARGETS} == {*EXECUTIONS} == {*fuzz.corpus.MAKERS}


@pytest.mark.parametrize("target", EXECUTIONS)
def test_a_short_run(fuzz, target):
    run = fuzz.Run(target)
    fuzz.plain(run, seconds=120, seed=1, most=EXECUTIONS[target])
    assert run.executions >= EXECUTIONS[target]
    assert not run.failures, "\n".join(told for _, told in run.failures.values())


@pytest.mark.parametrize(
    ("target", "name"),
    [(path.parent.name, path.name) for path in sorted(FUZZ.glob("found/*/*"))],
)
def test_what_once_failed(fuzz, target, name):
    failure = fuzz.Run(target).fails((FUZZ / "found" / target / name).read_bytes())
    assert failure is None, failure


# --- the fuzzer itself ---------------------------------------------------------------------------


def test_a_failure_is_found_and_made_small(fuzz, tmp_path, monkeypatch):
    run = fuzz.Run("canonical")

    def one(data):
        if b"42" in data:
            raise ZeroDivisionError(data)

    monkeypatch.setattr(run, "one", one)
    run(b'{"a":[1,42],"b":2}')
    run(b'{"a":[1,42]}')
    run(b"[]")
    [(place, (data, told))] = run.failures.items()
    assert place.startswith("ZeroDivisionError")
    assert data == b'{"a":[1,42]}'
    assert "ZeroDivisionError" in told
    run.keep(tmp_path)
    [kept] = tmp_path.iterdir()
    assert kept.read_bytes() == b"42"
    assert "1 places failed" in run.told("by hand")


def test_a_hang_is_a_failure(fuzz, monkeypatch):
    monkeypatch.setattr(fuzz, "SLOW", 0.05)
    run = fuzz.Run("canonical")

    def one(_):
        while True:
            pass

    monkeypatch.setattr(run, "one", one)
    assert "SlowError" in run.fails(b"1")[0]


def test_changes_are_the_same_for_the_same_seed(fuzz):
    seeds, tokens = fuzz.corpus.seeds("record"), fuzz.corpus.tokens()
    made = [
        [fuzz.mutate(seeds[0], draw, seeds, tokens) for _ in range(50)]
        for draw in (random.Random(7), random.Random(7))
    ]
    assert made[0] == made[1]
    assert len({*made[0]}) > 40


def test_the_dictionary_is_one_that_libfuzzer_reads(fuzz):
    lines = fuzz.corpus.dictionary().splitlines()
    assert len(lines) == len(fuzz.corpus.tokens())
    for line, token in zip(lines, fuzz.corpus.tokens(), strict=True):
        assert line == '"' + "".join(f"\\x{byte:02x}" for byte in token) + '"'
