import pytest

from geo.codes import CodePolicy, document_of, fits, parse_policy
from geo.errors import InputError


def test_what_is_left_out_takes_anything():
    assert parse_policy({}) == CodePolicy()
    assert fits("", "whatever", area=None, plane="defence")


def test_a_policy_survives_being_written():
    document = {"tiers": ["A", "B"], "segments": ["business"], "grid": "{area}-{number:3}"}
    assert document_of(parse_policy(document)) == document


@pytest.mark.parametrize(
    ("template", "code", "area", "fit"),
    [
        ("{area}-{number:3}", "MX-007", "MX", True),
        ("{area}-{number:3}", "MX-1007", "MX", True),
        ("{area}-{number:3}", "MX-07", "MX", False),
        ("{area}-{number:3}", "MZ-007", "MX", False),
        ("{area}-{number:3}", "-007", None, False),
        ("{plane}.{number}", "defence.1", None, True),
        ("{plane}.{number}", "defencex1", None, False),
        ("G{number:2}", "G01x", "MX", False),
    ],
)
def test_a_code_fits_its_template(template, code, area, fit):
    assert fits(template, code, area=area, plane="defence") is fit


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"tier": ["A"]}, "unknown key 'tier'"),
        ({"tiers": "ABC"}, "tiers: 'ABC' is no list of texts"),
        ({"tiers": ["A", "A"]}, "named twice"),
        ({"segments": [1]}, "segments: 1 is no text"),
        ({"grid": "{area}-{n}"}, "grid: '{area}-{n}' is no template"),
        ({"grid": "{area}"}, "is no template"),
        ({"grid": 5}, "grid: 5 is no text"),
    ],
)
def test_bad_policies_are_refused_with_the_place(document, message):
    with pytest.raises(InputError, match=message):
        parse_policy(document)
