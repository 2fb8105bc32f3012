"""What the page is made of: packed numbers, curves, predictions, thumbnails, audit, provenance."""

import base64
import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from page_samples import Size, audit_tables, labels, noisy
from PIL import Image

from figures.synthetic_results import RECIPES, probe_table, write_evidence
from pez.clips.store import write_clips
from pez.evidence.schema import Measured, as_evidence
from pez.page.audit import (
    AuditFiles,
    read_audit_predictions,
    read_estimands,
    read_grid,
    read_ledger,
)
from pez.page.curves import AUDIT, FACETS, PROBES, curves_of_evidence, join, thinned, variable_of
from pez.page.pack import MISSING, compress, pack_column, pack_numbers
from pez.page.pictures import read_picture
from pez.page.predictions import Predictions, errors, pack_predictions, read_predictions, within
from pez.page.provenance import UNKNOWN, commit_of, networks, versions, wall_times
from pez.page.thumbnails import MOST_FRAMES, SIDE_PX, film_strip, film_strips, worst_clips
from pez.page.write import EXPLORER, SCRIPTS, number, share
from pez.recipes.columns import NumberTarget
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table

LAYERS = {"vjepa2_nano": 12, "vjepa2_nano_untrained": 12, "pixels": 1}


def unpacked(packed: dict[str, Any]) -> np.ndarray:
    """What ``explorer/decode.js`` makes of packed numbers."""
    integers = np.frombuffer(base64.b64decode(packed["data"]), "<i2").reshape(packed["shape"])
    values = packed["middle"] + packed["step"] * integers
    return np.where(integers == MISSING, np.nan, values)


def test_numbers_come_back_within_half_a_step() -> None:
    values = np.random.default_rng(0).normal(size=(5, 7))
    values[2, 3] = np.nan
    packed = pack_numbers(values)
    assert np.nanmax(np.abs(unpacked(packed) - values)) <= packed["step"] / 2 * 1.001
    assert np.array_equal(np.isnan(unpacked(packed)), np.isnan(values))


def test_numbers_without_spread_and_without_any_value() -> None:
    assert unpacked(pack_numbers(np.array([3.5, 3.5]))) == pytest.approx([3.5, 3.5])
    assert np.isnan(unpacked(pack_numbers(np.array([np.nan])))).all()
    assert unpacked(pack_numbers(np.array([-50.0, 1.0]), low=-6))[0] == pytest.approx(-6)


def test_a_column_of_many_names() -> None:
    few, many = pack_column(["b", "a", "b"]), pack_column(list(map(str, range(300))))
    assert few["names"] == ["b", "a"] and few["codes"]["type"] == "uint8"
    most = pack_column(list(map(str, range(70_000))))
    assert many["codes"]["type"] == "uint16" and most["codes"]["type"] == "uint32"


def test_equal_data_give_equal_text() -> None:
    text = compress({"a": [1, 2]})
    assert text == compress({"a": [1, 2]})
    assert json.loads(gzip.decompress(base64.b64decode(text))) == {"a": [1, 2]}


def test_a_curve_stands_at_the_states_that_its_capture_reads(tmp_path: Path) -> None:
    path = tmp_path / "vjepa2_nano/direction.strict.parquet"
    write_evidence(path, probe_table({"nested": np.linspace(0, 0.9, 12)}, spread=0.1))
    curves = curves_of_evidence([path], RECIPES, LAYERS)
    assert len(curves.rows) == 1  # r2 alone: errors in units of their own are no scores
    row = curves.rows.iloc[0]
    assert {name: row[name] for name in ("evidence", "variable", "target", "selection")} == {
        "evidence": PROBES, "variable": "direction", "target": "direction_sincos",
        "selection": "nested",
    }  # fmt: skip
    assert row["control"] == "none" and row["seed"] == "none" and row["flat"] == "no"
    assert np.isnan(curves.scores[0, 0])  # resid_post: layer 0 writes state 1
    assert curves.scores[0, 1:] == pytest.approx(np.linspace(0, 0.9, 12))
    assert curves.spread[0, 1:] == pytest.approx(0.1)


def test_features_without_depth_have_one_state(tmp_path: Path) -> None:
    path = tmp_path / "pixels/speed.strict.parquet"
    rows = probe_table({"nested": np.array([0.4])}).assign(subset="all")
    measured = Measured("pixels", "any", "pixels")
    write_table(path, as_evidence(rows, measured, "speed", "strict", "resid_post"))
    curves = curves_of_evidence([path], RECIPES, LAYERS)
    assert curves.rows["flat"].tolist() == ["yes"] and curves.rows["model"].tolist() == ["any"]
    assert curves.scores == pytest.approx(np.array([[0.4]]))


def test_a_column_of_the_labels_is_a_variable_of_its_own() -> None:
    target = NumberTarget(column=("mass", "size"), kind="number")
    assert variable_of(target) == "mass size"


