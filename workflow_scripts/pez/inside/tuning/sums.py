"""Sums over clips from which all linear models of a unit at a position follow.

For P positions of U units, C conditions, F folds and K regressors these are P U (C + F + F K)
numbers: of the embedded model's MLP (2048, 768, 56, 5, 16) 890 MB a block in float32, of V-JEPA 2
Large's (4096 units) 4.7 GB. No activation is kept.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.tuning.design import Design


@dataclass(frozen=True)
class Beside:
    """Regressors that stand beside a variable, of n clips at P positions, P / T of a tubelet.

    Attributes:
        local: of a position, nonzero at few of them, float32 [n, P, K1].
        common: of all positions of a tubelet, float32 [n, T, K2].
        there: which positions a clip has, bool [n, P].
    """

    local: Tensor
    common: Tensor
    there: Tensor

    def together(self, clip: int) -> Tensor:
        """All regressors of a clip, float64 [P, K1 + K2]; 0 where it has no such position."""
        each = self.there.shape[1] // self.common.shape[1]
        both = [self.local[clip], self.common[clip].repeat_interleave(each, dim=0)]
        return torch.cat(both, dim=1).double() * self.there[clip, :, None]


@dataclass(frozen=True)
class BesideSums:
    """Sums of the regressors over clips; float64.

    Attributes:
        count: clips, [P, C].
        regressors: [P, C, K].
        among: products of the regressors with one another, [P, F, K, K].
    """

    count: Tensor
    regressors: Tensor
    among: Tensor

    def to(self, device: torch.device) -> "BesideSums":
        """The same on ``device``."""
        parts = (self.count, self.regressors, self.among)
        return BesideSums(*(part.to(device) for part in parts))


def add_beside(design: Design, beside: Beside) -> BesideSums:
    """Add up the regressors of all clips."""
    (_, positions, local), conditions, folds = beside.local.shape, len(design.fold), design.folds
    kept = local + beside.common.shape[2]
    count = torch.zeros((positions, conditions), dtype=torch.float64)
    regressors = torch.zeros((positions, conditions, kept), dtype=torch.float64)
    among = torch.zeros((positions, folds, kept, kept), dtype=torch.float64)
    for clip, condition in enumerate(design.condition.tolist()):
        own = beside.together(clip)
        count[:, condition] += beside.there[clip]
        regressors[:, condition] += own
        among[:, int(design.fold[condition])] += own[:, :, None] * own[:, None, :]
    return BesideSums(count, regressors, among)


@dataclass(frozen=True)
class Sums:
    """Sums over clips of activations of U units at P positions, less a level of each.

    Attributes:
        level: about the mean, subtracted before anything is added up, so that squares of small
            differences are not lost in that of a large mean: float32 [P, U].
        of_condition: float32 [P, C, U].
        squares: float32 [P, F, U].
        products: with every regressor, float32 [P, F, K, U].
        beside: of the regressors alone.
    """

    level: Tensor
    of_condition: Tensor
    squares: Tensor
    products: Tensor
    beside: BesideSums


class Adder:
    """Adds up activations of one hook point batch by batch, on their device."""

    def __init__(self, design: Design, beside: Beside, added: BesideSums) -> None:
        """Be ready for the clips of ``design``; ``added`` is what `add_beside` makes of both."""
        self._condition = design.condition.tolist()
        self._fold = design.fold[design.condition].tolist()
        self._shape = len(design.fold), design.folds
        self._beside, self._added = beside, added
        self._sums: Sums | None = None

    def take(self, values: Tensor, first: int) -> None:
        """Add activations [clips, P, U] of clips from number ``first`` on."""
        clips = range(first, first + len(values))
        there = self._beside.there[first : clips.stop].to(values.device)[..., None]
        values = values.float()
        if self._sums is None:
            level = values.masked_fill(~there, 0).sum(dim=0) / there.sum(dim=0).clamp(min=1)
            self._sums = self._empty(level)
        # A product with 0 would carry on what is not finite.
        centred = (values - self._sums.level).masked_fill_(~there, 0)
        for clip, one in zip(clips, centred, strict=True):
            self._add(one, clip)
        for fold in sorted({self._fold[clip] for clip in clips}):
            own = [clip for clip in clips if self._fold[clip] == fold]
            self._add_common(centred[[clip - first for clip in own]], own, fold)

    def sums(self) -> Sums:
        """The sums of all batches.

        Raises:
            ValueError: there was none.
        """
        if self._sums is None:
            raise ValueError("no clip was taken")
        return self._sums

    def _add(self, values: Tensor, clip: int) -> None:
        assert self._sums is not None
        condition, fold = self._condition[clip], self._fold[clip]
        self._sums.of_condition[:, condition] += values
        self._sums.squares[:, fold] += values.square()
        local = self._beside.local[clip]
        held = local.any(dim=1).nonzero()[:, 0]  # the ball is near few positions
        own, held = local[held].to(values.device), held.to(values.device)
        added = own[:, :, None] * values[held, None, :]
        self._sums.products[held, fold, : local.shape[1]] += added

    def _add_common(self, values: Tensor, clips: list[int], fold: int) -> None:
        assert self._sums is not None
        common = self._beside.common[clips].to(values.device)
        tubelets, count = common.shape[1:]
        if not count:
            return
        by_tubelet = values.unflatten(1, (tubelets, -1))
        added = torch.einsum("btk,btpu->tpku", common, by_tubelet).flatten(0, 1)
        self._sums.products[:, fold, -count:] += added

    def _empty(self, level: Tensor) -> Sums:
        conditions, folds = self._shape
        positions, units = level.shape
        kept = self._added.regressors.shape[2]
        return Sums(
            level=level,
            of_condition=level.new_zeros((positions, conditions, units)),
            squares=level.new_zeros((positions, folds, units)),
            products=level.new_zeros((positions, folds, kept, units)),
            beside=self._added.to(level.device),
        )
