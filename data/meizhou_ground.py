"""Meizhou's ground: real places, and the branches, zones and uneven grids drawn round them (UTM 50)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.spatial import Voronoi, cKDTree

from data.partition import Floats, Ints, draw, mend, pieces, power_labels, uneven_targets

METRIC = "EPSG:32650"
CUSTOMERS_PER_GRID = {"A": 240, "B": 155}


@dataclass(frozen=True)
class Branch:
    """A district branch: its centre (WGS 84), grids by class, radius of the built-up zone in metres."""

    code: str
    name: str
    kind_name: str
    lng: float
    lat: float
    grids: dict[str, int]
    radius: float


BRANCHES = (
    Branch("MJ", "梅江区", "区域中心", 116.117, 24.311, {"A": 14, "B": 3}, 5200),
    Branch("MX", "梅县区", "区域中心", 116.082, 24.266, {"A": 8, "B": 8}, 4600),
    Branch("XN", "兴宁市", "郊县分公司", 115.731, 24.137, {"A": 8, "B": 8}, 4600),
    Branch("WH", "五华县", "郊县分公司", 115.776, 23.932, {"A": 6, "B": 10}, 4400),
    Branch("FS", "丰顺县", "郊县分公司", 116.182, 23.739, {"A": 5, "B": 7}, 4000),
    Branch("DB", "大埔县", "郊县分公司", 116.695, 24.348, {"A": 5, "B": 7}, 3800),
    Branch("PY", "平远县", "郊县分公司", 115.892, 24.567, {"A": 3, "B": 3}, 3600),
    Branch("JL", "蕉岭县", "郊县分公司", 116.171, 24.659, {"A": 4, "B": 3}, 3800),
)
_TO_METRES = Transformer.from_crs("EPSG:4326", METRIC, always_xy=True)
_TO_DEGREES = Transformer.from_crs(METRIC, "EPSG:4326", always_xy=True)


def to_metres(lng: Floats, lat: Floats) -> Floats:
    """WGS 84 to metres, (n, 2)."""
    return np.column_stack(_TO_METRES.transform(lng, lat))


def to_wgs84(xy: Floats) -> Floats:
    """Metres to WGS 84, (n, 2) of lng, lat."""
    return np.column_stack(_TO_DEGREES.transform(xy[:, 0], xy[:, 1]))


@dataclass(frozen=True)
class Ground:
    """Cells of the land, each in a branch (index into BRANCHES) and a class (0 A, 1 B); adjacency."""

    seeds: Floats
    branch: Ints
    rural: Ints
    edges: Ints
    ridges: Ints
    corners: Floats
    ridge_cells: Ints
    on_land: Ints


def _jittered(box: tuple[float, float, float, float], pitch: float, rng: np.random.Generator) -> Floats:
    x, y = np.meshgrid(np.arange(box[0], box[2], pitch), np.arange(box[1], box[3], pitch * 0.866))
    x[1::2] += pitch / 2
    xy = np.column_stack([x.ravel(), y.ravel()])
    return xy + rng.uniform(-0.33, 0.33, xy.shape) * pitch


def warp(xy: Floats) -> Floats:
    """Bend the plane a little, so that borders drawn straight come out curved, as land lies."""
    x, y = xy[:, 0], xy[:, 1]
    return np.column_stack(
        [
            x + 1900 * np.sin(y / 6100) + 190 * np.sin(y / 900 + x / 2300),
            y + 1900 * np.sin(x / 6700 + 1) + 190 * np.sin(x / 800 - y / 2100),
        ]
    )


def _land(places: Floats) -> shapely.Geometry:
    """Where there are places: buffers that have grown together, in one piece, without small holes."""
    grown = shapely.union_all(shapely.buffer(shapely.points(places), 7200)).buffer(-3000)
    parts = shapely.get_parts(grown)
    main = parts[shapely.area(parts).argmax()]
    return shapely.Polygon(main.exterior)


def ground(places: Floats, rng: np.random.Generator) -> Ground:
    """Cells of 240 m in the built-up zones and 950 m elsewhere; branch by the nearest centre."""
    land = _land(places)
    shapely.prepare(land)
    centre = to_metres(np.array([b.lng for b in BRANCHES]), np.array([b.lat for b in BRANCHES]))
    coarse = _jittered(land.buffer(4000).bounds, 950, rng)
    near = cKDTree(centre).query(coarse)[0] < 6600
    town = [_jittered((*(c - 6600), *(c + 6600)), 240, rng) for c in centre]
    fine = np.vstack([t[cKDTree(centre).query(t)[1] == i] for i, t in enumerate(town)])
    fine = fine[cKDTree(centre).query(fine)[0] < 6600]
    seeds = np.vstack([coarse[~near], fine])
    diagram = Voronoi(seeds)
    on_land = shapely.contains_xy(land, seeds[:, 0], seeds[:, 1])

    offset = warp(seeds)[:, None] - warp(centre)[None]
    distance = np.hypot(offset[..., 0], offset[..., 1])
    branch = distance.argmin(1)
    away = distance.min(1)
    angle = np.arctan2(*offset[np.arange(len(seeds)), branch].T[::-1])
    radius = np.array([b.radius for b in BRANCHES])[branch]
    wobble = 1 + 0.13 * np.sin(3 * angle + branch) + 0.08 * np.sin(7 * angle + 2.3 * branch)
    rural = (away > radius * wobble).astype(np.int64)
    edges = diagram.ridge_points.astype(np.int64)
    inner = edges[on_land[edges].all(1)]
    branch, rural, on_land = _tidy(branch.astype(np.int64), rural, inner, on_land)
    return Ground(
        seeds=seeds,
        branch=branch,
        rural=rural,
        edges=edges[on_land[edges].all(1)],
        ridges=np.array(diagram.ridge_vertices, dtype=np.int64),
        corners=diagram.vertices,
        ridge_cells=edges,
        on_land=np.flatnonzero(on_land),
    )


def _tidy(branch: Ints, rural: Ints, edges: Ints, on_land: Ints) -> tuple[Ints, Ints, Ints]:
    """Each branch's land of a class in one piece: strays go to a neighbour, islands leave."""
    wall = np.where(on_land, rural, 2)
    label = np.where(on_land, branch * 2 + rural, -1 - np.arange(len(branch)))
    label = np.unique(label, return_inverse=True)[1]
    mended = mend(label, edges, np.ones(len(label)), wall)
    first = np.full(label.max() + 1, -1, dtype=np.int64)
    first[label] = branch
    branch = first[mended]
    count, piece = pieces(mended, edges)
    size = np.bincount(piece, minlength=count)
    biggest = np.zeros(mended.max() + 1, dtype=np.int64)
    np.maximum.at(biggest, mended[on_land], size[piece[on_land]])
    keep = on_land & (size[piece] == biggest[mended])
    # What is left over amid the land belongs with a neighbour of whatever class: a hole would be a gap.
    both = np.vstack([edges, edges[:, ::-1]])
    while True:
        taken = both[keep[both[:, 0]] & on_land[both[:, 1]] & ~keep[both[:, 1]]]
        if not len(taken):
            return branch, rural, keep
        branch[taken[:, 1]], rural[taken[:, 1]] = branch[taken[:, 0]], rural[taken[:, 0]]
        keep[taken[:, 1]] = True


