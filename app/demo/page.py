"""The demo's page as HTML: nothing from elsewhere, no script."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

Document = Mapping[str, Any]

STYLE = """
:root { --ink: #22303c; --muted: #5d6b78; --line: #dfe4e8; --accent: #0b6e4f; --paper: #fff;
  --wash: #f5f7f8; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); line-height: 1.5;
  font-family: system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.25rem; padding-bottom: .5rem; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -.01em; }
header p { margin: .35rem 0 0; color: var(--muted); max-width: 46rem; }
nav { margin-top: 1rem; display: flex; gap: 1.25rem; flex-wrap: wrap; }
a { color: var(--accent); }
h2 { margin: 2.75rem 0 .25rem; font-size: 1.35rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
p.lead { margin: 0 0 1rem; color: var(--muted); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem;
  margin: 1rem 0; }
dl div { background: var(--wash); border-radius: 8px; padding: .8rem 1rem; }
dt { color: var(--muted); font-size: .82rem; }
dd { margin: .1rem 0 0; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--muted); }
figure { margin: 1rem 0 0; }
figure img { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 6px; }
figcaption { color: var(--muted); font-size: .88rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { text-align: left; padding: .3rem 1.4rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--muted); font-weight: 500; font-size: .82rem; }
td.n, th.n { text-align: right; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: var(--wash); border-radius: 8px; padding: .9rem 1.1rem; overflow-x: auto; }
footer { color: var(--muted); font-size: .85rem; padding-top: 2.5rem; padding-bottom: 3rem; }
"""

# The style is named by its digest, so that nothing else can style or run anything in the page.
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

_LINKS = '<nav><a href="/docs">API documentation</a><a href="/readyz">Is it ready?</a></nav>'
_CREDIT = (
    'Map data © <a href="https://www.openstreetmap.org/copyright">OpenStreetMap contributors</a>, ODbL 1.0. '
    "Places are real; every customer, person, grid and load is synthetic."
)
_NOTHING_YET = (
    "<main><h2>No demo has been run here</h2>"
    "<p>Type this in the checkout, and come back in a few minutes:</p><pre>./run demo</pre></main>"
)


def page(story: Document | None) -> str:
    """The page for the story of the last demo, or saying how to run one."""
    body = (
        _NOTHING_YET if story is None else f"<main>{''.join(_town(town) for town in story['towns'])}</main>"
    )
    made = "" if story is None else f" Told {escape(story['made'])}, in {story['seconds']:.0f} seconds."
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Gridwright</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>"
        "<header><h1>Gridwright</h1><p>Who is responsible for which ground, building and customer, "
        f"and how to redraw it when the work has drifted apart.</p>{_LINKS}</header>"
        f"{body}<footer>{_CREDIT}{made}</footer></body></html>"
    )


def _town(town: Document) -> str:
    redraw = town["redraw"]
    return "".join(
        (
            f"<h2>{escape(town['title'])}</h2>",
            f'<p class="lead">Organisation {escape(town["organisation"])}: loaded, checked, assigned, '
            f"redrawn, published from {town['days']['next']}.</p>",
            _figures(town),
            *(
                f'<figure><img src="/demo/{escape(one["file"])}" alt="{escape(one["caption"])}" '
                f'width="{one["width"]}" height="{one["height"]}">'
                f"<figcaption>{escape(one['caption'])}</figcaption></figure>"
                for one in town["maps"]
            ),
            "<h3>Load of the grids relative to their targets</h3>",
            _balance(redraw),
            "<h3>Asked before and after</h3>",
            _question(town["question"]),
            _planes(town.get("two_planes")),
            "<h3>Handed over</h3>",
            _handover(town["handover"]),
            "<h3>Assigned</h3>",
            _assigned(town["assigned"]),
            "<h3>Loaded and checked</h3>",
            _loads(town["loads"]),
            _faulty(town.get("faulty")),
            _checks(town["checks"]),
        )
    )


def _figures(town: Document) -> str:
    redraw = town["redraw"]
    rows = sum(one["accepted"] for one in town["loads"])
    refused = sum(one["refused"] for one in town["loads"])
    before, after = (sum(one[when]["beyond"] for one in redraw["by_class"][redraw["measures"][0]])
                     for when in ("before", "after"))  # fmt: skip
    border = redraw["border"]
    cells = [
        ("Rows loaded", f"{rows:,}", f"{refused} refused, each with its reason"),
        ("Grids beyond tolerance", f"{before} → {after}", f"of {town['checks'][0]['grids']}"),
        ("Work moved", f"{redraw['moved']['share']:.1%}",
         f"at least {redraw['bound']:.1%} must; {redraw['estimate']:.1%} estimated"),
        ("Customers moved", f"{redraw['moved']['customers']:,}",
         f"{redraw['moved']['buildings']:,} buildings"),
        ("Footprints newly cut", f"{redraw['footprints']['newly_cut']}", "by the new borders"),
    ]  # fmt: skip
    if redraw["units"]["mode"] == "blocks" and border["street_share"] is not None:
        cells.append(
            ("New border on streets", f"{border['street_share']:.0%}", f"of {border['new_m'] / 1000:.1f} km")
        )
    return "<dl>" + "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for name, value, note in cells
    ) + "</dl>"  # fmt: skip


def _balance(redraw: Document) -> str:
    rows = [
        [measure, f"class {one['class']}", str(one["grids"]),
         *(f"{one[when]['least']:.2f} – {one[when]['most']:.2f}" for when in ("before", "after")),
         *(str(one[when]["beyond"]) for when in ("before", "after"))]
        for measure in redraw["measures"]
        for one in redraw["by_class"][measure]
    ]  # fmt: skip
    head = ["measure", "class", "grids", "before", "after", "beyond tolerance before", "after"]
    return _table(head, rows, numeric={2, 3, 4, 5, 6})


def _question(question: Document) -> str:
    said = (
        f"Whose is customer {escape(question['account'])}, at {question['lng']}, {question['lat']} "
        f"({escape(question['crs'])})?"
    )
    rows = [[one["at"], one["grid"], one["owner"] or "–", f"{one['account_grid']} by {one['rule']}"]
            for one in question["answers"]]  # fmt: skip
    return f"<p>{said}</p>" + _table(["on", "the place is in", "whose owner is", "the customer is"], rows)


def _planes(asked: Document | None) -> str:
    if asked is None:
        return ""
    rows = [[plane, one["grid"] or "–", one["rule"] or "–"] for plane, one in asked["answers"].items()]
    said = f"Customer {escape(asked['account'])} on {asked['at']}, in two planes:"
    return f"<p>{said}</p>" + _table(["plane", "grid", "by rule"], rows)


def _handover(handover: Document) -> str:
    said = f"{handover['pairs']} pairs of grids, {handover['customers']:,} customers; the largest:"
    rows = [[one["from"], one["to"], f"{one['customers']:,}"] for one in handover["largest"]]
    return f"<p>{said}</p>" + _table(["from", "to", "customers"], rows, numeric={2})


def _assigned(planes: Document) -> str:
    rows = [
        [plane, *(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in one[what].items())
                  for what in ("by_rule", "by_status"))]
        for plane, one in planes.items()
    ]  # fmt: skip
    return _table(["plane", "by rule", "customers by status"], rows)


def _checks(checks: Sequence[Document]) -> str:
    said = [
        f"{one['plan']}: {one['grids']} grids, {'valid' if one['valid'] else 'not valid'}, "
        + (", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in one["findings"].items())
           or "nothing found")
        for one in checks
    ]  # fmt: skip
    return f"<p>{escape('. '.join(said))}.</p>"


def _loads(loads: Sequence[Document]) -> str:
    rows = [
        [one["file"], f"{one['accepted']:,}", str(one["refused"]),
         "; ".join(f"row {row['row']}: {row['reason']}" for row in one["examples"][:2])]
        for one in loads
    ]  # fmt: skip
    return _table(["file", "rows", "refused", "for example"], rows, numeric={1, 2})


def _faulty(faulty: Document | None) -> str:
    if faulty is None:
        return ""
    found = "; ".join(faulty["words"])
    return f"<p>{escape(faulty['file'])} was refused ({faulty['status']}): {escape(found)}.</p>"


def _table(
    head: Iterable[str], rows: Iterable[Iterable[str]], numeric: frozenset[int] | set[int] = frozenset()
) -> str:
    def row(tag: str, cells: Iterable[str]) -> str:
        kind = {True: ' class="n"', False: ""}
        return "<tr>" + "".join(
            f"<{tag}{kind[at in numeric]}>{escape(cell)}</{tag}>" for at, cell in enumerate(cells)
        ) + "</tr>"  # fmt: skip

    return (
        f'<div class="wide"><table>{row("th", head)}{"".join(row("td", one) for one in rows)}</table></div>'
    )
