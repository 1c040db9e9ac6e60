"""Fuzzing of everything that reads what others wrote: `python fuzz/fuzz.py TARGET [SECONDS]`.

With `atheris` (libFuzzer, guided by the coverage of the package) when it is installed, otherwise
or with `--plain` by seeded random changes of the same corpus. Both go on after a failure; each
place that failed leaves its smallest input in `fuzz/found/TARGET/`. Exit status 1 if any did.
"""

# ruff: noqa: T201, S311  (a script prints; its randomness decides nothing)

import argparse
import contextlib
import hashlib
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corpus
from mutate import mutate, smallest

#: Seconds of CPU that one input may take, and the bytes of memory of the whole process.
SLOW = 10.0
MEMORY = 6 * 2**30


class SlowError(Exception):
    """An input took too long."""


class Run:
    """Executions of a target, and what failed in them, one for each place."""

    def __init__(self, target):
        from targets import TARGETS

        self.target, self.one = target, TARGETS[target]
        self.executions, self.start = 0, time.monotonic()
        self.failures = {}

    def fails(self, data):
        """Where and how an input fails; `None` if it does not."""
        self.executions += 1
        signal.setitimer(signal.ITIMER_VIRTUAL, SLOW)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self.one(data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return _place(error), "".join(traceback.format_exception(error))
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return None

    def __call__(self, data):
        failure = self.fails(data)
        if failure is None:
            return
        place, told = failure
        if place not in self.failures or len(data) < len(self.failures[place][0]):
            first = place not in self.failures
            self.failures[place] = data, told
            if first:
                print(f"\n--- {self.target}: {place}\n{told}", file=sys.stderr, flush=True)

    def keep(self, folder):
        """The smallest inputs, as files."""
        for place, (data, _) in self.failures.items():
            deadline = time.monotonic() + 60

            def same(left, place=place, deadline=deadline):
                return time.monotonic() < deadline and (self.fails(left) or (None,))[0] == place

            small = smallest(data, same) if "SlowError" not in place else data
            folder.mkdir(parents=True, exist_ok=True)
            name = hashlib.sha256(place.encode()).hexdigest()[:12]
            (folder / name).write_bytes(small)
            print(f"{self.target}: {folder / name}: {place}: {small[:300]!r}", flush=True)

    def told(self, how):
        seconds = time.monotonic() - self.start
        rate = self.executions / max(seconds, 1e-9)
        return (
            f"{self.target}: {how}, {self.executions} executions in {seconds:.0f} s "
            f"({rate:.0f}/s), {len(self.failures)} places failed"
        )


def _place(error):
    """The kind of an error and the last line of the package, or of the target, that it is from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if "/randcheck/" in each.filename] or frames
    last = own[-1]
    told = str(error)[:40] if type(error).__name__ == "BrokenError" else ""
    return f"{type(error).__name__} {told} {Path(last.filename).name}:{last.lineno} {last.name}"


def _too_slow(*_):
    raise SlowError(f"more than {SLOW} s")


def limits(memory=True):
    """A bound on time and memory, so that an input that takes too much fails as others do."""
    signal.signal(signal.SIGVTALRM, _too_slow)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if memory and hard == resource.RLIM_INFINITY:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def plain(run, seconds, seed=0, most=None):
    """Random changes of the corpus, the same for the same seed and number of executions."""
    seeds, tokens, draw = corpus.seeds(run.target), corpus.tokens(), random.Random(seed)
    for data in seeds:
        run(data)
    while time.monotonic() - run.start < seconds and (most is None or run.executions < most):
        run(mutate(draw.choice(seeds), draw, seeds, tokens))


def guided(run, seconds, atheris):
    """libFuzzer, with the changes of `mutate` in every second step; ends the process."""
    seeds, tokens = corpus.seeds(run.target), corpus.tokens()

    def change(data, most, seed):
        draw = random.Random(seed)
        if draw.random() < 0.5:
            return atheris.Mutate(data, most)
        return mutate(data, draw, seeds, tokens)[:most]

    def one(data):
        run(data)
        if time.monotonic() - run.start > seconds:
            finish(run, "coverage-guided")

    folder = Path(tempfile.mkdtemp(prefix="randcheck-corpus-"))
    for data in seeds:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    words = folder.with_suffix(".dict")
    words.write_text(corpus.dictionary())
    most = max(map(len, seeds)) * 2
    options = [f"-max_len={most}", f"-dict={words}", "-timeout=120", "-rss_limit_mb=0"]
    options += [f"-max_total_time={int(seconds) + 60}", "-print_final_stats=0", "-verbosity=1"]
    atheris.Setup([sys.argv[0], *options, str(folder)], one, custom_mutator=change)
    run.start = time.monotonic()
    atheris.Fuzz()


def finish(run, how):
    """Says what was done and leaves; libFuzzer would not return."""
    told = run.told(how)
    run.keep(corpus.FOUND / run.target)
    print(told, flush=True)
    os._exit(1 if run.failures else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", help="one of " + ", ".join(corpus.MAKERS))
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--seed", type=int, default=0, help="of the plain loop")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    atheris = None
    if not options.plain:
        with contextlib.suppress(ImportError):
            import atheris
    if atheris is None:
        run = Run(options.target)
        limits()
        plain(run, options.seconds, options.seed)
        finish(run, f"plain, seed {options.seed}")
    with atheris.instrument_imports(include=["randcheck"]):
        run = Run(options.target)
    limits()
    guided(run, options.seconds, atheris)


if __name__ == "__main__":
    main()
