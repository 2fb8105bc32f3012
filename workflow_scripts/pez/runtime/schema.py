"""Base class of every configuration section."""

from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):
    """An immutable section of the configuration in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
