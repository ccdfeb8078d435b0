import pytest

from geo import columns
from geo.errors import InputError


def test_every_file_of_the_contract_has_its_columns():
    assert set(columns.ALIASES) == set(columns.NEEDED)
    for kind, alternatives in columns.NEEDED.items():
        for some in alternatives:
            for names in some:
                assert set(names) <= set(columns.ALIASES[kind])


def test_no_alias_is_given_twice_within_a_file():
    for kind, known in columns.ALIASES.items():
        every = [columns.normal(a) for names in known.values() for a in names]
        assert len(every) == len(set(every)), kind


def test_chinese_and_english_names_are_found_and_the_rest_is_kept():
    found = columns.resolve("accounts", ["\ufeff客户编号", "经度", " Latitude ", "备注", "客户名称"])
    assert found.columns == {"id": "\ufeff客户编号", "lng": "经度", "lat": " Latitude ", "name": "客户名称"}
    assert found.missing == ()
    assert found.extra == ("备注",)


def test_our_own_name_goes_before_an_alias():
    found = columns.resolve("grids", ["grid", "code", "geometry"])
    assert found.columns["code"] == "code"
    assert found.extra == ("grid",)


def test_a_column_is_used_once():
    found = columns.resolve("named-lists", ["客户编码", "网格"])
    assert found.columns == {"account": "客户编码", "grid": "网格"}


def test_a_mapping_goes_before_everything():
    found = columns.resolve("accounts", ["id", "lng", "lat", "x2"], {"lng": "x2"})
    assert found.columns["lng"] == "x2"
    assert found.extra == ("lng",)
    with pytest.raises(InputError, match="which the file lacks"):
        columns.resolve("accounts", ["id"], {"lng": "nowhere"})
    with pytest.raises(InputError, match="no column of accounts"):
        columns.resolve("accounts", ["id"], {"colour": "id"})


def test_what_is_missing_is_said():
    found = columns.resolve("accounts", ["name"])
    assert found.missing == ("id", "lng and lat, or geometry")
    with pytest.raises(InputError, match=r"f\.csv: column id: accounts need id; lng and lat, or geometry"):
        columns.require(found, "accounts", ["name"], file="f.csv")
    assert columns.resolve("accounts", ["id", "geometry"]).missing == ()
    assert columns.resolve("named-lists", ["party", "grid"]).missing == ()
