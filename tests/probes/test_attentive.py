"""The attentive probe: its network against a plain module, its training against known answers."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from pez.recipes.spec import AttentiveSolver
from pez.recipes.splits import Split
from pez.scores.plausibility import selection_scores, shuffled
from pez.solvers.attentive import fit_attentive
from pez.solvers.attentive_classifier import classify, initial_parameters, parameter_shapes
from pez.solvers.task import PlausibilityTask

WIDTH, HEADS, TOKENS, DEPTH = 8, 2, 5, 3
SCENES = 20
SOLVER = AttentiveSolver(
    method="attentive", depth=2, heads=HEADS, epochs=12, patience=3, learning_rate=3e-3
)


def test_sizes_are_those_of_the_published_classifier() -> None:
    for width, millions in ((1024, 49.3), (1280, 77.1), (1408, 93.3), (192, 1.7)):
        count = sum(math.prod(shape) for shape in parameter_shapes(width, 4).values())
        assert count / 1e6 == pytest.approx(millions, abs=0.06)


class Block(nn.Module):
    """One self-attention block, written the usual way."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(WIDTH, eps=1e-5) for _ in range(2))
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (heads_of(part) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        x = x + self.proj(attend(q, k, v))
        return x + self.fc2(nn.functional.gelu(self.fc1(self.norm2(x))))


class Cross(nn.Module):
    """The last block: one query reads all tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(WIDTH, eps=1e-5) for _ in range(2))
        self.q, self.kv = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2 * WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, query: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        k, v = (heads_of(part) for part in self.kv(self.norm1(x)).chunk(2, dim=-1))
        query = query + attend(heads_of(self.q(query)), k, v)
        return query + self.fc2(nn.functional.gelu(self.fc1(self.norm2(query))))


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(1, WIDTH))
        self.blocks = nn.ModuleList([Block() for _ in range(DEPTH - 1)] + [Cross()])
        self.output = nn.Linear(WIDTH, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks[:-1]:
            x = block(x)
        pooled = self.blocks[-1](self.query.expand(len(x), 1, WIDTH), x)
        return self.output(pooled)[:, 0, 0]


def heads_of(x: torch.Tensor) -> torch.Tensor:
    return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(dim=-1)
    return (weights @ v).transpose(1, 2).flatten(2)


def perturbed(fits: int) -> dict[str, torch.Tensor]:
    """Parameters of some copies, all different and none at its initial value."""
    generator = torch.Generator().manual_seed(3)
    return {
        name: (value + 0.3 * torch.randn(fits, *value.shape, generator=generator)).requires_grad_()
        for name, value in initial_parameters(WIDTH, DEPTH, seed=0).items()
    }


def plain(parameters: dict[str, torch.Tensor], fit: int) -> Classifier:
    module = Classifier()
    state = {
        (name if name.split(".")[0] in ("query", "output") else f"blocks.{name}"): value[fit]
        for name, value in parameters.items()
    }
    module.load_state_dict({name: value.detach().clone() for name, value in state.items()})
    return module


def test_every_copy_is_the_plain_module_forward_and_after_a_step() -> None:
    parameters, tokens = perturbed(fits=3), torch.randn(3, 4, TOKENS, WIDTH)
    labels = torch.tensor([[0.0, 1.0, 1.0, 0.0]]).expand(3, 4)
    optimiser = torch.optim.AdamW(list(parameters.values()), lr=1e-2, weight_decay=0.1, fused=True)
    modules = [plain(parameters, fit) for fit in range(3)]
    logits = classify(parameters, tokens, HEADS)
    nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum").backward()
    optimiser.step()
    for fit, module in enumerate(modules):
        expected = module(tokens[fit])
        torch.testing.assert_close(logits[fit], expected, rtol=1e-5, atol=1e-5)
        own = torch.optim.AdamW(module.parameters(), lr=1e-2, weight_decay=0.1)
        nn.functional.binary_cross_entropy_with_logits(
            expected, labels[fit], reduction="sum"
        ).backward()
        for name, value in module.named_parameters():
            gradient = parameters[name.removeprefix("blocks.")].grad
            assert gradient is not None and value.grad is not None
            torch.testing.assert_close(gradient[fit], value.grad, rtol=1e-5, atol=1e-5)
        own.step()
        torch.testing.assert_close(
            classify(parameters, tokens, HEADS)[fit], module(tokens[fit]), rtol=1e-4, atol=1e-4
        )


def test_tokens_have_no_positions() -> None:
    parameters, tokens = perturbed(fits=1), torch.randn(1, 2, TOKENS, WIDTH)
    order = torch.randperm(TOKENS)
    torch.testing.assert_close(
        classify(parameters, tokens, HEADS), classify(parameters, tokens[:, :, order], HEADS)
    )


def movies() -> tuple[np.ndarray, np.ndarray]:
    """Scene and label of every movie."""
    return np.repeat(np.arange(SCENES), 4), np.tile([1, 0, 0, 1], SCENES)


def make_task(labels: np.ndarray, **changes: object) -> PlausibilityTask:
    scenes, _ = movies()
    outer, inner = [], []
    for fold in range(4):
        held_out = scenes % 4 == fold
        outer.append(Split(~held_out, held_out))
        seen = scenes % 4 == (fold + 1) % 4
        inner.append(Split(~held_out & ~seen, seen))
    fields = {
        "targets": labels[:, None].astype(np.float64),
        "outer": outer,
        "inner": inner,
        "selections": ("validation", "nested"),
        "normalisation": "zscore",
        "solver": SOLVER,
        "memory": 1 << 30,
        "scenes": scenes,
        "selected_by": "relative_accuracy",
    }
    return PlausibilityTask(**(fields | changes))  # type: ignore[arg-type]


def noise(seed: int = 0) -> torch.Tensor:
    return torch.randn(4 * SCENES, TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed))


def planted(labels: np.ndarray) -> torch.Tensor:
    """Tokens of which one, in a place that varies, tells the label by its sign in one feature."""
    tokens = noise()
    places = np.random.default_rng(0).integers(0, TOKENS, len(labels))
    tokens[np.arange(len(labels)), places, 2] += 8.0 * torch.from_numpy(2.0 * labels - 1)
    return tokens


def out_of_fold(task: PlausibilityTask, logits: np.ndarray) -> np.ndarray:
    held_out = np.stack([split.held_out for split in task.outer])
    return np.where(held_out, logits[0, :, :, 0], 0).sum(axis=0)


def test_a_sign_in_one_token_is_found_by_both_selections() -> None:
    scenes, labels = movies()
    longer = SOLVER.model_copy(update={"epochs": 30, "patience": 10})
    task = make_task(labels, solver=longer)
    choices = fit_attentive(task, longer, planted(labels), "cpu")
    for choice in choices.values():
        logits = out_of_fold(task, choice.predictions)
        every = np.ones(len(labels), dtype=bool)
        assert selection_scores("relative_accuracy", logits, labels, scenes, every) == 1.0
        assert choice.predictions.shape == (1, 4, 4 * SCENES, 1)
        assert (choice.configuration == 0).all()
        assert ((choice.steps >= 1) & (choice.steps <= longer.epochs)).all()


def test_labels_shuffled_within_scenes_give_chance() -> None:
    scenes, labels = movies()
    drawn = shuffled(scenes, seed=1)
    task = make_task(drawn)
    logits = out_of_fold(
        task, fit_attentive(task, SOLVER, planted(labels), "cpu")["nested"].predictions
    )
    right = ((logits > 0) == drawn).mean()
    # 99.9 % of a fair coin thrown for every movie
    assert abs(right - 0.5) < 3.3 * 0.5 / math.sqrt(len(labels)), right


def test_fits_do_not_depend_on_what_is_trained_beside_them() -> None:
    """A few epochs, in which AdamW does not yet make much of the last bit of a product."""
    _, labels = movies()
    short = SOLVER.model_copy(update={"epochs": 4, "patience": 1})
    together = fit_attentive(make_task(labels), short, planted(labels), "cpu")
    alone = fit_attentive(make_task(labels, memory=1), short, planted(labels), "cpu")
    for selection, choice in together.items():
        np.testing.assert_array_equal(choice.steps, alone[selection].steps)
        np.testing.assert_allclose(
            choice.predictions, alone[selection].predictions, rtol=1e-3, atol=1e-3
        )


def test_the_reported_fold_has_no_part_in_the_nested_choice() -> None:
    _, labels = movies()
    task, tokens = make_task(labels, selections=("nested",)), planted(labels)
    before = fit_attentive(task, SOLVER, tokens, "cpu")["nested"]
    rows = torch.from_numpy(np.flatnonzero(task.outer[0].held_out))
    tokens[rows[1:]] = noise(seed=9)[rows[1:]]  # all but one clip of the fold are others now
    after = fit_attentive(task, SOLVER, tokens, "cpu")["nested"]
    assert before.steps[0, 0] == after.steps[0, 0]
    kept = int(rows[0])
    assert before.predictions[0, 0, kept, 0] == pytest.approx(
        after.predictions[0, 0, kept, 0], abs=1e-4
    )


def test_equal_clips_tie_exactly() -> None:
    _, labels = movies()
    tokens = planted(labels)
    tokens[1::4] = tokens[::4]  # in every scene the first two movies are the same
    task = make_task(labels)
    for choice in fit_attentive(task, SOLVER, tokens, "cpu").values():
        logits = out_of_fold(task, choice.predictions)
        np.testing.assert_array_equal(logits[::4], logits[1::4])


def test_equal_clips_of_different_folds_are_judged_each_by_its_own_fold() -> None:
    _, labels = movies()
    tokens = planted(labels)
    tokens[4] = tokens[0]  # scene 1, in the next fold, shows the same as scene 0
    task = make_task(labels)
    for choice in fit_attentive(task, SOLVER, tokens, "cpu").values():
        assert np.isfinite(out_of_fold(task, choice.predictions)).all()


def test_selection_on_the_reported_fold_is_the_same_beside_nested_selection() -> None:
    """Nested selection may want more epochs; those after patience ran out are not to be picked."""
    _, labels = movies()
    impatient = SOLVER.model_copy(update={"patience": 1})
    for seed in range(4):
        beside = fit_attentive(make_task(labels), impatient, noise(seed), "cpu")["validation"]
        task = make_task(labels, selections=("validation",))
        alone = fit_attentive(task, impatient, noise(seed), "cpu")["validation"]
        np.testing.assert_array_equal(beside.steps, alone.steps)
        np.testing.assert_allclose(beside.predictions, alone.predictions, atol=1e-4)


def test_logits_of_different_clips_differ_under_autocast() -> None:
    parameters, tokens = perturbed(fits=1), noise()[None]
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        logits = classify(parameters, tokens, HEADS)
    assert logits.dtype == torch.float32
    assert len(torch.unique(logits)) == logits.numel()
