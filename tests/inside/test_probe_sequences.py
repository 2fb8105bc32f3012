"""Orthogonal probes, their subspaces and steering, on features with known answers."""

import numpy as np
import pytest
import torch

from pez.inside.kinds.probe_sequences import AdamSpec
from pez.inside.sequences.alternation import alternation, limit_of_noise
from pez.inside.sequences.edits import (
    Judge,
    Steered,
    mean_move,
    plane_move,
    random_basis,
    read_by,
    smallest_edit,
)
from pez.inside.sequences.erasure import linear_erasure, read_by_network
from pez.inside.sequences.fits import Adam, fit_ridge
from pez.inside.sequences.scores import score
from pez.inside.sequences.sequence import common_scale, run_sequence, whitening
from pez.inside.sequences.splits import group_splits, halves, stratified_splits
from pez.inside.sequences.stopping import probes_until
from pez.inside.sequences.subspaces import (
    against_random,
    compare,
    haar_cosines,
    principal_cosines,
)
from pez.inside.sequences.within import within_conditions
from pez.runtime.errors import ConfigError

ALPHAS = (1e-4, 1e-2, 1.0)
TARGETS = torch.tensor([(np.sin(angle), np.cos(angle)) for angle in np.arange(8) * np.pi / 4])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ridge(features: torch.Tensor, targets: torch.Tensor):
    places = torch.arange(features.shape[1]).expand(len(features), -1)
    return fit_ridge(features, targets, places[:, ::2], places[:, 1::2], ALPHAS)


def ring(clips: int, width: int, noise: float, seed: int = 0):
    """Features of a ring in two dimensions among many, and the directions: [1, n, D], [1, n, 2]."""
    directions = TARGETS[torch.arange(clips) % 8]
    features = noise * normal(clips, width, seed=seed)
    features[:, :2] += directions
    return features[None], directions[None].double()


