"""The typed configuration: every section, what must agree between them, and readable errors."""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from pez.clips.spec import ClipsConfig
from pez.encoders.locate import find_checkpoint
from pez.encoders.spec import (
    UNTRAINED_SUFFIX,
    CheckpointWeights,
    EmbeddedWeights,
    EncodersConfig,
    EncoderSpec,
    RandomWeights,
)
from pez.features.spec import VIEWS, VIEWS_OF_POOLING, ExtractionSpec, View
from pez.figures.spec import FigureSpec, FigureStyle
from pez.pretraining.spec import PretrainingConfig
from pez.probes.catalogue import TARGETS, least_groups, most_groups
from pez.probes.spec import ProbeSpec, Solver
from pez.runtime.errors import ConfigError
from pez.runtime.schema import Schema, did_you_mean

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Config(Schema):
    """The whole configuration (config.yaml and the overlays given with --configfile)."""

    output_dir: str = Field("artifacts", min_length=1, description="where everything is built")
    clips: ClipsConfig
    encoders: EncodersConfig
    extraction: ExtractionSpec = ExtractionSpec()
    solvers: dict[Name, Solver]
    probes: dict[Name, ProbeSpec]
    figure_style: FigureStyle = FigureStyle()
    figures: dict[Name, FigureSpec]
    pretraining: PretrainingConfig

    def encoder(self, model: str) -> EncoderSpec:
        """Return the encoder called ``model``, which may be an untrained control."""
        return self.encoders.registry()[model]

    def views(self, dataset: str) -> list[View]:
        """Stored views of ``dataset``'s features that the configured probes ask for."""
        needed = {"tubelet_mean"}
        for probe in self.probes.values():
            if probe.dataset == dataset:
                needed.update(VIEWS_OF_POOLING[probe.pooling])
        return [view for view in VIEWS if view in needed]

    def models_of(self, figure: str) -> list[str]:
        """Models whose probes ``figure`` shows: the configured ones and their controls."""
        models = self.figures[figure].models
        return [*models, *(model + UNTRAINED_SUFFIX for model in models)]


def load_config(raw: Mapping[str, Any], checkout: Path) -> Config:
    """Validate the ``raw`` configuration; ``checkout`` is the folder that holds config.yaml.

    Raises:
        ConfigError: with one line per problem: the key, the value, and what is allowed.
    """
    try:
        config = Config.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError(_report(_describe(error, raw))) from None
    problems = [
        *_check_probes(config),
        *_check_figures(config),
        *_check_pretraining(config),
        *_check_weights(config, checkout),
    ]
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


def _check_probes(config: Config) -> Iterable[str]:
    for name, probe in config.probes.items():
        key = f"probes.{name}"
        if probe.solver not in config.solvers:
            yield f"{key}.solver = {did_you_mean(probe.solver, list(config.solvers))}"
        dataset = config.clips.datasets.get(probe.dataset)
        if dataset is None:
            yield f"{key}.dataset = {did_you_mean(probe.dataset, list(config.clips.datasets))}"
            continue
        targets = [name for name, info in TARGETS.items() if dataset.motion in info.motions]
        if probe.target not in targets:
            yield (
                f"{key}.target = {probe.target!r} cannot be read from dataset {probe.dataset!r}, "
                f"whose balls move with constant {dataset.motion} (allowed: {', '.join(targets)})"
            )
        groups = most_groups(
            probe.grouping, dataset.directions, len(dataset.magnitudes), dataset.starts
        )
        if least_groups(probe.folds, probe.selections) > groups:
            yield (
                f"{key}.folds = {probe.folds}: grouping {probe.grouping!r} gives at most {groups} "
                f"groups on dataset {probe.dataset!r}, every fold needs one of its own, and the "
                "selection 'nested' needs two for training (take fewer folds or a finer grouping)"
            )


def _check_figures(config: Config) -> Iterable[str]:
    for name, figure in config.figures.items():
        for model in figure.models:
            if model not in config.encoders.models:
                known = list(config.encoders.models)
                yield f"figures.{name}.models = {did_you_mean(model, known)}"
        for probe in figure.probes:
            if probe not in config.probes:
                yield f"figures.{name}.probes = {did_you_mean(probe, list(config.probes))}"


def _check_pretraining(config: Config) -> Iterable[str]:
    model, known = config.pretraining.model, list(config.encoders.models)
    if model not in known:
        yield f"pretraining.model = {did_you_mean(model, known)}"


def _check_weights(config: Config, checkout: Path) -> Iterable[str]:
    """Look for the weights of every model that a figure shows, before any job starts."""
    shown = {model for figure in config.figures.values() for model in figure.models}
    for name in sorted(shown & set(config.encoders.models)):
        weights = config.encoders.models[name].weights
        if isinstance(weights, EmbeddedWeights) and not (checkout / weights.file).is_file():
            yield (
                f"encoders.models.{name}.weights.file = {weights.file!r}: no such file in "
                f"{checkout}; restore it from the repository"
            )
        if isinstance(weights, CheckpointWeights) and config.encoders.checkpoint_dir is not None:
            try:
                find_checkpoint(Path(config.encoders.checkpoint_dir), weights)
            except ConfigError as error:
                yield f"model {name!r}: {error}"


def describe_weights(config: Config, model: str) -> str:
    """Say in a few words which weights ``model`` runs with, for titles and captions."""
    weights = config.encoder(model).weights
    if isinstance(weights, RandomWeights):
        return f"random weights, seed {weights.seed}"
    if isinstance(weights, EmbeddedWeights):
        return "embedded weights, trained by this project"
    file = Path(weights.file)
    if config.encoders.checkpoint_dir is not None:
        folder = Path(config.encoders.checkpoint_dir)
        file = find_checkpoint(folder, weights).relative_to(folder)
    # A file of Meta's holds two encoders, one in Hugging Face form only one.
    return f"{file}, {config.encoders.checkpoint_encoder}" if file.suffix == ".pt" else str(file)


def json_schema() -> str:
    """Return the JSON schema of the configuration, as editors understand it."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(json_schema())
