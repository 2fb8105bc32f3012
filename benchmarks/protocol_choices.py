"""What each choice of a probe's protocol is worth: the tables in docs/protocol.md.

    snakemake figure2c figure2b figure6 --cores 2       # makes the features first
    nice python benchmarks/protocol_choices.py [--artifacts artifacts] [--write docs/protocol.md]
        [--also "extraction.precision: fp32" artifacts_fp32]

Takes the recipes of `PROTOCOLS` from config.yaml, changes one choice at a time, fits the altered
probe to a few layers of the embedded model, and prints the scores with their differences to the
recipe as it is. The values of a choice from a list are all of that list, those of a number stand in
`NUMBERS`, solvers are the configuration's. What the configuration refuses is left out, and so is
what makes no difference to a recipe. Choices of the extraction need features of their own: --also
names a folder with them (another output_dir of the workflow). One thread, about ten minutes.
"""

import argparse
import io
import sys
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow_scripts"), str(CHECKOUT / "benchmarks")]

from protocol_tables import Line, in_words, table, write_between_markers  # noqa: E402

from pez.config.load import load_config  # noqa: E402
from pez.config.model import Config  # noqa: E402
from pez.features.paths import FeatureKey, feature_path  # noqa: E402
from pez.features.spec import VIEWS_OF_POOLING, residual_state  # noqa: E402
from pez.features.store import FeatureStore  # noqa: E402
from pez.probes.run import run_probe  # noqa: E402
from pez.recipes.recipe import Recipe, recipe_name  # noqa: E402
from pez.recipes.spec import GradientSolver, PlausibilityProbeSpec, ProbeSpec  # noqa: E402
from pez.runtime.errors import ArtifactError, ConfigError  # noqa: E402
from pez.runtime.progress import set_terminal  # noqa: E402
from pez.runtime.tables import read_table  # noqa: E402
from pez.runtime.tensor_file import read_metadata  # noqa: E402

MODEL = "vjepa2_nano"
LAYERS = (0, 4, 8, 11)
SHOWN = (0, 4, 8)  # the columns beside the best of `LAYERS`
PROTOCOLS = ("reference", "strict")
PROBES = {
    "direction": ("r2",),
    "speed": ("r2",),
    "velocity_xy": ("r2",),
    "plausibility": ("matched_pair", "relative_accuracy", "clip_accuracy"),
}
# Other values of the choices that are numbers or lists.
NUMBERS: dict[str, tuple[Any, ...]] = {
    "folds": (5, 10),
    "selections": (["validation"], ["nested"]),
    "seed": (42, 0),
    "fold_seed": (None, 42, 0),
    "sector_start_deg": (-180.0, 0.0),
    "kmeans_restarts": (20, 10),
    "angle_cut_deg": (-180.0, 0.0),
    "solver.steps": (100, 400, 1600),
    "solver.patience": (40, 400),
    "solver.learning_rates": ([1e-3],),
    "solver.weight_decays": ([0.01],),
    "solver.start_seed": (42, 0),
}
# Choices that matter only beside another one: compared with the recipe that makes this one too.
BESIDE: dict[str, dict[str, Any]] = {
    "pixel_regions": {"grouping": "pixel_region"},
    "kmeans_restarts": {"grouping": "spatial_cluster"},
    "seed": {"grouping": "spatial_cluster"},
    "sector_start_deg": {"grouping": "direction_spatial_sector"},
    "angle_axis": {"target": "direction_angle"},
    "angle_cut_deg": {"target": "direction_angle"},
    "solver.start_seed": {"solver.start": "pytorch"},
}
NO_CHOICE = {"dataset": "what is looked at", "labels_seed": "a control"}


@dataclass(frozen=True)
class Row:
    """One altered recipe, the one it is compared with, and the artifacts it reads if others."""

    label: str
    recipe: Recipe
    base: Recipe
    folder: Path | None = None