def predictions(values: np.ndarray, truth: np.ndarray, **changes: Any) -> Predictions:
    clips = [f"clip_{place:02d}" for place in range(len(truth))]
    known: dict[str, Any] = {
        "network": "m", "fit": "r", "selection": "nested", "dataset": "d",
        "clip_ids": clips, "outputs": ["speed"], "angle": None, "states": range(len(values)),
        "truth": truth, "values": values,
    }  # fmt: skip
    return Predictions(**known | changes)


def test_predictions_are_read_in_the_order_of_clips(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "layer": [1, 1, 0, 0, 1, 1, 0, 0],
            "selection": "nested",
            "clip_id": ["b", "b", "b", "b", "a", "a", "a", "a"],
            "output": ["sin", "cos"] * 4,
            "target": [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0],
            "prediction": [0.5, 0.6, 0.1, 0.2, 0.7, 0.8, 0.3, 0.4],
        }
    )
    path = tmp_path / "vjepa2_nano/direction.strict.predictions.parquet"
    write_table(path, table)
    (found,) = read_predictions(path, RECIPES["direction.strict"])
    assert found.clip_ids == ["a", "b"] and found.states == [1, 2] and found.angle == "sincos"
    assert found.truth.tolist() == [[1, 0], [0, 1]]
    assert found.values.tolist() == [[[0.3, 0.4], [0.1, 0.2]], [[0.7, 0.8], [0.5, 0.6]]]


def test_errors_of_directions_are_turns() -> None:
    truth, values = np.array([[0.0], [3.0]]), np.array([[[0.1], [-3.0]]])
    assert errors(predictions(values, truth))[0] == pytest.approx([0.1, 6.0])
    turned = errors(predictions(values, truth, angle="wrapped"))[0]
    assert turned == pytest.approx(np.degrees([0.1, 2 * np.pi - 6.0]))


def test_the_models_own_predictions_come_first_within_the_budget() -> None:
    truth = np.zeros((4, 1))
    control = predictions(np.zeros((2, 4, 1)), truth, fit="control", control="untrained")
    own = predictions(np.zeros((2, 4, 1)), truth)
    assert within([control, own], own.size) == [own]
    assert within([control, own], 2 * own.size) == [own, control]


def test_packed_predictions_name_clips_by_their_place() -> None:
    truth = np.array([[1.0], [2.0]])
    found = predictions(noisy(truth, np.array([0.5]), 0), truth)
    packed = pack_predictions(found, {"clip_00": 7, "clip_01": 3})
    clips = np.frombuffer(base64.b64decode(packed["clips"]["data"]), "<u2")
    assert clips.tolist() == [7, 3]
    assert unpacked(packed["values"][0]) == pytest.approx(found.values[..., 0], abs=1e-3)


def test_worst_clips_are_those_that_are_often_wrong_and_not_the_controls() -> None:
    values = np.zeros((3, 20, 1))
    values[:, 5] = [[9], [9], [9]]
    own = predictions(values, np.zeros((20, 1)))
    control = predictions(values[:, ::-1], np.zeros((20, 1)), dataset="other", control="untrained")
    worst = worst_clips([own, control])
    assert list(worst) == ["d"] and worst["d"][0] == "clip_05"


