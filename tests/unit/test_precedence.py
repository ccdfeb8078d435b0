import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.precedence import (
    REASONS,
    RULES,
    STATUSES,
    Decision,
    Facts,
    Reason,
    Rule,
    Status,
    decide,
    explain,
    parse_rules,
    resolve_conflicts,
)

ALL = tuple(Rule)


def one(rules=ALL, **facts):
    facts = Facts.of(1, **{k: [v] for k, v in facts.items()})
    d = decide(rules, facts)
    rule = RULES[d.rule[0]] if d.rule[0] >= 0 else None
    return STATUSES[d.status[0]], rule, int(d.grid[0]), bool(d.tie[0])


@pytest.mark.parametrize("k", range(4))
def test_the_first_rule_with_an_answer_decides(k):
    names = ["lock", "named_list", "cluster", "building"]
    facts = {name: i for i, name in enumerate(names) if i >= k}
    assert one(**facts, has_building=True, placed=True, point=9) == (
        Status.ASSIGNED,
        Rule(names[k]),
        k,
        False,
    )


def test_the_order_is_the_planes():
    facts = {"cluster": 2, "placed": True, "point": 1}
    assert one((Rule.CLUSTER, Rule.POINT), **facts)[1:3] == (Rule.CLUSTER, 2)
    assert one((Rule.POINT, Rule.CLUSTER), **facts)[1:3] == (Rule.POINT, 1)
    assert one((Rule.POINT,), **facts)[1:3] == (Rule.POINT, 1)


def test_a_customer_the_plane_does_not_cover_has_no_grid():
    assert one(covered=False, lock=3, placed=True, point=1) == (Status.UNCOVERED, None, -1, False)


def test_a_coarse_geocode_skips_the_rule_point():
    coarse = {"placed": True, "coarse": True, "point": 1}
    assert one(**coarse, region=1) == (Status.ASSIGNED, Rule.REGION, 1, False)
    assert one(**coarse) == (Status.QUARANTINED, None, -1, False)
    assert one((Rule.POINT,), **coarse, region=1) == (Status.QUARANTINED, None, -1, False)


def test_a_district_is_quarantined_by_place_rules_only():
    district = {"placed": True, "coarse": True, "district": True, "point": 1, "region": 1}
    assert one(**district) == (Status.QUARANTINED, None, -1, False)
    for name in ("lock", "named_list", "cluster"):
        assert one(**district, **{name: 4}) == (Status.ASSIGNED, Rule(name), 4, False)
    assert one(**district, building=4, has_building=True) == (Status.ASSIGNED, Rule.BUILDING, 4, False)


def test_outside_and_unassigned():
    assert one(placed=True) == (Status.OUTSIDE, None, -1, False)
    assert one() == (Status.UNASSIGNED, None, -1, False)
    assert one((Rule.NAMED_LIST, Rule.CLUSTER), placed=True, point=3) == (Status.UNASSIGNED, None, -1, False)
    assert one((Rule.NAMED_LIST,), placed=True, coarse=True) == (Status.UNASSIGNED, None, -1, False)
    # the building rule alone: a building that no grid covers is an exact place outside
    assert one((Rule.BUILDING,), has_building=True) == (Status.OUTSIDE, None, -1, False)


def test_a_tie_goes_to_its_building_else_to_the_lowest_code():
    tie = {"placed": True, "point": 1, "tie": True}
    assert one(**tie) == (Status.ASSIGNED, Rule.POINT, 1, True)
    assert one((Rule.POINT,), **tie, building=2, has_building=True) == (Status.ASSIGNED, Rule.POINT, 2, True)
    assert one(**tie, building=2, has_building=True) == (Status.ASSIGNED, Rule.BUILDING, 2, True)
    assert one(**tie, building=-1, has_building=True) == (Status.ASSIGNED, Rule.POINT, 1, True)
    # what is not decided by place is no tie
    assert one(**tie, lock=5) == (Status.ASSIGNED, Rule.LOCK, 5, False)
    assert one(**tie, coarse=True, region=1) == (Status.ASSIGNED, Rule.REGION, 1, False)


