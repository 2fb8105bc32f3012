"""A finished run, opened from Python: features, labels, evidence, figures, and probes of one's own.

    import pez
    results = pez.open_results("artifacts")
    features = results.features("vjepa2_nano", "velocity", state=4)
    evidence = results.evidence("direction.strict")

What is read is checked as the workflow's own jobs check it: whose it is, and whether it is whole.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import torch
import yaml
from torch import Tensor

from pez.clips.dataset import dataset_identity
from pez.config.load import load_config
from pez.evidence.schema import Measured, check_evidence
from pez.features.check import check_features
from pez.features.paths import parse_feature_path
from pez.features.spec import Pooling
from pez.features.store import FeatureStore
from pez.probes.inputs import ProbeInputs
from pez.probes.measure import measure
from pez.recipes.recipe import Recipe
from pez.recipes.spec import read_probe
from pez.runtime.errors import ArtifactError, ConfigError
from pez.runtime.identity import Identity, expect
from pez.runtime.schema import did_you_mean
from pez.runtime.tables import read_table
from pez.runtime.tensor_file import read_metadata

_PARTS = ("clips", "features", "probes", "figures")  # of a run's folder


def open_results(folder: Path | str = "artifacts") -> "Results":
    """Open what a run has built.

    Args:
        folder: the run's ``output_dir``.

    Raises:
        ArtifactError: there is no such folder, or no run wrote to it.
    """
    cure = "name the output_dir of a finished run."
    if not Path(folder).is_dir():
        raise ArtifactError(f"{folder} is no folder: {cure}")
    if not any((Path(folder) / part).is_dir() for part in _PARTS):
        raise ArtifactError(f"{folder} holds none of {', '.join(_PARTS)}, as a run does: {cure}")
    return Results(Path(folder))


def load_recipe(
    name: str, config: Path | str | Sequence[Path | str] = "config.yaml", **changes: object
) -> Recipe:
    """Take a recipe from a configuration, and change some of its choices.

    Args:
        name: ``probe.protocol``, such as ``direction.strict``.
        config: the checkout's config.yaml; or it and what was added with ``--configfile``, in the
            same order.
        changes: fields of the probe, such as ``pooling="mean"`` or ``solver="ridge"``
            (docs/configuration.md).

    Raises:
        ConfigError: the configuration is refused, or has no such recipe.
        pydantic.ValidationError: a change is none of what the field takes.
    """
    paths = [Path(one) for one in ([config] if isinstance(config, Path | str) else config)]
    path, *added = paths
    raw = _read_yaml(path)
    for one in added:
        raw = _overlaid(raw, _read_yaml(one))
    known = load_config(raw, path.parent)
    shown = ", ".join(map(str, paths))
    if name not in known.recipes:
        raise ConfigError(
            f"{shown}: recipe = {did_you_mean(name, sorted(known.recipes))}. One of another file: "
            "config=['config.yaml', 'yours.yaml']"
        )
    found = known.recipes[name]
    spec = read_probe(found.spec.model_dump() | changes)
    if spec.solver not in known.solvers:
        raise ConfigError(f"{shown}: solver = {did_you_mean(spec.solver, sorted(known.solvers))}")
    protocol = "own" if changes else found.protocol
    return Recipe(found.probe, protocol, spec, known.solvers[spec.solver])


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(
            f"{path} is no file in {Path.cwd()}: name the checkout's config.yaml, as in "
            "load_recipe(..., config='/path/to/checkout/config.yaml')"
        )
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return found


def _overlaid(below: Any, above: Any) -> Any:
    """Lay one configuration over another: mappings key by key, as Snakemake does."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    added = {key: _overlaid(below.get(key), value) for key, value in above.items()}
    return {**below, **added}


