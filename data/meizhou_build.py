"""Meizhou: what an operator would hand over, in GCJ-02. Real places, all else synthetic."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from data.meizhou_customers import Customers, bad_rows, customers, per_place
from data.meizhou_ground import BRANCHES, Floats, Grids, draw_grids, ground, read_places, to_wgs84
from data.names import FULL_TIME, chinese_people, uscc
from data.tables import write_csv
from geo.datum import transform

SEED = 20260106
UPPER = (
    ("SC1", "市场一组", "market", ("MJ", "MX")),
    ("SC2", "市场二组", "market", ("XN", "WH", "FS")),
    ("SC3", "市场三组", "market", ("DB", "PY", "JL")),
    ("GY1", "园区一组", "industrial", ("MJ", "MX")),
    ("GY2", "园区二组", "industrial", ("XN", "WH", "FS")),
    ("GY3", "园区三组", "industrial", ("DB", "PY", "JL")),
    ("DKH1", "大客户一组", "key", ()),
    ("DKH2", "大客户二组", "key", ()),
    ("DKH3", "大客户三组", "key", ()),
)
NO_STAFF = ("变电站", "电站", "升压站", "Dam", "已停运")


def to_gcj(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS 84 to GCJ-02 at the seven decimals that mapping tools there write."""
    x, y = transform(np.asarray(lng, dtype=float), np.asarray(lat, dtype=float), "wgs84", "gcj02")
    return np.round(np.asarray(x), 7), np.round(np.asarray(y), 7)


def build(source: Path, target: Path) -> None:
    """Write every file of the Meizhou demo into ``target``."""
    rng = np.random.default_rng(SEED)
    target.mkdir(parents=True, exist_ok=True)
    places = read_places(str(source))
    xy = places[["x", "y"]].to_numpy()
    land = ground(xy, rng)
    cell = cKDTree(land.seeds).query(xy)[1]
    inside = np.isin(cell, land.on_land)
    places["branch"] = np.where(inside, land.branch[cell], -1)
    places["cls"] = np.where(inside, np.where(land.rural[cell] == 1, "B", "A"), "")
    places["customers"] = per_place(places, rng)
    weight = np.bincount(cell[inside], weights=places["customers"][inside], minlength=len(land.seeds))
    grids = draw_grids(land, weight, rng)
    codes = grid_codes(grids)
    areas(target)
    people = staff(target, grids, codes, rng)
    write_grids(target / "grids.geojson", grids, codes, people)
    upper_owners(target, people)
    buildings, clusters = buildings_and_clusters(target, places, rng)
    parties = write_parties(target, rng)
    made = customers(places, buildings, clusters, parties, codes, rng)
    lists(target, made, parties, rng)
    write_accounts(target / "accounts.csv", made, rng)


def grid_codes(grids: Grids) -> list[str]:
    """``MJ-A01``: branch, class, number from west to east within its branch and class."""
    x = shapely.get_x(shapely.centroid(np.array(grids.polygons)))
    codes = [""] * len(x)
    for b, branch in enumerate(BRANCHES):
        for c in "AB":
            mine = [i for i in range(len(x)) if grids.branch[i] == b and grids.cls[i] == c]
            for number, i in enumerate(sorted(mine, key=lambda i: x[i]), 1):
                codes[i] = f"{branch.code}-{c}{number:02d}"
    return codes


def areas(target: Path) -> None:
    """Headquarters, eight branches, and in each branch one urban and one township zone."""
    rows = [{"code": "MZ", "name": "梅州分公司", "parent": "", "kind": "headquarters"}]
    rows += [
        {"code": b.code, "name": f"{b.name}{b.kind_name}", "parent": "MZ", "kind": "branch"} for b in BRANCHES
    ]
    for b in BRANCHES:
        for c, name, code, why in (
            ("A", "城区片区", "121", "城关及其连片建成区，客户密集"),
            ("B", "乡镇片区", "220", "乡镇和村，客户分散"),
        ):
            nbs = "111" if c == "A" and b.code in ("MJ", "MX") else code
            rows.append(
                {"code": f"{b.code}-{c}", "name": f"{b.name}{name}", "parent": b.code, "kind": "zone",
                 "class": c, "class_reason": why, "nbs_code": nbs}
            )  # fmt: skip
    write_csv(pd.DataFrame(rows), target / "areas.csv")


