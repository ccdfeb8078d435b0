"""Meizhou's synthetic customers: how many stand at each real place, and what is known of each."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.meizhou_ground import BRANCHES, CUSTOMERS_PER_GRID, to_wgs84
from data.names import TRADES

PULL = {"residential": 2.2, "building": 1.0, "market_place": 3.0, "industrial": 1.6, "mall": 2.0}
COLUMNS = [
    "id", "lng", "lat", "name", "segment", "tier", "net_status", "geocode_level", "radius_m", "building",
    "cluster", "party", "locked_grid", "visits", "prospects", "opportunities", "complaints", "synthetic",
]  # fmt: skip


@dataclass(frozen=True)
class Customers:
    """Rows as in accounts.csv, coordinates still WGS 84."""

    frame: pd.DataFrame


def per_place(places: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Customers at each place: each branch and class has as many as its grids should carry on average."""
    pull = places["fclass"].map(PULL).fillna(0.7).to_numpy() * rng.lognormal(0, 0.35, len(places))
    one_point = places["fclass"].isin(["building", "residential"]).to_numpy()
    out = np.zeros(len(places), dtype=np.int64)
    for b, branch in enumerate(BRANCHES):
        for c in "AB":
            here = np.flatnonzero((places["branch"] == b) & (places["cls"] == c))
            total = branch.grids[c] * CUSTOMERS_PER_GRID[c]
            # No place so heavy that a grid could not be balanced round it; one point cannot be divided.
            even = max(0.09 * CUSTOMERS_PER_GRID[c] / total, 1.35 / len(here))
            most = np.where(one_point[here], min(even, 0.06 * CUSTOMERS_PER_GRID[c] / total), even)
            share = pull[here] / pull[here].sum()
            for _ in range(40):
                share = np.minimum(share, most)
                share /= share.sum()
            out[here] = rng.multinomial(total, share)
    far = np.flatnonzero(places["branch"] < 0)
    out[far] = 8
    return out


def customers(
    places: pd.DataFrame,
    buildings: pd.DataFrame,
    clusters: pd.DataFrame,
    parties: pd.DataFrame,
    codes: list[str],
    rng: np.random.Generator,
) -> Customers:
    """One row a customer: at its building's point, else within 60 m of its place (400 m in villages)."""
    at = np.repeat(np.arange(len(places)), places["customers"])
    n = len(at)
    rows = places.iloc[at].reset_index(drop=True)
    fclass = rows["fclass"].to_numpy()
    building = rows["osm_id"].map(dict(zip(buildings["osm_id"], buildings["id"], strict=True))).fillna("")
    cluster = rows["osm_id"].map(dict(zip(clusters["osm_id"], clusters["id"], strict=True))).fillna("")
    sort = [fclass == "residential", cluster != "", fclass == "building"]
    household_share = np.select(sort, [0.93, 0.0, 0.3], 0.62)
    business = rng.random(n) > household_share

    spread = np.where((rows["cls"] == "B") & (cluster == ""), 400, 60)
    reach = spread * np.sqrt(rng.random(n)) * (building.to_numpy() == "")
    turn = rng.uniform(0, 2 * np.pi, n)
    xy = rows[["x", "y"]].to_numpy() + np.column_stack([reach * np.cos(turn), reach * np.sin(turn)])
    lng_lat = to_wgs84(xy)

    tier = np.where(business, rng.choice(["A", "B", "C"], n, p=[0.07, 0.23, 0.70]), "")
    status = rng.choice(["on_net", "off_net", "prospect"], n, p=[0.58, 0.28, 0.14])
    rural = rows["cls"].to_numpy() == "B"
    levels = ["point", "street", "road", "village", "district"]
    coarse = np.where(
        rural,
        rng.choice(levels, n, p=[0.67, 0.06, 0.08, 0.185, 0.005]),
        rng.choice(levels, n, p=[0.915, 0.05, 0.02, 0.01, 0.005]),
    )
    level = np.where(building != "", "building", np.where(cluster != "", "point", coarse))
    known = (level == "village") & (rng.random(n) < 0.3)
    radius = np.where(known, rng.choice([400, 600, 800, 1500], n).astype(str), "")

    prefix = np.array(["梅州"] + [b.name[:2] for b in BRANCHES])[rows["branch"].to_numpy() + 1]
    serial = np.arange(1, n + 1)
    trade = rng.choice(TRADES, n)
    name = [
        f"{p}客户{i:06d}" + (f"（合成·{t}）" if b else "（合成）")
        for p, i, t, b in zip(prefix, serial, trade, business, strict=True)
    ]
    visits = np.select([tier == "A", tier == "B", tier == "C"], [4, 2, 1], 0)
    frame = pd.DataFrame(
        {
            "id": [f"KH{i:06d}" for i in serial],
            "lng": lng_lat[:, 0],
            "lat": lng_lat[:, 1],
            "name": name,
            "segment": np.where(business, "business", "household"),
            "tier": tier,
            "net_status": status,
            "geocode_level": level,
            "radius_m": radius,
            "building": building,
            "cluster": cluster,
            "party": _sites(business & (tier != "C"), parties, rng),
            "locked_grid": "",
            "visits": visits,
            "prospects": (status == "prospect").astype(int),
            "opportunities": rng.binomial(2, np.where(business, 0.2, 0.04)),
            "complaints": rng.binomial(2, 0.04, n),
            "synthetic": "true",
        }
    )
    _lock(frame, rows, codes, rng)
    return Customers(frame[COLUMNS])


