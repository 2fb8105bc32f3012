"""Ridge probes of an encoder on ray-cast balls in the factorial design of the evaluation datasets.

For choosing between trainings without looking at the Blender renders on which the result will be
judged: the motions are the same, the pictures are not. Features, groups, targets, ridge and nested
selection are those of the workflow.
"""

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.utils.parallel import Parallel, delayed
from torch import Tensor

from pez.clips.labels import design, measure
from pez.clips.ray_cast import Scenes, render_normalised
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.encoders.compute import Compute
from pez.encoders.load import load_encoder
from pez.encoders.residual_stream import capture_streams
from pez.encoders.spec import EncoderSpec
from pez.pretraining.spec import TUBELETS
from pez.recipes.groupings import group_ids
from pez.recipes.spec import Grouping, ProbeSpec, RidgeSolver, TargetName
from pez.recipes.splits import inner_split, outer_splits
from pez.recipes.targets import target_values
from pez.scores.regression import r2
from pez.solvers.selection import Task, fit_layers

POOLINGS = ("mean", "temporal_last")
GROUPINGS: tuple[Grouping, ...] = ("start_index", "direction_spatial_sector")
# target and the dataset it is read from
TARGETS: dict[TargetName, str] = {
    "direction_sincos": "velocity",
    "speed": "velocity",
    "acceleration": "acceleration",
}
DATASETS = {
    "velocity": BallDatasetSpec(motion="velocity", magnitudes=(1, 2, 3, 4, 5, 6, 7)),
    "acceleration": BallDatasetSpec(motion="acceleration", magnitudes=(2, 4, 6, 8, 10)),
}
SOLVER = RidgeSolver(method="ridge", alphas=(1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4))
_MEMORY = 2**30


def ball_scenes(scene: SceneSpec, position_m: np.ndarray) -> Scenes:
    """Return ray-cast scenes of one plain ball at ``position_m`` [B, T, 3] in ``scene``."""
    clips, frames, _ = position_m.shape

    def every(*values: float) -> Tensor:
        return torch.tensor(values, dtype=torch.float32).expand(clips, -1)

    light = -torch.tensor(scene.light_direction)
    zero = torch.zeros(clips, 1)
    return Scenes(
        position=torch.from_numpy(position_m).float()[:, None],
        radius=every(scene.ball_radius_m),
        ball_colour=every(*scene.ball_colour)[:, None],
        gloss=zero,
        camera=every(0.0, 0.0, scene.camera_height_m)[:, None].expand(-1, frames, -1),
        pixels_per_metre=every(scene.resolution / scene.view_m)[:, 0],
        to_light=(light / light.norm()).expand(clips, -1),
        sun=every(scene.light_intensity)[:, 0],
        ambient=every(scene.ambient)[:, 0],
        penumbra=every(0.03)[:, 0],
        floor_colour=every(*scene.floor_colour),
        wave_vector=torch.zeros(clips, 1, 2),
        wave_phase=zero,
        wave_colour=torch.zeros(clips, 1, 3),
        wave_edge=zero,
        origin=torch.zeros(clips, 2),
    )


def ball_clips(name: str, scene: SceneSpec) -> tuple[pd.DataFrame, Scenes]:
    """Return labels and scenes of dataset ``name``, states by formula, not by PyBullet."""
    dataset = DATASETS[name]
    plan = design(name, dataset)
    time = np.arange(scene.frames)[None, :, None] / scene.frames_per_second

    def plane(prefix: str, unit: str) -> np.ndarray:
        return plan[[f"{prefix}x_{unit}", f"{prefix}y_{unit}"]].to_numpy()[:, None]

    push = plane("a", "m_s2")
    velocity = plane("v", "m_s") + push * time
    position = plane("start_", "m") + plane("v", "m_s") * time + 0.5 * push * time**2
    height = np.full((len(plan), scene.frames, 1), scene.ball_radius_m)
    position = np.concatenate([position, height], axis=-1)
    velocity = np.concatenate([velocity, np.zeros_like(height)], axis=-1)
    return measure(scene, dataset, plan, position, velocity), ball_scenes(scene, position)


def pooled_features(
    weights: Path, spec: EncoderSpec, scenes: Scenes, compute: Compute, batch: int
) -> dict[str, Tensor]:
    """Features [streams, clips, D] of the encoder in ``weights``, by pooling."""
    encoder = load_encoder(weights, spec, compute)

    def pool(_: int, tokens: Tensor) -> Tensor:
        tubelets = tokens.unflatten(1, (TUBELETS, -1)).mean(dim=2)
        return torch.stack([tubelets.mean(dim=1), tubelets[:, -1]])

    parts = []
    for start in range(0, len(scenes.radius), batch):
        part = Scenes(*(value[start : start + batch].to(compute.device) for value in scenes))
        with compute.autocast():
            streams = capture_streams(encoder, render_normalised(part, spec.input_size), pool)
        parts.append(torch.stack(streams))
    pooled = torch.cat(parts, dim=2)
    return {name: pooled[:, index] for index, name in enumerate(POOLINGS)}


def probe_r2(
    labels: pd.DataFrame, layer: np.ndarray, target: TargetName, grouping: Grouping
) -> float:
    """R2, mean over folds, of ridge with nested selection on one layer's features [n, D]."""
    torch.set_num_threads(1)
    probe = ProbeSpec(
        dataset=TARGETS[target],
        target=target,
        capture="resid_post",
        pooling="mean",
        grouping=grouping,
        normalisation="zscore",
        solver="ridge",
        selections=("nested",),
    )
    groups = group_ids(labels, grouping, probe.seed)
    outer = outer_splits(groups, target, probe)
    inner = [inner_split(split, groups, target, probe) for split in outer]
    values = target_values(labels, target)
    task = Task(values, outer, inner, probe.selections, probe.normalisation, SOLVER, _MEMORY)
    predicted = fit_layers(task, torch.from_numpy(layer)[None])["nested"].predictions[0]
    scores = [
        r2(values[split.held_out], predicted[fold][split.held_out])
        for fold, split in enumerate(outer)
    ]
    return float(np.mean(scores))


def evaluate(
    weights: Mapping[str, Path], spec: EncoderSpec, compute: Compute, batch: int = 16
) -> pd.DataFrame:
    """Probe every stream of every encoder file in ``weights`` (by name), one layer a process.

    Returns:
        One row per model, target, grouping, pooling and stream; columns so named, and r2.
    """
    scene = SceneSpec.model_validate({})
    data = {name: ball_clips(name, scene) for name in DATASETS}
    names, jobs = [], []
    for model, path in weights.items():
        for dataset, (labels, scenes) in data.items():
            pooled = pooled_features(path, spec, scenes, compute, batch)
            chosen = [target for target, source in TARGETS.items() if source == dataset]
            for target, grouping, pooling in product(chosen, GROUPINGS, POOLINGS):
                for stream, layer in enumerate(pooled[pooling].cpu().numpy()):
                    names.append((model, target, grouping, pooling, stream))
                    jobs.append(delayed(probe_r2)(labels, layer, target, grouping))
    scores = Parallel(n_jobs=-1)(jobs)
    table = pd.DataFrame(names, columns=["model", "target", "grouping", "pooling", "stream"])
    return table.assign(r2=scores)
