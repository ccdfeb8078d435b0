"""Why a number of minutes is what it is, in words."""

from geo.workload import TOUR_CONSTANT, WorkloadPolicy

SOURCE = (
    "Travel is the continuous approximation of a tour (Daganzo 1984, The length of tours in zones of "
    f"different shapes): the way to the next customer is {TOUR_CONSTANT}/√density km as the crow flies "
    "(Beardwood, Halton and Hammersley 1959; the constant by Johnson, McGeoch and Rothberg 1996), times the "
    "detour by road."
)
_WHAT = {
    "prospects": "prospects",
    "opportunities": "open opportunities",
    "complaints": "complaints a month",
}


def part(
    name: str, count: float, each: float, policy: WorkloadPolicy, grid_class: str, why: str | None = None
) -> str:
    """One part of an account's minutes: how many, times how long, and where both come from."""
    of = policy.classes[grid_class]
    where = f"class {grid_class}" if grid_class else "land without a class"
    because = f" ({why})" if why else ""
    if name == "visits":
        return f"{count:g} visits a month{because} × {each:g} min on the spot in {where}"
    if name == "travel":
        return (
            f"{count:g} ways × {each:.1f} min: {TOUR_CONSTANT}/√{of.density_km2:g} km to the next customer, "
            f"× {of.detour:g} by road, at {of.speed_kmh:g} km/h in {where}"
        )
    return f"{count:g} {_WHAT[name]} × {each:g} min in {where}"


def visits(tier: str | None, said: bool) -> str:
    """Where an account's visits a month come from."""
    if said:
        return "as the account itself says"
    return f"by tier {tier}" if tier else "as of customers without a tier"


def residence(distance_m: float, minutes: float, policy: WorkloadPolicy, grid_class: str) -> str:
    """The owner's way from the residence."""
    of = policy.classes[grid_class]
    return (
        f"{policy.trips:g} trips a month there and back × {distance_m / 1000:.1f} km to the grid's work "
        f"× {of.detour:g} by road, at {of.speed_kmh:g} km/h: {minutes:.0f} min"
    )
