"""Recipes: every choice behind a probe under its own name, put together from the configuration.

A *protocol* (section ``protocols``) says what many probes have in common: the public third-party
reproduction's choices are ``reference``, this project's leak-free ones ``strict``, the paper's
literal words ``paper``. A *probe* (section ``probes``) says what is read out, and under each
protocol what is particular to it there. A probe under a protocol is a *recipe*, ``probe.protocol``.

Of several values for one field the most particular counts: the probe's under this protocol, then
the probe's, then the protocol's, then the default.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, ValidationError, create_model

from pez.controls.control import Variant
from pez.recipes.spec import (
    UNION_TAGS,
    AnySolver,
    AttentiveSolver,
    ConfiguredTarget,
    GradientSolver,
    Grouping,
    PlausibilityProbeSpec,
    ProbeSpec,
    read_probe,
    read_solver,
)
from pez.runtime.schema import Schema, did_you_mean

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
KindOf = Callable[[str, Sequence[str]], str]  # kind of columns of a dataset's labels


@dataclass(frozen=True)
class Recipe:
    """One probe under one protocol.

    Attributes:
        probe: what is read out.
        protocol: whose choices.
        spec: every choice but the solver's own.
        solver: what ``spec.solver`` names.
    """

    probe: str
    protocol: str
    spec: ProbeSpec
    solver: AnySolver

    @property
    def name(self) -> str:
        """``probe.protocol``."""
        return recipe_name(self.probe, self.protocol)

    def to_params(self) -> dict[str, Any]:
        """The recipe as plain data, without the fields that make no difference to it or have their
        default: a new field with a default rebuilds nothing."""
        spec = self.spec.model_dump(mode="json", exclude_defaults=True)
        solver = self.solver.model_dump(mode="json", exclude_defaults=True)
        return {
            "probe": self.probe,
            "protocol": self.protocol,
            "spec": {name: spec[name] for name in self._spec_fields() if name in spec},
            "solver": {name: solver[name] for name in self._solver_fields() if name in solver},
        }

    @classmethod
    def from_params(cls, values: Mapping[str, Any]) -> "Recipe":
        """Read what `to_params` gave."""
        spec, solver = read_probe(values["spec"]), read_solver(values["solver"])
        return cls(values["probe"], values["protocol"], spec, solver)

    def choices(self) -> list[dict[str, Any]]:
        """Every choice that makes a difference, of the probe and of its solver, as plain data."""
        return [self._spec_fields(), self._solver_fields()]

    def fields(self) -> dict[str, str]:
        """Every choice that makes a difference, as text; the solver's own as ``solver.field``."""
        own = {name: value for name, value in self._spec_fields().items() if name != "solver"}
        solver = {f"solver.{name}": value for name, value in self._solver_fields().items()}
        return {name: _as_text(value) for name, value in (own | solver).items()}

    def _spec_fields(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.spec.model_dump(mode="json").items()
            if name not in _MATTERS or _MATTERS[name](self.spec, self.solver)
        }

    def _solver_fields(self) -> dict[str, Any]:
        fields = self.solver.model_dump(mode="json")
        if isinstance(self.solver, GradientSolver):
            if self.solver.start == "zero":
                del fields["start_seed"]
            if not isinstance(self.spec, PlausibilityProbeSpec):
                del fields["stopped_by"]
        return fields


def recipe_name(probe: str, protocol: str) -> str:
    """Name of the recipe of ``probe`` under ``protocol``."""
    return f"{probe}.{protocol}"


# Fields that make no difference to every recipe: one without sectors has no edges of sectors.
_MATTERS: dict[str, Callable[[ProbeSpec, AnySolver], bool]] = {
    "sector_start_deg": lambda spec, _: str(spec.grouping).endswith("spatial_sector"),
    "pixel_regions": lambda spec, _: spec.grouping == "pixel_region",
    "kmeans_restarts": lambda spec, _: spec.grouping == "spatial_cluster",
    "angle_axis": lambda spec, _: spec.target == "direction_angle",
    "angle_cut_deg": lambda spec, _: spec.target == "direction_angle",
    "patch_map": lambda spec, solver: (
        spec.pooling.endswith("_patch") and not isinstance(solver, AttentiveSolver)
    ),
    "seed": lambda spec, _: spec.grouping == "spatial_cluster",
    "labels_seed": lambda spec, _: spec.labels_seed is not None,
}


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_as_text, value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_as_text(part)}" for name, part in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


_UNIONS: dict[str, Any] = {"target": ConfiguredTarget, "grouping": Grouping}


