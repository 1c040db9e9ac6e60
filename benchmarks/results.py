"""What the benchmarks share: their parts of RESULTS.md, and how a process is measured."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import date
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def write_part(name: str, text: str) -> None:
    """Put a text between the markers of a part; what other benchmarks wrote stays as it is."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    whole = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Results\n"
    before, found, rest = whole.partition(start)
    after = rest.partition(end)[2] if found else "\n"
    if not found:
        before = before.rstrip("\n") + "\n\n"
    RESULTS.write_text(f"{before}{start}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def machine(packages: Iterable[str]) -> str:
    """The date, the machine and the versions, in one line."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{date.today()}; {cpu}; {platform.system()}; Python {platform.python_version()}; "
        f"{versions}"
    )


def peak_bytes() -> int:
    """The peak memory of this process alone: `ru_maxrss` would remember the parent's."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
