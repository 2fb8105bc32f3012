"""Edits of direction at some states, made of the clips of a fold that are not edited."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.kinds.network_steering import Section
from pez.inside.sequences.edits import (
    as_long,
    mean_move,
    plane_move,
    read_by,
    smallest_edit,
)
from pez.inside.sequences.fits import Probes, fit_ridge
from pez.inside.sequences.names import LENGTH, MEANS, PLANE, PROBES
from pez.inside.sequences.sequence import Space, common_scale, run_sequence
from pez.inside.steering.design import Design, Fold
from pez.inside.steering.names import ARMS, EVERYWHERE, UNDER_BALL, Arm
from pez.inside.steering.passes import Unedited


@dataclass(frozen=True)
class Clips:
    """Clips of a fold, as numbers.

    Attributes:
        train: clips to fit to, int64 [a].
        held_out: clips that are edited, [m].
        fit: places in ``train`` to fit to while a penalty is picked, [c].
        seen: places in ``train`` to pick it by, [e].
    """

    train: Tensor
    held_out: Tensor
    fit: Tensor
    seen: Tensor

    @classmethod
    def of(cls, fold: Fold) -> "Clips":
        """The clips of ``fold``."""
        train = fold.outer.train.nonzero()[0]
        parts = (
            train,
            fold.outer.held_out.nonzero()[0],
            fold.inner.train[train].nonzero()[0],
            fold.inner.held_out[train].nonzero()[0],
        )
        return cls(*map(torch.from_numpy, parts))


@dataclass(frozen=True)
class Reader:
    """Ridge probes of direction, one a state.

    Attributes:
        space: what features are brought to.
        probes: of these.
    """

    space: Space
    probes: Probes

    def __call__(self, features: Tensor) -> Tensor:
        """Read (sin, cos) from ``features`` [S, m, D]: float64 [S, m, 2]."""
        return self.probes(self.space(features.double()))


def fit_reader(spec: Section, states: Tensor, directions: Tensor, clips: Clips) -> Reader:
    """Fit a probe at every state to the clips of a fold that are not edited.

    Args:
        spec: the measurement.
        states: features [S, n, D].
        directions: (sin, cos), [n, 2].
        clips: of the fold.
    """
    rows = states[:, clips.train].double()
    space = common_scale(rows)
    return Reader(space, _fit(spec, space(rows), directions[clips.train], clips))


def make_edits(
    spec: Section, own: Unedited, states: list[int], design: Design
) -> dict[Arm, Tensor]:
    """Make every edit of every clip.

    Each clip is edited by what the clips of other magnitudes show. `MEANS`: the mean of the
    target's clips less that of the clip's own direction. `PLANE`: along the plane of the
    directions' means, as far as a probe says. `PROBES`: the smallest that makes orthogonal probes
    read the target. `LENGTH`: as long as `MEANS`, along a random direction. Under the ball, means
    are of the tokens there.

    Args:
        spec: the measurement.
        own: the clips as they are.
        states: that are edited, F of them.
        design: directions, targets and folds.

    Returns:
        By arm, float32 [F, n, D].
    """
    random = torch.Generator().manual_seed(spec.target_seed)
    features = {EVERYWHERE: own.means[states], UNDER_BALL: own.under}
    found = {arm: torch.empty_like(own.under) for arm in ARMS}
    for fold in design.folds:
        clips = Clips.of(fold)
        for tokens, every in features.items():
            edits = _edits_of(spec, every.double(), tokens == EVERYWHERE, design, clips, random)
            for edit, change in edits.items():
                found[Arm(tokens, edit)][:, clips.held_out] = change.float()
    return found


def _edits_of(
    spec: Section,
    features: Tensor,
    probed: bool,
    design: Design,
    clips: Clips,
    random: torch.Generator,
) -> Mapping[str, Tensor]:
    """Edits [F, m, D] of the clips of a fold, from ``features`` [F, n, D]; by probes if asked."""
    classes, known = torch.from_numpy(design.classes), torch.from_numpy(design.own)
    directions = classes[known].expand(len(features), -1, -1)
    goal = directions[:, clips.train]
    space = common_scale(features[:, clips.train])
    rows, moved = space(features[:, clips.train]), space(features[:, clips.held_out])
    target = torch.from_numpy(design.target)[clips.held_out]

    def to_target(moves: Tensor) -> Tensor:
        """Of moves [F, m, T, D] to all directions that to the target, [F, m, D]."""
        return moves[:, torch.arange(len(target)), target]

    means = to_target(mean_move(rows, goal, directions[:, clips.held_out], classes))
    found = {MEANS: means, LENGTH: as_long(means[:, :, None], random)[:, :, 0]}
    if probed:

        def fit(features: Tensor, targets: Tensor) -> Probes:
            return _fit(spec, features, targets, clips)

        sequence = run_sequence(rows, moved, goal, fit, spec.edit_probes)
        first, every = read_by(sequence, 1), read_by(sequence, len(sequence.weights))
        found[PLANE] = to_target(plane_move(rows, goal, first, moved, classes))
        found[PROBES] = to_target(smallest_edit(moved, every, classes))
    return {name: edit / space.map for name, edit in found.items()}


def _fit(spec: Section, features: Tensor, targets: Tensor, clips: Clips) -> Probes:
    """Ridge probes of features [F, a, D]; targets [a, 2], or [F, a, 2]."""
    count = len(features)
    fit, seen = (part.expand(count, -1) for part in (clips.fit, clips.seen))
    return fit_ridge(features, targets.expand(count, -1, -1), fit, seen, spec.alphas)