@dataclass(frozen=True)
class Grids:
    """Polygons in metres with, per grid, branch index and class; ``cell`` (n,) is each cell's grid."""

    polygons: list[shapely.Polygon]
    branch: list[int]
    cls: list[str]
    cell: Ints


def draw_grids(land: Ground, weight: Floats, rng: np.random.Generator) -> Grids:
    """Grids of each branch and class whose loads run from 0.4 to 1.6 of an even share."""
    label = np.full(len(land.seeds), -1, dtype=np.int64)
    wall = land.branch * 2 + land.rural
    keep = np.zeros(len(land.seeds), dtype=bool)
    keep[land.on_land] = True
    branch, cls, made = [], [], 0
    for b, one in enumerate(BRANCHES):
        for rural, c in enumerate("AB"):
            inside = np.flatnonzero(keep & (wall == b * 2 + rural))
            number = np.full(len(land.seeds), -1, dtype=np.int64)
            number[inside] = np.arange(len(inside))
            inner = number[land.edges]
            inner = inner[(inner >= 0).all(1)]
            local, k = _best_of(warp(land.seeds)[inside], weight[inside], one.grids[c], inner, rng)
            label[inside] = local + made
            branch += [b] * k
            cls += [c] * k
            made += k
    polygons = _polygons(land, label, made)
    return Grids(polygons, branch, cls, label)


