"""What is taken as the body of a policy, and what is refused before it is looked into."""

import pytest

from app.errors import Invalid, TooLarge
from app.policies.reading import MOST_BYTES, read

YAML = "application/yaml; charset=utf-8"


def test_yaml_and_json_say_the_same():
    said = {"from": "2026-01-01", "document": {"visits": {"A": 4, "1": 0.5, "": None}, "on": [True, "x"]}}
    body = b'from: 2026-01-01\ndocument:\n  visits: {A: 4, 1: 0.5, "": }\n  "on": [yes, x]\n'
    assert read(body, YAML) == said
    assert read(b'{"document": {"a": [1]}}', "application/json") == {"document": {"a": [1]}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"a: [1", "is no YAML: .* in line"),
        (b"a: &x [1]\nb: *x\n", r"is no YAML: references \(\*name\) are not taken in line 2"),
        (b"a: {no: 1}", "a has the key False: put names in quotes"),
        (b"a:\n  - {b: !!binary aGk=}", r"a\[0\].b is \"b'hi'\""),
        (b"a: " + b"9" * 400, "a is '9999"),
        (b"a: !!python/object:os.system x", "is no YAML"),
        (b"a: \xff", "is no YAML|cannot be read"),
        (b"[" * 3000, "cannot be read|is no YAML"),
    ],
)
def test_other_yaml_is_refused(body, message):
    with pytest.raises(Invalid, match=message):
        read(body, YAML)


def test_other_bodies_are_refused():
    with pytest.raises(Invalid, match=r"is no JSON: .* For YAML send"):
        read(b"from: 2026-01-01", "application/json")
    with pytest.raises(TooLarge):
        read(b" " * (MOST_BYTES + 1), YAML)
