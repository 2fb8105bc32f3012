"""The training loop of one process; several of them share every step's clips."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Layer

from pez.clips.procedural import DRAWS, scenes_from_draws
from pez.clips.ray_cast import render_normalised
from pez.encoders.initialise import initial_weights
from pez.encoders.patches import patchify
from pez.encoders.spec import EncoderSpec
from pez.pretraining.collapse import CollapseWatch
from pez.pretraining.masks import Masks, draw_masks, frame_positions
from pez.pretraining.network import build_trainable
from pez.pretraining.objective import Objective, Targets, target_features
from pez.pretraining.predictor import Predictor, initialise_predictor
from pez.pretraining.schedule import learning_rate, target_momentum
from pez.pretraining.spec import PhaseSpec, PretrainingSpec
from pez.pretraining.state import Identity, Learner, load_state, save_state, write_encoder

Report = Callable[[dict[str, Any]], None]

# Each window size compiles three shapes of a block: target, context and predictor.
_COMPILED_SHAPES = 32


@dataclass(frozen=True)
class Team:
    """This process among those that train together."""

    rank: int = 0
    size: int = 1

    def share(self, values: Tensor) -> Tensor:
        """Rows of a whole step's ``values`` that this process works on."""
        return values.tensor_split(self.size)[self.rank]

    def mean(self, value: Tensor) -> Tensor:
        """Mean of ``value`` over the processes."""
        if self.size > 1:
            dist.all_reduce(value)
        return value / self.size


@dataclass(frozen=True)
class Files:
    """Where a training writes."""

    encoder: Path
    log: Path
    state: Path


@dataclass(frozen=True)
class Batch:
    """What one process works on in one step."""

    patches: Tensor  # [B, N, 1536]
    positions: Tensor  # int64 [B, N]
    masks: Masks


def draw_batch(
    spec: PretrainingSpec, step: int, team: Team, device: torch.device, draw: Callable[..., Any]
) -> Batch:
    """Draw scenes and masks of ``step``: the same for any number of processes, split among them.

    Nothing is carried over from step to step, so that a resumed training sees what an
    uninterrupted one would have seen.
    """
    phase = spec.phase_at(step)
    generator = torch.Generator(device).manual_seed((spec.seed << 32) + step)
    draws = torch.rand(phase.clips, DRAWS, generator=generator, device=device)
    masks = draw_masks(
        phase.clips, phase.window, spec.context_tubelets, spec.future_share, generator
    )
    patches, origin = draw(team.share(draws), phase.window)
    positions = frame_positions(origin, phase.window)
    return Batch(patches, positions, Masks(*(team.share(kind) for kind in masks)))


def _draw_patches(draws: Tensor, window: int) -> tuple[Tensor, Tensor]:
    scenes = scenes_from_draws(draws, window)
    return patchify(render_normalised(scenes, window)), scenes.origin


