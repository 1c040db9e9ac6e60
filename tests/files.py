"""Where the tests' data and the project's scripts are."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VECTORS = ROOT / "tests" / "vectors"


def good(folder):
    """The folders of vectors that hold, by name."""
    return [path for path in sorted((VECTORS / folder).iterdir())
            if path.is_dir() and not path.name.startswith("fail-")]  # fmt: skip


def script(path):
    """A file that belongs to no package, as a module of its name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where its dataclasses and pickles look
    spec.loader.exec_module(module)
    return module
