"""What a caller sends as a policy: JSON or YAML, read into plain values."""

from typing import Any

import orjson
import yaml

from app.errors import Invalid, TooLarge

MOST_BYTES = 1_000_000
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")


class _Plain(yaml.SafeLoader):
    """YAML whose dates stay texts, as they are in JSON; without references, which could grow without end."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(problem="references (*name) are not taken", problem_mark=mark)
        return super().compose_node(parent, index)


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(body: bytes, content_type: str) -> Any:
    """The value that a body holds; YAML only where the content type says so."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"A policy of {len(body):,} bytes; {MOST_BYTES:,} are the most.")
    try:
        if content_type.split(";")[0].strip().lower() in YAML_TYPES:
            return _keyed(yaml.load(body, _Plain), "")
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"The body is no JSON: {error}. For YAML send Content-Type: application/yaml.", kind="bad-body"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or str(error)
        raise Invalid(f"The body is no YAML: {said}{where}.", kind="bad-body") from error
    except (RecursionError, UnicodeDecodeError) as error:
        raise Invalid(
            "The body cannot be read: it is no UTF-8 text, or too deep.", kind="bad-body"
        ) from error


def _keyed(value: Any, path: str) -> Any:
    """The value with texts as keys; YAML takes ``no`` and ``1`` for something else."""
    if isinstance(value, list):
        return [_keyed(one, f"{path}[{i}]") for i, one in enumerate(value)]
    if not isinstance(value, dict):
        whole = isinstance(value, int) and abs(value) < 2**53
        if not (value is None or isinstance(value, str | float) or whole):
            raise Invalid(
                f"{path or 'The body'} is {str(value)[:50]!r}: texts, numbers, lists and tables are taken.",
                kind="bad-body",
            )
        return value
    for key in value:
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise Invalid(f"{path or 'The body'} has the key {key!r}: put names in quotes.", kind="bad-body")
    return {str(key): _keyed(one, f"{path}.{key}".lstrip(".")) for key, one in value.items()}
