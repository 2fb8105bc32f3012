"""Sufficient statistics of ridge regression, gathered shard by shard and merged across machines.

For every cell of clips (see `pez.solvers.cells`) and the joint vectors z = [x, y] of D features and
o targets: the number of clips, the mean of z, and the scatter matrix, the sum of
(z - mean)(z - mean)^T. Means and scatter matrices of several sets of clips combine exactly
(Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1) by adding
terms that are never negative. Nothing cancels, as raw sums of squares would where a mean is large
beside its deviation, and a feature that is constant in a set has scatter 0 there.

Memory: 8 K (D + o)^2 bytes for K cells, whatever the number of clips: 176 MB for D = 1024 and the
21 cells of the widest grouping; as much on disk.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pez.features.store import Shard
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import map_tensor, read_metadata, write_tensors
from pez.solvers.cells import Cells

# Clips worked on at a time. Enough of them that the products of a cell cost more than the pass over
# its scatter matrix; the batches, and so the rounding, do not depend on the size of the shards.
BATCH_CLIPS = 4096


@dataclass
class GramStatistics:
    """Statistics of the clips of some shards, per cell.

    Attributes:
        identity: what must agree for statistics to be merged: what they are of (model, layer,
            view, target), and fingerprints of splits and targets.
        shards: numbers of the shards they hold.
        count: clips in each cell, int64 [K].
        mean: of z, float64 [K, D + o].
        scatter: about that mean, float64 [K, D + o, D + o], symmetric, stored whole.
    """

    identity: dict[str, Any]
    shards: set[int]
    count: np.ndarray
    mean: torch.Tensor
    scatter: torch.Tensor

    def add(self, cell: int, rows: torch.Tensor) -> None:
        """Take in clips of one cell, z as float64 [m, D + o] with m > 0."""
        mean = rows.mean(dim=0)
        centred = rows - mean
        self._combine(cell, len(rows), mean)
        self.scatter[cell].addmm_(centred.T, centred)

    def add_moments(self, cell: int, count: int, mean: torch.Tensor, scatter: torch.Tensor) -> None:
        """Take in ``count`` rows of one cell: mean [D + o] and scatter [D + o, D + o], float64."""
        self._combine(cell, count, mean)
        self.scatter[cell] += scatter

    def merge(self, other: "GramStatistics") -> None:
        """Take in the statistics of other shards; the order of merging does not matter.

        Raises:
            ArtifactError: ``other`` is of other features, targets or splits, or of shards that are
                in already.
        """
        for key in sorted(self.identity.keys() | other.identity.keys()):
            ours, theirs = self.identity.get(key), other.identity.get(key)
            if ours != theirs:
                raise ArtifactError(
                    f"statistics of {key} {ours!r} and of {key} {theirs!r} cannot be merged: "
                    "accumulate all of them with the same configuration and labels."
                )
        twice = sorted(self.shards & other.shards)
        if twice:
            raise ArtifactError(
                f"shard(s) {', '.join(map(str, twice))} are in both of the statistics to be "
                "merged, and their clips would count twice: give every machine shards of its own."
            )
        for cell in np.flatnonzero(other.count).tolist():
            self._combine(cell, int(other.count[cell]), other.mean[cell].to(self.mean))
        self.scatter += other.scatter.to(self.scatter)
        self.shards |= other.shards

    def _combine(self, cell: int, count: int, mean: torch.Tensor) -> None:
        """Move count and mean, and add to the scatter what lies between the two means."""
        before, total = int(self.count[cell]), int(self.count[cell]) + count
        shift = mean - self.mean[cell]
        self.scatter[cell].addr_(shift, shift, alpha=before * count / total)
        self.mean[cell] += shift * (count / total)
        self.count[cell] = total

    def union(self, cells: np.ndarray) -> tuple[int, torch.Tensor, torch.Tensor]:
        """Count, mean [D + o] and scatter [D + o, D + o] of the clips in ``cells``, bool [K]."""
        count = torch.from_numpy(self.count * cells).to(self.mean)
        total = count.sum()
        mean = count @ self.mean / total
        between = (self.mean - mean) * count.sqrt()[:, None]
        within = torch.from_numpy(cells).to(self.mean) @ self.scatter.flatten(1)
        scatter = within.view(self.scatter.shape[1:]).addmm_(between.T, between)
        return int(total), mean, scatter

    def write(self, path: Path | str) -> None:
        """Write the statistics to the safetensors file ``path`` in one atomic step."""
        tensors = {
            "count": self.count,
            "mean": self.mean.cpu().numpy(),
            "scatter": self.scatter.cpu().numpy(),
        }
        write_tensors(path, tensors, {"identity": self.identity, "shards": sorted(self.shards)})

    @classmethod
    def read(cls, path: Path | str) -> "GramStatistics":
        """Read what `write` wrote.

        Raises:
            ArtifactError: the file is missing, damaged, or of another kind.
        """
        metadata = read_metadata(path)
        count, mean, scatter = (
            np.array(map_tensor(path, name)) for name in ("count", "mean", "scatter")
        )
        if not {"identity", "shards"} <= metadata.keys():
            raise ArtifactError(
                f"{path} does not say what its statistics are of: delete it and run again."
            )
        return cls(
            metadata["identity"],
            set(metadata["shards"]),
            count,
            torch.from_numpy(mean),
            torch.from_numpy(scatter),
        )


def accumulate(
    shards: Iterable[Shard],
    cells: Cells,
    targets: np.ndarray,
    source: Mapping[str, Any],
    device: str | torch.device = "cpu",
) -> GramStatistics:
    """Gather the statistics of ``shards``, all of them or those that fell to this machine.

    Args:
        shards: pooled features of at least one shard.
        cells: of all clips.
        targets: of all clips, float64 [n, o].
        source: what the features are of (model, layer, view, target), for `GramStatistics.merge`.
        device: where to compute.

    Raises:
        ArtifactError: there are more clips than targets, or a feature is NaN or infinite.
    """
    numbers: set[int] = set()

    def noted() -> Iterator[Shard]:
        for shard in shards:
            numbers.add(shard.number)
            yield shard

    statistics: GramStatistics | None = None
    for clips, features in batches(noted(), len(targets), device):
        if statistics is None:
            identity = {
                **source,
                "width": features.shape[1],
                "splits": cells.fingerprint(),
                "targets": hashlib.sha256(targets.tobytes()).hexdigest()[:16],
            }
            size = features.shape[1] + targets.shape[1]
            statistics = empty_statistics(cells, size, identity, device)
        of_clip = cells.of_clip[clips]
        for cell in np.unique(of_clip).tolist():
            rows = np.flatnonzero(of_clip == cell)
            known = torch.from_numpy(targets[clips[rows]]).to(device)
            inputs = features[torch.from_numpy(rows).to(device)].double()
            statistics.add(cell, torch.cat([inputs, known], dim=1))
    if statistics is None:
        raise ValueError("no shard to accumulate")
    statistics.shards |= numbers
    return statistics


def batches(
    shards: Iterable[Shard], clips: int, device: str | torch.device
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """Cut ``shards`` into batches of `BATCH_CLIPS` clips, the last one shorter.

    Yields:
        Clip numbers, int64 [m], and their features, float32 [m, D] on ``device``.

    Raises:
        ArtifactError: a shard reaches beyond ``clips``, or a feature is NaN or infinite.
    """
    held: list[tuple[np.ndarray, torch.Tensor]] = []
    room = BATCH_CLIPS
    for shard in shards:
        features = torch.from_numpy(shard.features)
        numbers = shard.first + np.arange(len(features))
        if numbers[-1] >= clips:
            raise ArtifactError(
                f"feature shard {shard.number} ends with clip number {numbers[-1]}, and the labels "
                f"name {clips} clips: extract the features again."
            )
        if not torch.isfinite(features).all():
            raise ArtifactError(
                f"feature shard {shard.number} (clip numbers {numbers[0]} to {numbers[-1]}) holds "
                "NaN or infinite values: extract the features again (precision fp32 if the encoder "
                "overflows in bf16)."
            )
        start = 0
        while start < len(features):
            part = slice(start, start + room)
            held.append((numbers[part], features[part]))
            start, room = start + len(held[-1][0]), room - len(held[-1][0])
            if room == 0:
                yield _joined(held, device)
                held, room = [], BATCH_CLIPS
    if held:
        yield _joined(held, device)


def _joined(
    parts: list[tuple[np.ndarray, torch.Tensor]], device: str | torch.device
) -> tuple[np.ndarray, torch.Tensor]:
    numbers, features = zip(*parts, strict=True)
    return np.concatenate(numbers), torch.cat(features).to(device)


def empty_statistics(
    cells: Cells, size: int, identity: dict[str, Any], device: str | torch.device
) -> GramStatistics:
    """Statistics of no rows yet, z of length ``size``."""
    count = np.zeros(cells.train.shape[1], np.int64)
    mean = torch.zeros(len(count), size, dtype=torch.float64, device=device)
    scatter = torch.zeros(len(count), size, size, dtype=torch.float64, device=device)
    return GramStatistics(identity, set(), count, mean, scatter)
