"""Ridge regression in closed form, for all penalties at once and any number of features.

With fewer clips n than features D the solution lives in the span of the clips: from the n x n
Gram matrix K of the centred features, a prediction is K (K_train + alpha I)^-1 y_train + mean(y).
One eigendecomposition of K_train serves every alpha. The intercept is not penalised. With more
clips than features see `pez.solvers.ridge_primal`.
"""

from collections.abc import Sequence

import numpy as np
import torch

from pez.recipes.spec import Normalisation
from pez.recipes.splits import Split
from pez.solvers.normalise import train_statistics

COLUMNS = 16_384  # features turned to float64 at a time


def gram_matrices(
    features: torch.Tensor, splits: Sequence[Split], normalisation: Normalisation
) -> torch.Tensor:
    """Gram matrix of all clips for each split, centred (and scaled) by its training rows.

    An unpenalised intercept takes up the mean, so ``none`` and ``center`` are the same.

    Args:
        features: float32 [n, D].
        splits: training rows.
        normalisation: of the features.

    Returns:
        float64 [splits, n, n].
    """
    clips = features.shape[0]
    grams = torch.zeros(len(splits), clips, clips, dtype=torch.float64, device=features.device)
    for start in range(0, features.shape[1], COLUMNS):
        raw = features[None, :, start : start + COLUMNS].double()
        block = raw[0] - raw[0].mean(dim=0)  # exact either way; keeps the sums accurate
        if normalisation == "zscore":
            for gram, split in zip(grams, splits, strict=True):
                _, scale, _ = train_statistics(raw, split, normalisation)
                scaled = block / scale
                gram.addmm_(scaled, scaled.T)
        else:
            grams[0].addmm_(block, block.T)
    if normalisation != "zscore":
        grams[1:] = grams[0]
    for gram, split in zip(grams, splits, strict=True):
        mean = gram[torch.from_numpy(split.train).to(gram.device)].mean(dim=0)
        # mean of `mean` over the training columns: the squared norm of the training mean
        offset = mean[torch.from_numpy(split.train).to(gram.device)].mean()
        gram += offset - mean[:, None] - mean[None, :]
    return grams


def ridge_predictions(
    gram: torch.Tensor, targets: np.ndarray, train: np.ndarray, alphas: Sequence[float]
) -> np.ndarray:
    """Predictions for all clips of a ridge regression fitted on the rows ``train``.

    Args:
        gram: float64 [n, n], centred on the rows ``train`` (`gram_matrices`).
        targets: [n, outputs], raw units; only the rows ``train`` are read.
        train: bool [n].
        alphas: penalties on the squared norm of the weights, against the sum of squared errors.

    Returns:
        float64 [alphas, n, outputs].
    """
    rows = torch.from_numpy(np.flatnonzero(train)).to(gram.device)
    known = torch.from_numpy(targets[train]).to(gram)
    mean = known.mean(dim=0)
    values, vectors = torch.linalg.eigh(gram[rows][:, rows])
    rotated = vectors.T @ (known - mean)
    penalties = torch.tensor(alphas, dtype=torch.float64).to(gram)[:, None, None]
    dual = vectors @ (rotated / (values.clamp(min=0)[:, None] + penalties))
    return (gram[:, rows] @ dual + mean).cpu().numpy()
