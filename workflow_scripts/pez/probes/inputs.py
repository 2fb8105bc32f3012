"""What a probe reads, opened and compared before anything is fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pez.clips.dataset import dataset_identity
from pez.features.check import check_features
from pez.features.paths import parse_feature_path
from pez.features.store import FeatureStore
from pez.runtime.identity import Identity, expect
from pez.runtime.tables import read_table
from pez.runtime.tensor_file import known_checksum


@dataclass(frozen=True)
class ProbeInputs:
    """Labels and features of one model on one dataset.

    Attributes:
        labels: one row per clip, in the order of the features.
        store: the features.
        identity: whose they are, for the metadata of what is fitted to them.
    """

    labels: pd.DataFrame
    store: FeatureStore
    identity: dict[str, Any]


def open_inputs(
    labels: Path | str,
    features: Sequence[Path | str],
    weights: Path | str | None,
    dataset: str,
    layers: int,
    replaced: str | None = None,
) -> ProbeInputs:
    """Open the labels and features of ``dataset`` and check that they belong together.

    Args:
        labels: table with one row per clip.
        features: feature files ``.../{model}/{dataset}/{view}/...``, all that the probe reads.
        weights: file with the encoder's weights, of which only the checksum is looked at; None for
            features that no encoder made.
        dataset: its name.
        layers: blocks of the encoder; 0 without one.
        replaced: what a control put in place of the clips or the features, as they say it.

    Raises:
        ArtifactError: a file is damaged, of another dataset, model, stream or shard, or made from
            other clips or weights than these; or the features are not of one set.
    """
    known = dataset_identity(labels, dataset)
    store = FeatureStore(
        root=Path(features[0]).parents[1],
        layers=layers,
        shards=1 + max(parse_feature_path(path).shard for path in features),
    )
    made = {
        "model": store.root.parent.name,
        "weights_checksum": None if weights is None else known_checksum(weights),
        "replaced": replaced,
    }
    common = check_features(features, Identity.model_validate({**known.metadata(), **made}))
    table = read_table(labels, ["clip_id"])
    rows = Identity(clip_ids=[str(clip) for clip in table["clip_id"]])
    expect(labels, rows, Identity(clip_ids=known.clip_ids), "by the table's own list of clips")
    return ProbeInputs(table, store, known.metadata() | common.metadata())
