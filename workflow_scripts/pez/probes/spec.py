"""Configuration of the probes: what is read out, from which features, and how it is judged."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from pez.features.spec import Capture, Pooling
from pez.runtime.schema import Schema

Target = Literal[
    "speed",
    "direction_angle",
    "direction_sincos",
    "direction_vxy",
    "acceleration",
    "velocity_xy",
    "velocity_x",
    "velocity_y",
    "acceleration_xy",
    "acceleration_x",
    "acceleration_y",
]
Grouping = Literal[
    "position",
    "condition",
    "video",
    "direction",
    "magnitude",
    "pixel_region",
    "spatial_sector",
    "spatial_cluster",
    "direction_spatial_sector",
    "magnitude_spatial_sector",
]
Normalisation = Literal["none", "center", "zscore"]
Selection = Literal["validation", "nested"]
Positive = Annotated[float, Field(gt=0)]


class GradientSolver(Schema):
    """Full-batch gradient descent on f(h) = Wh + b with a grid of hyper-parameters."""

    method: Literal["adamw", "adam_l2"] = Field(
        description="decoupled weight decay, or L2 coupled into Adam's gradient (bias included)"
    )
    steps: int = Field(ge=1, le=100_000)
    patience: int = Field(ge=1, description="steps without a better held-out loss before stopping")
    learning_rates: tuple[Positive, ...] = Field(min_length=1)
    weight_decays: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=1)


class RidgeSolver(Schema):
    """Closed-form ridge regression with a grid of penalties; the intercept is not penalised."""

    method: Literal["ridge"]
    alphas: tuple[Positive, ...] = Field(min_length=1)


Solver = Annotated[GradientSolver | RidgeSolver, Field(discriminator="method")]


class ProbeSpec(Schema):
    """One probe: a target read from every layer of an encoder under grouped cross-validation."""

    dataset: str
    target: Target
    capture: Capture
    pooling: Pooling
    grouping: Grouping
    normalisation: Normalisation
    solver: str = Field(description="a name under solvers")
    folds: int = Field(5, ge=2)
    selections: tuple[Selection, ...] = Field(("validation", "nested"), min_length=1)
    seed: int = Field(42, ge=0, description="k-means of the grouping spatial_cluster")


def read_solver(values: Mapping[str, object]) -> GradientSolver | RidgeSolver:
    """Return the solver that ``values``, an entry under ``solvers``, describes."""
    adapter: TypeAdapter[GradientSolver | RidgeSolver] = TypeAdapter(Solver)
    return adapter.validate_python(values)
