"""The steps that both towns take: each does one thing over HTTP, says so, and keeps the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.demo import figures
from app.demo.client import Api, Document, Problem
from app.demo.days import Days
from app.demo.errors import DemoFailed
from app.demo.telling import Teller

CLASS_NAMES = {"A": "A urban", "B": "B rural", "none": "no class"}


@dataclass
class Stage:
    """Where a town's story plays: its organisation, its files, its days; ``told`` collects the figures."""

    api: Api
    teller: Teller
    folder: Path
    days: Days
    told: Document = field(default_factory=dict)


def plane(
    stage: Stage, code: str, name: str, kind: str, rules: Sequence[str], segment: Sequence[str] = ()
) -> None:
    """Make a plane; ``segment`` are those it covers, none: everyone."""
    covers = {"segment": list(segment)}
    body = {"code": code, "name": name, "kind": kind, "rules": list(rules), "covers": covers}
    stage.api.post("/v1/planes", body)
    whom = f", for {' and '.join(segment)} customers only" if segment else ""
    stage.teller.figure(f"plane {code} ({name}): {kind}s, decided by {', then '.join(rules)}{whom}")


def load(stage: Stage, kind: str, file: str, *, crs: str | None = None, plane: str | None = None) -> Document:
    """Load a file from the first of the month, and keep how many rows were taken and why others were not."""
    since = stage.days.first.isoformat()
    said = f"loading {file}"
    result = stage.api.load(
        kind, stage.folder / file, said=said, crs=crs, plane=plane, since=since
    )  # fmt: skip
    return _loaded(stage, kind, file, result)


def _loaded(stage: Stage, kind: str, file: str, result: Document) -> Document:
    """Say and keep what a load did."""
    refused = figures.examples(_refused_rows(stage.api, result["job"])) if result["refused"] else []
    line = f"{kind:<16} {result['accepted']:>7,} rows"
    if result["refused"]:
        line += f"   {result['refused']} refused"
    stage.teller.figure(line)
    for row in refused:
        more = f" (and {row['alike'] - 1} like it)" if row["alike"] > 1 else ""
        stage.teller.figure(f"    row {row['row']} {row['id'] or ''}: {row['reason']}{more}")
    for warning in result["warnings"]:
        stage.teller.figure(f"    warning: {warning['message']}")
    stage.told.setdefault("loads", []).append(
        {
            "kind": kind,
            "file": file,
            **{name: result[name] for name in ("rows", "accepted", "refused")},
            "examples": refused,
            "warnings": [warning["message"] for warning in result["warnings"]],
        }
    )
    return result


def refused_numbers(stage: Stage, result: Document) -> set[int]:
    """The numbers (from 1) of the rows that a load refused."""
    return {row["row"] for row in _refused_rows(stage.api, result["job"])} if result["refused"] else set()


def _refused_rows(api: Api, job_id: str) -> list[Document]:
    rows: list[Document] = []
    token = None
    while True:
        page = api.get(f"/v1/jobs/{job_id}/rows", token=token)
        rows += page["rows"]
        token = page["next"]
        if token is None:
            return rows


def load_grids(stage: Stage, file: str, *, crs: str | None, plane: str, name: str) -> str:
    """Load a file of grids into a draft; the plan's id."""
    since = stage.days.first.isoformat()
    result = stage.api.load(
        "grids", stage.folder / file, said=f"loading {file}", crs=crs, plane=plane, name=name, since=since
    )
    _loaded(stage, "grids", file, result)
    return str(result["plan"])


def refused_grids(stage: Stage, file: str, *, crs: str, plane: str) -> None:
    """Hand faulty grids in: they must come back with their faults named and placed."""
    try:
        stage.api.load("grids", stage.folder / file, said=f"loading {file}", crs=crs, plane=plane)
    except Problem as problem:
        if problem.kind != "invalid-coverage":
            raise
        document = problem.document
    else:
        raise DemoFailed(f"{file} has faults and was loaded all the same")
    found = [one for one in document["findings"] if one["severity"] == "error"]
    stage.teller.figure(f"refused with status {document['status']}: {document['title']}")
    for one in found:
        stage.teller.figure(f"    {finding_in_words(one)}")
    stage.told["faulty"] = {
        "file": file,
        "status": document["status"],
        "findings": [{name: one[name] for name in ("kind", "codes", "area_m2")} for one in found],
        "words": [finding_in_words(one) for one in found],
    }


def finding_in_words(finding: Mapping[str, Any]) -> str:
    """One finding as a line: what, how large, whose, where."""
    whose = " and ".join(finding["codes"])
    area = f" of {finding['area_m2']:,.0f} m²" if finding["area_m2"] else ""
    where = _somewhere(finding["geometry"])
    at = f" at {where[0]:.4f}, {where[1]:.4f}" if where else ""
    return f"{finding['kind'].replace('_', ' ')}{area}{': ' + whose if whose else ''}{at}"