def _best_of(
    xy: Floats, weight: Floats, k: int, edges: Ints, rng: np.random.Generator, tries: int = 6
) -> tuple[Ints, int]:
    """Of a few drawings, the one nearest to the uneven loads wanted, every grid in one piece."""
    best, best_error = np.zeros(len(xy), dtype=np.int64), np.inf
    for _ in range(tries):
        targets = uneven_targets(k, rng)
        local = power_labels(xy, weight, targets, rng)
        local = mend(local, edges, weight, np.zeros(len(xy), dtype=np.int64))
        load = np.bincount(local, weights=weight, minlength=k) / weight.sum() * k
        error = float(np.abs(load - targets).max()) if len(np.unique(local)) == k else 9.0
        if error < best_error:
            best, best_error = local, error
    return best, k


def _polygons(land: Ground, label: Ints, n: int) -> list[shapely.Polygon]:
    pair = label[land.ridge_cells]
    finite = (land.ridges >= 0).all(1)
    border = finite & (pair[:, 0] != pair[:, 1])
    segments = land.corners[land.ridges[border]]
    outer = (pair[border] < 0).any(1)
    size = np.hypot(*(segments[:, 0] - segments[:, 1]).T)
    step = np.where(outer, 60.0, np.clip(size / 15, 8, 40))
    faces = np.array(draw(segments, step))
    cells = cKDTree(land.seeds[label >= 0])
    code = label[label >= 0]
    inside = shapely.point_on_surface(faces)
    owner = code[cells.query(shapely.get_coordinates(inside))[1]]
    # A face nobody owns is a hole in the land; its inside point is far from every cell of a grid.
    everyone = cKDTree(land.seeds).query(shapely.get_coordinates(inside))[1]
    owner = np.where(label[everyone] < 0, -1, owner)
    out: list[shapely.Polygon] = []
    for g in range(n):
        mine = faces[owner == g]
        if len(mine) != 1 or mine[0].geom_type != "Polygon":
            raise ValueError(f"grid {g} was drawn in {len(mine)} pieces")
        out.append(mine[0])
    return out


def read_places(folder: str) -> pd.DataFrame:
    """Real places: one row per osm_id, the most telling class first, with WGS 84 and metric coordinates."""
    import geopandas as gpd

    frame = gpd.read_parquet(f"{folder}/meizhou_poi.parquet")
    rank = {"market_place": 0, "industrial": 1, "residential": 2}
    frame["rank"] = frame["fclass"].map(rank).fillna(3)
    frame = frame.sort_values(["rank", "osm_id", "fclass"]).drop_duplicates("osm_id")
    frame = frame.sort_values("osm_id").reset_index(drop=True)
    places = pd.DataFrame(frame[["osm_id", "fclass", "name"]])
    places["lng"], places["lat"] = frame.geometry.x, frame.geometry.y
    places[["x", "y"]] = to_metres(places["lng"].to_numpy(), places["lat"].to_numpy())
    return places
