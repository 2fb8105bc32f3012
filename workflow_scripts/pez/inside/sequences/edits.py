"""Features moved until probes read another direction, and what a probe that did not see it reads.

An edit is the smallest that makes the first N probes of a sequence read the target, or come as near
to it as they can (the paper's C.12; ours minimises the squared error over all N). What it is worth
is said by a judge: a ridge probe fitted to other clips, none of which is moved.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.sequences.fits import Probes, fit_ridge
from pez.inside.sequences.scores import angle_between
from pez.inside.sequences.sequence import Fitted

_FOLDS = 5  # of the clips that are steered, for the judge


@dataclass(frozen=True)
class Steered:
    """Clips that are steered, of F splits and states side by side.

    Attributes:
        features: [F, m, D].
        directions: (sin, cos), [F, m, 2].
        speeds: in standard deviations, [F, m, 1].
        targets: (sin, cos) of every direction, [T, 2].
    """

    features: Tensor
    directions: Tensor
    speeds: Tensor
    targets: Tensor


def read_by(probes: Fitted, count: int) -> Probes:
    """The first ``count`` probes of a sequence side by side, as one with 2 ``count`` outputs."""
    weights = probes.weights[:count].permute(1, 2, 0, 3).flatten(2)
    return Probes(weights, probes.bias[:count].permute(1, 2, 0, 3).flatten(2))


def smallest_edit(
    features: Tensor, probes: Probes, targets: Tensor, within: Tensor | None = None
) -> Tensor:
    """The smallest change that makes ``probes`` read every target, in the least-squares sense.

    Args:
        features: [F, m, D].
        probes: with 2 N outputs, N pairs (sin, cos).
        targets: (sin, cos), [T, 2].
        within: orthonormal basis [F, D, r] that the change lies in; None: anywhere, which is in the
            span of the probes' weights.

    Returns:
        [F, m, T, D].
    """
    pairs = probes.weights.shape[2] // 2
    lacking = targets.repeat(1, pairs) - probes(features)[:, :, None]
    rows = probes.weights.mT if within is None else probes.weights.mT @ within
    back = torch.linalg.pinv(rows.double()).to(features).mT[:, None]
    change = lacking @ back
    return change if within is None else change @ within.mT[:, None]


def random_basis(like: Tensor, dimensions: int, random: torch.Generator) -> Tensor:
    """Random orthonormal bases [F, D, ``dimensions``] for features ``like`` [F, m, D]."""
    shape = (len(like), like.shape[2], dimensions)
    return torch.linalg.qr(torch.randn(shape, generator=random))[0].to(like)


def as_long(edit: Tensor, random: torch.Generator) -> Tensor:
    """For every change of ``edit`` [F, m, T, D] one as long, along a random plane of each split."""
    plane = random_basis(edit.flatten(1, 2), 2, random)
    turn = torch.rand(edit.shape[:3], generator=random).to(edit) * 2 * torch.pi
    along = torch.stack([turn.sin(), turn.cos()], dim=-1) @ plane.mT[:, None]
    return along * edit.norm(dim=-1, keepdim=True)


def plane_move(
    train: Tensor, directions: Tensor, probe: Probes, features: Tensor, targets: Tensor
) -> Tensor:
    """Move along the plane that the mean features of directions lie in: two dimensions.

    How far is told by one probe: by what it reads less than the target.

    Args:
        train: features that the plane is fitted to, [F, n, D].
        directions: theirs, (sin, cos), [F, n, 2].
        probe: of direction.
        features: of the clips to move, [F, m, D].
        targets: (sin, cos), [T, 2].
    """
    about = directions - directions.mean(dim=1, keepdim=True)
    plane = torch.linalg.lstsq(about, train - train.mean(dim=1, keepdim=True)).solution
    return (targets - probe(features)[:, :, None]) @ plane[:, None]


def mean_move(train: Tensor, directions: Tensor, own: Tensor, targets: Tensor) -> Tensor:
    """Move by the mean of the target's clips less that of the clip's own direction.

    Args:
        train: features that the means are of, [F, n, D].
        directions: theirs, (sin, cos), [F, n, 2].
        own: directions of the clips to move, [F, m, 2].
        targets: (sin, cos) of every direction, [T, 2].
    """
    of_class = _classes(directions, targets)
    means = of_class.mT @ train / of_class.sum(dim=1)[..., None].clamp(min=1)
    return means[:, None] - (_classes(own, targets) @ means)[:, :, None]


def _classes(directions: Tensor, targets: Tensor) -> Tensor:
    """Which of the targets a clip's direction is, 0 and 1, [F, n, T]."""
    nearest = (directions @ targets.mT).argmax(dim=-1)
    return torch.nn.functional.one_hot(nearest, len(targets)).to(directions)


class Judge:
    """Ridge probes of direction and speed, each fitted to other clips than it is asked about."""

    def __init__(self, steered: Steered, alphas: tuple[float, ...]) -> None:
        self._steered = steered
        clips = steered.features.shape[1]
        known = torch.cat([steered.directions, steered.speeds], dim=2)
        places = torch.arange(clips, device=known.device)
        self._folds = []
        for fold in range(min(_FOLDS, clips)):
            own = places[fold::_FOLDS]
            others = places[(places - fold) % _FOLDS != 0]
            inner = torch.arange(len(others), device=known.device)
            split = [
                part.expand(len(known), -1)
                for part in (inner[inner % 5 != 0], inner[inner % 5 == 0])
            ]
            probes = fit_ridge(
                steered.features[:, others], known[:, others], split[0], split[1], alphas
            )
            self._folds.append((own, probes))

    def read(self, edit: Tensor) -> Tensor:
        """Direction (sin, cos) and speed of clips moved by ``edit`` [F, m, T, D]: [F, m, T, 3]."""
        moved = self._steered.features[:, :, None] + edit
        read = moved.new_empty((*moved.shape[:3], 3))
        for own, probes in self._folds:
            flat = moved[:, own].flatten(1, 2)
            read[:, own] = probes(flat).unflatten(1, (len(own), -1))
        return read

    def measure(self, edit: Tensor) -> dict[str, Tensor]:
        """What an edit does, each [F].

        Returns:
            ``to_target`` and ``to_truth``: mean angle, degrees, between the read direction and the
            target, and the clip's own; ``radius``: mean length of the read pair (sin, cos);
            ``edit``: mean length of the edit over the root mean square distance of the clips from
            their mean; ``speed_change``: mean absolute change of the read speed, in standard
            deviations of speed.
        """
        now, before = self.read(edit), self.read(edit[:, :, :1] * 0)
        steered = self._steered
        distance = steered.features - steered.features.mean(dim=1, keepdim=True)
        spread = distance.square().sum(dim=2).mean(dim=1).sqrt()
        over = (1, 2)
        return {
            "to_target": angle_between(now[..., :2], steered.targets).mean(dim=over),
            "to_truth": angle_between(now[..., :2], steered.directions[:, :, None]).mean(dim=over),
            "radius": now[..., :2].norm(dim=-1).mean(dim=over),
            "edit": edit.norm(dim=-1).mean(dim=over) / spread,
            "speed_change": (now[..., 2] - before[..., 2]).abs().mean(dim=over),
        }
