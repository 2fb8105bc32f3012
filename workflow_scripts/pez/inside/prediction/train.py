"""Training of the predictors of one frozen encoder, all from the same passes through it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pez.clips.procedural import DRAWS, PATCH_PIXELS, scenes_from_draws
from pez.clips.ray_cast import render_normalised
from pez.encoders.patches import TUBELET_FRAMES
from pez.encoders.spec import EncoderSpec
from pez.inside.kinds.layer_prediction import WINDOW_FRAMES, PredictorsSpec
from pez.inside.prediction.frozen import Frozen
from pez.inside.prediction.names import SAME, predicted, states_at
from pez.inside.prediction.predictor import LayerPredictor, new_predictor, predictor_rotary
from pez.pretraining.schedule import learning_rate
from pez.runtime.errors import ConfigError, PezError
from pez.runtime.moments import moment
from pez.runtime.progress import progress

TUBELETS = WINDOW_FRAMES // TUBELET_FRAMES
LOG_COLUMNS = ("step", "context", "reading", "state", "loss")
Which = tuple[str, int]  # reading and state


@dataclass(frozen=True)
class Trained:
    """What comes of a training.

    Attributes:
        predictors: by reading and state, in the order of `pez.inside.prediction.names.predicted`.
        means: mean target of every state over all clips and tokens, float32 [D].
        log: columns `LOG_COLUMNS`, a row for every step and predictor.
    """

    predictors: Mapping[Which, LayerPredictor]
    means: Mapping[int, Tensor]
    log: pd.DataFrame


def window_side(spec: PredictorsSpec, encoder: EncoderSpec) -> int:
    """Side of the windows that an encoder is shown in training, pixels.

    Raises:
        ConfigError: they cannot be cut into its patches.
    """
    side = min(spec.window, encoder.input_size)
    if side % encoder.patch_size:
        raise ConfigError(
            f"predictors.window: windows of {side} pixels cannot be cut into the encoder's patches "
            f"of {encoder.patch_size}: take a multiple of both that and 16."
        )
    return side


def draw_clips(
    spec: PredictorsSpec, side: int, step: int, device: torch.device
) -> tuple[Tensor, tuple[int, int]]:
    """Clips of one step, whose windows lie at one place in their scenes.

    Returns:
        Pixels float32 [clips, 16, 3, side, side], normalised, and the place: rows and columns of 16
        pixels above and left of it.
    """
    generator = torch.Generator(device).manual_seed((spec.seed << 32) + step)
    draws = torch.rand(spec.clips, DRAWS, generator=generator, device=device)
    draws[:, :2] = draws[0, :2]  # they say where the window lies
    scenes = scenes_from_draws(draws, side)
    row, column = (scenes.origin[0] / PATCH_PIXELS).long().tolist()
    return render_normalised(scenes, side), (row, column)


def token_places(grid: int, side: int, corner: tuple[int, int], device: torch.device) -> Tensor:
    """Numbers that the tokens of a window have among those of whole frames, int64 [N].

    Args:
        grid: patches along a side of a frame.
        side: the same of the window.
        corner: row and column of its first patch, taken from the start again beyond the last that
            keeps the window within the frame.
        device: of the result.
    """
    row, column = (place % (grid - side + 1) for place in corner)
    cells = torch.arange(side, device=device)
    of_frame = (row + cells)[:, None] * grid + column + cells
    tubelets = torch.arange(TUBELETS, device=device)[:, None, None] * grid**2
    return (tubelets + of_frame).flatten()


def train(frozen: Frozen, spec: PredictorsSpec) -> Trained:
    """Train the predictors of every state by L1, each with a gradient of its own.

    Contexts take turns, a step each. Targets are states of the whole window, and contexts states of
    its first frames, which the encoder sees alone; both are normalised over channels.

    Args:
        frozen: the encoder.
        spec: predictors and training.

    Raises:
        ConfigError: windows cannot be cut into the encoder's patches.
        PezError: a loss is not finite.
    """
    encoder, device = frozen.encoder.spec, frozen.compute.device
    states = states_at(spec.depths, encoder.layers)
    side = window_side(spec, encoder)
    predictors = {
        which: new_predictor(spec.shape, encoder, spec.seed).to(device)
        for which in predicted(states)
    }
    optimiser = _optimiser(predictors, spec, device)
    rotary = predictor_rotary(spec.shape, encoder, frozen.compute)
    sums = {state: torch.zeros(encoder.hidden_size, device=device) for state in states}
    losses = []
    for step in progress(range(spec.steps), "training predictors", unit="step"):
        context = spec.contexts[step % len(spec.contexts)]
        pixels, corner = draw_clips(spec, side, step, device)
        places = token_places(frozen.grid, side // encoder.patch_size, corner, device)
        targets = frozen.states(pixels, states, places)
        count = len(places) * context // WINDOW_FRAMES
        contexts = frozen.states(pixels[:, :context], states, places[:count])
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(spec, step)
        optimiser.zero_grad(set_to_none=True)
        found = []
        for (reading, state), predictor in predictors.items():
            target = targets[state if reading == SAME else states[-1]]
            with frozen.compute.autocast():
                foreseen = predictor(contexts[state], len(places), rotary.at_positions(places))
            loss = F.l1_loss(foreseen, target[:, count:])
            loss.backward()
            nn.utils.clip_grad_norm_(predictor.parameters(), spec.gradient_clip)
            found.append(loss.detach())
        optimiser.step()
        for state in states:
            sums[state] += targets[state].mean(dim=(0, 1))
        losses.append(torch.stack(found))
    moment("computed")
    return Trained(
        {which: one.eval().requires_grad_(False) for which, one in predictors.items()},
        {state: total / spec.steps for state, total in sums.items()},
        _log(torch.stack(losses).cpu(), list(predictors), spec),
    )


def _optimiser(
    predictors: Mapping[Which, LayerPredictor], spec: PredictorsSpec, device: torch.device
) -> torch.optim.AdamW:
    parameters = [one for predictor in predictors.values() for one in predictor.parameters()]
    groups: list[dict[str, Any]] = [
        {"params": [one for one in parameters if one.ndim > 1]},
        {"params": [one for one in parameters if one.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups,
        lr=spec.learning_rate,
        weight_decay=spec.weight_decay,
        fused=device.type == "cuda",
    )


def _log(losses: Tensor, which: list[Which], spec: PredictorsSpec) -> pd.DataFrame:
    """A row for every step and predictor, of losses [steps, predictors]."""
    rows = [
        (step + 1, spec.contexts[step % len(spec.contexts)], *one, loss)
        for step, of_step in enumerate(losses.tolist())
        for one, loss in zip(which, of_step, strict=True)
    ]
    log = pd.DataFrame(rows, columns=list(LOG_COLUMNS))
    wrong = log[~log["loss"].map(lambda loss: abs(loss) < float("inf"))]
    if len(wrong):
        first = wrong.iloc[0]
        raise PezError(
            f"the loss of predictor {first['reading']} of state {first['state']} was "
            f"{first['loss']} at step {first['step']}: lower predictors.learning_rate."
        )
    return log
