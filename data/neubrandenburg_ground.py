"""Neubrandenburg's ground: street blocks, the lines between them, grids of blocks (EPSG:25833)."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from data.partition import Floats, Ints, mend, pieces, power_labels, uneven_targets

CRS = "EPSG:25833"
WAYS = {
    "motorway", "motorway_link", "primary", "primary_link", "secondary", "secondary_link", "tertiary",
    "tertiary_link", "residential", "living_street", "unclassified", "road", "pedestrian", "service", "track",
    "path", "footway", "cycleway",
}  # fmt: skip
LAKES = ("Tollensesee", "Lieps")
CENTIMETRE = 0.01


@dataclass(frozen=True)
class Lines:
    """What people walk along and what they cannot cross; ``bridges`` are where a street crosses."""

    streets: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    bridges: NDArray[np.object_]


def read(folder: Path, name: str) -> gpd.GeoDataFrame:
    """A layer in metres, on a one-centimetre grid."""
    frame = gpd.read_parquet(folder / f"{name}.parquet").to_crs(CRS)
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.round(xy, 2))
    return frame


def extent(folder: Path) -> shapely.Polygon:
    """The largest upright rectangle that the extract covers whole."""
    lng, lat = [13.1094, 13.4074, 13.1094, 13.4074], [53.4382, 53.4382, 53.6153, 53.6153]
    corner = gpd.GeoSeries(shapely.points(lng, lat), crs="EPSG:4326").to_crs(CRS)
    x, y = corner.x.to_numpy(), corner.y.to_numpy()
    west, east, south, north = max(x[0], x[2]), min(x[1], x[3]), max(y[0], y[1]), min(y[2], y[3])
    return shapely.box(*np.round([west, south, east, north], 1))


def lines(folder: Path, box: shapely.Polygon) -> Lines:
    """Streets, and rivers, railways and the motorway as barriers."""
    roads = read(folder, "roads")
    roads = roads[roads.intersects(box)]
    street = roads[roads["highway"].isin(WAYS)].rename(columns={"highway": "kind"})
    water = read(folder, "waterways")
    river = water[(water["waterway"] == "river") & water["tunnel"].isna() & water.intersects(box)]
    rail = read(folder, "railways")
    rail = rail[(rail["railway"] == "rail") & rail["service"].isna() & rail.intersects(box)]
    motorway = street[street["kind"] == "motorway"]
    barrier = pd.concat(
        [river.assign(kind="river"), rail.assign(kind="railway"), motorway.assign(kind="motorway")]
    )[["kind", "name", "geometry"]].reset_index(drop=True)
    street = street[street["kind"] != "motorway"][["kind", "name", "geometry"]].reset_index(drop=True)
    crossing = street.geometry.to_numpy()
    left, right = shapely.STRtree(crossing).query(barrier.geometry.to_numpy(), predicate="crosses")
    met = shapely.get_parts(shapely.intersection(barrier.geometry.to_numpy()[left], crossing[right]))
    met = met[shapely.get_type_id(met) == 0]
    xy = np.unique(np.round(shapely.get_coordinates(met), 2), axis=0)
    return Lines(street, barrier, shapely.points(xy))


@dataclass(frozen=True)
class Blocks:
    """Street blocks that make up the land, their adjacency (barriers honoured), and the lakes."""

    polygons: NDArray[np.object_]
    part_of: Ints
    edges: Ints
    lake: NDArray[np.object_]
    gates: NDArray[np.object_]
    """Where ground shut in by barriers on all sides is reached over one."""

    def centres(self) -> Floats:
        """Middle of each block, weighted by area over its parts."""
        area = shapely.area(self.polygons)
        xy = shapely.get_coordinates(shapely.centroid(self.polygons))
        total = np.bincount(self.part_of, area)
        return np.column_stack([np.bincount(self.part_of, area * xy[:, i]) / total for i in (0, 1)])


def _shared(polygons: NDArray[np.object_]) -> tuple[Ints, Floats]:
    """Pairs of polygons that share a segment, and the shared segments (m, 2, 2)."""
    rings, owner = shapely.get_parts(shapely.boundary(polygons), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    cm = np.round(xy * 100).astype(np.int64)
    inside = ring[1:] == ring[:-1]
    a, b, who = cm[:-1][inside], cm[1:][inside], owner[ring[:-1][inside]]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    a[swap], b[swap] = b[swap], a[swap].copy()
    order = np.lexsort((who, b[:, 1], b[:, 0], a[:, 1], a[:, 0]))
    key = np.column_stack([a, b])[order]
    same = (key[1:] == key[:-1]).all(1)
    pair = np.column_stack([who[order][:-1][same], who[order][1:][same]])
    return pair, key[:-1][same].reshape(-1, 2, 2) / 100


def _faces(every: list[shapely.Geometry], box: shapely.Polygon) -> NDArray[np.object_]:
    """The faces between lines that lie in ``box``, noded on the one-centimetre grid."""
    noded = shapely.union_all(every, grid_size=CENTIMETRE)
    faces = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(noded))))
    inside: NDArray[np.object_] = faces[shapely.contains(box, shapely.point_on_surface(faces))]
    return inside


def _field_lines(wide: NDArray[np.object_], rng: np.random.Generator) -> list[shapely.Geometry]:
    """Lines across open country, where no way divides it: as field boundaries might run."""
    out: list[shapely.Geometry] = []
    for face in wide:
        n = int(shapely.area(face) / 3e5) + 1
        west, south, east, north = face.bounds
        at = rng.uniform((west, south), (east, north), (8 * n, 2))
        at = at[shapely.contains_xy(face, at[:, 0], at[:, 1])][:n]
        if len(at) > 1:
            cut = shapely.voronoi_polygons(shapely.multipoints(at), extend_to=face, only_edges=True)
            out.append(shapely.intersection(cut, face))
    return out


def blocks(
    folder: Path, box: shapely.Polygon, net: Lines, houses: Floats, rng: np.random.Generator
) -> Blocks:
    """Faces between streets, rails, rivers, shores; thin ones join a neighbour; empty margins go."""
    water = read(folder, "water")
    lake = shapely.union_all(water[water["name"].isin(LAKES)].geometry.to_numpy())
    every = [*net.streets.geometry, *net.barriers.geometry, *shapely.get_parts(lake.boundary), box.exterior]
    faces = _faces(every, box)
    wide = faces[(shapely.area(faces) > 5e5) & ~shapely.contains(lake, shapely.point_on_surface(faces))]
    faces = _faces([*every, *_field_lines(wide, rng)], box)
    wet = shapely.contains(lake, shapely.point_on_surface(faces))
    land, drowned = faces[~wet], faces[wet]

    # The land is where houses are within reach, without holes, in one piece.
    near = np.zeros(len(land), dtype=bool)
    near[shapely.STRtree(land).query(shapely.points(houses), predicate="dwithin", distance=450)[1]] = True
    cover = shapely.coverage_union_all(np.r_[land[near], drowned])
    filled = _outline(cover.buffer(150).buffer(-350).buffer(200))
    shapely.prepare(filled)
    land = land[shapely.area(shapely.intersection(land, filled)) > 0.5 * shapely.area(land)]
    filled = _outline(shapely.coverage_union_all(np.r_[land, drowned]))
    every_face = faces[~wet]
    land = every_face[shapely.contains(filled, shapely.point_on_surface(every_face))]

    pair, segment = _shared(land)
    length = np.hypot(*(segment[:, 0] - segment[:, 1]).T)
    part_of = _join_thin(land, pair, length)
    count = int(part_of.max()) + 1
    middle = shapely.points(segment.mean(1))
    wall = shapely.union_all(net.barriers.geometry.to_numpy())
    shapely.prepare(wall)
    blocked = shapely.dwithin(middle, wall, 0.02)
    bridge = cKDTree(shapely.get_coordinates(net.bridges))
    spanned = (bridge.query(segment.reshape(-1, 2))[0].reshape(-1, 2) < 0.05).any(1)
    every_pair = part_of[pair]
    graph = every_pair[~blocked | spanned]
    # Ground shut in by barriers on all sides is reached over them; ground that nothing borders is an island.
    reach = _mainland(graph, count)
    face = _mainland(pair[~blocked | spanned], len(land))
    shut = np.flatnonzero((~reach[every_pair]).any(1) | (~face[pair]).any(1))
    longest: dict[tuple[int, int], int] = {}
    for i in shut:
        key = (int(pair[i].min()), int(pair[i].max()))
        if key not in longest or length[i] > length[longest[key]]:
            longest[key] = int(i)
    access = segment[list(longest.values())].mean(1).reshape(-1, 2)
    graph = np.vstack([graph, every_pair[shut]])
    reach = _mainland(graph, count)
    keep = reach[part_of]
    number = np.cumsum(reach) - 1
    graph = np.sort(number[graph[reach[graph].all(1)]], axis=1)
    graph = np.unique(graph[graph[:, 0] != graph[:, 1]], axis=0)
    gates = shapely.points(np.round(access[shapely.dwithin(shapely.points(access), wall, 0.02)], 2))
    return Blocks(land[keep], number[part_of[keep]], graph, np.r_[drowned, land[~keep]], gates)


def _outline(land: shapely.Geometry) -> shapely.Polygon:
    """The largest part of the land without its holes."""
    return shapely.Polygon(max(shapely.get_parts(land), key=shapely.area).exterior)


def _mainland(pairs: Ints, n: int) -> NDArray[np.bool_]:
    """Which of ``n`` are in the largest connected piece."""
    _, piece = pieces(np.zeros(n, dtype=np.int64), pairs)
    main: NDArray[np.bool_] = piece == np.bincount(piece).argmax()
    return main


def _join_thin(land: NDArray[np.object_], pair: Ints, length: Floats) -> Ints:
    """Faces too thin or small to be anyone's ground join the neighbour they border longest."""
    area, around = shapely.area(land), shapely.length(land)
    thin = (2 * area / around < 9) | (area < 400)
    both, span = np.vstack([pair, pair[:, ::-1]]), np.r_[length, length]
    graph = coo_array((span, (both[:, 0], both[:, 1])), shape=(len(land), len(land))).tocsr()
    links = []
    for i in np.flatnonzero(thin):
        row = slice(graph.indptr[i], graph.indptr[i + 1])
        if graph.indptr[i + 1] > graph.indptr[i]:
            links.append((i, graph.indices[row][graph.data[row].argmax()]))
    link = np.array(links, dtype=np.int64).reshape(-1, 2)
    joined = coo_array((np.ones(len(link)), (link[:, 0], link[:, 1])), shape=(len(land), len(land)))
    return connected_components(joined, directed=False)[1].astype(np.int64)


