"""Stored features of one network that a measurement reads, opened and compared before it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from pez.features.check import COMMON
from pez.features.stack import read_stack
from pez.inside.choose import choose_clips
from pez.inside.registry import measure
from pez.inside.spec import FeaturesSpec
from pez.probes.inputs import ProbeInputs, open_inputs
from pez.runtime.identity import Identity, agree
from pez.runtime.tables import write_table


@dataclass(frozen=True)
class Clips:
    """Clips of one dataset as a network sees them.

    Attributes:
        labels: one row each; of the measurement's own dataset with their ``condition``.
        states: means over all tokens of states 0 .. L, float32 [S, n, D].
    """

    labels: pd.DataFrame
    states: Tensor


@dataclass(frozen=True)
class Stored:
    """What is read of one network.

    Attributes:
        clips: of every dataset, by name.
        identity: whose features they are, for the metadata of what is measured.
    """

    clips: Mapping[str, Clips]
    identity: Mapping[str, Any]


def open_stored(
    labels: Sequence[Path | str],
    features: Sequence[Path | str],
    weights: Path | str | None,
    spec: FeaturesSpec,
    layers: int,
    replaced: str | None,
    device: str,
) -> Stored:
    """Open the features of one network on all datasets that ``spec`` reads.

    Args:
        labels: of every dataset that ``spec`` reads, in its order.
        features: all files of all of them, ``.../{dataset}/{view}/...``.
        weights: file with the encoder's weights, of which only the checksum is looked at.
        spec: the measurement.
        layers: blocks of the encoder.
        replaced: what a control put in the place of clips.
        device: "cpu" or "cuda".

    Raises:
        ArtifactError: a file is damaged, of another network, dataset or precision than it should
            be, or the labels lack conditions.
    """
    of = {
        name: [path for path in features if Path(path).parents[1].name == name]
        for name in spec.read_from()
    }
    opened = {
        name: open_inputs(table, files, weights, name, layers, replaced)
        for table, (name, files) in zip(labels, of.items(), strict=True)
    }
    first = opened[spec.dataset]
    before = Identity.model_validate(first.identity)
    for name, files in of.items():
        found = Identity.model_validate(opened[name].identity)
        agree(COMMON, files[0], found, of[spec.dataset][0], before)
    own = choose_clips(first.labels, spec.clips_per_condition)
    clips = {name: Clips(one.labels, _states(one, device)) for name, one in opened.items()}
    rows = torch.from_numpy(own.index.to_numpy())
    states = clips[spec.dataset].states[:, rows]
    others = {name: one.identity for name, one in opened.items() if name != spec.dataset}
    identity = {
        **first.identity,
        "clip_ids": [str(clip) for clip in own["clip_id"]],
        "others": others,
    }
    return Stored({**clips, spec.dataset: Clips(own.reset_index(drop=True), states)}, identity)


def measure_stored(spec: FeaturesSpec, stored: Stored, output: Path | str) -> None:
    """Write what ``spec`` finds in stored features, and all that tells whose it is.

    Raises:
        ArtifactError: what is measured is not finite, or the disk is full.
        ConfigError: there are too few clips for what ``spec`` asks.
    """
    found = measure(spec, stored)
    write_table(output, found.table, {**stored.identity, **found.known, "kind": spec.kind})


def _states(inputs: ProbeInputs, device: str) -> Tensor:
    return torch.stack(read_stack(inputs.store, "mean", device))
