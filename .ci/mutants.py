"""Run the tests on each mutant of a cosmic-ray database, in a fork of this warm interpreter.

`python mutants.py DATABASE TESTS…`, in the copy of the tree that the database is about. cosmic-ray
finds the mutants, changes the file and keeps the results; by itself it starts a Python for each,
which takes longer than most tests do. Who was killed before is not judged again, survivors are: a
new test needs no new run of all. A mutant is ended when its tests take three times as long as
without it and two seconds more; it counts as killed and is printed, so that one can see whether it
would ever have ended. What stands in an annotation is no mutant.
"""

# ruff: noqa: T201 (a script prints its result)

import ast
import importlib
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult
from hypothesis import Phase, settings

#: What the package and its tests import; neither of them may be imported here.
WARM = ("attrs", "numpy", "scipy.optimize", "scipy.sparse", "scipy.stats", "hypothesis.extra.numpy")

OPTIONS = ("-x", "-q", "--tb=no", "--assert=plain", "-pno:cacheprovider", "-pno:cov", "-pno:xdist")


def passed(tests: list[str], seconds: float) -> bool | None:
    """Whether the tests pass in a fork; `None` if it had to be ended."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)  # so that what a test starts ends with it
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        os._exit(int(pytest.main([*OPTIONS, *tests])))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def in_annotation(path: Path, mutation: MutationSpec) -> bool:
    """Whether a mutation changes a type only."""
    for node in ast.walk(ast.parse(path.read_text())):
        for name in ("annotation", "returns"):
            told = getattr(node, name, None)
            if told is not None:
                start, end = (told.lineno, told.col_offset), (told.end_lineno, told.end_col_offset)
                if start <= mutation.start_pos < end:
                    return True
    return False


def judge(path: Path, mutation: MutationSpec, tests: list[str], seconds: float) -> str:
    """What became of a mutant."""
    if in_annotation(path, mutation):
        return "annotation"
    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    with use_mutation(path, operator, mutation.occurrence):
        return {True: "survived", False: "killed", None: "ended"}[passed(tests, seconds)]


def warm(tests: list[str]) -> float:
    """How many seconds the tests take; afterwards only a fork is between a mutant and them."""
    for name in WARM:
        importlib.import_module(name)
    settings.register_profile(  # no shrinking: a failure is all that is asked for
        "mutants",
        deadline=None,
        derandomize=True,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate),
    )
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    for _ in range(2):  # the first run writes byte code
        began = time.monotonic()
        if not passed(tests, 600):
            raise SystemExit(f"without a mutant fail: {' '.join(tests)}")
        taken = time.monotonic() - began
    sys.dont_write_bytecode = True  # or a mutant of the same size and second would be read from it
    return taken


def main(database: str, *tests: str) -> None:
    """Judge who is to be judged, print the survivors and the score."""
    taken = warm([*tests])
    with use_db(database, WorkDB.Mode.open) as db:
        items, before, tally = list(db.work_items), dict(db.results), Counter()
        path = items[0].mutations[0].module_path
        for cached in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            cached.unlink()
        lines = path.read_text().splitlines()
        for item in sorted(items, key=lambda item: item.mutations[0].start_pos):
            [mutation] = item.mutations
            told = before[item.job_id].output if item.job_id in before else "survived"
            if told == "survived":
                told = judge(path, mutation, [*tests], 3 * taken + 2)
                outcome = TestOutcome.SURVIVED if told == "survived" else TestOutcome.KILLED
                db.set_result(item.job_id, WorkResult(WorkerOutcome.NORMAL, told, outcome))
            tally[told] += 1
            if told in ("survived", "ended"):
                (line, start), (_, end) = mutation.start_pos, mutation.end_pos
                name = mutation.operator_name.partition("/")[2]
                print(f"{path}:{line}:{start}: {told}: {name} of {lines[line - 1][start:end]!r}")
                print(f"    {lines[line - 1].strip()}", flush=True)
    killed, mutants = tally["killed"] + tally["ended"], tally.total() - tally["annotation"]
    print(f"{path}: {killed} of {mutants} mutants killed, {tally['ended']} of them by the clock:")
    print(f"    {killed / mutants:.1%}; the tests take {taken:.1f} s without a mutant")


if __name__ == "__main__":
    main(*sys.argv[1:])
