"""The typed configuration: every section, and what follows from them together."""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field

from pez.audit.spec import AuditSpec
from pez.clips.spec import ClipsConfig
from pez.config.figures import AnyFigureSpec
from pez.config.inside import AnyInsideSpec
from pez.controls.control import Source, Variant
from pez.controls.registry import all_variants, networks_beside, sources_of, weights_of
from pez.controls.spec import ControlSpec
from pez.datasets.registry import AnyEntry, dataset
from pez.datasets.source import Source as Dataset
from pez.encoders.locate import find_checkpoint
from pez.encoders.spec import (
    EmbeddedWeights,
    EncodersConfig,
    EncoderSpec,
    HubWeights,
    PermutedWeights,
    RandomWeights,
)
from pez.features.spec import VIEWS, VIEWS_OF_POOLING, ExtractionSpec, View
from pez.figures.spec import FigureStyle
from pez.pretraining.spec import PretrainingConfig
from pez.recipes.recipe import Name, ProbeEntry, Protocol, Recipe, read_recipes, with_controls
from pez.recipes.spec import Solver
from pez.recipes.sweep import SweepSpec, expand
from pez.runtime.schema import Schema


class Config(Schema):
    """The whole configuration (config.yaml and the overlays given with --configfile)."""

    output_dir: str = Field("artifacts", min_length=1, description="where everything is built")
    clips: ClipsConfig = ClipsConfig()
    datasets: dict[Name, AnyEntry] = Field(
        description="where clips come from, each from a source: a module in pez/datasets/sources"
    )
    encoders: EncodersConfig
    controls: dict[str, ControlSpec] = Field(
        {
            "untrained": ControlSpec(seeds=(1,)),
            "permuted": ControlSpec(seeds=(1,)),
            "shuffled": ControlSpec(seeds=(42,)),
            "frames_shuffled": ControlSpec(seeds=(1,)),
            "tubelets_shuffled": ControlSpec(seeds=(1,)),
            "static": ControlSpec(),
            "pixels": ControlSpec(),
            "frame_differences": ControlSpec(),
            "trajectory": ControlSpec(),
        },
        description="controls by name, each a module in pez/controls/kinds",
    )
    extraction: ExtractionSpec = ExtractionSpec()
    solvers: dict[Name, Solver]
    protocols: dict[Name, Protocol]
    probes: dict[Name, ProbeEntry]
    sweeps: dict[Name, SweepSpec] = Field({}, description="grids of recipes, by name")
    audit: AuditSpec | None = Field(
        None, description="every protocol at once, and the claims judged in the primary cell"
    )
    inside: dict[Name, AnyInsideSpec] = Field(
        {}, description="measurements inside networks, by name"
    )
    figure_style: FigureStyle = FigureStyle()
    figures: dict[Name, AnyFigureSpec]
    pretraining: PretrainingConfig

    def encoder(self, model: str) -> EncoderSpec:
        """Return the encoder whose features ``model``, which may be a control, stands for."""
        network = self.sources[model].network
        assert network is not None, f"{model} has no encoder"
        return self.networks[network]

    @cached_property
    def networks(self) -> dict[str, EncoderSpec]:
        """Every configured model and, beside each, its controls with other weights."""
        found = dict(self.encoders.models)
        for variant in self._shown_variants:
            if variant.control.replaces == "weights":
                for model, spec in self.encoders.models.items():
                    other = {"weights": weights_of(variant, model)}
                    found[variant.network(model)] = spec.model_copy(update=other)
        return found

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Where features come from, by the name under which they lie: every network, networks on
        clips that a control has replaced, and what replaces features."""
        found = {model: Source(model) for model in self.encoders.models}
        for variant in self._shown_variants:
            found |= sources_of(variant, self.encoders.models)
        return found

    def layers(self, source: str) -> int:
        """Blocks of the encoder that makes the features ``source``; 0: they have a single state."""
        return self.encoder(source).layers if self.sources[source].network else 0

    def width(self, source: str) -> int | None:
        """Features of a token; of a patch, where no encoder makes the features ``source``."""
        found = self.sources[source]
        if found.network:
            return self.networks[found.network].hidden_size
        return found.variant.control.patch_width if found.variant else None

    def variants(self, controls: Iterable[str]) -> list[Variant]:
        """Return the named controls with each of their seeds."""
        return all_variants({name: self.controls[name].seeds for name in controls})

    @cached_property
    def sets(self) -> dict[str, Dataset[Any]]:
        """Every dataset as its source answers for it, by name."""
        return {
            name: dataset(name, entry, self.clips, self.output_dir)
            for name, entry in self.datasets.items()
        }

    @cached_property
    def _read_recipes(self) -> tuple[dict[str, Recipe], dict[str, list[str]]]:
        return read_recipes(self.probes, self.protocols, self.solvers, self._kind_of_columns)

    def _kind_of_columns(self, dataset: str, columns: Sequence[str]) -> str:
        """A number if all ``columns`` are known to be; what is unknown is refused later."""
        source = self.sets.get(dataset)
        found = [source.column(name) for name in columns] if source else []
        return "category" if any(one and one.kind == "category" for one in found) else "number"

    @property
    def recipes(self) -> dict[str, Recipe]:
        """Every probe under every one of its protocols, by name; those that can be put together."""
        return self._read_recipes[0]

    @property
    def broken_recipes(self) -> dict[str, list[str]]:
        """What is wrong with the others."""
        return self._read_recipes[1]

    @cached_property
    def fits(self) -> dict[str, Recipe]:
        """What can be fitted, by name: the recipes and their controls with other labels."""
        return with_controls(self.recipes, self._shown_variants)

    @property
    def _shown_controls(self) -> list[str]:
        """Controls of some figure or sweep, in the order of the configuration."""
        shown = {name for figure in self.figures.values() for name in figure.controls}
        shown |= {name for sweep in self.sweeps.values() for name in sweep.controls}
        return [name for name in self.controls if name in shown]

    @cached_property
    def _shown_variants(self) -> list[Variant]:
        """The same with each of their seeds, and those of the audit and of what is measured inside
        networks, which may have more."""
        others = [self.audit.controls] if self.audit else []
        others += [spec.controls for spec in self.inside.values()]
        seeds = {name: dict.fromkeys(self.controls[name].seeds) for name in self._shown_controls}
        for controls in others:
            for name in controls.keys() & self.controls.keys():
                own = dict.fromkeys((*self.controls[name].seeds, *controls[name]))
                seeds[name] = seeds.get(name, {}) | own
        return all_variants({name: tuple(seeds[name]) for name in self.controls if name in seeds})

    def views(self, dataset: str) -> list[View]:
        """Stored views of ``dataset``'s features that figures and sweeps ask for."""
        shown = {name for figure in self.figures.values() for name in figure.recipes}
        drawn = [recipe for name, recipe in self.recipes.items() if name in shown]
        swept = [recipe for name in self.sweeps for recipe in self.swept(name)]
        needed = {"tubelet_mean"}
        for recipe in [*drawn, *swept]:
            if recipe.spec.dataset == dataset:
                needed.update(VIEWS_OF_POOLING[recipe.spec.pooling])
        return [view for view in VIEWS if view in needed]

    def measured(self, network: str, fit: str) -> dict[str, Any]:
        """Which model ``fit`` on ``network`` is asked about, and what is replaced there."""
        return self._replaced.get((network, fit), {"model": network})

    @cached_property
    def _replaced(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Model, control and seed of every (network, fit) in which something is replaced."""
        return {
            (variant.network(model), variant.fit(recipe)): variant.stands_for(model)
            for variant in self._shown_variants
            for model in self.encoders.models
            for recipe in self.recipes
        }

    def swept(self, sweep: str) -> list[Recipe]:
        """Recipes of ``sweep``.

        Raises:
            ConfigError: some contradict themselves.
        """
        if sweep not in self._swept:
            spec = self.sweeps[sweep]
            bases = [self.recipes[name] for name in spec.recipes]
            self._swept[sweep] = list(expand(bases, spec.axes, self.solvers))
        return self._swept[sweep]

    @cached_property
    def _swept(self) -> dict[str, list[Recipe]]:
        return {}

    def sweep_jobs(self, sweep: str) -> list[tuple[str, str]]:
        """Jobs of ``sweep``, as (network, dataset): a handful, however many recipes there are."""
        spec = self.sweeps[sweep]
        networks = dict.fromkeys(spec.models)
        for variant in self.variants(spec.controls):
            networks |= dict.fromkeys(sources_of(variant, spec.models))
        datasets = dict.fromkeys(recipe.spec.dataset for recipe in self.swept(sweep))
        return [(network, dataset) for network in networks for dataset in datasets]

    def audited(self, model: str) -> dict[str, Variant | None]:
        """Networks that the audit reads for ``model``, by name, and what replaces it there."""
        assert self.audit is not None
        return networks_beside(model, self.audit.controls)

    @cached_property
    def inside_figures(self) -> dict[str, str]:
        """Figures of what is measured inside networks, and of which measurement each is."""
        return {figure: name for name, spec in self.inside.items() for figure in spec.figures}

    def audit_jobs(self, model: str) -> list[tuple[str, str]]:
        """Jobs of the audit of ``model``, as (network, dataset)."""
        assert self.audit is not None
        return [
            (network, dataset)
            for network, variant in self.audited(model).items()
            for dataset in self.audit.datasets.values()
            if not variant
            or variant.control.reads != "positions"
            or self.sets[dataset].has_trajectories
        ]

    def fits_of(self, figure: str) -> list[tuple[str, str]]:
        """What ``figure`` shows, as (network, fit): recipes on its models, and their controls.

        One thing is replaced at a time.
        """
        spec = self.figures[figure]
        own = [(model, recipe) for model in spec.models for recipe in spec.recipes]
        others = [
            (variant.network(model), variant.fit(recipe))
            for variant in self.variants(spec.controls)
            for model, recipe in own
        ]
        return list(dict.fromkeys(own + others))  # models may have a control in common


def describe_weights(config: Config, model: str) -> str:
    """Say in a few words which weights ``model`` runs with, for titles and captions."""
    if config.sources[model].network is None:
        return "no weights"
    weights = config.encoder(model).weights
    if isinstance(weights, RandomWeights):
        return f"random weights, seed {weights.seed}"
    if isinstance(weights, PermutedWeights):
        return f"the weights of {weights.of} permuted within each tensor, seed {weights.seed}"
    if isinstance(weights, EmbeddedWeights):
        return "embedded weights, trained by this project"
    if isinstance(weights, HubWeights):
        return f"{weights.name} of the Hugging Face hub"
    folder = config.encoders.checkpoint_dir
    found = find_checkpoint(folder, weights)
    if found is None or weights.is_path:
        file = Path(weights.file)
    else:
        file = found.relative_to(Path(str(folder)).expanduser())
    # A published file of Meta's holds two encoders; of what others hold nothing is known yet.
    both = file.suffix == ".pt" and weights.url is not None
    return f"{file}, {config.encoders.checkpoint_encoder}" if both else str(file)


def json_schema() -> str:
    """Return the JSON schema of the configuration, as editors understand it."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"
