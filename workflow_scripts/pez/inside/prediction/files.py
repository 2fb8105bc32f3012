"""Trained predictors on disk: one safetensors file a network, which says whose it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from pez.inside.kinds.layer_prediction import PredictorsSpec
from pez.inside.prediction.frozen import Frozen
from pez.inside.prediction.names import predicted, states_at
from pez.inside.prediction.predictor import LayerPredictor
from pez.inside.prediction.train import Trained, Which
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import CURE, Identity, expect
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import check_data, read_metadata, write_tensors

_OF = "predictors"  # key of the training in the metadata
_MEAN = "mean"


def write_predictors(
    trained: Trained,
    spec: PredictorsSpec,
    network: Mapping[str, Any],
    path: Path | str,
    log: Path | str,
) -> None:
    """Write predictors, means of targets, and the log of the training.

    Args:
        trained: what to write.
        spec: its training.
        network: what `pez.encoders.ready.ReadyEncoder` says of the encoder.
        path: file of tensors ``{reading}.{state}.{parameter}`` and ``mean.{state}``, float32.
        log: table with the columns `pez.inside.prediction.train.LOG_COLUMNS`.

    Raises:
        ArtifactError: the disk is full.
    """
    tensors = {
        f"{reading}.{state}.{name}": value
        for (reading, state), predictor in trained.predictors.items()
        for name, value in predictor.state_dict().items()
    }
    tensors |= {f"{_MEAN}.{state}": value for state, value in trained.means.items()}
    known = {**network, _OF: spec.model_dump(mode="json")}
    write_table(log, trained.log, known)
    write_tensors(path, {name: value.cpu().numpy() for name, value in tensors.items()}, known)


def read_predictors(
    path: Path | str, spec: PredictorsSpec, frozen: Frozen, network: Mapping[str, Any]
) -> tuple[dict[Which, LayerPredictor], dict[int, Tensor]]:
    """Read predictors, and means of targets by state, for an encoder.

    Args:
        path: as `write_predictors` has it.
        spec: the training asked for.
        frozen: the encoder.
        network: what its `ReadyEncoder` says of it.

    Raises:
        ArtifactError: the file is damaged, of another network or weights, or of another training.
    """
    known = read_metadata(path)
    asked = Identity(
        model=network["model"],
        weights_checksum=network["weights_checksum"],
        precision=network["precision"],
    )
    expect(path, Identity.read(path, known), asked)
    if known.get(_OF) != spec.model_dump(mode="json"):
        raise ArtifactError(f"{path} holds predictors of another training. {CURE}")
    check_data(path)
    stored = load_file(path, device=str(frozen.compute.device))
    encoder = frozen.encoder.spec
    states = states_at(spec.depths, encoder.layers)
    predictors = {}
    for reading, state in predicted(states):
        with torch.device("meta"):
            predictor = LayerPredictor(spec.shape, encoder)
        prefix = f"{reading}.{state}."
        own = {name[len(prefix) :]: value for name, value in stored.items() if
               name.startswith(prefix)}  # fmt: skip
        try:
            predictor.load_state_dict(own, assign=True)
        except RuntimeError as error:
            raise ArtifactError(f"{path}: {error}. {CURE}") from None
        predictors[reading, state] = predictor.eval().requires_grad_(False)
    return predictors, {state: stored[f"{_MEAN}.{state}"] for state in states}
