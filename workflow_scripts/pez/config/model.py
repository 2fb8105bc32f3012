"""The typed configuration: every section, and what follows from them together."""

import json
from functools import cached_property
from pathlib import Path

from pydantic import Field

from pez.clips.spec import ClipsConfig
from pez.encoders.locate import find_checkpoint
from pez.encoders.spec import (
    UNTRAINED_SUFFIX,
    EmbeddedWeights,
    EncodersConfig,
    EncoderSpec,
    HubWeights,
    RandomWeights,
)
from pez.features.spec import VIEWS, VIEWS_OF_POOLING, ExtractionSpec, View
from pez.figures.spec import AnyFigureSpec, FigureStyle
from pez.intphys.spec import IntphysConfig
from pez.pretraining.spec import PretrainingConfig
from pez.probes.recipes import Name, ProbeEntry, Protocol, Recipe, read_recipes, with_controls
from pez.probes.spec import Solver
from pez.runtime.schema import Schema


class Config(Schema):
    """The whole configuration (config.yaml and the overlays given with --configfile)."""

    output_dir: str = Field("artifacts", min_length=1, description="where everything is built")
    clips: ClipsConfig
    intphys: IntphysConfig = IntphysConfig()
    encoders: EncodersConfig
    extraction: ExtractionSpec = ExtractionSpec()
    solvers: dict[Name, Solver]
    protocols: dict[Name, Protocol]
    probes: dict[Name, ProbeEntry]
    figure_style: FigureStyle = FigureStyle()
    figures: dict[Name, AnyFigureSpec]
    pretraining: PretrainingConfig

    def encoder(self, model: str) -> EncoderSpec:
        """Return the encoder called ``model``, which may be an untrained control."""
        return self.encoders.registry()[model]

    def datasets(self) -> list[str]:
        """Every dataset that can be built: balls, and movies of possible and impossible events."""
        return [*self.clips.datasets, *self.intphys.datasets()]

    def kind(self, dataset: str) -> str:
        """What varies in ``dataset``: velocity, acceleration or plausibility."""
        if dataset in self.clips.datasets:
            return self.clips.datasets[dataset].motion
        return "plausibility"

    def count_clips(self, dataset: str) -> int:
        """Number of clips of ``dataset``."""
        if dataset in self.clips.datasets:
            return self.clips.datasets[dataset].clips
        return self.intphys.clips(dataset)

    def shards(self, dataset: str) -> int:
        """Number of clip shards of ``dataset``."""
        if dataset in self.clips.datasets:
            return self.clips.shards(dataset)
        return self.intphys.shards(dataset)

    @cached_property
    def recipes(self) -> dict[str, Recipe]:
        """Every probe under every one of its protocols, by name.

        Raises:
            ConfigError: a recipe is incomplete or contradicts itself.
        """
        return read_recipes(self.probes, self.protocols, self.solvers)

    @cached_property
    def fits(self) -> dict[str, Recipe]:
        """What can be fitted, by name: the recipes and their controls with shuffled labels."""
        return with_controls(self.recipes)

    def views(self, dataset: str) -> list[View]:
        """Stored views of ``dataset``'s features that the figures ask for."""
        shown = (self.recipes[name] for figure in self.figures.values() for name in figure.recipes)
        needed = {"tubelet_mean"}
        for recipe in shown:
            if recipe.spec.dataset == dataset:
                needed.update(VIEWS_OF_POOLING[recipe.spec.pooling])
        return [view for view in VIEWS if view in needed]

    def models_of(self, figure: str) -> list[str]:
        """Models whose probes ``figure`` shows: the configured ones and their controls."""
        models = self.figures[figure].models
        return [*models, *(model + UNTRAINED_SUFFIX for model in models)]


def describe_weights(config: Config, model: str) -> str:
    """Say in a few words which weights ``model`` runs with, for titles and captions."""
    weights = config.encoder(model).weights
    if isinstance(weights, RandomWeights):
        return f"random weights, seed {weights.seed}"
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
