"""Made-up overlays of config.yaml, by the configuration's schema: likely, odd and hopeless ones."""

import copy
import datetime
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Path = tuple[str, ...]

DROPPED: Final = "<the key is dropped>"
_DAY = datetime.date(2026, 1, 1)  # what YAML makes of an unquoted 2026-01-01
_ODD_TEXT = st.sampled_from(
    ["", " ", "~", "../..", "/", "a/b", "{x}", "%", "nan", "x" * 500, "ä", "\0", "\ud800", "a.b",
     "all", "figure2c", "none", "__class__", "1", "-", "*", "a\nb"]
)  # fmt: skip
_ODD_NUMBER = st.one_of(
    st.sampled_from([0, -1, 1, 2, 3, 7, 10**6, 10**30, -(10**30), 0.5, -0.0, 1e-300, 1e300]),
    st.sampled_from([float("nan"), float("inf"), float("-inf")]),
    st.integers(-5, 70),
)
_ODD_KEY = st.sampled_from(["", "x", "speed", "a b", "A", "x" * 300, 1, True, None, 1.5, _DAY])
_ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), _ODD_NUMBER, _ODD_TEXT, st.just(_DAY)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_ODD_KEY, inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of every key of a configuration, sections among them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))


def words(value: Any) -> Iterator[str]:
    """Every text in a configuration, keys among them: names that may be known elsewhere."""
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from words(inner)
    if isinstance(value, str):
        yield value


class Overlays:
    """Strategies of changes to one configuration.

    Args:
        defaults: the configuration that is changed.
        schema: JSON schema of configurations.
    """

    def __init__(self, defaults: dict[str, Any], schema: dict[str, Any]) -> None:
        self._defaults, self._schema = defaults, schema
        self._places = sorted(places(defaults))
        self._words = st.sampled_from(sorted(set(words(defaults))))

    def changes(self) -> SearchStrategy[list[tuple[Path, Any]]]:
        """Up to three changes: the path of a key, and its new value or `DROPPED`."""
        return st.lists(self._change(), min_size=1, max_size=3)

    def apply(self, changes: list[tuple[Path, Any]]) -> dict[str, Any]:
        """The configuration with ``changes``, as far as earlier ones have left their sections."""
        config = copy.deepcopy(self._defaults)
        for path, value in changes:
            section = _section(config, path[:-1])
            if section is not None and value is not DROPPED:
                section[path[-1]] = value
            elif section is not None:
                section.pop(path[-1], None)
        return config

    def _change(self) -> SearchStrategy[tuple[Path, Any]]:
        known = st.sampled_from(self._places)
        added = known.flatmap(
            lambda path: st.one_of(_ODD_KEY, self._words, st.sampled_from(self._keys(path[:-1])))
            .map(lambda key: (*path[:-1], key))
        )  # fmt: skip
        changed = known.flatmap(lambda path: st.tuples(st.just(path), self._likely(path)))
        return st.one_of(
            changed,
            changed,
            st.tuples(known, _ODD),
            st.tuples(known, st.just(DROPPED)),
            added.flatmap(lambda path: st.tuples(st.just(path), self._likely(path))),
            st.tuples(added, _ODD),
        )

    def _keys(self, path: Path) -> list[Any]:
        """Keys that some kind of section at ``path`` may have."""
        return sorted(
            {key for node in self._nodes(path) for key in node.get("properties", {})}
        ) or ["x"]

    def _likely(self, path: Path) -> SearchStrategy[Any]:
        nodes = self._nodes(path)
        return st.one_of([self._values(node) for node in nodes]) if nodes else _ODD

    def _nodes(self, path: Path) -> list[dict[str, Any]]:
        """What the schema says of the key at ``path``, for each kind of its section."""
        nodes = [self._schema]
        for part in path:
            found = [inner for node in nodes for inner in self._inner(node, part)]
            nodes = [kind for node in found for kind in self._kinds(node)]
        return nodes

    def _inner(self, node: dict[str, Any], key: Any) -> Iterator[dict[str, Any]]:
        if key in node.get("properties", {}):
            yield node["properties"][key]
        yield from node.get("patternProperties", {}).values()
        if isinstance(node.get("additionalProperties"), dict):
            yield node["additionalProperties"]

    def _kinds(self, node: dict[str, Any]) -> list[dict[str, Any]]:
        """``node`` with references followed, and each of its alternatives."""
        if "$ref" in node:
            return self._kinds(self._schema["$defs"][node["$ref"].rpartition("/")[2]])
        alternatives = [*node.get("anyOf", ()), *node.get("oneOf", ())]
        return [kind for one in alternatives for kind in self._kinds(one)] or [node]

    def _values(self, node: dict[str, Any], depth: int = 0) -> SearchStrategy[Any]:
        """Values that the schema allows, by itself: what contradicts others is among them."""
        return st.one_of([self._value(kind, depth) for kind in self._kinds(node)])

    def _value(self, node: dict[str, Any], depth: int) -> SearchStrategy[Any]:
        if "const" in node:
            return st.just(node["const"])
        if "enum" in node:
            return st.sampled_from(node["enum"])
        match node.get("type"):
            case "integer":
                least = node.get("minimum", node.get("exclusiveMinimum", -3) + 1)
                return st.integers(least, min(node.get("maximum", least + 60), least + 60))
            case "number":
                least = node.get("minimum", node.get("exclusiveMinimum", -3))
                most = node.get("maximum", node.get("exclusiveMaximum", least + 20))
                return st.floats(least, most, allow_nan=False)
            case "boolean":
                return st.booleans()
            case "null":
                return st.none()
            case "string":
                return st.one_of(self._words, _ODD_TEXT)
            case "array":
                items = node.get("items") or {"type": "number"}
                return st.lists(self._values(items, depth + 1), min_size=node.get("minItems", 0),
                                max_size=node.get("maxItems", 4))  # fmt: skip
            case "object" if depth < 3:
                return self._object(node, depth)
        return _ODD

    def _object(self, node: dict[str, Any], depth: int) -> SearchStrategy[Any]:
        known = {key: self._values(n, depth + 1) for key, n in node.get("properties", {}).items()}
        required = {key: known[key] for key in node.get("required", ()) if key in known}
        optional = {key: value for key, value in known.items() if key not in required}
        if known:
            return st.fixed_dictionaries(required, optional=optional)
        inner = [*node.get("patternProperties", {}).values()]
        if isinstance(node.get("additionalProperties"), dict):
            inner.append(node["additionalProperties"])
        values = self._values(inner[0], depth + 1) if inner else _ODD
        return st.dictionaries(self._words, values, max_size=2)


def _section(config: Any, path: Path) -> dict[str, Any] | None:
    for part in path:
        if not isinstance(config, dict) or part not in config:
            return None
        config = config[part]
    return config if isinstance(config, dict) else None
