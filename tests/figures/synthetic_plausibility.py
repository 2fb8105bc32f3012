"""Result tables of plausibility probes with curves of known shape, laid out as in the workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from synthetic_results import FOLDS, step

from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.figures.spec import PlausibilityFigureSpec
from pez.intphys.spec import BLOCKS, PUBLISHED_FRAMES, SamplingSpec
from pez.probes.spec import PlausibilityProbeSpec
from pez.runtime.tables import write_table

SUBSETS = ("all", *BLOCKS)
OFFSET = {"all": 0.0, "O1": 0.02, "O2": -0.01, "O3": -0.01}
SCENES = {"all": 12, "O1": 4, "O2": 4, "O3": 4}  # in each fold
MINI_CLIPS = ClipsFacts(
    renderer="kubric", samples=8, datasets={"intphys_mini": 240}, sampling=SamplingSpec()
)
DEV_CLIPS = ClipsFacts(
    renderer=PUBLISHED_FRAMES,
    samples=None,
    datasets={"intphys_dev": 360},
    sampling=SamplingSpec(),
)
LAYERS = {"vjepa2_nano": 12, "vjepa2_large": 24, "vjepa2_huge": 32, "vjepa2_giant": 40}
MODELS = {
    **{
        name: ModelFacts(
            layers=layers,
            source="embedded" if name == "vjepa2_nano" else "checkpoint",
            weights="embedded weights, trained by this project"
            if name == "vjepa2_nano"
            else f"vit{name[7]}.pt, target_encoder",
        )
        for name, layers in LAYERS.items()
    },
    **{
        f"{name}_untrained": ModelFacts(
            layers=layers, source="random", weights="random weights, seed 1"
        )
        for name, layers in LAYERS.items()
    },
}


def probe(dataset: str = "intphys_mini", **changes: object) -> PlausibilityProbeSpec:
    recipe = {
        "dataset": dataset,
        "target": "plausibility",
        "capture": "resid_pre",
        "pooling": "mean",
        "normalisation": "zscore",
        "solver": "trainable",
    }
    return PlausibilityProbeSpec.model_validate(recipe | changes)


def probes(dataset: str = "intphys_mini") -> dict[str, PlausibilityProbeSpec]:
    linear = probe(dataset)
    attentive = probe(dataset, pooling="temporal_last_patch", solver="attentive")
    found = {"plausibility": linear, "plausibility_attentive": attentive}
    shuffled = {
        f"{name}_shuffled": spec.model_copy(update={"shuffled_labels": True})
        for name, spec in found.items()
    }
    return found | shuffled


def spec(*models: str, **changes: object) -> PlausibilityFigureSpec:
    section = {
        "kind": "plausibility",
        "title": "Figure 6: possible or impossible by principle, linear probe",
        "models": models,
        "probe": "plausibility",
        "by_block": True,
    }
    return PlausibilityFigureSpec.model_validate(section | changes)


@dataclass(frozen=True)
class Course:
    """What one table holds on all movies: float [layers] each; blocks differ by `OFFSET`."""

    relative: np.ndarray
    clip: np.ndarray
    possible_recall: np.ndarray
    impossible_recall: np.ndarray
    ties: np.ndarray
    selections: Mapping[str, float] = field(
        default_factory=lambda: {"validation": 0.0, "nested": -0.04}
    )


def even(relative: np.ndarray, clip: np.ndarray, ties: np.ndarray | float = 0.0) -> Course:
    """A probe that errs on possible and impossible movies alike."""
    return Course(relative, clip, clip, clip, np.broadcast_to(ties, clip.shape))


def shortcut(relative: np.ndarray, clip: np.ndarray) -> Course:
    """A probe that calls nearly all impossible movies impossible, and half of the others."""
    impossible = np.minimum(1.0, clip + 0.24)
    return Course(relative, clip, 2 * clip - impossible, impossible, np.zeros(len(clip)))


def plausibility_table(course: Course, spread: float = 0.03) -> pd.DataFrame:
    """Results whose fold means are ``course`` and whose fold s.d. of accuracies is ``spread``."""
    offsets = np.linspace(-1, 1, FOLDS)
    offsets *= spread / offsets.std(ddof=1)
    layers = len(course.clip)
    accuracies = {
        "relative_accuracy": course.relative,
        "clip_accuracy": course.clip,
        "matched_pair_accuracy": course.relative,
    }
    exact = {
        "relative_ties": course.ties,
        "possible_recall": course.possible_recall,
        "impossible_recall": course.impossible_recall,
        "auc": np.full(layers, 0.5),
    }
    parts = []
    for selection, shift in course.selections.items():
        for subset in SUBSETS:
            for metric, mean in (accuracies | exact).items():
                moved = mean + (shift + OFFSET[subset] if metric in accuracies else 0.0)
                values = moved[:, None] + (offsets if metric in accuracies else np.zeros(FOLDS))
                layer, fold = np.indices(values.shape)
                parts.append(
                    pd.DataFrame(
                        {
                            "layer": layer.ravel(),
                            "selection": selection,
                            "fold": fold.ravel(),
                            "subset": subset,
                            "metric": metric,
                            "value": values.ravel(),
                            "n_train": 4 * SCENES[subset] * (FOLDS - 1),
                            "n_test": 4 * SCENES[subset],
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def realistic_course(network: str, probe_name: str) -> Course:
    """Courses that look like the ones of a real run."""
    layers = MODELS[network].layers
    noise = np.random.default_rng([len(network), len(probe_name)]).normal(0, 0.02, layers)
    flat = np.zeros(layers)
    if probe_name.endswith("_shuffled"):
        return even(np.clip(0.68 + flat + 2 * noise, 0, 1), 0.55 + flat + noise)
    ties = flat.copy()
    if "attentive" in probe_name:
        ties[0] = 1.0
        relative = np.clip(step(layers, 0.6, 0.85, 0.3) + 2 * noise, 0, 0.97)
        relative[0] = 0.0
        return even(relative, 0.52 + noise, ties)
    if network.endswith("_untrained"):
        return even(np.clip(0.7 + flat + 2 * noise, 0, 1), 0.54 + flat + noise)
    relative = np.minimum(step(layers, 0.66, 1.0, 0.25) + noise, 0.98)
    return shortcut(relative, step(layers, 0.52, 0.75, 0.28) + noise / 2)


def write_results(folder: Path, shown: PlausibilityFigureSpec) -> list[Path]:
    """Write the results that ``shown`` draws: labels are shuffled for the trained models only."""
    paths = []
    for model in shown.models:
        for network, name in (
            (model, shown.probe),
            (model, f"{shown.probe}_shuffled"),
            (f"{model}_untrained", shown.probe),
        ):
            path = folder / "probes" / network / f"{name}.parquet"
            write_table(path, plausibility_table(realistic_course(network, name)))
            paths.append(path)
    return paths