def split_zones(town: NDArray[np.bool_], at: Floats, ground: Blocks, block_of: Ints, least: int) -> Ints:
    """Zone of each block: 0 the town, 1 … the surroundings, one number a connected piece from west to east.

    A block is the town's when most of its addresses are (or, having none, the nearest one). A piece of either
    class with fewer than ``least`` addresses goes over to what surrounds it.
    """
    count = int(ground.part_of.max()) + 1
    known = block_of >= 0
    votes = np.bincount(block_of[known], np.where(town, 1.0, -1.0)[known], minlength=count)
    homes = np.bincount(block_of[known], minlength=count)
    size = np.bincount(ground.part_of, shapely.area(ground.polygons))
    away, nearest = cKDTree(at).query(ground.centres())
    rural = np.where(homes > 0, votes <= 0, ~(town[nearest] & (away < 450) & (size < 8e5))).astype(np.int64)
    for _ in range(20):
        n, piece = pieces(rural, ground.edges)
        small = np.bincount(piece, homes, minlength=n) < least
        if not small.any():
            break
        # The emptiest first: flipping two neighbours in one round would only swap them.
        lightest = np.bincount(piece, homes, minlength=n)
        beside = np.vstack([piece[ground.edges], piece[ground.edges][:, ::-1]])
        beside = beside[beside[:, 0] != beside[:, 1]]
        rank = np.argsort(np.argsort(lightest + np.arange(n) / n))
        lowest = np.full(n, n)
        np.minimum.at(lowest, beside[:, 0], rank[beside[:, 1]])
        flip = small & (rank < lowest)
        rural = np.where(flip[piece], 1 - rural, rural)
    n, piece = pieces(rural, ground.edges)
    west = np.array([ground.centres()[piece == i, 0].mean() for i in range(n)])
    order = sorted(range(n), key=lambda i: (rural[piece == i][0], west[i]))
    number = np.zeros(n, dtype=np.int64)
    number[order] = np.arange(n)
    return number[piece]


def draw_grids(ground: Blocks, zone: Ints, weight: Floats, k: list[int], rng: np.random.Generator) -> Ints:
    """Grid of each block: loads from 0.4 to 1.6 of an even share in each zone, every grid in one piece."""
    centre = ground.centres()
    label = np.zeros(len(zone), dtype=np.int64)
    for z, n in enumerate(k):
        inside = np.flatnonzero(zone == z)
        number = np.full(len(zone), -1, dtype=np.int64)
        number[inside] = np.arange(len(inside))
        inner = number[ground.edges]
        inner = inner[(inner >= 0).all(1)]
        best, best_error = np.zeros(len(inside), dtype=np.int64), np.inf
        for _ in range(14):
            targets = uneven_targets(n, rng)
            local = power_labels(centre[inside], weight[inside], targets, rng)
            local = mend(local, inner, weight[inside], np.zeros(len(inside), dtype=np.int64))
            load = np.bincount(local, weights=weight[inside], minlength=n) / weight[inside].sum() * n
            error = float(np.abs(load - targets).max()) + 5.0 * (pieces(local, inner)[0] - n)
            if error < best_error and len(np.unique(local)) == n:
                best, best_error = local, error
        label[inside] = best + sum(k[:z])
    return label
