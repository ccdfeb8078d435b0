"""The demo's files are sound: edge-matched, complete, labelled, with only the announced faults."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from data.names import USCC_ALPHABET, USCC_WEIGHTS
from geo.datum import polygons_to_working, transform

DATA = Path(__file__).parents[2] / "data"
MEIZHOU, NEUBRANDENBURG = DATA / "meizhou", DATA / "neubrandenburg"
GRIDS = [(MEIZHOU / "grids.geojson", "gcj02"), (NEUBRANDENBURG / "grids.gpkg", "epsg:25833")]


def table(path: Path) -> pd.DataFrame:
    """A CSV as text, empty for missing."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.mark.parametrize(("path", "crs"), GRIDS)
def test_grids_are_an_edge_matched_coverage(path: Path, crs: str) -> None:
    """Before and after they are brought to WGS 84."""
    grids = gpd.read_file(path)
    assert grids["code"].is_unique
    assert set(grids["class"]) == {"A", "B"}
    assert {"code", "name", "area", "class", "owner"} <= set(grids.columns)
    shapes = grids.geometry.to_numpy()
    assert (shapely.get_type_id(shapes) == 3).all()
    assert shapely.coverage_is_valid(shapes)
    working = polygons_to_working(shapes, crs)
    assert shapely.is_valid(working).all()
    assert shapely.coverage_is_valid(working)


@pytest.mark.parametrize(("path", "crs"), GRIDS)
def test_the_only_holes_are_exclusions(path: Path, crs: str) -> None:
    """Nothing inside the grids is left over but the lake."""
    union = shapely.coverage_union_all(polygons_to_working(gpd.read_file(path).geometry.to_numpy(), crs))
    holes = [shapely.Polygon(ring) for part in shapely.get_parts(union) for ring in part.interiors]
    excluded = path.parent / "exclusions.gpkg"
    if not excluded.exists():
        assert holes == []
        return
    lakes = polygons_to_working(gpd.read_file(excluded).geometry.to_numpy(), crs)
    assert len(holes) == 1
    assert shapely.difference(holes[0], shapely.union_all(lakes)).area == 0
    assert shapely.intersection(union, shapely.union_all(lakes)).area == 0


@pytest.mark.parametrize(("path", "walls"), [(GRIDS[0][0], 2), (GRIDS[1][0], 9)])
def test_work_is_uneven_within_each_class_and_branch_and_can_be_evened(path: Path, walls: int) -> None:
    """Each class of a branch is one piece whose grids run from light to heavy round a common mean."""
    grids = gpd.read_file(path)
    if path.parent == MEIZHOU:
        rows = table(MEIZHOU / "accounts.csv")
        crs = "gcj02"
    else:
        rows, crs = pd.read_parquet(NEUBRANDENBURG / "accounts.parquet"), "wgs84"
    rows = rows[~rows["name"].str.contains("坏行|Fehlerzeile")]
    lng, lat = rows["lng"].astype(float).to_numpy(), rows["lat"].astype(float).to_numpy()
    shapes = grids.geometry.to_numpy()
    if crs != "gcj02":
        at = gpd.GeoSeries(shapely.points(lng, lat), crs="EPSG:4326").to_crs(grids.crs).to_numpy()
    else:
        at = shapely.points(lng, lat)
    row, hit = shapely.STRtree(shapes).query(at, predicate="intersects")
    load = np.bincount(hit, minlength=len(grids))
    assert len(np.unique(row)) > 0.998 * len(rows)
    wall = (grids["area"].str[:walls] + grids["class"]).to_numpy()
    means = {}
    for one in np.unique(wall):
        mine = wall == one
        assert shapely.coverage_union_all(shapes[mine]).geom_type == "Polygon"
        share = load[mine] / load[mine].mean()
        assert share.min() < 0.55
        assert share.max() > 1.4
        means[one] = load[mine].mean()
    for c in "AB":
        of_class = [mean for one, mean in means.items() if one.endswith(c)]
        assert max(of_class) < 1.1 * min(of_class)


def test_references_resolve_but_for_the_announced_faults() -> None:
    """Every code that a file names is in the file that defines it, but for the bad rows of SOURCES.md."""
    areas, people = table(MEIZHOU / "areas.csv"), table(MEIZHOU / "people.csv")
    grids, upper = gpd.read_file(MEIZHOU / "grids.geojson"), table(MEIZHOU / "grids-upper.csv")
    buildings, clusters = table(MEIZHOU / "buildings.csv"), table(MEIZHOU / "clusters.csv")
    parties, lists = table(MEIZHOU / "parties.csv"), table(MEIZHOU / "named-lists.csv")
    accounts = table(MEIZHOU / "accounts.csv")
    for frame in (areas.rename(columns={"code": "id"}), people, buildings, clusters, parties):
        assert frame["id"].is_unique
    codes = set(areas["code"])
    assert set(areas["parent"]) - {""} <= codes
    assert set(grids["area"]) | set(upper["area"]) | set(people["area"]) <= codes
    assert set(grids["class"]) == {"A", "B"}
    zone = areas.set_index("code")["class"]
    assert (grids["area"].map(zone) == grids["class"]).all()
    assert set(grids["owner"]) | set(upper["owner"]) <= set(people["id"])
    assert set(clusters["grid"]) | set(lists["grid"]) <= set(upper["code"])
    assert set(lists["party"]) - {""} <= set(parties["id"])
    assert set(lists["account"]) - {""} <= set(accounts["id"])
    assert set(table(MEIZHOU / "responsibilities.csv")["person"]) <= set(people["id"])
    assert set(accounts["locked_grid"]) - {""} <= set(grids["code"])

    lng, lat = accounts["lng"].astype(float), accounts["lat"].astype(float)
    outside = ~(lng.between(-180, 180) & lat.between(-90, 90))
    again = accounts["id"].duplicated()
    strange = ~accounts["building"].isin([*buildings["id"], ""]) | ~accounts["cluster"].isin(
        [*clusters["id"], ""]
    )
    assert (int(outside.sum()), int(again.sum()), int(strange.sum())) == (17, 5, 8)
    assert int((outside | again | strange).sum()) == 30
    assert (accounts["name"].str.contains("坏行样本") == (outside | again | strange)).all()


