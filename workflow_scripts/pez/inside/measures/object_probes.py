"""What probes of every kind of object read: a row a clip, kind, target, state, and whose it is."""

from pez.inside.kinds.object_probes import Section
from pez.inside.network import Measured, Network
from pez.inside.objects.reading import read_questions, states_of_clips
from pez.inside.objects.targets import object_velocities, questions, scene_motion
from pez.inside.spec import InsideSpec
from pez.objects.tracks import read_objects
from pez.runtime.errors import ArtifactError


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network: a pass for the mean over all tokens, then probes.

    Returns:
        The columns of `pez.inside.objects.reading.read_questions`, with ``clip_id`` and
        ``condition`` (the clip's number) in place of ``clip``.

    Raises:
        ArtifactError: the table of objects is not that of the clips, too few of them hold a
            kind, or a feature is not finite.
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
    features = states_of_clips(network)
    scene = scene_motion(velocities, len(clip_ids), spec.at_rest_px)
    table = read_questions(features, asked, scene, spec.folds, spec.fold_seed, spec.alphas)
    clip = table.pop("clip").to_numpy()
    labels = network.labels.iloc[clip]
    table.insert(0, "clip_id", labels["clip_id"].to_numpy())
    table.insert(1, "condition", labels["condition"].to_numpy())
    return Measured(table, {"moment": spec.moment})
