"""Neubrandenburg: real footprints, addresses, streets, water; synthetic customers, people, grids."""

import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import Transformer

from data.names import FULL_TIME, german_people
from data.neubrandenburg_customers import accounts, at_addresses, footprints
from data.neubrandenburg_ground import (
    CRS,
    Blocks,
    Lines,
    blocks,
    draw_grids,
    extent,
    lines,
    read,
    split_zones,
)
from data.partition import Ints
from data.tables import write_csv

SEED = 20260102
CUSTOMERS = 12_000
ZONES = (
    ("STADT", "Neubrandenburg Stadt", "A", "dicht bebautes Stadtgebiet"),
    ("WEST", "Umland West", "B", "Dörfer und Kleinstädte westlich des Tollensesees"),
    ("OST", "Umland Ost", "B", "Dörfer und Kleinstädte östlich des Tollensesees"),
)
PER_GRID = {"A": 330, "B": 200}


def build(source: Path, target: Path) -> None:
    """Write every file of the Neubrandenburg demo into ``target``."""
    # GeoPackage stamps the hour of writing unless told what hour it is.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00.000Z"})
    rng = np.random.default_rng(SEED)
    target.mkdir(parents=True, exist_ok=True)
    box = extent(source)
    net = lines(source, box)
    raw = read(source, "buildings")
    raw = raw[raw.geometry.centroid.within(box)].reset_index(drop=True)
    addresses = read(source, "addresses")
    addresses = addresses[addresses.within(box)].reset_index(drop=True)
    homes = raw[raw.geometry.area > 60].geometry.centroid
    at = shapely.get_coordinates(addresses.geometry.to_numpy())
    ground = blocks(source, box, net, np.vstack([at, shapely.get_coordinates(homes.to_numpy())]), rng)

    block = _block_of(addresses, ground)
    town = addresses["addr_city"].fillna("").str.startswith("Neubrandenburg").to_numpy()
    zone = split_zones(town, at, ground, block, least=250)
    buildings = footprints(raw, rng)
    inside, count = at_addresses(addresses, buildings, CUSTOMERS, rng)
    weight = np.bincount(block[block >= 0], count[block >= 0], minlength=len(zone))
    k = [round(float(weight[zone == z].sum()) / PER_GRID[c]) for z, (_c, _n, c, _w) in enumerate(ZONES)]
    label = draw_grids(ground, zone, weight, k, rng)

    grids = _grids(ground, label, zone)
    people = _people(grids, rng)
    grids["owner"] = people["id"].to_numpy()
    write_csv(people, target / "people.csv")
    _areas(target)
    _write(grids, target / "grids.gpkg", "grids")
    (target / "grids-faulty.geojson").write_text(_faulty(grids), encoding="utf-8")
    buildings_wgs84 = buildings.to_crs("EPSG:4326")
    _write(buildings_wgs84, target / "buildings.parquet", "")
    rural = np.where(block >= 0, zone[block] > 0, 1).astype(np.int64)
    source_rows = addresses.to_crs("EPSG:4326")
    lng_lat = shapely.get_coordinates(source_rows.geometry.to_numpy())
    made = accounts(addresses, lng_lat, buildings_wgs84, inside, count, rural, rng)
    made.to_parquet(target / "accounts.parquet", index=False, compression="zstd")
    _write(_barriers(net, ground, box), target / "barriers.gpkg", "barriers")
    _write(_exclusions(ground), target / "exclusions.gpkg", "exclusions")


def _write(frame: gpd.GeoDataFrame, path: Path, layer: str) -> None:
    if path.suffix == ".parquet":
        frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.round(xy, 7))
        frame.to_parquet(path, index=False, compression="zstd")
        return
    path.unlink(missing_ok=True)
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")


def _block_of(addresses: gpd.GeoDataFrame, ground: Blocks) -> Ints:
    block = np.full(len(addresses), -1, dtype=np.int64)
    row, hit = shapely.STRtree(ground.polygons).query(addresses.geometry.to_numpy(), predicate="intersects")
    block[row[::-1]] = ground.part_of[hit[::-1]]
    return block


def _grids(ground: Blocks, label: Ints, zone: Ints) -> gpd.GeoDataFrame:
    """Grids of whole blocks, numbered from west to east in each zone; EPSG:25833."""
    shape = [
        shapely.normalize(shapely.coverage_union_all(ground.polygons[label[ground.part_of] == g]))
        for g in range(int(label.max()) + 1)
    ]
    z = [int(zone[label == g][0]) for g in range(len(shape))]
    frame = gpd.GeoDataFrame({"z": z, "x": [s.centroid.x for s in shape]}, geometry=shape, crs=CRS)
    frame = frame.sort_values(["z", "x"]).reset_index(drop=True)
    number = frame.groupby("z").cumcount() + 1
    area = [ZONES[i][0] for i in frame["z"]]
    return gpd.GeoDataFrame(
        {
            "code": [f"{a[0]}{n:02d}" for a, n in zip(area, number, strict=True)],
            "name": [f"{ZONES[i][1]} {n}" for i, n in zip(frame["z"], number, strict=True)],
            "area": area,
            "class": [ZONES[i][2] for i in frame["z"]],
        },
        geometry=frame.geometry,
    )