def test_a_strip_holds_the_frames_side_by_side(tmp_path: Path) -> None:
    frames = np.zeros((1, 20, 40, 40, 3), np.uint8)
    frames[0, -1] = 255
    (tmp_path / "strip.webp").write_bytes(film_strip(frames[0]))
    with Image.open(tmp_path / "strip.webp") as strip:
        assert strip.size == (SIDE_PX * MOST_FRAMES, SIDE_PX)
        shown = np.asarray(strip.convert("L"))
    assert shown[:, -SIDE_PX // 2 :].mean() > 240 and shown[:, : SIDE_PX * 15 - 9].mean() < 15


def test_strips_stop_at_the_budget_and_a_missing_clip_is_named(tmp_path: Path) -> None:
    shard = tmp_path / "shard_000.safetensors"
    write_clips(shard, np.zeros((3, 4, 16, 16, 3), np.uint8), ["a", "b", "c"], 0, {})
    size = len(film_strip(np.zeros((4, 16, 16, 3), np.uint8)))
    assert list(film_strips([shard], ["b", "a", "c"], 2 * size)) == ["b", "a"]
    with pytest.raises(ArtifactError, match=r"hold no clip z.*run again"):
        film_strips([shard], ["z"], size)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> AuditFiles:
    folder = tmp_path_factory.mktemp("audit")
    return AuditFiles.of(audit_tables(folder, Size(seeds=(1,)), labels("velocity", 1)))


def test_the_grid_of_the_audit_joins_the_curves_of_probes(audit: AuditFiles) -> None:
    assert audit.scores and audit.estimands
    grid = read_grid(audit.scores)
    table = pd.read_parquet(audit.scores)
    assert len(grid.rows) == len(table) / 13 and set(grid.rows["evidence"]) == {AUDIT}
    assert list(grid.rows.columns[: len(FACETS)]) == list(FACETS)
    own = (table["cell"] == grid.rows["recipe"][5]) & (table["network"] == grid.rows["network"][5])
    assert grid.scores[5] == pytest.approx(table.loc[own, "score"].to_numpy())
    both = join([grid, grid])
    assert len(both.rows) == 2 * len(grid.rows) == len(both.scores)
    assert set(grid.rows["clips"]) == {"all"} and set(grid.rows["seed"]) == {"none", "1"}


def test_a_large_grid_keeps_the_models_own_curves(audit: AuditFiles) -> None:
    assert audit.scores
    grid = read_grid(audit.scores)
    own = (grid.rows["control"] == "none").to_numpy()
    grid.rows.loc[len(own) - 1, "clips"] = "60"
    fewer = thinned(grid, len(own) - 1)
    assert len(fewer.rows) == len(own) - 1 and "60" not in set(fewer.rows["clips"])
    least = thinned(grid, 3)
    assert least.scores == pytest.approx(grid.scores[own])
    assert thinned(grid, len(own)) is grid


def test_estimands_stand_beside_their_curves(audit: AuditFiles) -> None:
    assert audit.scores and audit.estimands
    grid = read_grid(audit.scores)
    found = read_estimands(audit.estimands, grid)
    table = pd.read_parquet(audit.estimands)
    for place in (0, 7, len(grid.rows) - 1):
        row = grid.rows.iloc[place]
        asked = table[(table["cell"] == row["recipe"]) & (table["network"] == row["network"])]
        peak = asked.loc[asked["estimand"] == "peak", "value"].item()
        assert found["peak"]["value"][place] == peak
    none = table[(table["estimand"] == "threshold") & table["value"].isna()]
    assert np.isnan(found["threshold"]["value"]).sum() == len(none) > 0
    own = (grid.rows["control"] == "none").to_numpy()
    assert np.isfinite(found["peak"]["low"][own]).all()
    assert np.isnan(found["peak"]["low"][~own]).all()


def test_predictions_of_the_audit(audit: AuditFiles) -> None:
    assert audit.scores
    (path,) = audit.predictions
    found = list(read_audit_predictions(path))
    fits = set(read_grid(audit.scores).rows["fit"])
    assert found and {one.fit for one in found} <= fits
    assert found[0].angle == "sincos" and found[0].values.shape[0] == 13


def test_what_is_no_ledger_is_refused(audit: AuditFiles, tmp_path: Path) -> None:
    assert audit.ledger
    (model,) = read_ledger(audit.ledger).models.values()
    assert [claim.id for claim in model.claims] == ["C1", "C2", "C6"]
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps({"models": ["m"]}))
    with pytest.raises(ArtifactError, match="no ledger of claims"):
        read_ledger(path)


def test_a_picture_is_embedded_pixel_by_pixel_with_its_caption(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    pixels = np.random.default_rng(0).integers(0, 255, (9, 12, 3), np.uint8)
    known = PngInfo()
    known.add_text("Description", json.dumps({"caption": "What it shows."}))
    Image.fromarray(pixels).save(tmp_path / "f.png", pnginfo=known)
    picture = read_picture(tmp_path / "f.png", "A figure")
    assert picture.caption == "What it shows." and (picture.width, picture.height) == (12, 9)
    (tmp_path / "f.webp").write_bytes(base64.b64decode(picture.source.partition(",")[2]))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "f.webp")), pixels)
    with pytest.raises(ArtifactError, match="is no picture"):
        read_picture(tmp_path / "none.png", "None")


def test_the_commit_is_that_of_the_checkout_alone(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == UNKNOWN
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert commit_of(tmp_path) == UNKNOWN  # no commit yet
    (tmp_path / "file").write_text("one")
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "one"], check=True)
    commit = commit_of(tmp_path)
    assert len(commit) == 40
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == f"{commit}, with local changes"
    (tmp_path / "inside").mkdir()
    assert commit_of(tmp_path / "inside") == UNKNOWN  # a copy that lies in another's repository


def test_networks_versions_and_wall_times(tmp_path: Path) -> None:
    path = tmp_path / "m/speed.strict.parquet"
    write_table(path, pd.DataFrame({"a": [1]}), {"weights_checksum": "abc", "precision": "fp32"})
    (network,) = networks([path, path], {"m": {"weights": "embedded"}})
    assert (network.checksum, network.precision, network.weights) == ("abc", "fp32", "embedded")
    assert {"python", "numpy", "plotly"} <= set(versions())
    benchmark = tmp_path / "fit_probe/m.tsv"
    assert wall_times([benchmark]) is None
    benchmark.parent.mkdir()
    benchmark.write_text("s\tmax_rss\tcpu_time\n2.5\t100\t2.0\n")
    found = wall_times([benchmark, tmp_path / "gone.tsv"])
    assert found is not None and found.loc[0, "wall_s"] == 2.5


def test_numbers_in_words() -> None:
    assert [number(value) for value in (None, float("nan"), 3, -0.5)] == [
        "",
        "",
        "3",
        "\N{MINUS SIGN}0.500",
    ]
    assert [share(value) for value in (None, 0.04)] == ["not measured", "4 %"]


def test_every_script_of_the_explorer_is_in_the_page() -> None:
    assert sorted(path.stem for path in EXPLORER.glob("*.js")) == sorted(SCRIPTS)