def choices(raw: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Every choice and its values; fields of the solver are called ``solver.field``."""
    others = NUMBERS | {"solver": tuple(raw["solvers"])}
    found: dict[str, tuple[Any, ...]] = {}
    schemas = (("", ProbeSpec), ("", PlausibilityProbeSpec), ("solver.", GradientSolver))
    for prefix, schema in schemas:
        for name, field in schema.model_json_schema()["properties"].items():
            values = others.get(prefix + name, tuple(named_values(field)))
            if values and prefix + name not in NO_CHOICE:
                found[prefix + name] = values
    return found


def named_values(field: Mapping[str, Any]) -> list[Any]:
    """Values that a field allows by name; columns of the labels are none."""
    kinds = [field, *field.get("anyOf", ())]
    kinds += field.get("oneOf", ())
    return [value for kind in kinds for value in kind.get("enum", ())]


def altered(raw: Mapping[str, Any], recipe: Recipe, changes: Mapping[str, Any]) -> Recipe | None:
    """``recipe`` with ``changes``; None if the configuration refuses that."""
    laid = deepcopy(dict(raw))
    solver = {name[7:]: value for name, value in changes.items() if name.startswith("solver.")}
    own = {name: value for name, value in changes.items() if not name.startswith("solver.")}
    if solver:
        laid["solvers"]["altered"] = laid["solvers"][recipe.spec.solver] | solver
        own["solver"] = "altered"
    under = laid["probes"][recipe.probe]["protocols"]
    under[recipe.protocol] = (under[recipe.protocol] or {}) | own
    try:
        return load_config(laid, CHECKOUT).recipes[recipe.name]
    except ConfigError:
        return None


def rows_of(raw: Mapping[str, Any], recipe: Recipe) -> Iterator[Row]:
    """Yield ``recipe`` as it is, and then with one choice after the other made otherwise."""
    yield Row(f"**{recipe.name}**", recipe, recipe)
    for field, values in choices(raw).items():
        beside = {} if field in recipe.fields() else BESIDE.get(field, {})
        base = altered(raw, recipe, beside)
        if base is None or not _alike(base, recipe):
            continue
        for value in values:
            other = altered(raw, recipe, beside | {field: value} | _follows(field, value))
            if other is None or other.fields() == base.fields() or not _alike(other, recipe):
                continue
            given = "".join(f", with {name} {wanted}" for name, wanted in beside.items())
            yield Row(f"{field}: {in_words(value)}{given}", other, base)


def _alike(other: Recipe, recipe: Recipe) -> bool:
    """Whether ``other`` reads the same variable; and no patches (256 times the inputs) anew."""
    patches = [one.spec.pooling.endswith("_patch") for one in (recipe, other)]
    return _variable(other) == _variable(recipe) and patches != [False, True]


def _variable(recipe: Recipe) -> str:
    """What is read out, whichever way it is coded."""
    target = recipe.spec.target
    return "direction" if target.startswith("direction_") else target


def _follows(field: str, value: Any) -> dict[str, Any]:
    """A mean over patches leaves no patches to share a map."""
    return {"patch_map": "flattened"} if field == "pooling" and value[-6:] != "_patch" else {}


def missing_views(recipe: Recipe, artifacts: Path) -> list[str]:
    """Stored views that ``recipe`` reads and the features under ``artifacts`` do not have."""
    folder = feature_folder(recipe, artifacts)
    stream = residual_state(LAYERS[-1], recipe.spec.capture)
    return [
        view
        for view in VIEWS_OF_POOLING[recipe.spec.pooling]
        if not feature_path(folder, FeatureKey(view, stream, 0)).exists()
    ]


def feature_folder(recipe: Recipe, artifacts: Path) -> Path:
    """Where the features that ``recipe`` reads lie."""
    return artifacts / "features" / MODEL / recipe.spec.dataset


def by_layer(results: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Scores [folds, `LAYERS`]."""
    of_metric = results[results["metric"] == metric]
    return of_metric.pivot(index="fold", columns="layer", values="value").set_axis(LAYERS, axis=1)


def means(results: pd.DataFrame, metric: str) -> pd.Series:
    """Mean over the folds by layer of `LAYERS`; NaN where a fold has no score."""
    return by_layer(results, metric).mean(skipna=False)


def _key(recipe: Recipe, folder: Path | None) -> str:
    return f"{folder} {recipe.name} {sorted(recipe.fields().items())}"


class Measurements:
    """Results by recipe and folder of features, each measured once, and what could not be."""

    def __init__(self, config: Config, artifacts: Path) -> None:
        self._config, self._artifacts = config, artifacts
        self.results: dict[str, pd.DataFrame] = {}
        self.left_out: list[str] = []

    def take(self, row: Row) -> None:
        """Measure both recipes of ``row``, or note that its features are not there."""
        for recipe, folder in ((row.base, None), (row.recipe, row.folder)):
            missing = missing_views(recipe, folder or self._artifacts)
            if missing:
                self.left_out.append(f"{row.label} (no features of view {', '.join(missing)})")
                return
            if _key(recipe, folder) in self.results:
                continue
            started = time.perf_counter()
            try:
                self.results[_key(recipe, folder)] = self._measure(recipe, folder)
            except ArtifactError as error:
                print(f"{row.label}: {error}", file=sys.stderr)
                self.left_out.append(row.label)
                return
            print(f"{row.label}: {time.perf_counter() - started:.1f} s", file=sys.stderr)

    def lines(self, rows: list[Row], metric: str) -> list[Line]:
        """What the table of ``metric`` shows of ``rows``, the first of which is not altered."""
        found = []
        for row in rows:
            ours, base = _key(row.recipe, row.folder), _key(row.base, None)
            if ours in self.results and base in self.results:
                compared = None if row is rows[0] else means(self.results[base], metric)
                found.append(Line(row.label, means(self.results[ours], metric), compared))
        return found

    def _measure(self, recipe: Recipe, folder: Path | None) -> pd.DataFrame:
        """A row per layer, fold and metric."""
        spec, config = recipe.spec, self._config
        source = replace(config.sets[spec.dataset], out=str(self._artifacts))
        features = feature_folder(recipe, folder or self._artifacts)
        store = FeatureStore(features, config.encoder(MODEL).layers, source.shards)
        where = (spec.capture, spec.pooling)
        results, _ = run_probe(
            recipe.name,
            spec,
            recipe.solver,
            lambda index: store.features(LAYERS[index], *where),
            len(LAYERS),
            read_table(source.labels),
            "cpu",
            load_patches=lambda index: store.patch_shards(LAYERS[index], *where),
        )
        if "subset" in results:
            results = results[results["subset"] == "all"]
        return results[results["selection"] == spec.selections[0]]


def report(raw: dict[str, Any], artifacts: Path, also: Mapping[str, Path]) -> Iterator[str]:
    """Yield the lines of all tables; ``also``: folders of other artifacts by what they are."""
    config = load_config(raw, CHECKOUT)
    yield from ("", _described(config, artifacts))
    for protocol in PROTOCOLS:
        yield from ("", f"### Changed one at a time: {protocol}")
        for probe, metrics in PROBES.items():
            recipe = config.recipes[recipe_name(probe, protocol)]
            rows = list(rows_of(raw, recipe))
            for label, folder in also.items():
                if not missing_views(recipe, folder):
                    rows.append(Row(label, recipe, recipe, folder))
            measurements = Measurements(config, artifacts)
            for row in rows:
                measurements.take(row)
            for metric in metrics:
                score = "R2" if metric == "r2" else metric.replace("_", " ")
                title = f"{recipe.name}, {score}"
                spread = by_layer(measurements.results[_key(recipe, None)], metric).std()
                yield from ("", *table(title, spread, measurements.lines(rows, metric), SHOWN))
            if measurements.left_out:
                yield from ("", f"Not computed: {'; '.join(measurements.left_out)}.")
    yield ""


def _described(config: Config, artifacts: Path) -> str:
    """Say what the tables stand on."""
    recipe = config.recipes[recipe_name("speed", PROTOCOLS[0])]
    view, folder = VIEWS_OF_POOLING[recipe.spec.pooling][0], feature_folder(recipe, artifacts)
    found = read_metadata(feature_path(folder, FeatureKey(view, LAYERS[0], 0)))
    return (
        f"`{MODEL}`, features in {found['precision']}, preprocessing {found['preprocessing']}. "
        "Means over folds; in brackets the difference to the recipe as it is, first in each table, "
        'or, where a row says "with", to the recipe with that choice.'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--write", type=Path, help="page to put the tables into")
    parser.add_argument("--also", nargs=2, action="append", default=[], metavar=("CHOICE", "DIR"))
    arguments = parser.parse_args()
    set_terminal(io.StringIO())
    raw = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    also = {label: Path(folder) for label, folder in arguments.also}
    lines = list(report(raw, arguments.artifacts, also))
    if arguments.write:
        write_between_markers(arguments.write, lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
