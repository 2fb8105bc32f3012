"""The declarations of tables name what the code writes, and a file that differs is told."""

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import pez.clips.labels
import pez.emergence.series
import pez.evidence.schema
import pez.figures.inside.pictures
import pez.figures.pretraining
import pez.intphys.index
import pez.objects.columns
import pez.own_clips.index
import pez.runtime.lease_log
import pez.runtime.moments
import pez.runtime.timings
from declared_tables import DECLARED, differences, paths_of
from pez.figures.audit.registry import picture_names
from pez.runtime.tables import write_table

WRITTEN = {
    "clips/{renderer}/{dataset}/labels.parquet": pez.clips.labels.LABEL_COLUMNS,
    "clips/{renderer}/{dataset}/trajectories.parquet": pez.clips.labels.TRAJECTORY_COLUMNS,
    "clips/objects/{dataset}/labels.parquet": pez.objects.columns.LABEL_COLUMNS,
    "clips/objects/{dataset}/objects.parquet": pez.objects.columns.OBJECT_COLUMNS,
    "clips/folder/{dataset}/index.parquet": pez.own_clips.index.COLUMNS,
    "intphys/{dataset}/index.parquet": pez.intphys.index.COLUMNS,
    "probes/{network}/{recipe}.parquet": tuple(pez.evidence.schema.COLUMNS),
    "emergence/{figure}.parquet": pez.emergence.series.COLUMNS,
    "figures/{figure}.csv": pez.emergence.series.COLUMNS,
    "figures/{figure}_timings.csv": pez.runtime.timings.COLUMNS,
    "figures/pretraining.csv": pez.figures.pretraining.COLUMNS,
    "logs/moments.csv": pez.runtime.moments.COLUMNS,
    "logs/gpu_leases.csv": pez.runtime.lease_log.COLUMNS,
}


@pytest.mark.parametrize("path", WRITTEN)
def test_columns_are_those_of_the_code(path: str) -> None:
    (table,) = [
        table for table in DECLARED["tables"] if path in paths_of(table) and "picture" not in table
    ]
    assert tuple(table["columns"]) == WRITTEN[path]


def test_every_picture_inside_networks_is_declared() -> None:
    declared = [table["picture"] for table in DECLARED["tables"] if "picture" in table]
    folder = Path(pez.figures.inside.pictures.__file__).parent
    assert sorted(declared) == sorted(path.stem for path in folder.glob("[a-z]*.py"))


def test_every_picture_of_the_audit_is_declared() -> None:
    paths = {path for table in DECLARED["tables"] for path in paths_of(table)}
    declared = {path for path in paths if path.startswith("audit/{model}/")}
    assert declared == {
        f"audit/{{model}}/{picture}.{ending}"
        for picture in picture_names()
        for ending in ("csv", "parquet")
    }


def test_every_column_has_words_and_none_are_left_over() -> None:
    asked = {
        name.rstrip("?")
        for table in DECLARED["tables"]
        for name, own in table["columns"].items()
        if own is None
    }
    assert asked == set(DECLARED["columns"])


def test_what_is_not_as_declared_is_named(tmp_path: Path) -> None:
    rows = {name: [0.0] for name in pez.clips.labels.TRAJECTORY_COLUMNS}
    written = tmp_path / "clips/made_up/velocity/trajectories.parquet"
    written.parent.mkdir(parents=True)

    def told(**changed: object) -> str:
        write_table(written, pd.DataFrame(rows | {"clip_id": "a", "frame": 0} | changed))
        return "; ".join(differences(tmp_path, "clips/**/*"))

    assert told() == ""
    assert "has colour, which is not declared" in told(colour="red")
    assert "in frame, declared as integer" in told(frame=0.5)
    del rows["z_m"]
    assert "lacks ['z_m']" in told()


def test_a_file_that_no_pattern_fits_is_named(tmp_path: Path) -> None:
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes/extra.csv").write_text("a,b\n")
    with pytest.raises(AssertionError, match=r"probes/extra\.csv is not declared"):
        differences(tmp_path, "probes/*")


def test_a_csv_file_has_the_columns_of_the_picture_beside_it(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    drawn = tmp_path / "figures/renamed.csv"
    columns = ["model", "control", "seed", "measure", "block", "head", "value", "uniform"]

    def told(picture: str, *columns: str) -> list[str]:
        drawn.write_text(",".join(columns) + "\n")
        said = PngInfo()
        said.add_text("Description", json.dumps({"figure": "renamed", "picture": picture}))
        Image.new("L", (1, 1)).save(drawn.with_suffix(".png"), pnginfo=said)
        return differences(tmp_path, "figures/*")

    assert told("attention_heads", *columns) == []
    (extra,) = told("attention_heads", *columns, "colour")
    assert "has colour, which is not declared" in extra
    assert any("lacks" in line for line in told("attention_layers", *columns))
    with pytest.raises(AssertionError, match="picture other is not declared"):
        told("other", *columns)
