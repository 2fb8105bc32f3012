"""How far attention looks, from queries and keys: no matrix of all queries is ever held.

A block of queries is a tubelet: its scores against all N = T x P keys are one product
[P, head] x [head, N] for each clip and head, and their exponentials E, not normalised, are averaged
by a second one: for every query patch, [clips x heads, N] x [N, fields]. So distances are read once
for all clips and heads, and never expanded: to a query of tubelet t they are a slice of one table
over the differences of tubelets (`pez.inside.distances.distance_fields`).

Entropy needs no logarithm of weights: with s the scores less their maximum and Z = sum E, it is
log Z - sum(E s) / Z.

The floor, for each clip and block with h heads: 2 h N^2 (head size + fields) operations, and
h N^2 exponentials. The embedded model (h = 3, N = 2048, 12 blocks) has 2.1e10 operations and 1.5e8
exponentials a clip, V-JEPA 2 Large (16, 2048, 24) 2.3e11 and 1.6e9. docs/benchmarks.md has what was
measured.
"""

from functools import cached_property

import torch
from torch import Tensor

from pez.encoders.family import Grid
from pez.inside.distances import FIELDS, distance_fields, patch_distances


class AttentionDistance:
    """The measures of `MEASURES`, of queries and keys of whole clips on one grid and device."""

    def __init__(self, grid: Grid, device: torch.device) -> None:
        self.grid, self.device = grid, device

    @cached_property
    def _fields(self) -> Tensor:
        return torch.from_numpy(distance_fields(self.grid)).to(self.device)

    @cached_property
    def _uniform(self) -> Tensor:
        """Spatial distance of every query patch under uniform attention, float32 [P]."""
        mean = patch_distances(self.grid).mean(axis=1)
        return torch.from_numpy(mean).to(self.device, torch.float32)

    def __call__(self, query: Tensor, key: Tensor, scaling: float) -> Tensor:
        """Measure every head of every clip, as means over its queries.

        Args:
            query, key: [clips, tokens, heads, head size], as rotated; of any floating dtype. Scores
                are computed in float32, as the network's fused attention adds them up.
            scaling: factor of the scores.

        Returns:
            float32 [clips, heads, measures], in the order of `MEASURES`.

        Raises:
            ValueError: the tokens are not those of the grid.
        """
        tokens = self.grid.tubelets * self.grid.rows * self.grid.columns
        if query.shape[1] != tokens or key.shape != query.shape:
            raise ValueError(
                f"queries {tuple(query.shape)} and keys {tuple(key.shape)} of a clip that has "
                f"{tokens} tokens"
            )
        with torch.autocast(query.device.type, enabled=False):
            query = query.transpose(1, 2).float() * scaling
            keys = key.transpose(1, 2).float().transpose(-1, -2).contiguous()
            blocks = query.chunk(self.grid.tubelets, dim=2)
            # Made once: new memory for every tubelet takes as long as the product that fills it.
            scores = query.new_empty(*blocks[0].shape[:3], tokens)
            weights = torch.empty_like(scores)
            of_tubelets = []
            for tubelet, block in enumerate(blocks):
                torch.matmul(block, keys, out=scores)
                of_tubelets.append(self._of_tubelet(tubelet, scores, weights))
        return torch.stack(of_tubelets).mean(dim=0)

    def _of_tubelet(self, tubelet: int, scores: Tensor, weights: Tensor) -> Tensor:
        """Means over the queries of one tubelet.

        Args:
            tubelet: its number.
            scores: of its queries, [clips, heads, P, N]; overwritten.
            weights: of the same shape; overwritten.
        """
        clips, heads, patches, _ = scores.shape
        scores -= scores.amax(dim=-1, keepdim=True)
        torch.exp(scores, out=weights)
        total = weights.sum(dim=-1)
        sums = torch.bmm(
            weights.view(clips * heads, patches, -1).transpose(0, 1),
            self._fields_of(tubelet).transpose(1, 2),
        )
        fields = sums.transpose(0, 1).unflatten(0, (clips, heads)) / total[..., None]
        within = weights[..., tubelet * patches : (tubelet + 1) * patches]
        itself = within.diagonal(dim1=-2, dim2=-1) / total
        same_tubelet = within.sum(dim=-1) / total
        entropy = total.log() - scores.mul_(weights).sum(dim=-1) / total
        share = fields[..., FIELDS.index("spatial")] / self._uniform
        others = torch.stack([itself, same_tubelet, entropy, share], dim=-1)
        return torch.cat([fields, others], dim=-1).mean(dim=2)

    def _fields_of(self, tubelet: int) -> Tensor:
        """Fields of the queries of ``tubelet``, [P, fields, N]: a view, nothing is copied."""
        last = self.grid.tubelets - 1
        return self._fields[:, :, last - tubelet : 2 * last + 1 - tubelet].flatten(2)