def reference(rules, f):
    """The rules read aloud, one account at a time."""
    if not f["covered"]:
        return Status.UNCOVERED, None, -1, False
    exact = f["placed"] and not f["coarse"] and not f["district"]
    doubtful = f["placed"] and not exact
    for rule in rules:
        grid = -1
        if rule in (Rule.LOCK, Rule.NAMED_LIST, Rule.CLUSTER):
            grid = f[rule.value]
        elif rule is Rule.BUILDING and f["has_building"]:
            grid = f["building"]
        elif rule is Rule.POINT and exact:
            grid = f["building"] if f["tie"] and f["has_building"] and f["building"] >= 0 else f["point"]
        elif rule is Rule.REGION and doubtful and not f["district"]:
            grid = f["region"]
        if grid >= 0:
            return Status.ASSIGNED, rule, grid, exact and f["tie"] and rule in (Rule.BUILDING, Rule.POINT)
    if exact and Rule.POINT in rules:
        return Status.OUTSIDE, None, -1, False
    if doubtful and (Rule.POINT in rules or Rule.REGION in rules):
        return Status.QUARANTINED, None, -1, False
    if f["has_building"] and not doubtful and Rule.BUILDING in rules:
        return Status.OUTSIDE, None, -1, False
    return Status.UNASSIGNED, None, -1, False


grid = st.integers(-1, 3)
flag = st.booleans()
account = st.fixed_dictionaries(
    dict.fromkeys(("lock", "named_list", "cluster", "building", "point", "region"), grid)
    | dict.fromkeys(("covered", "has_building", "placed", "coarse", "district", "tie"), flag)
)


@given(st.lists(account, max_size=20), st.permutations(ALL), st.integers(0, 6))
def test_agrees_with_the_rules_read_aloud(accounts, order, k):
    rules = tuple(order[:k])
    facts = Facts.of(
        len(accounts), **{name: [a[name] for a in accounts] for name in Facts.__dataclass_fields__}
    )
    d: Decision = decide(rules, facts)
    for i, a in enumerate(accounts):
        got = (
            STATUSES[d.status[i]],
            RULES[d.rule[i]] if d.rule[i] >= 0 else None,
            int(d.grid[i]),
            bool(d.tie[i]),
        )
        assert got == reference(rules, a)
        steps = explain(rules, facts, i, ["w", "x", "y", "z"])
        assert steps[-1].outcome == got[0]
        assert [s.rule for s in steps if s.outcome == "decided"] == ([got[1]] if got[1] else [])
        if got[1]:
            assert f"grid {'wxyz'[got[2]]}" in next(s.text for s in steps if s.outcome == "decided")


def test_reasons_tell_more_than_the_status():
    facts = Facts.of(
        4, placed=[True, True, True, False], coarse=[0, 1, 1, 0], district=[0, 0, 1, 0], point=[-1, 1, 1, -1]
    )
    reasons = [REASONS[code] for code in decide(ALL, facts).reason]
    assert reasons == [Reason.NO_GRID_HERE, Reason.REGION_CROSSES, Reason.DISTRICT, Reason.NO_PLACE]


def test_rules_are_parsed():
    assert parse_rules(["point", "lock"]) == (Rule.POINT, Rule.LOCK)
    with pytest.raises(InputError, match="unknown rule 'polygon'"):
        parse_rules(["polygon"])
    with pytest.raises(InputError, match="given twice"):
        parse_rules(["lock", "lock"])


def test_columns_of_different_length_are_refused():
    with pytest.raises(InputError, match="shapes"):
        Facts.of(2, lock=[1])


@given(st.permutations(range(5)))
def test_conflicts_are_decided_by_list_then_code_whatever_the_order(order):
    subject = np.array([7, 7, 7, 8, 9])[list(order)]
    code = np.array(["G2", "G1", "G0", "G5", "G1"])[list(order)]
    name = np.array(["a", "a", "b", "x", "c"])[list(order)]
    rows, conflict = resolve_conflicts(subject, code, name)
    assert list(zip(subject[rows], code[rows], strict=True)) == [(7, "G1"), (8, "G5"), (9, "G1")]
    assert (conflict == (subject == 7)).all()


def test_the_same_grid_twice_is_no_conflict():
    rows, conflict = resolve_conflicts(np.array([1, 1]), np.array(["G", "G"], dtype=object))
    assert len(rows) == 1
    assert not conflict.any()
    assert len(resolve_conflicts(np.array([]), np.array([]))[0]) == 0
