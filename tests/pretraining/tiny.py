"""The smallest training that has every part of a real one."""

from pathlib import Path
from typing import Any

from pez.encoders.spec import EncoderSpec
from pez.pretraining.spec import PretrainingSpec
from pez.pretraining.train import Files

ENCODER = EncoderSpec.model_validate(
    {
        "hidden_size": 48,
        "layers": 2,
        "heads": 2,
        "mlp_size": 96,
        "weights": {"source": "random"},
    }
)


def training(**changes: Any) -> PretrainingSpec:
    """A training of seconds on one core, with ``changes``."""
    values = {
        "phases": [{"window": 32, "clips": 8, "steps": 8}, {"window": 48, "clips": 4, "steps": 4}],
        "predictor": {"hidden_size": 24, "layers": 1, "heads": 1},
        "log_every": 2,
        "save_every": 4,
    }
    return PretrainingSpec.model_validate(values | changes)


def files(folder: Path) -> Files:
    return Files(
        folder / "encoder.safetensors", folder / "log.parquet", folder / "state.safetensors"
    )
