"""Others that can staff visits, each given the same pairs in the model that suits it best.

A team of q of whom one at least holds the specialty is a team with at most q - 1 who do not: in a
network these pass through one node more for each such visit, and no pair is there twice. The linear
programs say the same with one row more. Extras: pip install ortools highspy
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen
from cases import Case, Ints

Floats = npt.NDArray[np.float64]

#: Seconds after which a linear program is given up.
TIME_LIMIT = 300.0


class GivenUpError(Exception):
    """A peer found nothing within its time."""


@frozen(eq=False)
class Network:
    """Arcs from visits to people: those of pairs first, then to the nodes of people without skill.

    Nodes are visits, then one for each visit that needs a specialist, then people, then the sink.
    """

    tails: npt.NDArray[np.int32]
    heads: npt.NDArray[np.int32]
    capacities: Ints
    pairs: int
    first_person: int

    @property
    def sink(self) -> int:
        return int(self.heads[-1])


def network(case: Case) -> Network:
    pairs = case.pairs
    size, people = len(case.county), len(case.home)
    needy = np.flatnonzero(case.specialty != -1)
    plain = np.zeros(size, dtype=np.int32)
    plain[needy] = size + np.arange(len(needy), dtype=np.int32)
    first_person = size + len(needy)
    sink = first_person + people
    everybody = first_person + np.arange(people)
    return Network(
        tails=np.concatenate(
            [np.where(pairs.skilled, pairs.visits, plain[pairs.visits]), needy, everybody]
        ).astype(np.int32),
        heads=np.concatenate(
            [first_person + pairs.people, plain[needy], np.full(people, sink)]
        ).astype(np.int32),
        capacities=np.concatenate(
            [
                np.ones(len(pairs.people), dtype=np.int64),
                np.full(len(needy), case.team_size - 1),
                case.capacity,
            ]
        ),
        pairs=len(pairs.people),
        first_person=first_person,
    )


def teams_of(case: Case, chosen: npt.NDArray[np.bool_]) -> Ints:
    """Teams from a mask over the pairs."""
    return case.pairs.people[chosen].astype(np.int64).reshape(-1, case.team_size)


def maximum_flow(case: Case, seed: int = 0) -> Ints:
    """scipy: one feasible answer, always the same."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    net = network(case)
    size, source = len(case.county), net.sink + 1
    tails = np.concatenate([net.tails, np.full(size, source)])
    heads = np.concatenate([net.heads, np.arange(size)])
    capacities = np.concatenate([net.capacities, np.full(size, case.team_size)])
    graph = csr_array((capacities.astype(np.int32), (tails, heads)), shape=(source + 1, source + 1))
    result = maximum_flow(graph, source, net.sink)
    if result.flow_value != size * case.team_size:
        raise GivenUpError("infeasible")
    flow = result.flow.tocoo()
    used = (flow.data > 0) & (flow.row < net.first_person)
    used &= (flow.col >= net.first_person) & (flow.col < net.sink)
    rows, people = flow.row[used], flow.col[used] - net.first_person
    needy = np.flatnonzero(case.specialty != -1)
    visits = np.concatenate([np.arange(size), needy])[rows]
    order = np.argsort(visits, kind="stable")
    return np.asarray(people[order], dtype=np.int64).reshape(-1, case.team_size)


def random_costs(seed: int, size: int) -> Ints:
    """20 random bits for each pair."""
    return (np.random.PCG64(seed).random_raw(size) >> np.uint64(44)).astype(np.int64)


def minimum_cost_flow(case: Case, seed: int = 0) -> Ints:
    """OR-tools: random costs, and the cheapest teams."""
    module: Any = import_module("ortools.graph.python.min_cost_flow")
    net = network(case)
    size = len(case.county)
    costs = np.zeros(len(net.tails), dtype=np.int64)
    costs[: net.pairs] = random_costs(seed, net.pairs)
    solver = module.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(net.tails, net.heads, net.capacities, costs)
    supplies = np.zeros(net.sink + 1, dtype=np.int64)
    supplies[:size] = case.team_size
    supplies[net.sink] = -size * case.team_size
    solver.set_nodes_supplies(np.arange(net.sink + 1, dtype=np.int32), supplies)
    if solver.solve() != solver.OPTIMAL:
        raise GivenUpError("infeasible")
    return teams_of(case, np.asarray(solver.flows(arcs[: net.pairs])) > 0)


def linear_program(case: Case, seed: int = 0) -> Floats:
    """HiGHS: marginals under a random objective; teams would need a rounding of their own."""
    rows, columns, values, lower, upper = _constraints(case)
    pairs = len(case.pairs.people)
    return _solve(
        (random_costs(seed, pairs) / 2.0**20, np.ones(pairs)),
        (rows, columns, values),
        (lower, upper),
    )


