"""What the author of a strategy runs.

>>> import randcheck as rc
>>> from randcheck.testing import check_matcher, check_sampler
>>> check_sampler(rc.UniformSampler(rate="3%"))
>>> check_matcher(rc.FairMatcher(team_size=2))

Rules enforced here:
1. A check that fails says in words which property does not hold, and on which frame.
2. Nothing here is random but by a seed that is stated.

`randcheck.testing.strategies` has hypothesis strategies for registries, tasks, frames and designs;
it needs the extra `hypothesis`.
"""

from randcheck.testing.made_up import (
    TAGS,
    made_up_catalog,
    made_up_frame,
    made_up_history,
    made_up_inspectors,
    made_up_subjects,
    made_up_visits,
)
from randcheck.testing.matchers import check_matcher
from randcheck.testing.samplers import CheckError, check_sampler, hostile_frames

__all__ = [
    "TAGS",
    "CheckError",
    "check_matcher",
    "check_sampler",
    "hostile_frames",
    "made_up_catalog",
    "made_up_frame",
    "made_up_history",
    "made_up_inspectors",
    "made_up_subjects",
    "made_up_visits",
]