@pytest.mark.parametrize("logistic", [False, True])
def test_adam_takes_the_steps_of_torch(logistic: bool) -> None:
    """Beside torch.optim.Adam on a torch.nn.Linear with the same start and order of clips."""
    settings = AdamSpec(batch_size=8, weight_decay=0.3)
    features, targets = normal(2, 20, 5).float(), (normal(2, 20, 1, seed=1) > 0).float()
    random = torch.Generator().manual_seed(3)
    found = Adam(settings, 3, logistic, random)(features, targets)
    random.manual_seed(3)
    start = (torch.rand((2, 1, 6), generator=random) * 2 - 1) * 5**-0.5
    layers = [torch.nn.Linear(5, 1) for _ in range(2)]
    for layer, first in zip(layers, start, strict=True):
        layer.load_state_dict({"weight": first[:, :-1], "bias": first[:, -1]})
    parameters = [one for layer in layers for one in layer.parameters()]
    steps = torch.optim.Adam(parameters, settings.learning_rate, weight_decay=0.3)
    loss = torch.nn.BCEWithLogitsLoss() if logistic else torch.nn.MSELoss()
    for _ in range(3):
        for places in torch.randperm(20, generator=random).split(8):
            steps.zero_grad()
            pairs = zip(layers, features[:, places], targets[:, places], strict=True)
            sum(loss(layer(batch), goal) for layer, batch, goal in pairs).backward()
            steps.step()
    expected = torch.stack([layer(rows) for layer, rows in zip(layers, features, strict=True)])
    torch.testing.assert_close(found(features), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("logistic", [False, True])
def test_recorded_steps_of_adam_are_those_that_run_one_by_one(logistic: bool) -> None:
    """The first probe is fitted as it comes, the second recorded, the others played again."""
    settings = AdamSpec(batch_size=64)
    fit = Adam(settings, 5, logistic, torch.Generator().manual_seed(3))
    again = Adam(settings, 5, logistic, torch.Generator().manual_seed(3))
    again._descend = again._steps
    for seed in range(4):
        features = normal(6, 150, 192, seed=seed).float().cuda()
        targets = (normal(6, 150, 2, seed=10 + seed) > 0).float().cuda()
        found, expected = fit(features, targets), again(features, targets)
        assert torch.equal(found.weights, expected.weights)
        assert torch.equal(found.bias, expected.bias)


@pytest.mark.parametrize("width", [6, 40])
def test_ridge_is_the_closed_form_with_an_intercept_that_costs_nothing(width: int) -> None:
    """With fewer and with more features than clips."""
    features, targets = normal(3, 20, width), normal(3, 20, 2, seed=1) + 5
    probes = fit_ridge(features, targets, *torch.arange(20).expand(3, -1).split(10, 1), [0.7])
    for one in range(3):
        rows = features[one] - features[one].mean(dim=0)
        goal = targets[one] - targets[one].mean(dim=0)
        exact = torch.linalg.solve(rows.mT @ rows + 0.7 * torch.eye(width).double(), rows.mT @ goal)
        torch.testing.assert_close(probes.weights[one], exact)
        torch.testing.assert_close(probes(features)[one], rows @ exact + targets[one].mean(dim=0))


def test_what_a_probe_read_is_gone_for_the_next() -> None:
    """A signal of one dimension: nothing is left for a second probe, of any later one."""
    signal = normal(1, 60, 1)
    features = torch.cat([signal, 0.3 * normal(1, 60, 9, seed=1)], dim=2)
    found = run_sequence(features[:, :40], features[:, 40:], signal[:, :40], ridge, 3)
    metrics = score("speed", found.outputs, signal[:, 40:], 0.5)
    assert metrics["r2"][0, 0] > 0.99 and metrics["r2"][1:, 0].max() < 0.1
    basis = found.basis(0, 3)
    torch.testing.assert_close(basis.mT @ basis, torch.eye(3).double())
    count, all_read = probes_until("speed", metrics, "appendix")
    assert count.tolist() == [1] and not all_read[0]


@pytest.mark.parametrize(("mixed", "expected"), [(0.0, 1), (1.0, 2)])
def test_a_count_depends_on_an_invertible_map_and_the_whitened_one_does_not(
    mixed: float, expected: int
) -> None:
    """Features (S + aN, N): S is read from one direction; its number of probes depends on a."""
    signal, other = normal(1, 4000, 1), normal(1, 4000, 1, seed=1)
    features = torch.cat([signal + mixed * other, other], dim=2)
    train, held_out = features[:, :3000], features[:, 3000:]
    for make, count in ((common_scale, expected), (lambda rows: whitening(rows, 0.0), 1)):
        space = make(train)
        found = run_sequence(space(train), space(held_out), signal[:, :3000], ridge, 2)
        metrics = score("speed", found.outputs, signal[:, 3000:], 0.5)
        counts, all_read = probes_until("speed", metrics, "caption")
        assert counts.tolist() == [count]
        assert all_read[0] == (count == 2)  # "at least": the space is empty


def test_angles_in_whitened_features_are_those_after_any_invertible_map() -> None:
    """And not those before; of noise that is alike in all directions they are the plain ones."""
    conditions = np.repeat(np.arange(30), 40)
    means, noise = normal(30, 8)[conditions], normal(1200, 8, seed=1)
    shear = torch.eye(8).double() + 0.8 * normal(8, 8, seed=2)
    bases = [torch.linalg.qr(normal(8, 2, seed=seed))[0] for seed in (3, 4)]
    # probes w of x are probes of the mapped features with the inverse's transpose
    mapped = [torch.linalg.qr(torch.linalg.solve(shear.mT, basis))[0] for basis in bases]
    plain = within_conditions((means + noise)[None], conditions, 0.0)
    sheared = within_conditions(((means + noise) @ shear.mT)[None] * 3, conditions, 0.0)
    assert plain is not None and sheared is not None
    own, there, again = (
        compare(principal_cosines(*pair))
        for pair in (
            bases,
            [plain(basis, 0) for basis in bases],
            [sheared(basis, 0) for basis in mapped],
        )
    )
    np.testing.assert_allclose(again, there, rtol=1e-6)
    np.testing.assert_allclose(there, own, rtol=0.15)
    assert abs(compare(principal_cosines(*mapped)).mean_angle - own.mean_angle) > 5
    assert within_conditions(noise[None], np.arange(1200), 0.0) is None


@pytest.mark.parametrize("harmonics", [0.0, 1.0])
def test_a_linear_erasure_leaves_nothing_to_ridge_and_harmonics_to_a_network(
    harmonics: float,
) -> None:
    """The second and third harmonic tell direction, and are uncorrelated with (sin, cos)."""
    features, directions = ring(480, 10, 0.1)
    angle = torch.atan2(directions[..., 0], directions[..., 1])
    for column, times in ((2, 2), (4, 3)):
        features[..., column] += harmonics * (times * angle).sin()
        features[..., column + 1] += harmonics * (times * angle).cos()
    features = features @ torch.linalg.qr(normal(10, 10, seed=5))[0]
    splits = stratified_splits(np.arange(480) % 8, 1 / 3, 1, seed=0)
    train, goal = (one[:, splits.train[0]] for one in (features, directions))
    others, truth = (one[:, splits.held_out[0]] for one in (features, directions))
    erase = linear_erasure(train, goal, 0.1)
    seen, asked = erase(train), erase(others)
    centred = goal - goal.mean(dim=1, keepdim=True)
    assert (seen.mT @ centred).abs().max() < 1e-8 < (train.mT @ centred).abs().max()
    assert torch.linalg.matrix_rank(seen - train, atol=1e-8).item() == 2
    random = torch.Generator().manual_seed(0)
    read = {
        "ridge": ridge(seen, goal)(asked),
        "network": read_by_network(seen, goal, splits, asked, random),
    }
    r2 = {
        name: score("direction", outputs[None], truth, 0.5)["r2"][0, 0]
        for name, outputs in read.items()
    }
    assert r2["ridge"] < 0.1
    assert r2["network"] > 0.6 if harmonics else -0.2 < r2["network"] < 0.1


def test_random_directions_taken_out_leave_a_signal_of_many_dimensions() -> None:
    features, directions = ring(320, 30, 0.05)
    mixed = features @ torch.linalg.qr(normal(30, 30, seed=5))[0]
    random = torch.Generator().manual_seed(0)
    found = run_sequence(mixed[:, :200], mixed[:, 200:], directions[:, :200], ridge, 4, random)
    own = run_sequence(mixed[:, :200], mixed[:, 200:], directions[:, :200], ridge, 4)
    after = score("direction", found.outputs, directions[:, 200:], 0.5)
    gone = score("direction", own.outputs, directions[:, 200:], 0.5)
    assert after["accuracy"].min() > 0.95 and after["r2"].min() > 0.9
    # a ring of two dimensions takes more than one probe: a plane is found up to noise
    assert gone["accuracy"][0, 0] > 0.99 and gone["r2"][3, 0] < 0.1 < gone["r2"][1, 0]
    assert gone["mae_deg"][3, 0] > 60


def test_scores_are_what_they_are_called() -> None:
    truth = torch.tensor([[[1.0], [0.0], [1.0], [0.0]]])
    outputs = torch.tensor([[[[2.0], [1.0], [-1.0], [-3.0]]]])
    found = score("plausibility", outputs, truth, 0.0)
    assert found["accuracy"][0, 0] == 0.5 and found["auc"][0, 0] == 0.75
    turned = torch.tensor([(np.sin(0.2), np.cos(0.2))])[None, None] * 7.0
    told = score("direction", turned, torch.tensor([[[0.0, 1.0]]]), 0.5)
    assert told["mae_deg"][0, 0] == pytest.approx(np.degrees(0.2)) and told["accuracy"][0, 0] == 1


def test_splits_hold_out_whole_groups_and_halves_share_no_clip() -> None:
    groups = np.repeat(np.arange(10), 4)
    splits = group_splits(groups, 0.2, 3, seed=0)
    for train, held_out, fit, seen in zip(
        splits.train, splits.held_out, splits.fit, splits.seen, strict=True
    ):
        assert set(groups[train]) | set(groups[held_out]) == set(range(10))
        assert not set(groups[train]) & set(groups[held_out])
        assert not set(groups[train[fit]]) & set(groups[train[seen]])
        assert sorted([*fit, *seen]) == list(range(len(train)))
    both = halves(stratified_splits(groups, 0.5, 2, seed=0))
    for one in range(4):
        assert not set(both.train[one].tolist()) & set(both.held_out[one].tolist())
    assert torch.equal(both.train[::2], both.held_out[1::2])
    with pytest.raises(ConfigError, match="clips_per_condition"):
        group_splits(np.r_[groups, 9, 10, 11, 11], 0.2, 8, seed=0)


@pytest.mark.parametrize(("a", "b", "d"), [(12, 5, 40), (30, 14, 40), (8, 8, 12), (1, 1, 3)])
def test_random_subspaces_overlap_as_theory_says(a: int, b: int, d: int) -> None:
    """Mean ab/d and variance 2ab(d - a)(d - b) / (d^2 (d - 1)(d + 2)) of the squared overlap.

    Where a + b > d the two share directions.
    """
    overlap = compare(haar_cosines(a, b, d, 4000, 0)).overlap
    variance = 2 * a * b * (d - a) * (d - b) / (d**2 * (d - 1) * (d + 2))
    assert overlap.mean() == pytest.approx(a * b / d, abs=4 * np.sqrt(variance / 4000))
    assert overlap.var() == pytest.approx(variance, rel=0.1)
    drawn = torch.linalg.qr(normal(d, a, seed=1))[0], torch.linalg.qr(normal(d, b, seed=2))[0]
    cosines = principal_cosines(*drawn)
    one = against_random(cosines, a, b, d, 1000, 0)
    other = against_random(principal_cosines(*drawn[::-1]), b, a, d, 1000, 0)
    assert abs(one["z_overlap"]) < 3 and one["p"] > 0.01
    assert one["share_of_second"] * b == pytest.approx(other["share_of_second"] * a)
    assert one["chance"] == a / d and one["overlap"] == pytest.approx(other["overlap"])


@pytest.mark.parametrize(("a", "b", "d"), [(3, 4, 12), (5, 6, 9), (2, 9, 10)])
def test_random_angles_are_those_of_bases_drawn_at_random(a: int, b: int, d: int) -> None:
    """Each principal angle by itself, at its quartiles."""
    drawn = normal(4000, d, a, seed=3)
    expected = torch.linalg.svdvals(torch.linalg.qr(drawn)[0][:, :b]).clamp(max=1).numpy()
    found = haar_cosines(a, b, d, 4000, 0)
    assert found.shape == expected.shape
    quartiles = [np.quantile(cosines, (0.25, 0.5, 0.75), axis=0) for cosines in (found, expected)]
    np.testing.assert_allclose(*quartiles, atol=0.02)


def test_planted_reuse_stands_out_where_a_mean_angle_does_not() -> None:
    """32 dimensions of which one lies in a subspace of 76, in 1,024."""
    bases = torch.linalg.qr(normal(1024, 107))[0]
    cosines = principal_cosines(bases[:, :76], bases[:, 75:])
    found = against_random(cosines, 76, 32, 1024, 200, 0)
    assert found["smallest_angle"] == pytest.approx(0, abs=1e-4)
    assert found["mean_angle"] > 70 and found["p_smallest_angle"] == 1 / 201
    assert found["z_smallest_angle"] < -10


def test_subspaces_that_fill_the_space_have_no_z() -> None:
    one, other = torch.eye(6).double(), torch.eye(6).double()[:, :2]
    found = against_random(principal_cosines(one, other), 6, 2, 6, 100, 0)
    assert np.isnan(found["z_overlap"]) and found["p"] == 1


def judged(features: torch.Tensor, directions: torch.Tensor) -> Judge:
    speeds = normal(1, features.shape[1], 1, seed=9)
    return Judge(Steered(features, directions, speeds, TARGETS.double()), ALPHAS)


def test_one_ridge_probe_steers_a_ring() -> None:
    features, directions = ring(800, 12, 0.1)
    train, moved = features[:, :560], features[:, 560:]
    known, own = directions[:, :560], directions[:, 560:]
    first = read_by(run_sequence(train, moved, known, ridge, 1), 1)
    judge, targets = judged(moved, own), TARGETS.double()
    found = judge.measure(smallest_edit(moved, first, targets))
    assert found["to_target"].item() < 2
    assert found["to_truth"].item() == pytest.approx(90, abs=2)
    assert found["speed_change"].item() < 0.3
    still = judge.measure(torch.zeros(1, 240, 8, 12).double())
    assert still["to_target"].item() == pytest.approx(90, abs=2) and still["to_truth"].item() < 6
    assert still["edit"].item() == 0
    plane = judge.measure(plane_move(train, known, first, moved, targets))
    means = judge.measure(mean_move(train, known, own, targets))
    assert plane["to_target"].item() < 3 and means["to_target"].item() < 7


def test_the_whole_space_reaches_the_target_exactly_and_the_smallest_edit_is_no_longer() -> None:
    features, directions = ring(200, 10, 0.3)
    probes = read_by(run_sequence(features, features, directions, ridge, 3), 3)
    targets = TARGETS.double()
    whole = torch.eye(10).double()[None]
    edit = smallest_edit(features, probes, targets, whole)
    read = probes((features[:, :, None] + edit).flatten(1, 2))
    expected = targets.repeat(200, 3)[None]
    torch.testing.assert_close(read, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(edit, smallest_edit(features, probes, targets), rtol=0, atol=1e-6)
    within = random_basis(features, 6, torch.Generator().manual_seed(0))
    longer = smallest_edit(features, probes, targets, within).norm(dim=-1)
    assert (longer >= edit.norm(dim=-1) - 1e-9).all()


def test_a_sawtooth_is_told_from_noise() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=(500, 30))
    limit = limit_of_noise(30)
    assert (alternation(noise) < limit).mean() == pytest.approx(0.05, abs=0.03)
    saw = np.tile([1.0, 0.3], 15) + 0.02 * noise
    assert (alternation(saw) < limit).all()
    smooth = np.exp(-np.arange(30) / 10)
    assert alternation(smooth[None])[0] > 0
    assert alternation(np.ones((1, 30)))[0] == 0