@dataclass(frozen=True)
class Results:
    """Files of a run.

    Attributes:
        folder: the run's ``output_dir``.
    """

    folder: Path

    def networks(self, dataset: str) -> list[str]:
        """Networks whose features of ``dataset`` are there: models, and what stands beside them."""
        return sorted(path.parent.name for path in self.folder.glob(f"features/*/{dataset}"))

    def labels(self, dataset: str) -> pd.DataFrame:
        """Labels of ``dataset``, one row per clip, in the order of the features.

        Raises:
            ArtifactError: they are not there, or damaged.
        """
        return read_table(self._labels(dataset), ["clip_id"])

    def states(self, network: str, dataset: str) -> int:
        """Number of residual states: L + 1 for L blocks; 1 for features that no encoder made."""
        return 1 + max(parse_feature_path(path).stream for path in self._features(network, dataset))

    def features(self, network: str, dataset: str, state: int, pooling: Pooling = "mean") -> Tensor:
        """Features of one residual state.

        Args:
            network: as `networks` names it.
            dataset: whose clips.
            state: 0 (patch embedding) to the number of blocks.
            pooling: how tokens become a vector: ``mean``, ``temporal_first``, ``temporal_last``,
                ``temporal_diff``, or one that keeps patches, where these were extracted.

        Returns:
            float32 [clips, D'], clips in the order of `labels`.

        Raises:
            ArtifactError: a file is missing, damaged, or another network's or dataset's.
            ValueError: there is no such state or pooling.
        """
        if pooling not in get_args(Pooling):
            raise ValueError(f"pooling = {did_you_mean(pooling, list(get_args(Pooling)))}")
        states = self.states(network, dataset)
        if not 0 <= state < states:
            raise ValueError(f"state {state} of {network}, which has states 0 to {states - 1}")
        store = self._inputs(network, dataset).store
        if state == store.layers and state > 0:  # the output of the last block is no block's input
            found = store.features(state - 1, "resid_post", pooling)
        else:
            found = store.features(state, "resid_pre", pooling)
        return torch.from_numpy(found)

    def evidence(self, recipe: str, network: str | None = None) -> pd.DataFrame:
        """Scores of a recipe, one row per layer, fold, selection and metric (docs/evidence.md).

        Args:
            recipe: ``probe.protocol``.
            network: one; None: all that were probed so.

        Raises:
            ArtifactError: there are none, or a table is damaged.
        """
        paths = sorted(self.folder.glob(f"probes/{network or '*'}/{recipe}.parquet"))
        if not paths:
            known = {path.stem for path in self.folder.glob("probes/*/*.parquet")}
            names = sorted(name for name in known if not name.endswith(".predictions"))
            raise ArtifactError(
                f"{self.folder} holds no evidence of {network or 'any network'} under recipe "
                f"{did_you_mean(recipe, names)}: ask Snakemake for a figure that shows it."
            )
        tables = [read_table(path) for path in paths]
        for path, table in zip(paths, tables, strict=True):
            check_evidence(path, table)
        return pd.concat(tables, ignore_index=True)

    def figure(self, name: str) -> "DrawnFigure":
        """A figure that was drawn.

        Raises:
            ArtifactError: it was not.
        """
        drawn = DrawnFigure(self.folder / "figures" / f"{name}.png")
        if not drawn.png.exists():
            raise ArtifactError(f"{drawn.png} is not there: run `snakemake {name}`.")
        return drawn

    def fit(
        self, network: str, recipe: Recipe, device: str = "cpu", threads: int = 1
    ) -> pd.DataFrame:
        """Fit a probe to every layer of a network.

        Args:
            network: whose features are read; they have to be there.
            recipe: as `load_recipe` returns it.
            device: "cpu" or "cuda".
            threads: processor threads.

        Returns:
            Evidence, columns as of `evidence`.

        Raises:
            ArtifactError: features or labels are not what they should be.
            ConfigError: more folds than groups.
        """
        inputs = self._inputs(network, recipe.spec.dataset)
        measured = Measured(network, network)
        found, _ = measure(recipe, inputs, measured, None, device, threads)
        return found

    def _labels(self, dataset: str) -> Path:
        found = [
            *self.folder.glob(f"clips/*/{dataset}/labels.parquet"),
            *self.folder.glob(f"intphys/{dataset}/labels.parquet"),
        ]
        if len(found) != 1:
            raise ArtifactError(
                f"{self.folder} holds {len(found)} tables of labels for dataset {dataset!r}: one "
                "is expected, in clips/*/ or intphys/. Build it with `snakemake clips`."
            )
        return found[0]

    def _features(self, network: str, dataset: str) -> list[Path]:
        found = sorted(self.folder.glob(f"features/{network}/{dataset}/*/*.safetensors"))
        if not found:
            known = ", ".join(self.networks(dataset))
            cure = f"there are some of {known}" if known else "ask Snakemake for a figure with them"
            raise ArtifactError(
                f"{self.folder} holds no features of {network} on {dataset}: {cure}."
            )
        return found

    def _inputs(self, network: str, dataset: str) -> ProbeInputs:
        files, labels = self._features(network, dataset), self._labels(dataset)
        known = dataset_identity(labels, dataset)
        first = Identity.read(files[0], read_metadata(files[0]))  # of which weights, only it says
        made = {
            "model": network,
            "weights_checksum": first.weights_checksum,
            "replaced": first.replaced,
        }
        common = check_features(files, Identity.model_validate(known.metadata() | made))
        table = read_table(labels, ["clip_id"])
        rows = Identity(clip_ids=[str(clip) for clip in table["clip_id"]])
        expect(labels, rows, Identity(clip_ids=known.clip_ids), "by the table's own list of clips")
        shards = 1 + max(parse_feature_path(path).shard for path in files)
        store = FeatureStore(files[0].parents[1], self.states(network, dataset) - 1, shards)
        return ProbeInputs(table, store, known.metadata() | common.metadata())


@dataclass(frozen=True)
class DrawnFigure:
    """A figure; a notebook shows it.

    Attributes:
        png: its picture.
    """

    png: Path

    @cached_property
    def numbers(self) -> pd.DataFrame:
        """Exactly what is drawn."""
        return pd.read_csv(self.png.with_suffix(".csv"))

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """What may be concluded, as the JSON beside the picture says it."""
        path = self.png.with_name(f"{self.png.stem}_verdict.json")
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def _repr_png_(self) -> bytes:
        return self.png.read_bytes()
