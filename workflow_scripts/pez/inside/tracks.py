"""Where the balls of the chosen clips are, frame by frame as the network sees them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pez.clips.spec import SceneSpec
from pez.inside.network import Network, Tracks
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, expect
from pez.runtime.tables import open_table

_PLACE = ["x_m", "y_m", "z_m"]


def scene_of(network: Network) -> SceneSpec:
    """The scene that was simulated."""
    return SceneSpec.model_validate(_tracks(network).scene)


def ball_positions(network: Network) -> NDArray[np.float64]:
    """Centres of the balls of ``network.labels``, in the order of frames that the network sees.

    Returns:
        float64 [n, T, 3], metres.

    Raises:
        ArtifactError: the table is damaged, not the one that the clips were made from, or lacks a
            frame.
    """
    tracks, known = _tracks(network), network.identity
    opened = open_table(tracks.path, ("clip_id", "frame", *_PLACE), ("frame", *_PLACE))
    found = Identity.read(tracks.path, {**opened.metadata, "source": opened.checksum})
    wanted = Identity(dataset=known["dataset"], source=known["source"])
    expect(tracks.path, found, wanted, "by the clips")
    names = [str(clip) for clip in network.labels["clip_id"]]
    own = opened.table[opened.table["clip_id"].isin(names)].sort_values(["clip_id", "frame"])
    counts = own.groupby("clip_id").size()
    frames = int(counts.max()) if len(counts) else 0
    if len(own) != len(names) * frames or not np.isfinite(own[_PLACE].to_numpy()).all():
        raise ArtifactError(
            f"{tracks.path} does not hold every frame of every clip: delete it and run again."
        )
    rows = dict(iter(own.groupby("clip_id")[_PLACE]))
    positions: Any = np.stack([rows[name].to_numpy(np.float64) for name in names])
    # What reorders the frames of a clip reorders where the ball is.
    return positions if tracks.replace_clips is None else tracks.replace_clips(positions, names)[:]


def _tracks(network: Network) -> Tracks:
    if network.tracks is None:
        raise ValueError("the network was opened without tracks")
    return network.tracks