def staff(target: Path, grids: Grids, codes: list[str], rng: np.random.Generator) -> dict[str, str]:
    """One owner for every grid of both planes and a stand-in for each branch; returns owner by grid code."""
    names = chinese_people(len(codes) + len(UPPER) + len(BRANCHES), rng)
    middle = shapely.get_coordinates(shapely.point_on_surface(np.array(grids.polygons)))
    size = np.sqrt(shapely.area(np.array(grids.polygons)))
    home = to_wgs84(middle + rng.normal(0, 0.35, middle.shape) * size[:, None])
    centre = np.array([[b.lng, b.lat] for b in BRANCHES])
    lng, lat = to_gcj(*home.T)
    order = sorted(range(len(codes)), key=lambda i: codes[i])
    rows, owner = [], {}
    for n, i in enumerate(order, 1):
        person = f"P{n:03d}"
        owner[codes[i]] = person
        rows.append((person, names[n - 1], codes[i][:4], FULL_TIME, lng[i], lat[i]))
    for code, _name, _kind, _where in UPPER:
        person = f"P{len(rows) + 1:03d}"
        owner[code] = person
        at = to_gcj(*(centre[0] + rng.normal(0, 0.01, 2)).reshape(2, 1))
        rows.append((person, names[len(rows)], "MZ", FULL_TIME, float(at[0][0]), float(at[1][0])))
    stand_ins = []
    for b, branch in enumerate(BRANCHES):
        person = f"P{len(rows) + 1:03d}"
        at = to_gcj(*(centre[b] + rng.normal(0, 0.01, 2)).reshape(2, 1))
        rows.append((person, names[len(rows)], branch.code, FULL_TIME // 4, float(at[0][0]), float(at[1][0])))
        stand_ins += [(code, person, "stand_in", "2026-01-01", "")
                      for code in sorted(codes) if code.startswith(f"{branch.code}-A")]  # fmt: skip
    columns = ["id", "name", "area", "capacity", "lng", "lat"]
    write_csv(pd.DataFrame(rows, columns=columns), target / "people.csv")
    write_csv(
        pd.DataFrame(stand_ins, columns=["grid", "person", "role", "from", "to"]),
        target / "responsibilities.csv",
    )
    return owner


def write_grids(path: Path, grids: Grids, codes: list[str], owner: dict[str, str]) -> None:
    """The place plane's grids, GCJ-02, one feature a line."""

    def ring(xy: Floats) -> list[list[float]]:
        wgs = to_wgs84(xy)
        x, y = to_gcj(wgs[:, 0], wgs[:, 1])
        return np.column_stack([x, y]).tolist()

    features = []
    for i in sorted(range(len(codes)), key=lambda i: codes[i]):
        branch, code = BRANCHES[grids.branch[i]], codes[i]
        polygon = shapely.normalize(grids.polygons[i])
        rings = [ring(shapely.get_coordinates(r)[::-1]) for r in (polygon.exterior, *polygon.interiors)]
        place = "城区" if grids.cls[i] == "A" else "乡镇"
        values = {"code": code, "name": f"{branch.name}{place}{int(code[-2:])}网格", "area": code[:4],
                  "class": grids.cls[i], "owner": owner[code]}  # fmt: skip
        shape = {"type": "Polygon", "coordinates": rings}
        feature = {"type": "Feature", "properties": values, "geometry": shape}
        features.append(json.dumps(feature, ensure_ascii=False))
    head = '{"type":"FeatureCollection","attribution":"© OpenStreetMap contributors, ODbL 1.0","features":[\n'
    path.write_text(head + ",\n".join(features) + "\n]}\n", encoding="utf-8")


def upper_owners(target: Path, owner: dict[str, str]) -> None:
    """The list plane's grids: teams without ground."""
    rows = [(code, name, "MZ", owner[code]) for code, name, _kind, _where in UPPER]
    write_csv(pd.DataFrame(rows, columns=["code", "name", "area", "owner"]), target / "grids-upper.csv")


def buildings_and_clusters(
    target: Path, places: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Buildings from houses and estates with a name, clusters from markets and works with people in them."""
    is_building = places["fclass"].isin(["building", "residential"])
    b = places[is_building].copy()
    b["id"] = "LY" + b["osm_id"]
    b["use"] = np.where(b["fclass"] == "residential", "residential", "business")
    home = b["use"] == "residential"
    b["households"] = np.where(home, rng.integers(40, 900, len(b)), rng.integers(0, 30, len(b)))
    b["ports"] = (np.ceil(b["households"] * rng.uniform(0.8, 1.2, len(b)) / 8) * 8).astype(int)
    b["ports_used"] = (b["ports"] * rng.beta(4, 3, len(b))).astype(int)
    out = b.copy()
    out["lng"], out["lat"] = to_gcj(b["lng"].to_numpy(), b["lat"].to_numpy())
    columns = ["id", "lng", "lat", "name", "use", "households", "ports", "ports_used"]
    write_csv(out[columns], target / "buildings.csv")

    staffed = ~places["name"].str.contains("|".join(NO_STAFF))
    kind = places["fclass"].map({"market_place": "market", "industrial": "industrial"})
    c = places[kind.notna() & staffed & (places["branch"] >= 0)].copy()
    c["kind"] = kind[c.index]
    c["id"] = "JL" + c["osm_id"]
    code = [BRANCHES[i].code for i in c["branch"]]
    c["grid"] = [
        next(g for g, _n, k, where in UPPER if k == one and branch in where)
        for one, branch in zip(c["kind"], code, strict=True)
    ]
    write_csv(c[["id", "name", "kind", "grid"]], target / "clusters.csv")
    return b, c


def write_parties(target: Path, rng: np.random.Generator) -> pd.DataFrame:
    """Synthetic enterprises with several sites each."""
    n = 60
    sector = rng.choice(["连锁零售", "制造", "教育", "医疗", "物流", "餐饮连锁"], n)
    frame = pd.DataFrame(
        {
            "id": [f"DW{i:03d}" for i in range(1, n + 1)],
            "name": [f"合成单位{i:03d}（{s}）" for i, s in enumerate(sector, 1)],
            "uscc": [uscc(i) for i in range(1, n + 1)],
            "synthetic": "true",
        }
    )
    write_csv(frame, target / "parties.csv")
    return frame


def lists(target: Path, made: Customers, parties: pd.DataFrame, rng: np.random.Generator) -> None:
    """Named lists of the upper plane: most parties whole, and single accounts of tier A."""
    teams = [code for code, _n, kind, _w in UPPER if kind == "key"]
    rows = [("", p, teams[i % 3], "大客户名单", "2026-01-01", "") for i, p in enumerate(parties["id"][:45])]
    frame = made.frame
    lone = frame[(frame["tier"] == "A") & (frame["party"] == "") & (frame["cluster"] == "")]
    chosen = lone["id"].iloc[np.sort(rng.choice(len(lone), 60, replace=False))]
    rows += [(a, "", teams[i % 3], "战略客户名单", "2026-01-01", "") for i, a in enumerate(chosen)]
    columns = ["account", "party", "grid", "list", "from", "to"]
    write_csv(pd.DataFrame(rows, columns=columns), target / "named-lists.csv")


def write_accounts(path: Path, made: Customers, rng: np.random.Generator) -> None:
    """The customers in GCJ-02, with the deliberate faults that SOURCES.md lists scattered among them."""
    frame = made.frame.copy()
    lng, lat = to_gcj(frame["lng"].to_numpy(), frame["lat"].to_numpy())
    frame["lng"], frame["lat"] = [f"{v:.6f}" for v in lng], [f"{v:.6f}" for v in lat]
    write_csv(bad_rows(frame, rng), path)
