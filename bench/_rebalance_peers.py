"""Other ways to part a town into grids, used as their own documentation advises.

None of them knows classes, locks or today's grids as something to keep, so each gets the open ground of one
class at a time and the number of grids there, and its labels are matched to today's grids afterwards. None
balances two weights from Python (METIS can; pymetis does not pass it on): a peer gets the minutes, or the sum
of both weights as shares where its name says so.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from bench._rebalance_ground import Floats, Ints


@dataclass(frozen=True, eq=False)
class Region:
    """Open ground in one piece: ``weights`` (n, k), neighbours (``edges``), today's labels from 0 or None,
    the number of grids, their limits, and the units' cells (None without geometry)."""

    weights: Floats
    edges: Ints
    today: Ints | None
    grids: int
    target: Floats
    tolerance: Floats
    cells: npt.NDArray[np.object_] | None

    def graph(self) -> csr_matrix:
        """Neighbours as a matrix of ones."""
        n = len(self.weights)
        one_way = csr_matrix((np.ones(len(self.edges)), (self.edges[:, 0], self.edges[:, 1])), shape=(n, n))
        return (one_way + one_way.T).tocsr()

    def minutes(self) -> Ints:
        """The first weight in whole numbers, as partitioners want it."""
        return np.maximum(1, np.round(self.weights[:, 0] / self.weights[:, 0].sum() * 1e7)).astype(np.int64)

    def both(self) -> Ints:
        """The sum of all weights, each as a share, likewise."""
        share = (self.weights / self.weights.sum(axis=0)).mean(axis=1)
        return np.maximum(1, np.round(share * 1e7)).astype(np.int64)


Peer = Callable[[Region, int, float], npt.NDArray[Any]]
"""Takes a region, a seed and seconds (for what runs until it is stopped); gives labels (n,)."""


def _metis(region: Region, weight: Ints, **options: Any) -> npt.NDArray[Any]:
    import pymetis

    graph = region.graph()
    adjacency = pymetis.CSRAdjacency(graph.indptr.tolist(), graph.indices.tolist())
    recursive = options.pop("recursive")
    settings = pymetis.Options(**options)
    found = pymetis.part_graph(
        region.grids, adjacency, vweights=weight.tolist(), recursive=recursive, options=settings
    )
    return np.asarray(found.vertex_part)


