"""Result tables of plausibility probes with curves of known shape, laid out as in the workflow."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from synthetic_results import FOLDS, step, write_evidence

from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.figures.kinds.plausibility import Section
from pez.intphys.spec import BLOCKS, PUBLISHED_FRAMES, SamplingSpec
from pez.recipes.recipe import Recipe
from pez.recipes.spec import AnySolver, AttentiveSolver, GradientSolver, PlausibilityProbeSpec

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


PROTOCOLS = {"reference": "the third party's", "strict": "leak-free"}
_GRID = {"learning_rates": (1e-4, 3e-4, 1e-3, 3e-3, 5e-3), "weight_decays": (0.01, 0.1, 0.4, 0.8)}
SOLVERS: dict[str, AnySolver] = {
    "third_party_movies": GradientSolver(
        method="adam_l2", steps=400, patience=40, start="pytorch", stopped_by="clip_accuracy",
        **_GRID,
    ),
    "trainable": GradientSolver(method="adamw", steps=400, patience=40, **_GRID),
    "attentive": AttentiveSolver(method="attentive"),
}  # fmt: skip


def recipe(probe: str, protocol: str, dataset: str, **changes: object) -> Recipe:
    fields: dict[str, object] = {
        "dataset": dataset,
        "target": "plausibility",
        "capture": "resid_pre",
        "pooling": "mean",
        "normalisation": "zscore",
        "solver": "third_party_movies",
        "selections": ["validation"],
        "half_counts_as": "possible",
    }
    if protocol == "strict":
        fields |= {"solver": "trainable", "selections": ["nested"], "selected_by": "loss"}
    spec = PlausibilityProbeSpec.model_validate(fields | changes)
    return Recipe(probe, protocol, spec, SOLVERS[spec.solver])


def recipes(dataset: str = "intphys_mini") -> dict[str, Recipe]:
    tokens = {"pooling": "temporal_last_patch", "solver": "attentive"}
    made = [
        recipe(probe, protocol, dataset, **changes)
        for probe, changes in (("plausibility", {}), ("plausibility_attentive", tokens))
        for protocol in PROTOCOLS
    ]
    return {one.name: one for one in made}


def spec(*models: str, **changes: object) -> Section:
    section = {
        "kind": "plausibility",
        "title": "Figure 6: possible or impossible by principle, linear probe",
        "models": models,
        "probes": ["plausibility"],
        "metrics": ["matched_pair", "relative_accuracy", "clip_accuracy"],
        "by_block": True,
    }
    return Section.model_validate(section | changes)


@dataclass(frozen=True)
class Course:
    """What one table holds on all movies: float [layers] each; blocks differ by `OFFSET`."""

    relative: np.ndarray
    clip: np.ndarray
    possible_recall: np.ndarray
    impossible_recall: np.ndarray
    ties: np.ndarray


def even(relative: np.ndarray, clip: np.ndarray, ties: np.ndarray | float = 0.0) -> Course:
    """A probe that errs on possible and impossible movies alike."""
    return Course(relative, clip, clip, clip, np.broadcast_to(ties, clip.shape))


def shortcut(relative: np.ndarray, clip: np.ndarray) -> Course:
    """A probe that calls nearly all impossible movies impossible, and half of the others."""
    impossible = np.minimum(1.0, clip + 0.24)
    return Course(relative, clip, 2 * clip - impossible, impossible, np.zeros(len(clip)))


def plausibility_table(
    course: Course, selection: str = "validation", spread: float = 0.03
) -> pd.DataFrame:
    """Results whose fold means are ``course`` and whose fold s.d. of accuracies is ``spread``."""
    offsets = np.linspace(-1, 1, FOLDS)
    offsets *= spread / offsets.std(ddof=1)
    layers = len(course.clip)
    accuracies = {
        "relative_accuracy": course.relative,
        "clip_accuracy": course.clip,
        "matched_pair": course.relative,
    }
    exact = {
        "relative_ties": course.ties,
        "possible_recall": course.possible_recall,
        "impossible_recall": course.impossible_recall,
        "auc": np.full(layers, 0.5),
    }
    parts = []
    for subset in SUBSETS:
        for metric, mean in (accuracies | exact).items():
            moved = mean + (OFFSET[subset] if metric in accuracies else 0.0)
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


def realistic_course(network: str, fit: str) -> Course:
    """Courses that look like the ones of a real run; strict ones are a little lower."""
    course = _course(network, fit.replace(".strict", ".reference"))
    lower = 0.04 if ".strict" in fit else 0.0
    return replace(course, relative=course.relative - lower, clip=course.clip - lower)


def _course(network: str, fit: str) -> Course:
    layers = MODELS[network].layers
    noise = np.random.default_rng([len(network), len(fit)]).normal(0, 0.02, layers)
    flat = np.zeros(layers)
    if fit.endswith("_shuffled"):
        return even(np.clip(0.68 + flat + 2 * noise, 0, 1), 0.55 + flat + noise)
    ties = flat.copy()
    if "attentive" in fit:
        ties[0] = 1.0
        relative = np.clip(step(layers, 0.6, 0.85, 0.3) + 2 * noise, 0, 0.97)
        relative[0] = 0.0
        return even(relative, 0.52 + noise, ties)
    if network.endswith("_untrained"):
        return even(np.clip(0.7 + flat + 2 * noise, 0, 1), 0.54 + flat + noise)
    relative = np.minimum(step(layers, 0.66, 1.0, 0.25) + noise, 0.98)
    return shortcut(relative, step(layers, 0.52, 0.75, 0.28) + noise / 2)


def write_results(folder: Path, shown: Section) -> list[Path]:
    """Write the results that ``shown`` draws: labels are shuffled for the trained models only."""
    wanted = [(model, name) for model in shown.models for name in shown.recipes]
    wanted += [(model, f"{name}_shuffled") for model, name in list(wanted)]
    wanted += [(f"{model}_untrained", name) for model in shown.models for name in shown.recipes]
    paths = []
    for network, fit in wanted:
        selection = "nested" if ".strict" in fit else "validation"
        path = folder / "probes" / network / f"{fit}.parquet"
        write_evidence(path, plausibility_table(realistic_course(network, fit), selection))
        paths.append(path)
    return paths
