"""Neubrandenburg's synthetic customers at real addresses, and the households guessed for real footprints."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.partition import Floats, Ints

BUSINESS = {
    "industrial", "commercial", "retail", "supermarket", "warehouse", "hospital", "school", "civic", "public",
}  # fmt: skip
UNLIVED = BUSINESS | {
    "garage", "garages", "shed", "roof", "hangar", "church", "construction", "entrance", "stable", "barn",
    "carport", "ruins", "demolished",
}  # fmt: skip


def footprints(frame: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Real footprints with an id, a use, an address if there is one, synthetic households and ports."""
    shape = frame.geometry.normalize().to_wkb()
    frame = frame[~shape.duplicated()].reset_index(drop=True)
    area = frame.geometry.area
    levels = pd.to_numeric(frame["levels"], errors="coerce")
    addressed = (frame["addr_points"] > 0) | frame["addr_housenumber"].notna()
    storeys = levels.fillna(pd.Series(np.select([area > 900, area > 320, area > 170], [4, 5, 2], 1)))
    lived = addressed & ~frame["building"].isin(UNLIVED)
    many = np.maximum(1, np.round(area * storeys / 105 * rng.uniform(0.8, 1.2, len(frame))))
    single = (area < 170) | (frame["building"] == "house")
    homes = np.where(lived, np.where(single, 1, np.minimum(many, 90)), 0).astype(int)
    work = frame["building"].isin(BUSINESS) | frame["poi_key"].isin(["shop", "office"])
    street, number = frame["addr_street"].fillna(""), frame["addr_housenumber"].fillna("")
    town = (frame["addr_postcode"].fillna("") + " " + frame["addr_city"].fillna("")).str.strip()
    ports = np.where(homes > 2, np.ceil(homes * rng.uniform(0.9, 1.2, len(frame)) / 8) * 8, homes).astype(int)
    return gpd.GeoDataFrame(
        {
            "id": frame["osm_type"].str[0] + frame["osm_id"].astype(str),
            "name": frame["name"],
            "use": np.select([homes > 0, work], ["residential", "business"], "other"),
            "address": (street + " " + number).str.strip().str.cat(town, sep=", ").where(street != "", ""),
            "households": homes,
            "ports": ports,
            "ports_used": (ports * rng.beta(4, 3, len(frame))).astype(int),
        },
        geometry=frame.geometry,
    )


def at_addresses(
    addresses: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, total: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """The footprint each address stands in (−1 for none) and the customers each address has."""
    inside = np.full(len(addresses), -1, dtype=np.int64)
    tree = shapely.STRtree(buildings.geometry.to_numpy())
    row, hit = tree.query(addresses.geometry.to_numpy(), "intersects")
    inside[row[::-1]] = hit[::-1]
    sharing = np.bincount(inside[inside >= 0], minlength=len(buildings))
    # A footprint cannot be divided, so none is so full that its block could not be balanced.
    homes = np.minimum(buildings["households"].to_numpy(), 30) / np.maximum(sharing, 1)
    pull = np.where(inside >= 0, homes[inside], 1.0)
    pull = np.clip(pull, 0.5, 9) ** 0.7
    return inside, rng.multinomial(total, pull / pull.sum())


def accounts(
    addresses: gpd.GeoDataFrame,
    lng_lat: Floats,
    buildings: gpd.GeoDataFrame,
    inside: Ints,
    count: Ints,
    rural: Ints,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a customer, at its address; WGS 84."""
    at = np.repeat(np.arange(len(addresses)), count)
    n = len(at)
    rows = addresses.iloc[at].reset_index(drop=True)
    ids = np.where(inside >= 0, buildings["id"].to_numpy()[inside], "")
    use = np.where(inside >= 0, buildings["use"].to_numpy()[inside], "")[at]
    business = rng.random(n) < np.where(use == "business", 0.8, 0.12)
    tier = np.where(business, rng.choice(["A", "B", "C"], n, p=[0.06, 0.22, 0.72]), "")
    status = rng.choice(["on_net", "off_net", "prospect"], n, p=[0.6, 0.27, 0.13])
    building = ids[at]
    loose = building == ""
    level = np.where(loose, rng.choice(["point", "street"], n, p=[0.9, 0.1]), "building")
    level = np.where(loose & (rural[at] == 1) & (rng.random(n) < 0.2), "village", level)
    visits = np.select([tier == "A", tier == "B", tier == "C"], [4, 2, 1], 0)
    street = rows["addr_street"].fillna(rows["addr_place"]).fillna("")
    address = (street + " " + rows["addr_housenumber"].fillna("")).str.strip()
    town = (rows["addr_postcode"].fillna("") + " " + rows["addr_city"].fillna("")).str.strip()
    frame = pd.DataFrame(
        {
            "id": [f"NB{i:06d}" for i in range(1, n + 1)],
            "lng": np.round(lng_lat[at, 0], 7),
            "lat": np.round(lng_lat[at, 1], 7),
            "name": [f"Kunde {i:06d} (synthetisch)" for i in range(1, n + 1)],
            "segment": np.where(business, "business", "household"),
            "tier": tier,
            "net_status": status,
            "geocode_level": level,
            "building": building,
            "address": address.str.cat(town, sep=", ").str.strip(", "),
            "visits": visits,
            "prospects": (status == "prospect").astype(int),
            "opportunities": rng.binomial(2, np.where(business, 0.2, 0.04)),
            "complaints": rng.binomial(2, 0.04, n),
            "synthetic": True,
        }
    )
    return _with_faults(frame, rng)


def _with_faults(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Eight faulty rows at the end, as SOURCES.md lists them."""
    bad = frame.iloc[np.sort(rng.choice(len(frame), 8, replace=False))].copy().reset_index(drop=True)
    again = bad["id"].copy()
    bad["id"] = [f"BAD{i}" for i in range(1, 9)]
    bad["name"], bad["building"], bad["geocode_level"] = "Fehlerzeile (synthetisch)", "", "point"
    bad.loc[0:1, "lng"] = np.nan
    bad.loc[2:3, "lng"] = 1325.0
    bad.loc[4:5, "id"] = again[4:6].to_numpy()
    bad.loc[6:7, "building"] = ["w-unknown-1", "w-unknown-2"]
    return pd.concat([frame, bad], ignore_index=True)
