import pytest

from geo.completeness import DEFAULT_POLICY, document_of, parse_policy
from geo.errors import InputError

DOCUMENT = {
    "grid": {"needed": ["code"], "stale_after_days": None},
    "customer": {
        "needed": ["name", "attributes.services"],
        "also": [{"tier": ["A"], "needed": ["uscc"], "stale_after_days": 30}],
    },
}


def test_what_is_left_out_is_as_by_default():
    policy = parse_policy(DOCUMENT)
    assert policy.tiers["grid"].stale_after_days is None
    assert policy.tiers["building"] == DEFAULT_POLICY.tiers["building"]
    customer = policy.tiers["customer"]
    assert customer.needed == ("name", "attributes.services")
    assert customer.stale_after_days == DEFAULT_POLICY.tiers["customer"].stale_after_days
    assert (customer.also[0].tier, customer.also[0].segment) == (("A",), ())
    assert parse_policy({}) == DEFAULT_POLICY


def test_a_policy_survives_being_written():
    assert parse_policy(document_of(parse_policy(DOCUMENT))) == parse_policy(DOCUMENT)
    assert document_of(parse_policy(DOCUMENT))["customer"]["also"] == DOCUMENT["customer"]["also"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"customers": {}}, "policy: unknown key 'customers'"),
        ({"grid": []}, "grid: .* is no table"),
        ({"grid": {"also": []}}, "grid: unknown key 'also'"),
        ({"grid": {"needed": ["uscc"]}}, "grid.needed: nothing is known as 'uscc' of a grid"),
        ({"grid": {"needed": "owner"}}, "grid.needed: 'owner' is no list"),
        ({"building": {"stale_after_days": 0}}, "building.stale_after_days: 0 is no number of days"),
        ({"customer": {"needed": ["attributes."]}}, "nothing is known as 'attributes.'"),
        ({"customer": {"also": [{"needed": ["uscc"]}]}}, r"customer.also\[0\]: it says of no tier"),
        ({"customer": {"also": [{"tier": [3]}]}}, r"customer.also\[0\].tier: 3 is no text"),
        ({"customer": {"also": [{"tier": "A"}]}}, r"customer.also\[0\].tier: 'A' is no list"),
    ],
)
def test_bad_policies_are_refused_with_the_place(document, message):
    with pytest.raises(InputError, match=message):
        parse_policy(document)
