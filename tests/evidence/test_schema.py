"""Evidence: whose it is, and what is refused as none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pez.evidence.read import EvidenceTable, open_evidence
from pez.evidence.schema import COLUMNS, Measured, as_evidence, check_evidence
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table


def scores(layers: int = 2, folds: int = 3) -> pd.DataFrame:
    numbers = {"n_train": 8, "n_test": 4, "learning_rate": 0.1, "weight_decay": 0.1}
    numbers |= {"steps": 3.0, "alpha": np.nan}
    rows = [
        {"layer": layer, "selection": "nested", "fold": fold, "subset": "all", "metric": "r2",
         "value": layer + fold / 10} | numbers
        for layer in range(layers) for fold in range(folds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def evidence(**changes: object) -> pd.DataFrame:
    measured = Measured("big_untrained_7", "big", "untrained", 7)
    return as_evidence(scores(), measured, "speed", "strict", "resid_post").assign(**changes)


def test_every_row_says_whose_it_is(tmp_path: Path) -> None:
    table = evidence()
    assert list(table.columns) == list(COLUMNS)
    assert table["state"].tolist() == [1, 1, 1, 2, 2, 2]  # resid_post: one state further
    path = tmp_path / "speed.strict.parquet"
    write_table(path, table)
    read = open_evidence(path, layers=2)
    pd.testing.assert_frame_equal(read.rows, table)
    assert set(read.rows["seed"]) == {7} and read.recipe == "speed.strict"
    np.testing.assert_array_equal(
        read.matrices("r2", "all")["nested"], [[0, 0.1, 0.2], [1, 1.1, 1.2]]
    )
    clips = read.matrices("r2", "all", "n_test")["nested"]
    np.testing.assert_array_equal(clips, np.full((2, 3), 4))


def test_a_model_itself_has_no_control_and_no_seed(tmp_path: Path) -> None:
    table = as_evidence(scores(), Measured("big", "big"), "speed", "strict", "resid_pre")
    assert set(table["control"]) == {"none"} and table["seed"].isna().all()
    assert table["state"].tolist() == table["layer"].tolist()
    write_table(tmp_path / "a.parquet", table)
    assert open_evidence(tmp_path / "a.parquet", 2).rows["seed"].isna().all()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (evidence().drop(columns=["state", "seed"]), r"lacks the column\(s\) seed, state"),
        (evidence(value="high"), "in column value, which is number"),
        (evidence(layer=0.5), "holds float64 in column layer, which is integer"),
        (evidence(fold=0), "one score twice .*layer 0, selection nested, fold 0"),
    ],
)
def test_what_is_no_evidence_is_refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(ArtifactError, match=words) as refused:
        check_evidence("a.parquet", table)
    assert "a.parquet" in str(refused.value) and "run again" in str(refused.value)


def test_layers_that_are_missing_are_told() -> None:
    with pytest.raises(ArtifactError, match=r"holds 2 layers .* where the model has 3"):
        EvidenceTable(evidence(), 3, "a.parquet").matrices("r2", "all")