def _sites(able: np.ndarray, parties: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Three to twelve sites for each party."""
    party = np.full(len(able), "", dtype=object)
    free = rng.permutation(np.flatnonzero(able))
    start = 0
    for one in parties["id"]:
        size = int(rng.integers(3, 13))
        party[free[start : start + size]] = one
        start += size
    return party


def _lock(frame: pd.DataFrame, rows: pd.DataFrame, codes: list[str], rng: np.random.Generator) -> None:
    """Six customers promised to a grid of their branch, wherever they stand."""
    able = np.flatnonzero((rows["branch"] == 0) & (frame["tier"] == "A"))
    for i in np.sort(rng.choice(able, 6, replace=False)):
        own = sorted(c for c in codes if c.startswith("MJ-A"))
        frame.loc[i, "locked_grid"] = own[int(rng.integers(len(own)))]


def bad_rows(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The frame with thirty faulty rows strewn in, as SOURCES.md lists them."""
    picked = frame.iloc[rng.choice(len(frame), 30, replace=False)].copy().reset_index(drop=True)
    picked["name"] = "坏行样本（合成）"
    picked["locked_grid"] = picked["party"] = picked["building"] = picked["cluster"] = ""
    picked["geocode_level"], picked["radius_m"] = "point", ""
    keep = picked["id"].copy()
    picked["id"] = [f"BAD{i:02d}" for i in range(1, 31)]
    picked.loc[0:4, "lng"] = "NaN"
    swapped = picked.loc[5:12, ["lat", "lng"]].to_numpy()
    picked.loc[5:12, ["lng", "lat"]] = swapped
    picked.loc[13:17, "id"] = keep[13:18].to_numpy()
    picked.loc[18:22, "building"] = [f"LY-UNKNOWN-{i}" for i in range(1, 6)]
    picked.loc[23:25, "cluster"] = [f"JL-UNKNOWN-{i}" for i in range(1, 4)]
    picked.loc[26:27, "lng"] = "1161.130000"
    picked.loc[28:29, "lat"] = "-243.100000"
    where = np.sort(rng.choice(len(frame), 30, replace=False)) + 0.5
    # A second row of one id must come after the first, which is the one that counts.
    first = frame.reset_index().set_index("id")["index"]
    for i in range(13, 18):
        where[i] = max(where[i], first[picked.loc[i, "id"]] + 0.5)
    order = np.r_[np.arange(len(frame), dtype=float), where]
    return pd.concat([frame, picked]).iloc[np.argsort(order, kind="stable")]
