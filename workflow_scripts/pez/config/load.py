"""Reading of the configuration, with errors in the words of its files."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pez.config.checks import inconsistencies
from pez.config.model import Config
from pez.runtime.errors import ConfigError
from pez.runtime.schema import did_you_mean


def load_config(raw: Mapping[str, Any], checkout: Path) -> Config:
    """Validate the ``raw`` configuration; ``checkout`` is the folder that holds config.yaml.

    Raises:
        ConfigError: with one line per problem: the key, the value, and what is allowed.
    """
    try:
        config = Config.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError(_report(_describe(error, raw))) from None
    problems = list(inconsistencies(config, checkout))
    if problems:
        raise ConfigError(_report(problems))
    return config


def _report(problems: Iterable[str]) -> str:
    return "the configuration is refused:\n" + "\n".join(f"  - {line}" for line in problems)


def _key(location: tuple[int | str, ...], raw: Any) -> str:
    """Write pydantic's ``location`` as the key a user would look for in the file.

    Pydantic inserts the tag of a discriminated union, which is no key: parts that the raw
    configuration does not have are left out, all but the last (a missing key).
    """
    parts = []
    for index, part in enumerate(location):
        inside = isinstance(raw, Mapping) and part in raw
        inside = inside or (isinstance(raw, list | tuple) and isinstance(part, int))
        if inside:
            raw = raw[part]
        if inside or index == len(location) - 1:
            parts.append(str(part))
    return ".".join(parts)


def _describe(error: ValidationError, raw: Mapping[str, Any]) -> Iterable[str]:
    """Yield one line per pydantic error, in the words of the configuration file."""
    for problem in error.errors(include_url=False):
        key = _key(problem["loc"], raw)
        if problem["type"] == "literal_error":
            allowed = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
            yield f"{key} = {did_you_mean(str(problem['input']), allowed)}"
        elif problem["type"] == "value_error":
            yield f"{key or 'top level'}: {problem['ctx']['error']}"
        elif problem["type"] == "missing":
            yield f"{key} is missing: it has no default"
        else:
            yield f"{key} = {problem['input']!r}: {problem['msg']}"
