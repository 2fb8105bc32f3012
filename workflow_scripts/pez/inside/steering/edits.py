"""Edits of direction at some states, made of the clips of a fold that are not edited."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

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
from pez.inside.sequences.names import DIRECTION, LENGTH, MEANS, PLANE, PROBES
from pez.inside.sequences.scores import score
from pez.inside.sequences.sequence import Space, common_scale, run_sequence
from pez.inside.sequences.stopping import probes_until
from pez.inside.steering.design import Design, Fold, Part
from pez.inside.steering.names import ARMS, EVERYWHERE, UNDER_BALL, Arm
from pez.inside.steering.passes import Unedited


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


def fit_reader(spec: Section, states: Tensor, directions: Tensor, part: Part) -> Reader:
    """Fit a probe at every state.

    Args:
        spec: the measurement.
        states: features [S, n, D].
        directions: (sin, cos), [n, 2].
        part: clips to fit to.
    """
    rows = states[:, part.clips].double()
    space = common_scale(rows)
    return Reader(space, _fit(spec, space(rows), directions[part.clips], part))


def make_edits(
    spec: Section, own: Unedited, states: list[int], design: Design
) -> dict[Arm, Tensor]:
    """Make every edit of every clip.

    Each clip is edited by what the clips of other magnitudes show. `MEANS`: the mean of the
    target's clips less that of the clip's own direction. `PLANE`: along the plane of the
    directions' means, as far as a probe says. `PROBES`: the smallest that makes orthogonal probes
    read the target, as many of them as read direction from yet other clips. `LENGTH`: as long as
    `MEANS`, along a random direction. Under the ball, means are of the tokens there.

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
        for tokens, every in features.items():
            for place in range(len(states)):
                one = every[[place]].double()
                edits = _edits_at(spec, one, tokens == EVERYWHERE, design, fold, random)
                for edit, change in edits.items():
                    found[Arm(tokens, edit)][place, fold.edited] = change.float()
    return found


def _edits_at(
    spec: Section,
    features: Tensor,
    probed: bool,
    design: Design,
    fold: Fold,
    random: torch.Generator,
) -> Mapping[str, Tensor]:
    """Edits [m, D] of the clips of a fold at one state, from ``features`` [1, n, D]."""
    classes, makes = torch.from_numpy(design.classes), fold.makes.clips
    directions = classes[torch.from_numpy(design.own)][None]
    goal = directions[:, makes]
    space = common_scale(features[:, makes])
    rows, moved = space(features[:, makes]), space(features[:, fold.edited])
    target = torch.from_numpy(design.target)[fold.edited]

    def to_target(moves: Tensor) -> Tensor:
        """Of moves [1, m, T, D] to all directions that to the target, [1, m, D]."""
        return moves[:, torch.arange(len(target)), target]

    means = to_target(mean_move(rows, goal, directions[:, fold.edited], classes))
    found = {MEANS: means, LENGTH: as_long(means[:, :, None], random)[:, :, 0]}
    if probed:
        others, truth = space(features[:, fold.reads.clips]), directions[:, fold.reads.clips]
        fit = partial(_fit, spec, part=fold.makes)
        sequence = run_sequence(rows, others, goal, fit, spec.edit_probes)
        outputs = score(DIRECTION, sequence.outputs, truth, 0.5)
        (count,), _ = probes_until(DIRECTION, outputs, "appendix")
        some = read_by(sequence, max(1, int(count)))
        found[PLANE] = to_target(plane_move(rows, goal, read_by(sequence, 1), moved, classes))
        found[PROBES] = to_target(smallest_edit(moved, some, classes))
    return {name: (edit / space.map)[0] for name, edit in found.items()}


def _fit(spec: Section, features: Tensor, targets: Tensor, part: Part) -> Probes:
    """Ridge probes of the clips of ``part``: features [F, a, D]; targets [a, 2], or [F, a, 2]."""
    count = len(features)
    fit, seen = (one.expand(count, -1) for one in (part.fit, part.seen))
    return fit_ridge(features, targets.expand(count, -1, -1), fit, seen, spec.alphas)