def _optional_fields() -> dict[str, Any]:
    """Every field of a probe with its checks and its description, none of them required."""
    fields: dict[str, Any] = {}
    for name, known in {**PlausibilityProbeSpec.model_fields, **ProbeSpec.model_fields}.items():
        if name != "labels_seed":  # a control's alone
            field = copy(known)
            field.default = None
            kind: Any = known.annotation
            if name in _UNIONS:  # pydantic has taken their discriminator off the annotation
                kind, field.metadata = _UNIONS[name], []
            fields[name] = (kind | None, field)
    return fields


class _AnyFields(Schema):
    """Some fields of a recipe."""


RecipeFields: Any = create_model("RecipeFields", __base__=_AnyFields, **_optional_fields())


class Protocol(RecipeFields):
    """What the recipes of a protocol have in common."""

    description: str = Field("", description="what it is, in a few words, for captions")


class ProbeEntry(RecipeFields):
    """What is read out, and under which protocols."""

    protocols: dict[Name, RecipeFields | None] = Field(
        min_length=1, description="for each protocol what is particular to this probe there"
    )


def read_recipes(
    probes: Mapping[str, ProbeEntry],
    protocols: Mapping[str, Protocol],
    solvers: Mapping[str, AnySolver],
    kinds: KindOf,
) -> tuple[dict[str, Recipe], dict[str, list[str]]]:
    """Put together the recipes of all probes, by name.

    Args:
        probes: section of the configuration.
        protocols: the same.
        solvers: the same.
        kinds: what a column of a dataset's labels is; None if there is none.

    Returns:
        The recipes; and of those that are incomplete, contradict themselves, or name a protocol or
        solver that there is not, one line for each problem.
    """
    recipes: dict[str, Recipe] = {}
    problems: dict[str, list[str]] = {}
    for probe, entry in probes.items():
        for protocol, own in entry.protocols.items():
            found = _read_recipe(probe, protocol, entry, own, protocols, solvers, kinds)
            if isinstance(found, Recipe):
                recipes[found.name] = found
            else:
                problems[recipe_name(probe, protocol)] = found
    return recipes, problems


def _read_recipe(
    probe: str,
    protocol: str,
    entry: ProbeEntry,
    own: Any,
    protocols: Mapping[str, Protocol],
    solvers: Mapping[str, AnySolver],
    kinds: KindOf,
) -> Recipe | list[str]:
    if protocol not in protocols:
        return [f"protocol = {did_you_mean(protocol, list(protocols))}"]
    try:
        spec = _merged(protocols[protocol], entry, own, kinds)
    except ValidationError as error:
        return list(problems_in_words(error))
    if spec.solver not in solvers:
        return [f"solver = {did_you_mean(spec.solver, list(solvers))}"]
    return Recipe(probe, protocol, spec, solvers[spec.solver])


def with_labels_of(recipe: Recipe, seed: int | None) -> Recipe:
    """``recipe`` with labels that are dealt out at random, drawn with ``seed``."""
    return replace(recipe, spec=recipe.spec.model_copy(update={"labels_seed": seed}))


def with_controls(recipes: Mapping[str, Recipe], variants: Iterable[Variant]) -> dict[str, Recipe]:
    """``recipes`` and beside each what ``variants`` make of it that replace labels, by name."""
    others = {
        variant.fit(name): with_labels_of(recipe, variant.seed)
        for variant in variants
        if variant.control.replaces == "labels"
        for name, recipe in recipes.items()
    }
    return {**recipes, **others}


def _merged(protocol: Protocol, probe: Any, particular: Any, kinds: KindOf) -> ProbeSpec:
    """Lay the fields that were given over one another.

    A protocol speaks to probes of every kind: of its fields those count that this one has.
    """
    own = _given(probe) | _given(particular)
    general = _given(protocol)
    target = own.get("target", general.get("target"))
    kind = PlausibilityProbeSpec if target == "plausibility" else ProbeSpec
    known = {name: general[name] for name in general if name in kind.model_fields} | own
    if isinstance(target, dict):
        stated = target.get("kind") or kinds(str(known.get("dataset")), target["column"])
        known["target"] = {**target, "kind": stated}
    return read_probe(known)


def _given(fields: Any) -> dict[str, Any]:
    return {} if fields is None else fields.model_dump(exclude_unset=True, exclude={"protocols"})


def problems_in_words(error: ValidationError) -> Iterator[str]:
    """What a recipe lacks or contradicts, a line each."""
    for problem in error.errors(include_url=False):
        parts = [part for part in problem["loc"][1:] if part not in UNION_TAGS]
        field = ".".join(map(str, parts))
        if problem["type"] == "missing":
            yield f"{field} is given neither here nor by the probe or the protocol"
        elif problem["type"] == "value_error":
            yield f"{problem['ctx']['error']}"
        else:
            yield f"{field} = {problem['input']!r}: {problem['msg']}"
