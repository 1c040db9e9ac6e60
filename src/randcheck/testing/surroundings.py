"""What surrounds a sampler while it designs, and what it must not look at.

Rules enforced here:
1. Whatever is changed in this process is as it was afterwards, whatever happens in between.
2. Another process imports the sampler's module by its name, or else runs the file it came from.
"""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta, tzinfo
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

from randcheck.frame import Frame
from randcheck.samplers import Sampler
from randcheck.testing.values import CheckError

#: What a child process prints of a sampler and frames: the digests of the designs.
_CHILD = """
import importlib, importlib.util, pickle, sys, types
sys.path[:] = {path!r}
try:
    importlib.import_module({module!r})
except ImportError:
    parent = {module!r}.rpartition(".")[0]
    while parent:
        sys.modules.setdefault(parent, types.ModuleType(parent))
        parent = parent.rpartition(".")[0]
    spec = importlib.util.spec_from_file_location({module!r}, {file!r})
    sys.modules[{module!r}] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[{module!r}])
sampler, frames = pickle.load(sys.stdin.buffer)
print(*(sampler.design(frame).digest for frame in frames))
"""


@contextmanager
def global_generators(seed: int) -> Iterator[None]:
    """The global generators of Python and NumPy from a seed, and as they were afterwards."""
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextmanager
def later_clocks(sampler: Sampler, ahead: timedelta) -> Iterator[None]:
    """Clocks run ahead: those of `time`, and `datetime` and `date` in the sampler's module."""
    seconds = ahead.total_seconds()

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + ahead

        utcnow = today = now

    class LaterDay(date):
        @classmethod
        def today(cls) -> Any:
            return (datetime.now() + ahead).date()

    later: dict[Any, Any] = {datetime: Later, date: LaterDay}
    later[sys.modules["datetime"]] = SimpleNamespace(
        **vars(sys.modules["datetime"]) | {"datetime": Later, "date": LaterDay}
    )
    module = sys.modules.get(type(sampler).__module__)
    with ExitStack() as stack:
        for name, real in (("time", time.time), ("monotonic", time.monotonic)):
            stack.enter_context(mock.patch.object(time, name, lambda real=real: real() + seconds))
        nanoseconds = time.time_ns() + int(seconds) * 10**9
        stack.enter_context(mock.patch.object(time, "time_ns", return_value=nanoseconds))
        for name, value in list(vars(module).items()) if module else ():
            if isinstance(value, type | ModuleType) and value in later:
                stack.enter_context(mock.patch.object(module, name, later[value]))
        yield


@contextmanager
def no_files(sampler: Sampler) -> Iterator[None]:
    """Whoever opens a file fails, but for the installation's own."""
    real: Callable[..., Any] = open
    inside = (sys.prefix, sys.base_prefix)

    def checked(file: Any, *more: Any, **options: Any) -> Any:
        path = os.fspath(file) if not isinstance(file, int) else ""
        if not str(path).startswith(inside):
            raise CheckError("files", f"{sampler!r} opened {path!r} while it designed")
        return real(file, *more, **options)

    with mock.patch("builtins.open", checked):
        yield


def elsewhere(sampler: Sampler, frames: Sequence[Frame], **environment: str) -> list[str] | None:
    """The digests of its designs in a new process with such an environment.

    `None` where it cannot be made there, such as a sampler of a notebook, whose code is nowhere
    else.
    """
    module = type(sampler).__module__
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    done = subprocess.run(  # noqa: S603  our own interpreter and code
        [sys.executable, "-c", _CHILD.format(path=sys.path, module=module, file=file)],
        input=pickle.dumps((sampler, [*frames])),
        capture_output=True,
        env=os.environ | environment,
        check=False,
    )
    return None if done.returncode else done.stdout.decode().split()
