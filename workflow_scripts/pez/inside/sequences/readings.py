"""What is read of which clips: targets, draws of clips, and features of all states."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pez.inside.kinds.probe_sequences import Section
from pez.inside.sequences.names import DIRECTION, PLAUSIBILITY, SPEED
from pez.inside.sequences.splits import (
    Splits,
    group_splits,
    halves,
    stratified_splits,
)
from pez.inside.stored import Stored
from pez.recipes.groupings import group_ids
from pez.recipes.targets import target_values
from pez.scores.plausibility import shuffled


@dataclass(frozen=True)
class Reading:
    """One variable of one dataset.

    Attributes:
        variable: what is read.
        states: features of states 0 .. L, float32 [S, n, D].
        targets: float32 [n, k]: (sin, cos); m/s; 1 for possible movies.
        shuffled: targets of other clips; of movies, within their scene.
        splits: draws of held-out conditions, or scenes.
        halves: draws of two halves of the clips, each half held out in turn.
        steered: draws of clips that are steered; of direction alone.
        speeds: of the clips, m/s, [n, 1]; of direction alone.
    """

    variable: str
    states: Tensor
    targets: Tensor
    shuffled: Tensor
    splits: Splits
    halves: Splits
    steered: Splits | None = None
    speeds: Tensor | None = None

    @property
    def logistic(self) -> bool:
        """Whether probes answer yes or no."""
        return self.variable == PLAUSIBILITY


def readings_of(spec: Section, stored: Stored) -> Sequence[Reading]:
    """Direction, speed and, where ``spec`` names movies, plausibility."""
    seed, clips = spec.split_seed, stored.clips[spec.dataset]
    groups = clips.labels["condition"].to_numpy()
    direction = target_values(clips.labels, "direction_sincos")
    speed = _tensor(target_values(clips.labels, "speed"), clips.states)
    deal = np.random.default_rng(seed).permutation(len(groups))
    splits = group_splits(groups, spec.held_out, spec.many_splits, seed)
    both = halves(stratified_splits(groups, 0.5, spec.half_splits, seed))
    steering = spec.steering
    classes = clips.labels["direction_index"].to_numpy()
    steered = stratified_splits(classes, steering.held_out, steering.splits, seed)
    pairs = _tensor(direction, clips.states)
    found = [
        Reading(DIRECTION, clips.states, pairs, pairs[deal], splits, both, steered, speed),
        Reading(SPEED, clips.states, speed, speed[deal], splits, both),
    ]
    if spec.movies is not None:
        movies = stored.clips[spec.movies]
        scenes = group_ids(movies.labels, "scene", seed)
        possible = target_values(movies.labels, "plausibility")
        dealt = shuffled(scenes, seed)[:, None].astype(np.float64)
        found.append(
            Reading(
                PLAUSIBILITY,
                movies.states,
                _tensor(possible, movies.states),
                _tensor(dealt, movies.states),
                group_splits(scenes, spec.held_out, spec.many_splits, seed),
                halves(group_splits(scenes, 0.5, spec.half_splits, seed)),
            )
        )
    return found


def state_at(depth: float, states: int) -> int:
    """The state of ``states`` that lies at a share of ``depth``, never the embedding."""
    return max(1, round(depth * (states - 1)))


def _tensor(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like)