def test_neubrandenburg_customers_stand_in_their_buildings() -> None:
    """An account's building is the footprint that holds it; eight rows at the end are bad."""
    buildings = gpd.read_parquet(NEUBRANDENBURG / "buildings.parquet")
    accounts = pd.read_parquet(NEUBRANDENBURG / "accounts.parquet")
    assert buildings["id"].is_unique
    assert accounts["name"].iloc[-8:].eq("Fehlerzeile (synthetisch)").all()
    good = accounts.iloc[:-8]
    assert good["id"].is_unique
    housed = good[good["building"] != ""]
    shapes = buildings.set_index("id").geometry[housed["building"]].to_numpy()
    assert (shapely.distance(shapes, shapely.points(housed["lng"], housed["lat"])) < 1e-6).all()


def test_streets_may_be_crossed_and_rivers_only_at_bridges() -> None:
    """Lines with bridge true are streets; barriers have it false; bridges are points on barriers."""
    lines = gpd.read_file(NEUBRANDENBURG / "barriers.gpkg")
    points = lines[lines.geom_type == "Point"]
    walls = lines[~lines["bridge"].astype(bool)]
    assert set(walls["kind"]) == {"river", "railway", "motorway"}
    assert set(points["kind"]) <= {"bridge", "gate"}
    assert points["bridge"].astype(bool).all()
    assert (points.distance(shapely.union_all(walls.geometry.to_numpy())) < 0.05).all()


def test_the_faulty_grids_have_one_overlap_and_one_hole() -> None:
    """The check has something to find: 3 m deep, 500 m across."""
    grids = gpd.read_file(NEUBRANDENBURG / "grids-faulty.geojson")
    shapes = gpd.GeoSeries(grids.geometry, crs="EPSG:4326").to_crs("EPSG:25833").to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    area = shapely.area(shapely.intersection(shapes[left], shapes[right]))[left < right]
    assert (area > 50).sum() == 1
    union = shapely.union_all(shapes)
    holes = sorted(shapely.Polygon(r).area for p in shapely.get_parts(union) for r in p.interiors)
    assert any(abs(hole - 250_000) < 500 for hole in holes)


def test_meizhou_is_in_gcj02() -> None:
    """A place whose WGS 84 coordinates are known lies where GCJ-02 has it, some 500 m off."""
    lng, lat = transform(116.0788, 24.2912, "wgs84", "gcj02")
    assert abs(lng - 116.0788) > 0.003
    buildings = table(MEIZHOU / "buildings.csv")
    first = buildings.set_index("id").loc["LY1002703728"]
    back = transform(float(first["lng"]), float(first["lat"]), "gcj02", "wgs84")
    assert np.hypot(float(first["lng"]) - back[0], float(first["lat"]) - back[1]) > 0.003
    assert np.isfinite(lat)


def test_everything_made_up_says_so_and_the_source_is_named() -> None:
    """Licence, attribution and the word synthetic are where a reader looks."""
    text = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    for needed in ("© OpenStreetMap contributors", "ODbL", "Synthetic", "openstreetmap.org/copyright"):
        assert needed in text
    for path in [*MEIZHOU.iterdir(), *NEUBRANDENBURG.iterdir()]:
        assert f"{path.parent.name}/{path.name}" in text
    assert "OpenStreetMap contributors" in (MEIZHOU / "grids.geojson").read_text(encoding="utf-8")[:200]
    assert table(MEIZHOU / "accounts.csv")["synthetic"].eq("true").all()
    assert pd.read_parquet(NEUBRANDENBURG / "accounts.parquet")["synthetic"].all()


def test_registry_numbers_have_right_check_digits_and_say_they_are_made_up() -> None:
    """GB 32100: the sum of seventeen weighted digits and the check digit is a multiple of 31."""
    for number in table(MEIZHOU / "parties.csv")["uscc"]:
        digits = [USCC_ALPHABET.index(c) for c in number]
        total = sum(d * w for d, w in zip(digits, USCC_WEIGHTS, strict=False))
        assert (total + digits[17]) % 31 == 0
        assert number[8:10] == "XN"
