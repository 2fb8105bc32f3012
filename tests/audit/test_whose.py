"""Files of the audit that are not what they are taken for are refused by name."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pez.audit.judge import read_primary
from pez.audit.primary import Curve
from pez.audit.tables import read_cells
from pez.audit.tensors import as_tensors
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import write_tensors

IDENTITY = {
    "model": "nano", "dataset": "velocity", "clip_ids": ["a", "b"], "labels": "1", "source": "2",
    "precision": "fp32", "preprocessing": "resize", "weights_checksum": "3",
}  # fmt: skip
ROWS = pd.DataFrame({"network": ["nano"], "what": ["score"], "state": [0], "value": [0.5]})


def cells(folder: Path, name: str = "nano.velocity", **changes: object) -> Path:
    path = folder / f"{name}.parquet"
    write_table(path, ROWS, IDENTITY | changes)
    return path


def primary(folder: Path, name: str = "nano.velocity", **changes: object) -> Path:
    path = folder / f"{name}.primary.safetensors"
    curve = Curve(np.arange(3.0), np.ones((4, 3)), np.ones((2, 3)))
    write_tensors(path, as_tensors({"direction": curve}), IDENTITY | changes)
    return path


def test_what_belongs_together_is_read(tmp_path: Path) -> None:
    other = cells(tmp_path, "random.velocity", model="random", weights_checksum="4")
    assert len(list(read_cells([cells(tmp_path), other]))) == 2
    files = {"none": [primary(tmp_path)], "untrained": []}
    evidence = read_primary("nano", files)
    np.testing.assert_array_equal(evidence.trained["direction"].scores, [0, 1, 2])
    assert evidence.trained["direction"].permuted is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "large"}, "model = 'large'"),
        ({"dataset": "acceleration"}, "dataset = 'acceleration'"),
        ({"clip_ids": ["a", "c"], "model": "random"}, "clip"),
        ({"labels": "9", "model": "random"}, "labels"),
        ({"precision": "bf16", "model": "random"}, "precision"),
        ({"preprocessing": "eval_preproc", "model": "random"}, "preprocessing"),
    ],
)
def test_a_file_of_another_network_dataset_or_set_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    name = "random.velocity"
    with pytest.raises(ArtifactError, match=words):
        list(read_cells([cells(tmp_path), cells(tmp_path, name, **changes)]))
    with pytest.raises(ArtifactError, match=words):
        files = {"none": [primary(tmp_path)], "untrained": [primary(tmp_path, name, **changes)]}
        read_primary("nano", files)


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    path = cells(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ArtifactError, match=r"velocity\.parquet"):
        list(read_cells([path]))
