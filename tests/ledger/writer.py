"""A process that appends: `python writer.py URL NAME COUNT`, or without end if COUNT is 0."""

import hashlib
import sys
import time

from randcheck.ledger import Ledger


def life(name, number):
    """The events of one draw, from commitment to confirmation, then the next draw."""
    made = [hashlib.sha256(f"{name}-{number // 4}-{n}".encode()).hexdigest() for n in range(2)]
    return [
        (
            "commitment",
            {
                "commitment_sha256": made[0],
                "plan": None,
                "reason": None,
                "repeats": None,
                "root": None,
                "sheet_sha256": None,
                "source": {"grade": "G0", "kind": "lottery"},
                "task": f"{name}-{number // 4}",
            },
        ),
        ("randomness", {"commitment_sha256": made[0], "evidence": None, "text": "1 2 3"}),
        ("record", {"commitment_sha256": made[0], "record_sha256": made[1]}),
        ("confirmation", {"by": ["a", "b"], "record_sha256": made[1]}),
    ][number % 4]


if __name__ == "__main__":
    url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    slowest, number = 0.0, 0
    with Ledger.open(url, timeout=300) as ledger:
        while number < count or not count:
            start = time.monotonic()
            event = ledger.append(*life(name, number), actor=name)
            slowest, number = max(slowest, time.monotonic() - start), number + 1
            print(event.head, flush=True)  # told only after it is stored
    print(f"slowest {slowest:.2f} s", file=sys.stderr)
