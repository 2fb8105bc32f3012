"""How two subspaces lie to each other, and how random ones of their dimensions would.

Principal angles are the arccosines of the singular values of A'B, A and B orthonormal bases. In a
space of d dimensions random subspaces (uniform on the Grassmannian, "Haar") of a and b dimensions
have an expected squared overlap ab/d: large subspaces overlap, and mean angles below 90 degrees
say nothing by themselves.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]
_ROUNDING = 1e-5  # degrees, and far below any overlap: an arccosine of 1 is exact to so much


class Compared(NamedTuple):
    """What is read off principal cosines, [...] each.

    Attributes:
        mean_angle: degrees.
        smallest_angle: degrees.
        overlap: sum of squared cosines, which is the same both ways; over the dimensions of B it is
            the paper's Overlap(A <- B).
        grassmann: root of the sum of squared angles, radians.
    """

    mean_angle: Array
    smallest_angle: Array
    overlap: Array
    grassmann: Array


def compare(cosines: Array) -> Compared:
    """Read principal ``cosines`` [..., min(a, b)]."""
    angles = np.arccos(np.clip(cosines, 0, 1))
    return Compared(
        np.degrees(angles.mean(axis=-1)),
        np.degrees(angles.min(axis=-1)),
        (cosines**2).sum(axis=-1),
        np.sqrt((angles**2).sum(axis=-1)),
    )


def principal_cosines(one: Tensor, other: Tensor) -> Array:
    """Cosines of the principal angles of two subspaces, from bases [D, a] and [D, b]."""
    # a GPU takes as long for one small matrix as for a thousand
    cosines: Array = torch.linalg.svdvals((one.mT @ other).cpu()).clamp(max=1).numpy()
    return cosines


@cache
def haar_cosines(first: int, second: int, width: int, draws: int, seed: int) -> Array:
    """Cosines of the principal angles of random subspaces, [draws, min(a, b)].

    One of the two may be any fixed one: the larger, the first b coordinates. The smaller is what a
    Gaussian matrix [d, a] spans. Its QR factor is not needed: with R1'R1 the Gram matrix of its
    first b rows and R2'R2 that of the others, the squared cosines are the eigenvalues of
    (R1'R1 + R2'R2)^-1 R1'R1, and the R of a Gaussian matrix is drawn by itself.
    """
    small, large = sorted((first, second))
    random = np.random.default_rng(seed)
    ours, others = (_gram(rows, small, draws, random) for rows in (large, width - large))
    root = torch.linalg.cholesky(ours + others)
    half = torch.linalg.solve_triangular(root, ours, upper=False)
    squares = torch.linalg.eigvalsh(torch.linalg.solve_triangular(root, half.mT, upper=False))
    cosines: Array = squares.clamp(0, 1).sqrt().flip(-1).numpy()
    return cosines


def _gram(rows: int, columns: int, draws: int, random: np.random.Generator) -> Tensor:
    """Gram matrices G'G of Gaussian matrices G [rows, columns], float64 [draws, columns, columns].

    Only the R of G's QR factors is drawn: above the diagonal it is Gaussian, and on it are chi
    variables of ``rows`` degrees of freedom, one fewer from row to row (Bartlett). A matrix of
    fewer rows than columns is its own.
    """
    normal = random.standard_normal((draws, min(rows, columns), columns))
    if rows >= columns:
        normal = np.triu(normal, 1)
        diagonal = np.arange(columns)
        normal[:, diagonal, diagonal] = np.sqrt(random.chisquare(rows - diagonal, (draws, columns)))
    factor = torch.from_numpy(normal)
    return factor.mT @ factor


def against_random(
    cosines: Array, first: int, second: int, width: int, draws: int, seed: int
) -> Mapping[str, float]:
    """Compare two subspaces, and hold them against random ones of as many dimensions.

    Args:
        cosines: of their principal angles.
        first: dimensions a of one.
        second: dimensions b of the other.
        width: dimensions d of the space.
        draws: random subspaces.
        seed: of these.

    Returns:
        The fields of `Compared`; ``share_of_first`` and ``share_of_second``, the overlap over a and
        over b; ``chance``, a/d; ``haar_mean_angle`` and ``haar_smallest_angle``, means over random
        subspaces; ``z_overlap`` and ``z_smallest_angle``, in their standard deviations (NaN where
        these are 0: the subspaces fill the space); ``p``, the share of random subspaces that
        overlap as much, and ``p_smallest_angle``, that have an angle as small.
    """
    found, null = compare(cosines), compare(haar_cosines(first, second, width, draws, seed))
    as_much = null.overlap >= found.overlap - _ROUNDING
    as_small = null.smallest_angle <= found.smallest_angle + _ROUNDING
    return {
        **{name: float(value) for name, value in found._asdict().items()},
        "dimensions": first,
        "other_dimensions": second,
        "share_of_first": float(found.overlap) / first,
        "share_of_second": float(found.overlap) / second,
        "chance": first / width,
        "haar_mean_angle": float(null.mean_angle.mean()),
        "haar_smallest_angle": float(null.smallest_angle.mean()),
        "z_overlap": _z(found.overlap, null.overlap),
        "z_smallest_angle": _z(found.smallest_angle, null.smallest_angle),
        "p": (1 + int(as_much.sum())) / (1 + draws),
        "p_smallest_angle": (1 + int(as_small.sum())) / (1 + draws),
    }


def _z(value: Array, null: Array) -> float:
    spread = null.std(ddof=1)
    return float((value - null.mean()) / spread) if spread > _ROUNDING else float("nan")
