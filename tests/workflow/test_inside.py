"""Measurements inside networks: a job for each network, then their figures, for real."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from conftest import SMOKE_OUT, Project
from declared_tables import differences
from pez.inside.objects.scores import ESTIMANDS
from pez.runtime.tables import open_table
from workflow.planning import plan

NETWORKS = ("", "_untrained", "_untrained_2", "_frames_shuffled", "_static")
CONDITIONS, BLOCKS, HEADS, MEASURES = 4 * 2, 4, 2, 8  # of configs/smoke.yaml


def not_as_declared(out: Path) -> list[str]:
    """What was measured, judged and drawn otherwise than resources/tables.yaml says."""
    places = ("inside/**/*.parquet", "emergence/*", "figures/*")
    return [line for files in places for line in differences(out, files)]


def test_every_network_is_a_job_and_both_figures_read_its_table(project: Project) -> None:
    planned = plan(project.folder, ["figure3", "figure19"])
    assert planned["measure_inside"] == len(NETWORKS)
    assert planned["judge_inside"] == planned["draw_inside"] == 2
    assert planned["initialise_encoder"] == 3
    assert not planned["fit_probe"] and not any(rule.startswith("extract") for rule in planned)


def test_table_4_is_drawn_from_passes_of_both_networks(built: Project) -> None:
    built.snakemake("table4", "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    drawn = pd.read_csv(out / "figures/table4.csv")
    assert set(drawn["control"]) == {"none", "untrained"}
    assert set(drawn["estimand"]) == {"score", "drop", "beyond", "interaction"}
    verdict = json.loads((out / "figures/table4_verdict.json").read_text())
    assert any("beyond" in number["name"] for number in verdict["models"][0]["numbers"])
    with Image.open(out / "figures/table4.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10


def test_figure_18_is_drawn_from_patches_of_both_networks_and_the_balls_paths(
    built: Project,
) -> None:
    built.snakemake("figure18", "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    drawn = pd.read_csv(out / "figures/figure18.csv", keep_default_na=False, na_values=[""])
    assert set(drawn["control"]) == {"none", "untrained"}
    assert set(drawn["kind"]) == {"curve", "level", "map", "profile", "asked"}
    verdict = json.loads((out / "figures/figure18_verdict.json").read_text())
    assert "away from the ball" in verdict["models"][0]["question"]
    assert "halves of the frame" in verdict["models"][1]["question"]
    with Image.open(out / "figures/figure18.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10
    again = plan(built.folder, ["figure18"], {"inside": {"patch_probes": {"far": 0.5}}})
    assert again["measure_inside"] == 0 and again["judge_inside"] == 1


def test_tuning_of_units_is_drawn_in_three_figures_from_the_tracks_of_the_balls(
    built: Project,
) -> None:
    figures = ("figure4", "figure20", "figure21")
    built.snakemake(*figures, "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    for network in ("", "_untrained"):
        opened = open_table(out / f"inside/tuning/vjepa2_tiny{network}.parquet")
        units = 96 + 48  # of mlp_post and of the stream; first block (the zone's end too) and last
        assert len(opened.table) == 2 * units * 4 * 2
    for figure in figures:
        drawn = pd.read_csv(out / f"figures/{figure}.csv")
        assert set(drawn["control"]) == {"none", "untrained"}
        with Image.open(out / f"figures/{figure}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 10
        assert "Not a reproduction" in (out / f"figures/{figure}_verdict.md").read_text()
    other = {"clips": {"scene": {"ball_radius_m": 0.25}}}
    assert plan(built.folder, ["figure4"], other)["measure_inside"] == 2


def test_figure_12_is_drawn_from_passes_in_several_orders(built: Project) -> None:
    built.snakemake("figure12", "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    drawn = pd.read_csv(out / "figures/figure12.csv")
    tasks = {"tubelets", "frames", "reversed", "direction", "place"}
    assert set(drawn["control"]) == {"none", "untrained"} and set(drawn["task"]) == tasks
    curves = drawn[drawn["kind"] == "accuracy"]
    assert len(curves) == 2 * len(tasks) * (BLOCKS + 1)
    first = curves[(curves["task"] == "tubelets") & (curves["state"] == 0)]
    assert set(first["value"]) == {0.5}
    page = (out / "figures/figure12_verdict.md").read_text()
    assert "chance by construction; it is 50.0 %" in page and "Not a reproduction" in page
    with Image.open(out / "figures/figure12.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10


def test_sequences_read_features_that_are_there_and_run_no_network(built: Project) -> None:
    figures = ("figure22", "figure23", "figure24", "table3")
    planned = plan(built.folder, list(figures))
    assert planned["measure_features"] == 2 and planned["measure_inside"] == 0
    assert not any(rule.startswith(("extract", "render")) for rule in planned)
    built.snakemake(*figures, "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    table = open_table(out / "inside/sequences/vjepa2_tiny.parquet")
    assert set(table.table["what"]) == {"score", "overlap", "steering", "erasure"}
    assert set(table.table["variable"]) == {"direction", "speed", "plausibility"}
    assert table.metadata["others"]["intphys_mini"]["dataset"] == "intphys_mini"
    for figure in figures:
        with Image.open(out / f"figures/{figure}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 10
        drawn = pd.read_csv(out / f"figures/{figure}.csv")
        assert set(drawn["control"]) == {"none", "untrained"}
        verdict = json.loads((out / f"figures/{figure}_verdict.json").read_text())
        assert verdict["models"][0]["answer"] in ("yes", "no", "undecided")
        assert "over draws of clips" in verdict["brackets"]
    again = plan(built.folder, ["table3"], {"inside": {"sequences": {"draws": 200}}})
    assert again["measure_features"] == 0 and again["judge_inside"] == 1


def test_edits_run_through_both_networks_and_are_read_at_later_states(built: Project) -> None:
    built.snakemake("figure24_network", "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    table = open_table(out / "inside/steering/vjepa2_tiny.parquet")
    assert table.metadata["edited"] == [1, 3] and table.metadata["counterfactual"] == 0
    drawn = pd.read_csv(out / "figures/figure24_network.csv")
    assert set(drawn["control"]) == {"none", "untrained"}
    assert set(drawn["tokens"]) == {"all tokens", "under the ball", "none"}
    assert (drawn["state"] >= drawn["edited"]).all() and drawn["state"].max() == BLOCKS
    page = (out / "figures/figure24_network_verdict.md").read_text()
    assert "at state 1 turn the direction" in page and "In untrained networks" in page
    with Image.open(out / "figures/figure24_network.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10
    again = plan(built.folder, ["figure24_network"], {"inside": {"steering": {"draws": 200}}})
    assert again["measure_inside"] == 0 and again["judge_inside"] == 1


def test_clips_of_several_objects_give_figure_13_and_what_they_are_and_do(built: Project) -> None:
    targets = ("figure13", "figure12_objects")
    planned = plan(built.folder, targets)
    assert planned["simulate_objects"] == 1 and planned["render_objects"] == 2
    assert planned["measure_inside"] == 4
    built.snakemake(*targets, "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    assert differences(out, "clips/objects/**/*") == []
    drawn = pd.read_csv(out / "figures/figure13.csv")
    assert set(drawn["control"]) == {"none", "untrained"}
    assert set(drawn["estimand"]) == set(ESTIMANDS) and drawn["state"].max() == BLOCKS
    means = {"mean", "matte", "glossy", "sphere", "cube", "cylinder"}
    assert means < set(drawn["kind"]) and len(set(drawn["kind"]) - means) == 4
    verdict = json.loads((out / "figures/figure13_verdict.json").read_text())
    assert (
        verdict["brackets"] == "90 % interval over clips"
        and verdict["models"][0]["answer"] != "yes"
    )
    scenes = pd.read_csv(out / "figures/figure12_objects.csv")
    assert {"count", "kinds", "moving"} <= set(scenes["task"]) and scenes["state"].max() == BLOCKS
    said = (out / "figures/figure12_objects_verdict.md").read_text()
    assert "More objects collide more often" in said
    for figure in targets:
        with Image.open(out / f"figures/{figure}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 10
    assert not plan(built.folder, targets)["render_objects"]


def test_windows_are_taken_from_movies_too(built: Project) -> None:
    built.snakemake("table4_plausibility", "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert differences(out, "inside/plausibility_ablation/*.parquet") == []
    drawn = pd.read_csv(out / "figures/table4_plausibility.csv")
    assert set(drawn["task"]) == {"plausibility"}
    assert set(drawn["control"]) == {"none", "untrained"}
    scores = drawn[drawn["estimand"] == "score"]
    assert scores["value"].between(0, 1).all()
    verdict = json.loads((out / "figures/table4_plausibility_verdict.json").read_text())
    assert verdict["brackets"] == "90 % interval over scenes"
    with Image.open(out / "figures/table4_plausibility.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10


def test_figure_11_trains_predictors_and_scores_movies_by_them(built: Project) -> None:
    planned = plan(built.folder, ["figure11"])
    assert planned["train_predictors"] == planned["score_movies"] == 2
    assert planned["measure_inside"] == 0 and not planned["fit_probe"]
    built.snakemake("figure11", "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    drawn = pd.read_csv(out / "figures/figure11.csv")
    assert set(drawn["control"]) == {"none", "untrained"}
    assert set(drawn["predictor"]) == {"trained", "no_change", "mean"}
    assert set(drawn["context"].dropna()) == {4, 8} and drawn["state"].max() == BLOCKS
    log = open_table(out / "inside/prediction/predictors/vjepa2_tiny.log.parquet").table
    assert log["step"].max() == 4 and np.isfinite(log["loss"]).all()
    verdict = json.loads((out / "figures/figure11_verdict.json").read_text())
    assert verdict["brackets"] == "90 % interval over scenes"
    # after four steps
    assert "too little trained for a no" in verdict["models"][0]["reason"]
    with Image.open(out / "figures/figure11.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10
    scored = {"inside": {"prediction": {"window_stride": 4}}}
    again = plan(built.folder, ["figure11"], scored)
    assert again["train_predictors"] == 0 and again["score_movies"] == 2
    trained = {"inside": {"prediction": {"predictors": {"steps": 5}}}}
    assert plan(built.folder, ["figure11"], trained)["train_predictors"] == 2


def test_figures_are_drawn_and_other_draws_measure_nothing_again(built: Project) -> None:
    built.snakemake("figure3", "figure19", "--cores", "2")
    out = built.folder / SMOKE_OUT
    assert not_as_declared(out) == []
    for network in NETWORKS:
        opened = open_table(out / f"inside/attention/vjepa2_tiny{network}.parquet")
        assert len(opened.table) == CONDITIONS * BLOCKS * HEADS * MEASURES
        assert opened.metadata["model"] == f"vjepa2_tiny{network}"
    static = open_table(out / "inside/attention/vjepa2_tiny_static.parquet")
    assert static.metadata["replaced"] == "clips: static"
    for figure in ("figure3", "figure19"):
        with Image.open(out / f"figures/{figure}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 10
        verdict = json.loads((out / f"figures/{figure}_verdict.json").read_text())
        assert verdict["models"][0]["model"] == "vjepa2_tiny"
        assert "Not a reproduction" in (out / f"figures/{figure}_verdict.md").read_text()
    drawn = pd.read_csv(out / "figures/figure19.csv")
    curves = drawn[drawn["kind"] == "curve"]
    assert set(curves["control"]) == {"none", "untrained", "frames_shuffled", "static"}
    assert len(curves) == 4 * 2 * 2 * BLOCKS
    again = plan(built.folder, ["figure19"], {"inside": {"attention": {"draws": 200}}})
    assert again["measure_inside"] == 0 and again["judge_inside"] == 1
    assert plan(built.folder, ["figure19"], {"figure_style": {"font_pt": 8}})["judge_inside"] == 0
