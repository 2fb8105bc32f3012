"""Results and out-of-fold predictions of a probe, as tidy tables."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from pez.evidence.schema import ALL
from pez.intphys.spec import BLOCKS
from pez.recipes.spec import AttentiveSolver, ProbeSpec, RidgeSolver, Selection
from pez.recipes.targets import probe_angle, probe_outputs
from pez.scores.classification import chance, class_metrics
from pez.scores.plausibility import movie_metrics
from pez.scores.regression import fold_metrics
from pez.solvers.selection import grid
from pez.solvers.task import Choice, ClassificationTask, PlausibilityTask, Task


@dataclass(frozen=True)
class Probe:
    """A probe and the clips that it is judged on.

    Attributes:
        spec: as configured.
        task: what was fitted.
        labels: one row per clip.
        degenerate: of each fold, whether R2 is not defined there.
    """

    spec: ProbeSpec
    task: Task
    labels: pd.DataFrame
    degenerate: list[bool]


def result_rows(
    probe: Probe, layer: int, selection: Selection, choice: Choice, index: int
) -> pd.DataFrame:
    """One row per fold, subset and metric of ``layer``; subsets: all clips, and blocks of movies.

    ``index`` is the layer's place in ``choice``.
    """
    rows = []
    for fold, split in enumerate(probe.task.outer):
        where = {"layer": layer, "selection": selection, "fold": fold}
        chosen = _hyper_parameters(probe.task, choice, index, fold)
        for subset, count, values in _judged(probe, fold, choice.predictions[index, fold]):
            sizes = {"n_train": int(split.train.sum()), "n_test": count}
            rows += [
                where | {"subset": subset, "metric": metric, "value": value} | sizes | chosen
                for metric, value in values.items()
            ]
    return pd.DataFrame(rows)


def prediction_rows(
    probe: Probe, layer: int, selection: Selection, choice: Choice, index: int
) -> pd.DataFrame:
    """One row per clip and output of ``layer``, from the fold that holds the clip out.

    Predictions are in the unit of the target; of a plausibility probe, the probability of being
    possible, and its logit beside it. ``index`` is the layer's place in ``choice``.
    """
    task, outputs = probe.task, probe_outputs(probe.labels, probe.spec)
    tables = []
    for fold, split in enumerate(task.outer):
        clips = probe.labels[split.held_out]
        predicted = choice.predictions[index, fold][split.held_out]
        columns = {
            "layer": layer,
            "selection": selection,
            "fold": fold,
            "clip_id": np.repeat(clips["clip_id"].to_numpy(), len(outputs)),
            "output": np.tile(outputs, len(clips)),
            "target": task.targets[split.held_out].ravel(),
            "prediction": predicted.ravel(),
        }
        if isinstance(task, PlausibilityTask):
            columns["target"] = columns["target"].astype(np.int64)
            columns["logit"] = columns["prediction"].astype(np.float64)
            columns["prediction"] = expit(columns["logit"])
            columns |= {name: clips[name].to_numpy() for name in ("block", "scene")}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _judged(
    probe: Probe, fold: int, predicted: np.ndarray
) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Yield a subset of the held-out clips, its size, and the metrics in it."""
    task, held_out = probe.task, probe.task.outer[fold].held_out
    if isinstance(task, ClassificationTask):
        values = class_metrics(task.targets[held_out], predicted[held_out])
        yield ALL, int(held_out.sum()), {**values, "chance": chance(task.targets)}
        return
    if not isinstance(task, PlausibilityTask):
        angle = probe_angle(probe.spec)
        values = fold_metrics(task.targets[held_out], predicted[held_out], angle)
        if probe.degenerate[fold]:
            values["r2"] = float("nan")
        yield ALL, int(held_out.sum()), values
        return
    logits = predicted[:, 0].astype(np.float64)
    block, pairs = probe.labels["block"].to_numpy(), probe.labels["pair"].to_numpy()
    for subset in (ALL, *BLOCKS):
        rows = held_out & ((block == subset) | (subset == ALL))
        values = movie_metrics(
            logits[rows],
            task.targets[rows, 0],
            task.scenes[rows],
            pairs[rows],
            task.half_counts_as,
        )
        yield subset, int(rows.sum()), values


def _hyper_parameters(task: Task, choice: Choice, layer: int, fold: int) -> dict[str, float]:
    nan = float("nan")
    picked, steps = int(choice.configuration[layer, fold]), float(choice.steps[layer, fold])
    match task.solver:
        case RidgeSolver() as solver:
            values = (nan, nan, nan, solver.alphas[picked])
        case AttentiveSolver() as solver:
            values = (solver.learning_rate, solver.weight_decay, steps, nan)
        case solver:
            rate, decay = grid(solver)[picked]
            values = (float(rate), float(decay), steps, nan)
    return dict(zip(("learning_rate", "weight_decay", "steps", "alpha"), values, strict=True))
