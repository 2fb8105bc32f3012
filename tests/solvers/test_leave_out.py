"""Ridge regression with clips left out, against fits that have never seen them."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from pez.solvers.leave_out import LARGE, Fits, beside, covariates_alone, fit_few, spectrum

ALPHAS = (1e-2, 1.0, 1e2, 1e4)
CLIPS, OUTPUTS = 70, 3


def data(width: int) -> tuple[torch.Tensor, np.ndarray]:
    """Features with columns of very different spreads, and targets that they tell in part."""
    rng = np.random.default_rng(width)
    features = rng.standard_normal((CLIPS, width)) * np.geomspace(0.1, 10, width) + 3
    targets = features @ rng.standard_normal((width, OUTPUTS)) / width
    targets += rng.standard_normal((CLIPS, OUTPUTS))
    return torch.from_numpy(features.astype(np.float32)), targets


def scaled(features: torch.Tensor, scaling: str) -> np.ndarray:
    """The features as the module says that it scales them, written out."""
    exact = features.numpy().astype(np.float64)
    exact -= exact.mean(axis=0)
    if scaling == "zscore":
        return exact / exact.std(axis=0)
    if scaling == "whiten":
        left, values, _ = np.linalg.svd(exact, full_matrices=False)
        variances = values**2 / CLIPS
        mean = variances.sum() / (CLIPS - 1)
        return left * np.sqrt(CLIPS * variances / (variances + mean))
    return exact


def refitted(
    features: np.ndarray, targets: np.ndarray, train: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    return np.stack(
        [
            Ridge(alpha, solver="svd").fit(features[train], targets[train]).predict(features[rows])
            for alpha in ALPHAS
        ]
    )


def assert_equal(found: torch.Tensor, expected: np.ndarray) -> None:
    """Equal to 3e-8 of the spread of what is predicted: 1.4e-8 were seen on aarch64."""
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=3e-8 * expected.std())


@pytest.mark.parametrize("width", [10, 200])
@pytest.mark.parametrize("scaling", ["center", "zscore", "whiten"])
def test_predictions_are_those_of_refits(width: int, scaling: str) -> None:
    features, targets = data(width)
    order = np.random.default_rng(1).permutation(CLIPS)
    held_out, seen, train = order[:15], order[15:26], order[26:]
    found = spectrum(features, scaling)  # type: ignore[arg-type]
    fits = Fits.of(found.complements(ALPHAS), torch.from_numpy(targets))
    outer, inner = fits.predict(torch.from_numpy(held_out), torch.from_numpy(seen))
    known = scaled(features, scaling)
    assert inner is not None
    assert_equal(outer, refitted(known, targets, np.r_[seen, train], held_out))
    assert_equal(inner, refitted(known, targets, train, seen))
    alone, none = fits.predict(torch.from_numpy(held_out))
    assert none is None
    assert_equal(alone, outer.numpy())
    few = fit_few(
        found.gram(), torch.from_numpy(targets), *map(torch.from_numpy, (train, seen)), ALPHAS
    )
    assert_equal(few, inner.numpy())


def test_covariates_beside_the_features_cost_next_to_nothing() -> None:
    features, targets = data(20)
    rng = np.random.default_rng(2)
    covariates = np.c_[rng.standard_normal((CLIPS, 2)), np.full(CLIPS, 0.3)]  # one is constant
    large = covariates[:, :2] - covariates[:, :2].mean(axis=0)
    large *= np.sqrt(LARGE) / large.std(axis=0)
    held_out, train = np.arange(12), np.arange(12, CLIPS)
    known, rows = torch.from_numpy(covariates), torch.from_numpy(held_out)
    found = beside(spectrum(features, "center"), known)
    outer, _ = Fits.of(found.complements(ALPHAS), torch.from_numpy(targets)).predict(rows)
    together = np.c_[scaled(features, "center"), large]
    assert_equal(outer, refitted(together, targets, train, held_out))
    alone, _ = Fits.of(covariates_alone(known), torch.from_numpy(targets)).predict(rows)
    design = np.c_[np.ones(CLIPS), covariates[:, :2]]
    weights = np.linalg.lstsq(design[train], targets[train])[0]
    np.testing.assert_allclose(alone[0].numpy(), design[held_out] @ weights, atol=1e-5)


def test_a_covariate_that_varies_among_held_out_clips_only_is_no_obstacle() -> None:
    features, targets = data(20)
    covariates = torch.zeros(CLIPS, 1, dtype=torch.float64)
    covariates[3] = 1.0
    fits = Fits.of(
        beside(spectrum(features, "center"), covariates).complements(ALPHAS),
        torch.from_numpy(targets),
    )
    outer, _ = fits.predict(torch.arange(12))
    assert torch.isfinite(outer).all()