def least_by_program(case: Case) -> float | None:
    """HiGHS: the least t such that no pair has more than t times its even odds; `None`: infeasible.

    The even odds of a visit with n candidates are q / n for each. For small cases: on 2,000 × 200
    neither the simplex method nor interior points end in time.
    """
    rows, columns, values, lower, upper = _constraints(case)
    pairs = len(case.pairs.people)
    even = case.team_size / case.pairs.counts[case.pairs.visits]
    bounds = len(lower) + np.arange(pairs)  # one row a pair: x - t q / n ≤ 0
    try:
        solution = _solve(
            (np.append(np.zeros(pairs), 1.0), np.append(np.ones(pairs), np.inf)),
            (
                np.concatenate([rows, bounds, bounds]),
                np.concatenate([columns, np.arange(pairs), np.full(pairs, pairs)]),
                np.concatenate([values, np.ones(pairs), -even]),
            ),
            (
                np.append(lower, np.full(pairs, -np.inf)),
                np.append(upper, np.zeros(pairs)),
            ),
        )
    except GivenUpError as error:
        if str(error) == "Infeasible":
            return None
        raise
    return float(solution[-1])


def least_by_flow(case: Case) -> float | None:
    """OR-tools: the same least t to five digits, by bisection of maximum flows."""
    least, most = 1.0, float(case.pairs.counts.max()) / case.team_size
    if not _flows(case, most):
        return None
    if _flows(case, least * 1.00001):
        return least
    while most > least * 1.00001:
        middle = (least * most) ** 0.5
        least, most = (least, middle) if _flows(case, middle) else (middle, most)
    return most


def _flows(case: Case, t: float) -> bool:
    """Whether all visits can be staffed, in parts of people, with no pair beyond t times even."""
    module: Any = import_module("ortools.graph.python.max_flow")
    net, one, size = network(case), 1 << 30, len(case.county)
    even = case.team_size / case.pairs.counts[case.pairs.visits]
    capacities = net.capacities * one
    capacities[: net.pairs] = np.minimum(np.ceil(t * even * one), one)
    solver = module.SimpleMaxFlow()
    solver.add_arcs_with_capacity(
        np.append(net.tails, np.full(size, net.sink + 1, dtype=np.int32)),
        np.append(net.heads, np.arange(size, dtype=np.int32)),
        np.append(capacities, np.full(size, case.team_size * one)),
    )
    solver.solve(net.sink + 1, net.sink)
    return bool(solver.optimal_flow() == size * case.team_size * one)


def _constraints(case: Case) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Rows, columns and values of the pairs' matrix, and the bounds of its rows."""
    pairs, size, people = case.pairs, len(case.county), len(case.home)
    needy = np.flatnonzero(case.specialty != -1)
    row_of = np.zeros(size, dtype=np.int64)
    row_of[needy] = size + people + np.arange(len(needy))
    plain = np.flatnonzero(~pairs.skilled)
    every = np.arange(len(pairs.people))
    q = float(case.team_size)
    return (
        np.concatenate([pairs.visits, size + pairs.people, row_of[pairs.visits[plain]]]),
        np.concatenate([every, every, plain]),
        np.ones(2 * len(every) + len(plain)),
        np.concatenate([np.full(size, q), np.full(people + len(needy), -np.inf)]),
        np.concatenate(
            [np.full(size, q), case.capacity.astype(np.float64), np.full(len(needy), q - 1)]
        ),
    )


def _solve(
    columns: tuple[Floats, Floats],
    matrix: tuple[Ints, Ints, Floats],
    bounds: tuple[Floats, Floats],
) -> Floats:
    """Minimise costs over 0 ≤ x ≤ most under bounds of rows."""
    from scipy.sparse import csc_array

    highs: Any = import_module("highspy")
    costs, most = columns
    row, column, values = matrix
    table = csc_array((values, (row, column)), shape=(len(bounds[0]), len(costs)))
    program = highs.HighsLp()
    program.num_col_, program.num_row_ = len(costs), len(bounds[0])
    program.col_cost_, program.col_lower_, program.col_upper_ = costs, np.zeros(len(costs)), most
    program.row_lower_, program.row_upper_ = bounds
    program.a_matrix_.format_ = highs.MatrixFormat.kColwise
    program.a_matrix_.start_ = table.indptr
    program.a_matrix_.index_ = table.indices
    program.a_matrix_.value_ = table.data
    model = highs.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("time_limit", TIME_LIMIT)
    model.passModel(program)
    model.run()
    status = model.getModelStatus()
    if status != highs.HighsModelStatus.kOptimal:
        raise GivenUpError(model.modelStatusToString(status))
    return np.array(model.getSolution().col_value)
