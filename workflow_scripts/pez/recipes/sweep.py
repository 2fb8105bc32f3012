"""Sweeps: recipes by axes of values, as plain data that one job spells out.

Every combination of the values is one recipe, made from a configured one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from pydantic import Field, ValidationError

from pez.recipes.recipe import Recipe, problems_in_words
from pez.recipes.spec import AnySolver, PlausibilityProbeSpec, ProbeSpec, read_probe
from pez.runtime.errors import ConfigError
from pez.runtime.schema import Schema

Axes = Mapping[str, Sequence[Any]]
# Fields that an axis may have; the labels are a control's.
SWEEPABLE = tuple(
    name
    for name in {**ProbeSpec.model_fields, **PlausibilityProbeSpec.model_fields}
    if name != "labels_seed"
)
_SHOWN = 5  # problems that are told of the recipes of one sweep


class SweepSpec(Schema):
    """A grid of recipes on some networks."""

    models: tuple[str, ...] = Field(min_length=1, description="each with the sweep's controls")
    recipes: tuple[str, ...] = Field(
        min_length=1, description="recipes to start from, as probe.protocol"
    )
    axes: dict[str, tuple[Any, ...]] = Field(
        {}, description="for fields of a probe the values to take, each with all of the others"
    )
    controls: tuple[str, ...] = Field(
        ("untrained",), description="names under controls, measured beside every model"
    )

    @property
    def size(self) -> int:
        """Number of recipes, without controls."""
        count = len(self.recipes)
        for values in self.axes.values():
            count *= len(values)
        return count


def expand(
    bases: Sequence[Recipe], axes: Axes, solvers: Mapping[str, AnySolver]
) -> Iterator[Recipe]:
    """Yield every recipe of a grid: those of the first base first, the last axis fastest.

    Args:
        bases: recipes to start from.
        axes: field of a probe -> values.
        solvers: by name; the axis ``solver`` names them.

    Raises:
        ConfigError: a combination contradicts itself, names a field or a solver that there is not;
            the first few are named.
    """
    problems: list[str] = []
    for base in bases:
        fields = base.spec.model_dump(mode="json", exclude_unset=True)
        for values in product(*axes.values()):
            chosen = dict(zip(axes, values, strict=True))
            try:
                spec = read_probe(fields | chosen)
                solver = base.solver if spec.solver == base.spec.solver else solvers[spec.solver]
            except ValidationError as error:
                told = "; ".join(problems_in_words(error))
            except KeyError as error:
                told = f"solver = {error.args[0]!r} (allowed: {', '.join(solvers)})"
            else:
                yield replace(base, spec=spec, solver=solver)
                continue
            where = ", ".join(f"{name} {value}" for name, value in chosen.items())
            problems.append(f"{base.name} with {where}: {told}")
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise ConfigError("\n".join(problems[:_SHOWN] + more))
