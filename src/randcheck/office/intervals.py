"""Exact confidence intervals of proportions.

Rules enforced here:
1. An interval is exact in the sense of Clopper and Pearson (1934): it covers at least as often as
   it says, whatever the true proportion.
"""

from __future__ import annotations

from fractions import Fraction


def clopper_pearson(
    successes: int, trials: int, confidence: Fraction
) -> tuple[float, float] | None:
    """The interval of a proportion from so many successes in so many trials; `None` without any."""
    from scipy.stats import beta

    if not trials:
        return None
    tail, missed = float((1 - confidence) / 2), trials - successes
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, missed + 1))
    high = 1.0 if missed == 0 else float(beta.ppf(1 - tail, successes + 1, missed))
    return low, high