def metis_recursive(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """Recursive bisection, the best of ten cuts, minutes."""
    return _metis(region, region.minutes(), recursive=True, ncuts=10, seed=seed)


def metis_kway(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """k-way, contiguous, the best of ten cuts within 3 % of both weights' sum."""
    return _metis(region, region.both(), recursive=False, contig=1, ncuts=10, ufactor=30, seed=seed)


def _kahip(region: Region, weight: Ints, mode: str, seed: int) -> npt.NDArray[Any]:
    import kahip

    graph = region.graph()
    cut = np.ones(graph.nnz, np.int64).tolist()
    _, label = kahip.kaffpa(
        weight.tolist(), graph.indptr.tolist(), cut, graph.indices.tolist(), region.grids, 0.03, True, seed,
        getattr(kahip, mode),
    )  # fmt: skip
    return np.asarray(label)


def kahip_eco(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """KaFFPa's preconfiguration "eco" within 3 % of both weights' sum."""
    return _kahip(region, region.both(), "ECO", seed)


def kahip_strong(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """KaFFPa's preconfiguration "strong" within 3 % of the minutes."""
    return _kahip(region, region.minutes(), "STRONG", seed)


def _chain_graph(region: Region) -> Any:
    import networkx
    from gerrychain import Graph

    graph = networkx.Graph()
    names = [f"w{j}" for j in range(region.weights.shape[1])]
    for unit, row in enumerate(region.weights.tolist()):
        graph.add_node(unit, **dict(zip(names, row, strict=True)))
    graph.add_edges_from(region.edges.tolist())
    return Graph.from_networkx(graph)


def gerrychain_tree(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """recursive_tree_part: spanning trees cut where the minutes are within 5 %."""
    from gerrychain.tree import recursive_tree_part

    if region.grids == 1:
        return np.zeros(len(region.weights), np.int64)
    found = recursive_tree_part(
        _chain_graph(region), range(region.grids), region.weights[:, 0].sum() / region.grids, "w0",
        float(region.tolerance[0]), rng=random.Random(seed),
    )  # fmt: skip
    return np.array([found[unit] for unit in range(len(region.weights))])


def gerrychain_flips(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """SingleMetricOptimizer: flips of units from today's grids, for less excess over the limits, until there
    is none or the time is over."""
    from gerrychain import Partition
    from gerrychain.constraints import contiguous
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.proposals import propose_random_flip
    from gerrychain.updaters import Tally, cut_edges

    k, until = region.weights.shape[1], time.monotonic() + seconds
    assert region.today is not None
    tallies = {f"w{j}": Tally(f"w{j}", alias=f"w{j}") for j in range(k)}
    start = Partition(
        _chain_graph(region), dict(enumerate(region.today.tolist())), {"cut_edges": cut_edges, **tallies}
    )

    def excess(plan: Any) -> float:
        load = np.array([list(plan[f"w{j}"].values()) for j in range(k)]).T
        return float(np.maximum(0, np.abs(load / region.target - 1) - region.tolerance).sum())

    rng = random.Random(seed)
    optimizer = SingleMetricOptimizer(
        propose_random_flip, [contiguous], start, excess, maximize=False, rng=rng
    )
    for _ in optimizer.tilted_run(10**9, p=0.02):
        if time.monotonic() > until or optimizer.best_score == 0:
            break
    best = optimizer.best_part
    mapping = best.assignment.mapping
    frozen = best.graph
    return np.array(
        [mapping[frozen.internal_node_id_for_original_nx_node_id(u)] for u in range(len(region.weights))]
    )


def _frame(region: Region) -> tuple[Any, Any]:
    import geopandas
    from libpysal.weights import W

    if region.cells is None:
        raise ValueError("needs polygons")
    frame = geopandas.GeoDataFrame(
        {f"w{j}": w for j, w in enumerate(region.weights.T)}, geometry=region.cells, crs=32650
    )
    frame["x"], frame["y"] = frame.geometry.centroid.x, frame.geometry.centroid.y
    graph = region.graph()
    around = np.split(graph.indices, graph.indptr[1:-1])
    return frame, W({u: near.tolist() for u, near in enumerate(around)}, silence_warnings=True)


def spopt_maxp(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """MaxPHeuristic: as many regions as there can be with the least minutes each, alike in place."""
    from spopt.region import MaxPHeuristic

    np.random.seed(seed)  # noqa: NPY002  the package draws from there
    frame, w = _frame(region)
    least = float(region.target[0]) * (1 - float(region.tolerance[0]))
    model = MaxPHeuristic(frame, w, ["x", "y"], "w0", least, top_n=2)
    model.solve()
    return np.asarray(model.labels_) - 1


def spopt_azp(region: Region, seed: int, seconds: float) -> npt.NDArray[Any]:
    """AZP from today's grids with an objective of its own: the excess over the limits."""
    from spopt.region import AZP
    from spopt.region.objective_function import ObjectiveFunction

    def excess(load: Floats) -> float:
        return float(np.maximum(0, np.abs(load / region.target - 1) - region.tolerance).sum())

    class Excess(ObjectiveFunction):  # type: ignore[misc]
        def __call__(self, labels: Any, attr: Floats) -> float:
            return sum(excess(attr[labels == g].sum(axis=0)) for g in np.unique(labels))

        def update(self, moving_area: int, recipient_region: Any, labels: Any, attr: Floats) -> float:
            donor = attr[labels == labels[moving_area]].sum(axis=0)
            recipient, unit = attr[labels == recipient_region].sum(axis=0), attr[moving_area]
            before, after = excess(donor) + excess(recipient), excess(donor - unit) + excess(recipient + unit)
            return after - before

    frame, w = _frame(region)
    names = [f"w{j}" for j in range(region.weights.shape[1])]
    model = AZP(frame, w, names, region.grids, None, seed, region.today, Excess())
    model.solve()
    return np.asarray(model.labels_).astype(np.int64)


REDRAW: dict[str, Peer] = {
    "METIS recursive, minutes": metis_recursive,
    "METIS k-way contiguous, both": metis_kway,
    "KaHIP eco, both": kahip_eco,
    "KaHIP strong, minutes": kahip_strong,
    "gerrychain recursive tree": gerrychain_tree,
    "gerrychain flips from today": gerrychain_flips,
    "spopt AZP from today": spopt_azp,
    "spopt MaxP": spopt_maxp,
}
SCRATCH: dict[str, Peer] = {name: p for name, p in REDRAW.items() if "today" not in name}
