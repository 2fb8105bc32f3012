"""What probes of every kind of object read: a row per clip, kind, target, state and owner."""

import torch

from pez.inside.kinds.object_probes import Section
from pez.inside.network import Measured, Network
from pez.inside.objects.reading import read_questions, states_of_clips, states_of_objects
from pez.inside.objects.targets import (
    ALL,
    UNDER,
    in_order,
    object_velocities,
    questions,
    scene_motion,
)
from pez.inside.objects.under import time_under, tokens_under
from pez.inside.spec import InsideSpec
from pez.objects.tracks import read_objects
from pez.runtime.errors import ArtifactError


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network: a pass for means over tokens, then probes.

    Tokens under objects are left out where a control changes the clips: it is not known where in
    them an object is. Where it was is always told of the unchanged ones.

    Returns:
        The columns of `pez.inside.objects.reading.read_questions`, with ``clip_id`` and
        ``condition`` (the clip's number) in place of ``clip``.

    Raises:
        ArtifactError: the table of objects is not that of the clips, too few of them hold a
            kind, or a feature is not finite.
        PezError: an object is never in view.
    """
    assert isinstance(spec, Section) and network.objects is not None
    clip_ids = [str(clip) for clip in network.labels["clip_id"]]
    objects = read_objects(network.objects, network.identity)
    velocities = object_velocities(objects, clip_ids, spec.moment)
    asked = list(questions(velocities, spec.at_rest_px, spec.fewest))
    if not asked:
        raise ArtifactError(
            f"no kind of object is in {spec.fewest} clips of {spec.dataset}: lower fewest of the "
            "measurement, or raise clips of the dataset."
        )
    under = tokens_under(network, in_order(objects, clip_ids))
    if "replaced" in network.identity:
        features = {ALL: states_of_clips(network)}
    else:
        held_by = torch.tensor(velocities["clip"].to_numpy())
        features = dict(zip((ALL, UNDER), states_of_objects(network, held_by, under), strict=True))
    scene = scene_motion(velocities, len(clip_ids), spec.at_rest_px)
    place = time_under(under, network.ready.grid)
    table = read_questions(features, asked, scene, place, spec.folds, spec.fold_seed, spec.alphas)
    clip = table.pop("clip").to_numpy()
    labels = network.labels.iloc[clip]
    table.insert(0, "clip_id", labels["clip_id"].to_numpy())
    table.insert(1, "condition", labels["condition"].to_numpy())
    return Measured(table, {"moment": spec.moment})
