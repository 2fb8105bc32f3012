"""Base class of every configuration section."""

from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Schema(BaseModel):
    """An immutable section of the configuration in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_keys(cls, data: Any) -> Any:
        """Refuse unknown keys with the close match and the list of what is allowed."""
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    raise ValueError(
                        f"unknown key {did_you_mean(str(key), list(cls.model_fields))}"
                    )
        return data


def did_you_mean(value: str, allowed: list[str]) -> str:
    """Return ``'value' (did you mean 'close match'? allowed: ...)`` for an error message."""
    close = get_close_matches(value, allowed, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{value!r} ({hint}allowed: {', '.join(allowed)})"
