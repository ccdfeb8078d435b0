"""Profiles: what each gives an organisation is what the service would take from a planner."""

import pytest

from app.errors import NotFound
from app.planes.service import COVERED_BY, checked
from app.policies.kinds import CODES, WORKLOAD, kind_of
from app.profiles import service

NAMES = ["ab-classes", "branches", "nation", "single-plane", "two-planes"]


def test_there_is_a_profile_for_every_case() -> None:
    assert list(service.every()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_planes_and_policies_of_a_profile_are_taken(name: str) -> None:
    profile = service.named(name)
    for plane in profile.planes:
        assert checked(plane.kind, plane.name, plane.rules, plane.covers)["rules"] == plane.rules
        assert set(plane.covers) <= set(COVERED_BY)
    for kind, document in profile.policies.items():
        kind_of(kind).parse(document)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_weighs_the_tiers_that_it_lists_and_no_others(name: str) -> None:
    policies = service.named(name).policies
    listed = CODES.parse(policies[CODES.name]).tiers or ()
    assert set(WORKLOAD.parse(policies[WORKLOAD.name]).visits) - {""} == set(listed)
    covered = {tier for plane in service.named(name).planes for tier in plane.covers.get("tier", [])}
    assert covered <= set(listed)


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="single-plane"):
        service.named("three-planes")