def build_learner(
    encoder_spec: EncoderSpec, spec: PretrainingSpec, device: torch.device
) -> Learner:
    """Return encoder, predictor, target encoder and optimiser as they are before the first step."""
    encoder, target = (build_trainable(encoder_spec).to_empty(device=device) for _ in range(2))
    weights = initial_weights(encoder_spec, spec.seed)
    encoder.load_state_dict(weights)
    target.load_state_dict(weights)
    predictor = Predictor(spec.predictor, encoder.config)
    initialise_predictor(predictor, torch.Generator("cpu").manual_seed(spec.seed))
    objective = Objective(encoder.requires_grad_(True), predictor).to(device)
    groups: list[dict[str, Any]] = [
        {"params": [p for p in objective.parameters() if p.ndim > 1]},
        {"params": [p for p in objective.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(
        groups,
        lr=spec.learning_rate,
        weight_decay=spec.weight_decay,
        fused=device.type == "cuda",
    )
    return Learner(objective, target, optimiser)


class Trainer:
    """One process's training: it draws, it steps, and it keeps the losses until they are logged."""

    def __init__(
        self, encoder_spec: EncoderSpec, spec: PretrainingSpec, device: torch.device, team: Team
    ) -> None:
        self.spec, self.device, self.team = spec, device, team
        self.learner = build_learner(encoder_spec, spec, device)
        self._draw: Callable[..., Any] = _draw_patches
        if device.type == "cuda":
            self._compile()
        self._trained: nn.Module = self.learner.objective
        if team.size > 1:
            self._trained = DistributedDataParallel(
                self.learner.objective, broadcast_buffers=False, gradient_as_bucket_view=True
            )
        self._losses: list[Tensor] = []

    def _compile(self) -> None:
        """Compile drawing and every block: the same blocks again and again, so in seconds."""
        torch.set_float32_matmul_precision("high")
        torch._dynamo.config.recompile_limit = _COMPILED_SHAPES
        for network in (self.learner.objective, self.learner.target):
            for module in network.modules():
                if isinstance(module, VJEPA2Layer):
                    module.compile(dynamic=False)
        self._draw = torch.compile(_draw_patches, dynamic=False)

    def step(self, step: int) -> tuple[Targets, Tensor]:
        """Do step number ``step``; return the targets and the norm of the gradient."""
        batch = draw_batch(self.spec, step, self.team, self.device, self._draw)
        learner = self.learner
        with self._autocast():
            targets = target_features(learner.target, batch.patches, batch.positions)
            loss = self._trained(batch.patches, batch.positions, targets.features, batch.masks)
        learner.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(learner.objective.parameters(), self.spec.gradient_clip)
        for group in learner.optimiser.param_groups:
            group["lr"] = learning_rate(self.spec, step)
        learner.optimiser.step()
        self._follow(1 - target_momentum(self.spec, step))
        self._losses.append(loss.detach())
        return targets, norm

    def _autocast(self) -> torch.autocast:
        """Matrix products in bfloat16 on a GPU; the residual stream stays float32 either way."""
        enabled = self.device.type == "cuda"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled)

    def _follow(self, weight: float) -> None:
        """Move the target encoder towards the trained one by ``weight`` of the difference."""
        targets: list[Tensor] = list(self.learner.target.parameters())
        trained: list[Tensor] = list(self.learner.objective.encoder.parameters())
        with torch.no_grad():
            torch._foreach_lerp_(targets, trained, weight)

    def take_loss(self) -> float:
        """Mean loss since the last call, over all processes."""
        loss = self.team.mean(torch.stack(self._losses).mean())
        self._losses.clear()
        return float(loss)

    def first_spread(self) -> float:
        """Spread of the features of the clips of step 0, as things stand."""
        batch = draw_batch(self.spec, 0, self.team, self.device, self._draw)
        with self._autocast():
            targets = target_features(self.learner.target, batch.patches, batch.positions)
        return float(self.team.mean(targets.spread))


def train(
    encoder_spec: EncoderSpec,
    spec: PretrainingSpec,
    device: torch.device,
    team: Team,
    files: Files,
    report: Report,
) -> None:
    """Train from the state in ``files`` if it is of this training, else from the beginning.

    Args:
        encoder_spec: architecture, for whole frames.
        spec: the training.
        device: of this process.
        team: this process among the others.
        files: written by the process of rank 0.
        report: called in rank 0 with every row of the log, those before a resume included, and
            only after the state that belongs to the row is saved.

    Raises:
        PezError: the target features collapsed, or the loss is not finite.
    """
    trainer = Trainer(encoder_spec, spec, device, team)
    identity = Identity(encoder_spec, spec)
    watch = CollapseWatch(trainer.first_spread(), spec.collapse_share)
    start, rows = load_state(files.state, identity, trainer.learner)
    before = rows[-1]["seconds"] if rows else 0.0
    if team.rank == 0:
        for row in rows:
            report(row)
    started = time.monotonic()
    for step in range(start, spec.steps):
        targets, norm = trainer.step(step)
        done = step + 1
        if done % spec.log_every and done != spec.steps:
            continue
        phase = spec.phase_at(step)
        row = _row(trainer, step, phase, targets, norm)
        row["seconds"] = before + time.monotonic() - started
        watch.check(done, row["loss"], row["spread"])
        if team.rank == 0:
            rows.append(row)
            if done % spec.save_every == 0 or done == spec.steps:
                save_state(files.state, files.log, identity, trainer.learner, done, rows)
            report(row)
    if team.rank == 0:
        clips = sum(phase.clips * phase.steps for phase in spec.phases)
        write_encoder(files.encoder, identity, trainer.learner.target, spec.steps, clips)


def _row(
    trainer: Trainer, step: int, phase: PhaseSpec, targets: Targets, norm: Tensor
) -> dict[str, Any]:
    return {
        "step": step + 1,
        "window": phase.window,
        "clips": phase.clips,
        "loss": trainer.take_loss(),
        "spread": float(trainer.team.mean(targets.spread)),
        "learning_rate": learning_rate(trainer.spec, step),
        "momentum": target_momentum(trainer.spec, step),
        "gradient_norm": float(norm),
    }
