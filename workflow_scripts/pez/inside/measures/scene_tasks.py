"""What probes read of several objects, and of their numbers alone: a row per clip, task, state."""

import pandas as pd
import torch
from torch import Tensor

from pez.audit.folds import make_plan
from pez.estimands.landmarks import noise_floor
from pez.inside.kinds.scene_tasks import Section
from pez.inside.network import Measured, Network
from pez.inside.objects.reading import states_of_clips
from pez.inside.scenes.tasks import numbers_of_objects, scene_tasks
from pez.inside.spec import InsideSpec
from pez.inside.tasks.course import above_chance
from pez.inside.tasks.reading import Read, read_rows, read_task
from pez.objects.tracks import read_objects
from pez.runtime.errors import ConfigError


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network: a pass for the mean over all tokens, then probes.

    Returns:
        Columns ``task``, ``read_from`` (``network`` or ``numbers``, those of the objects),
        ``state`` (0 of numbers), ``clip_id``, ``condition`` and ``right``, whether the clip is told
        right (`pez.inside.scenes.tasks`). Beside them, by task, ``chance`` and ``floor``, the rise
        above chance that an onset needs (`pez.estimands.landmarks.noise_floor`).

    Raises:
        ArtifactError: the table of objects is not that of the clips, or a feature is not finite.
        ConfigError: there are fewer clips than folds, or they answer every task alike.
    """
    assert isinstance(spec, Section) and network.objects is not None
    labels = network.labels
    if len(labels) < spec.folds:
        raise ConfigError(
            f"inside: folds = {spec.folds} for {len(labels)} clips of {spec.dataset}: take fewer "
            "folds."
        )
    tasks = scene_tasks(labels, read_objects(network.objects, network.identity))
    if not tasks:
        raise ConfigError(
            f"inside: the clips of {spec.dataset} hold the same objects, and all or none collide: "
            "raise clips of the dataset."
        )
    states = states_of_clips(network)
    folds = make_plan(labels, "video", spec.fold_seed, spec.folds).folds

    def read(name: str, features: Tensor) -> Read:
        return read_task(
            tasks[name], features, folds, spec.alphas, spec.permutations, spec.permutation_seed
        )

    found = {name: read(name, states) for name in tasks}
    known = {
        "chance": {name: task.chance for name, task in tasks.items()},
        "floor": {
            name: noise_floor(above_chance(found[name].permuted, task.chance))
            for name, task in tasks.items()
        },
    }
    rows = [
        read_rows(one.right, labels, task=name, read_from="network") for name, one in found.items()
    ]
    for name, numbers in numbers_of_objects(labels, tasks).items():
        alone = read(name, torch.from_numpy(numbers)[None])
        rows.append(read_rows(alone.right, labels, task=name, read_from="numbers"))
    return Measured(pd.concat(rows, ignore_index=True), known)