def _somewhere(geometry: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """A vertex of a GeoJSON geometry."""
    at: Any = (geometry or {}).get("coordinates")
    while isinstance(at, list) and at and isinstance(at[0], list):
        at = at[0]
    return (float(at[0]), float(at[1])) if isinstance(at, list) and len(at) >= 2 else None


def check(stage: Stage, plan_id: str, called: str) -> Document:
    """Check a plan and say what was found."""
    with stage.teller.waiting(f"checking {called}") as tell:
        tell(0.0, "overlaps, gaps, classes, owners, barriers")
        answer = stage.api.get(f"/v1/plans/{plan_id}/check")
    kinds: dict[str, int] = {}
    for one in answer["findings"]:
        kinds[one["kind"]] = kinds.get(one["kind"], 0) + 1
    said = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in kinds.items()) or "nothing found"
    stage.teller.figure(f"{answer['grids']} grids, {'valid' if answer['valid'] else 'not valid'}: {said}")
    stage.told.setdefault("checks", []).append(
        {"plan": called, "grids": answer["grids"], "valid": answer["valid"], "findings": kinds}
    )
    return answer


def publish(stage: Stage, plan_id: str, called: str, *, from_first: bool) -> None:
    """Validate a plan, taking its warnings on oneself; publish it from this month's first or the next's."""
    day = stage.days.first if from_first else stage.days.next
    stage.api.post(f"/v1/plans/{plan_id}/validate", {"acknowledge": True})
    body: Document = {"effective_from": day.isoformat()}
    if day < stage.days.today:
        body["reason"] = "Taken over from the files that were in use."
    stage.api.run(f"/v1/plans/{plan_id}/publish", body, said=f"publishing {called}")
    stage.teller.figure(f"{called}: in force from {day}")


def assigned(stage: Stage, plane: str) -> None:
    """How many customers each rule decided, in the plane as it stands today."""
    answer = stage.api.get("/v1/coverage/summary", plane=plane, at=stage.days.today.isoformat())
    statuses = {name: count for name, count in answer["total"]["by_status"].items() if count}
    stage.told.setdefault("assigned", {}).setdefault(plane, {})["by_status"] = statuses
    said = ", ".join(f"{count:,} {name}" for name, count in statuses.items())
    stage.teller.figure(f"plane {plane}: {said}")


def redraw(stage: Stage, plan_id: str, name: str, wanted: Mapping[str, Any]) -> tuple[str, Document]:
    """Rebalance a plan into a draft; its id and the report."""
    done = stage.api.run(
        f"/v1/plans/{plan_id}/rebalances", {**wanted, "name": name}, said="redrawing the grids"
    )
    told = figures.redraw(done["report"], wanted["weights"])
    stage.told["redraw"] = told
    _tell_redraw(stage.teller, told)
    return str(done["plan"]), done["report"]


def _tell_redraw(teller: Teller, told: Document) -> None:
    rows = []
    for measure in told["measures"]:
        for one in told["by_class"][measure]:
            spans = [f"{one[when]['least']:.2f} – {one[when]['most']:.2f}" for when in ("before", "after")]
            rows.append(
                [measure, CLASS_NAMES.get(one["class"], one["class"]), str(one["grids"]), *spans,
                 f"{one['before']['beyond']} → {one['after']['beyond']}"]
            )  # fmt: skip
    teller.table(["load / target", "class", "grids", "before", "after", "beyond tolerance"], rows)
    moved, border = told["moved"], told["border"]
    outcome = "within tolerance" if told["feasible"] else "not within tolerance"
    teller.figure(
        f"{outcome} in {told['seconds']:.1f} s: {moved['share']:.1%} of the work moves "
        f"(no plan can do with less than {told['bound']:.1%}; {told['estimate']:.1%} was estimated)"
    )
    teller.figure(
        f"{moved['customers']:,} customers and {moved['buildings']:,} buildings move, "
        f"{moved['grids']} grids change shape, in {moved['steps']} steps"
    )
    if told["units"]["mode"] == "blocks" and border["street_share"] is not None:
        teller.figure(
            f"{border['new_m'] / 1000:.1f} km of new border, {border['street_share']:.0%} of it on streets"
        )
    teller.figure(f"footprints newly cut: {told['footprints']['newly_cut']}")
    for message in told["certificates"]:
        teller.figure(f"    why not better: {message}")


def handover(stage: Stage, plan_id: str) -> None:
    """Who gives what to whom when the plan takes effect: the largest."""
    rows = stage.api.get(f"/v1/plans/{plan_id}/handover")["rows"]
    largest = sorted(rows, key=lambda row: -row["customers"])[:4]
    stage.teller.figure(
        f"{len(rows)} pairs of grids, {sum(row['customers'] for row in rows):,} customers; the largest:"
    )
    stage.teller.table(
        ["from", "to", "customers", "buildings"],
        [[_side(row["from"]), _side(row["to"]), f"{row['customers']:,}", f"{row['buildings']:,}"]
         for row in largest],
    )  # fmt: skip
    stage.told["handover"] = {
        "pairs": len(rows),
        "customers": sum(row["customers"] for row in rows),
        "largest": [
            {"from": _side(row["from"]), "to": _side(row["to"]), "customers": row["customers"]}
            for row in largest
        ],
    }


def _side(side: Mapping[str, Any]) -> str:
    return " ".join(part for part in (side["grid"], side["person_name"]) if part) or "–"
