"""The tree of areas: what an import would hang where. Pure."""

from collections.abc import Iterable, Mapping

Parents = Mapping[str, str | None]


def faults(rows: Iterable[tuple[int, str, str | None]], existing: Parents) -> dict[int, str]:
    """Rows (number, code, parent's code) that cannot be hung into the tree, with the reason.

    ``existing``: code → parent's code of the areas that are there. A parent has to be in the file or there
    already, and nobody may be above themselves. What hangs below a refused new area is refused with it.
    """
    good = {code: (number, parent) for number, code, parent in rows}
    found: dict[int, str] = {}
    while True:
        tree = dict(existing) | {code: parent for code, (_, parent) in good.items()}
        bad = {
            code: f"parent: there is no area {parent!r}, neither in the file nor loaded before"
            for code, (_, parent) in good.items()
            if parent is not None and parent not in tree
        } or {
            code: f"parent: the areas go in a circle: {' > '.join(circle)}"
            for code in good
            if (circle := _circle(code, tree))
        }
        if not bad:
            return found
        for code, why in bad.items():
            found[good.pop(code)[0]] = why


def _circle(code: str, tree: Parents) -> list[str] | None:
    """The way from ``code`` upwards back to itself, if there is one."""
    way, at = [code], tree.get(code)
    seen = {code}
    while at is not None and at not in seen:
        seen.add(at)
        way.append(at)
        at = tree.get(at)
    return [*way, code] if at == code else None
