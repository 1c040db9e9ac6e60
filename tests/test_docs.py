"""Everything that the documents show runs as it stands."""

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import randcheck

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = [module.name for module in pkgutil.walk_packages(randcheck.__path__, prefix="randcheck.")]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_blocks_run_as_pasted(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    pasted = types.ModuleType("__main__")  # as in a notebook, where classes belong to it
    monkeypatch.setitem(sys.modules, "__main__", pasted)
    with contextlib.redirect_stdout(io.StringIO()):
        for block in blocks(page, "python"):
            exec(compile(block, str(page), "exec"), pasted.__dict__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_task_file_of_the_documents_is_read(tmp_path):
    from randcheck.io import read_task

    [text] = blocks(ROOT / "docs" / "command-line.md", "toml")
    path = tmp_path / "task.toml"
    path.write_text(text)
    told = read_task(path)
    assert told.task.items == tuple(tomllib.loads(text)["items"])
    assert set(told.registries) == {"subjects", "items", "inspectors", "history"}


@pytest.mark.parametrize("name", ["randcheck", *MODULES])
def test_doctests(name):
    importlib.import_module(name)
    assert doctest.testmod(sys.modules[name]).failed == 0


def test_both_readmes_have_the_same_two_commands():
    commands = blocks(ROOT / "README.md", "sh")
    assert len(commands) == 2
    assert commands == blocks(ROOT / "README.zh-CN.md", "sh")


def test_import_is_light():
    """No dataframe library, no SciPy, no edge; at most three times NumPy's own import."""
    code = "import sys, randcheck; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    names = set(loaded.stdout.split())
    assert not names & {"scipy", "pandas", "polars", "pyarrow", "narwhals", "randcheck.datasets"}
    assert not names & {"randcheck.cli", "randcheck.io", "randcheck.testing", "importlib.metadata"}


def test_every_module_opens_with_its_rules():
    for name in MODULES:
        doc = importlib.import_module(name) and sys.modules[name].__doc__
        assert doc, name
        assert len((doc or "").splitlines()[0]) <= 100


def test_the_log_is_silent_unless_asked():
    code = "import logging, randcheck; logging.getLogger('randcheck').warning('told')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout + run.stderr == ""