def _areas(target: Path) -> None:
    rows = [{"code": "NB", "name": "Neubrandenburg", "parent": "", "kind": "headquarters"}]
    rows += [
        {"code": code, "name": name, "parent": "NB", "kind": "branch", "class": c, "class_reason": why}
        for code, name, c, why in ZONES
    ]
    write_csv(pd.DataFrame(rows), target / "areas.csv")


def _people(grids: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One owner a grid, living in or near it."""
    middle = shapely.get_coordinates(grids.geometry.representative_point().to_numpy())
    home = middle + rng.normal(0, 0.3, middle.shape) * np.sqrt(grids.geometry.area.to_numpy())[:, None]
    lng, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(*home.T)
    return pd.DataFrame(
        {
            "id": [f"P{i:02d}" for i in range(1, len(grids) + 1)],
            "name": german_people(len(grids), rng),
            "area": grids["area"],
            "capacity": FULL_TIME,
            "lng": np.round(lng, 6),
            "lat": np.round(lat, 6),
        }
    )


def _barriers(net: Lines, ground: Blocks, box: shapely.Polygon) -> gpd.GeoDataFrame:
    """One layer of lines and points: barriers, the bridges over them, and streets, which are all bridge."""
    street = net.streets.assign(bridge=True)
    barrier = net.barriers.assign(bridge=False)
    bridge = gpd.GeoDataFrame(
        {"kind": ["bridge"] * len(net.bridges) + ["gate"] * len(ground.gates), "name": None, "bridge": True},
        geometry=np.r_[net.bridges, ground.gates],
        crs=CRS,
    )
    frame = gpd.GeoDataFrame(pd.concat([barrier, bridge, street], ignore_index=True), crs=CRS)
    frame = frame[frame.intersects(box)].reset_index(drop=True)
    return gpd.GeoDataFrame(frame[["kind", "name", "bridge", "geometry"]], crs=CRS)


def _exclusions(ground: Blocks) -> gpd.GeoDataFrame:
    """The lakes, with exactly the vertices that the grids have along the shore."""
    lakes = shapely.get_parts(shapely.coverage_union_all(ground.lake))
    lakes = sorted((shapely.normalize(lake) for lake in lakes), key=lambda lake: -lake.area)
    name = ["Tollensesee", "Lieps"] + [""] * (len(lakes) - 2)
    return gpd.GeoDataFrame({"reason": "lake", "name": name[: len(lakes)]}, geometry=lakes, crs=CRS)


def _faulty(grids: gpd.GeoDataFrame) -> str:
    """The same grids in WGS 84 with two faults: a 3 m strip that two grids cover, and a hole 500 m across."""
    frame = grids.copy()
    shape = frame.geometry.to_numpy().copy()
    victim = int(frame.geometry.area.where(frame["class"] == "B").idxmax())
    middle = shapely.maximum_inscribed_circle(shape[victim]).coords[0]
    x, y = np.round(middle)
    shape[victim] = shapely.difference(shape[victim], shapely.box(x - 250, y - 250, x + 250, y + 250))
    giver, taker, strip = _strip(shape[: int((frame["class"] == "A").sum())])
    shape[taker] = shapely.union(shape[taker], strip)
    to_wgs84 = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)

    def ring(line: shapely.LinearRing) -> list[list[float]]:
        x, y = to_wgs84.transform(*shapely.get_coordinates(line).T)
        return np.column_stack([np.round(x, 9), np.round(y, 9)]).tolist()

    features = []
    for i, row in enumerate(frame.drop(columns="geometry").to_dict("records")):
        rings = [ring(r) for r in (shape[i].exterior, *shape[i].interiors)]
        features.append(
            json.dumps(
                {"type": "Feature", "properties": row, "geometry": {"type": "Polygon", "coordinates": rings}},
                ensure_ascii=False,
            )
        )
    code = frame["code"]
    faults = f"{code[giver]} and {code[taker]} overlap by 3 m; {code[victim]} has a hole 500 m across"
    head = (
        '{"type":"FeatureCollection","attribution":"© OpenStreetMap contributors, ODbL 1.0",'
        f'"faults":"{faults}","features":[\n'
    )
    return head + ",\n".join(features) + "\n]}\n"


def _strip(shape: np.ndarray) -> tuple[int, int, shapely.Polygon]:
    """A strip 3 m deep along the longest straight shared edge: whose it is, who takes it too."""
    best: tuple[float, int, int, shapely.Polygon] | None = None
    for i, j in shapely.STRtree(shape).query(shape, predicate="touches").T:
        common = shapely.intersection(shape[i], shape[j])
        for part in shapely.get_parts(common):
            xy = shapely.get_coordinates(part)
            for p, q in [*pairwise(xy), *pairwise(xy[::-1])]:
                along = q - p
                length = float(np.hypot(*along))
                side = np.array([-along[1], along[0]]) / max(length, 1e-9) * 3
                strip = shapely.Polygon([p, q, q + side, p + side])
                longest = best is None or length > best[0]
                if longest and shapely.area(shapely.difference(strip, shape[i])) < 1e-3:
                    best = (length, int(i), int(j), strip)
    if best is None:
        raise ValueError("no straight shared edge to overlap")
    return best[1], best[2], best[3]
