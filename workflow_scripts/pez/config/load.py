"""Reading of the configuration, with errors in the words of its files."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pez.config.audit_checks import check_audit
from pez.config.checks import (
    figure_problems,
    inconsistencies,
    problems_of_all,
    recipe_problems,
)
from pez.config.inside_checks import check_inside
from pez.config.model import Config
from pez.runtime.errors import ConfigError
from pez.runtime.schema import did_you_mean


def load_config(raw: Mapping[str, Any], checkout: Path) -> Config:
    """Validate the whole ``raw`` configuration; ``checkout`` is the folder that holds config.yaml.

    Raises:
        ConfigError: with one line per problem: the key, the value, and what is allowed.
    """
    config = _read(raw)
    _refuse(inconsistencies(config, checkout))
    return config


def open_config(raw: Mapping[str, Any], checkout: Path) -> tuple[Config, dict[str, list[str]]]:
    """Read the configuration for a target that may need only some of its probes and figures.

    Returns:
        The configuration; and what is wrong with recipes, figures and the audit, by name: they are
        refused when they are asked for.

    Raises:
        ConfigError: with what is wrong for every target.
    """
    config = _read(raw)
    _refuse(problems_of_all(config, checkout))
    recipes = recipe_problems(config)
    figures = {
        name: figure_problems(config, name, checkout)
        + [line for recipe in figure.recipes for line in recipes.get(recipe, [])]
        for name, figure in config.figures.items()
    }
    inside = {name: list(check_inside(config, name, checkout)) for name in config.inside}
    drawn = {figure: inside[name] for figure, name in config.inside_figures.items()}
    found = {**recipes, **figures, **drawn, "audit": list(check_audit(config, checkout))}
    return config, {name: lines for name, lines in found.items() if lines}


def refusal(problems: Iterable[str]) -> str:
    """Put ``problems`` into one message."""
    return "the configuration is refused:\n" + "\n".join(f"  - {line}" for line in problems)


def _read(raw: Mapping[str, Any]) -> Config:
    clips = raw.get("clips")
    moved = ["intphys"] if "intphys" in raw else []
    moved += ["clips.datasets"] if isinstance(clips, Mapping) and "datasets" in clips else []
    _refuse(
        f"{key}: datasets are entries of section datasets now, each with its source; see "
        "config.yaml"
        for key in moved
    )
    known = [key for key in raw if key in Config.model_fields]  # others are refused below
    _refuse(line for key in known for line in _unwritable(key, raw[key]))
    try:
        return Config.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError(refusal(_describe(error, raw))) from None


def _refuse(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise ConfigError(refusal(found))


def _unwritable(key: str, value: Any) -> Iterator[str]:
    """Yield the texts that no file or name can hold: YAML can spell them with a backslash."""
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        yield f"{key}: {value!r} holds a character that cannot be written to a file"
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unwritable(key, name)
            yield from _unwritable(f"{key}.{name}", inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _unwritable(key, inner)


_TAGS = ("source", "kind", "method")  # keys that tell the kinds of a section apart


def _key(location: tuple[int | str, ...], raw: Any, missing: bool) -> str:
    """Write pydantic's ``location`` as the key a user would look for in the file.

    Pydantic inserts the tag of a discriminated union, which is no key, though it may look like one:
    a dataset of source objects has a key ``objects``. Other parts that the raw configuration does
    not have are left out, but for the last of a ``missing`` key.
    """
    parts: list[str] = []
    tagged = False
    for index, part in enumerate(location):
        if not tagged and isinstance(raw, Mapping) and part in [raw.get(tag) for tag in _TAGS]:
            tagged = True
            continue
        inside = isinstance(raw, Mapping) and part in raw
        inside = inside or (isinstance(raw, list | tuple) and part in range(len(raw)))
        if inside:
            raw, tagged = raw[part], False
        if inside or (missing and index == len(location) - 1):
            parts.append(str(part))
    return ".".join(parts)


def _describe(error: ValidationError, raw: Mapping[str, Any]) -> Iterable[str]:
    """Yield one line per pydantic error, in the words of the configuration file."""
    for problem in error.errors(include_url=False):
        key = _key(problem["loc"], raw, problem["type"] == "missing")
        if problem["type"] == "literal_error":
            allowed = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
            yield f"{key} = {did_you_mean(str(problem['input']), allowed)}"
        elif problem["type"] == "value_error":
            yield f"{key or 'top level'}: {problem['ctx']['error']}"
        elif problem["type"] in _TAG_ERRORS:
            yield f"{key}.{_tag(problem)}"
        elif problem["type"] in ("model_type", "dict_type", "model_attributes_type"):
            yield f"{key} = {_shown(problem['input'])}: a section of keys is expected"
        elif problem["type"] == "missing":
            yield f"{key} is missing: it has no default"
        else:
            yield f"{key} = {_shown(problem['input'])}: {_expected(problem)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _expected(problem: ErrorDetails) -> str:
    """Say what would be right, of a list without Python's name for it."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "tuple_type" | "list_type":
            return "a list is expected"
        case "too_short":
            return f"{context['min_length']} or more are expected"
        case "too_long":
            return f"{context['max_length']} at most are expected"
    return problem["msg"]


_LONGEST = 200  # letters of a value in a message
_TAG_ERRORS = ("union_tag_invalid", "union_tag_not_found")


def _tag(problem: ErrorDetails) -> str:
    """Say which key tells the kinds of a section apart, and what it may be."""
    key = str(problem["ctx"]["discriminator"]).strip("'")
    if problem["type"] == "union_tag_not_found":
        return f"{key} is missing: it has no default"
    allowed = re.findall(r"'([^']*)'", problem["ctx"]["expected_tags"])
    return f"{key} = {did_you_mean(str(problem['ctx']['tag']), allowed)}"
