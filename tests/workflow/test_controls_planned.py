"""What every control adds to a plan, and that one more rebuilds nothing of the others."""

from collections import Counter
from typing import Any

import pytest
from snakemake.exceptions import WorkflowError

from conftest import Project
from pez.controls.registry import control_names
from workflow.planning import plan, plan_jobs

EVERY = list(control_names())
SHARDS, RECIPES = (
    2 + 2,
    3 * 2,
)  # of configs/smoke.yaml: velocity and acceleration; probes, protocols


def shown(figure: str, controls: list[str]) -> dict[str, Any]:
    return {"figures": {figure: {"controls": controls}}}


def test_every_control_adds_what_it_replaces(project: Project) -> None:
    """Nothing but networks, passes through them, features without one, and probes."""
    jobs = plan_jobs(project.folder, overlay=shown("figure2c", EVERY))
    made: dict[str, Counter[str]] = {}
    for job in jobs:
        stage = "extract" if job.rule.name.startswith("extract_") else job.rule.name
        source = job.rule.name.removeprefix("extract_").rpartition("_")[0]
        source = job.wildcards.get("model", source).removeprefix("vjepa2_tiny").removeprefix("_")
        if "fit" in job.wildcards.keys() and job.wildcards.fit.endswith("_shuffled"):  # noqa: SIM118
            source = "shuffled"
        if stage not in ("simulate_clips", "render_clips", "choose_precision"):
            made.setdefault(source, Counter())[stage] += 1
    probes = {"fit_probe": RECIPES}
    network = {"extract": SHARDS} | probes
    assert {name: made[name] for name in EVERY} == {
        "untrained": {"initialise_encoder": 1} | network,
        "permuted": {"permute_weights": 1} | network,
        "shuffled": probes,
        "frames_shuffled": network,
        "tubelets_shuffled": network,
        "static": network,
        "pixels": {"replace_features": 2} | probes,
        "frame_differences": {"replace_features": 2} | probes,
        "trajectory": {"replace_features": 2} | probes,
    }
    assert sum(counts["fit_probe"] for counts in made.values()) == (1 + len(EVERY)) * RECIPES


def test_every_seed_is_a_pass_or_a_fit_of_its_own(project: Project) -> None:
    seeds = {"controls": {"frames_shuffled": {"seeds": [1, 2, 3]}}}
    planned = plan(project.folder, overlay=seeds | shown("figure2c", ["frames_shuffled"]))
    assert planned["extract_vjepa2_tiny_frames_shuffled_3_velocity"] == 2
    assert planned["fit_probe"] == (1 + 3) * RECIPES


def test_controls_without_a_network_need_no_weights_and_no_other_features(
    project: Project,
) -> None:
    jobs = plan_jobs(project.folder, overlay=shown("figure2c", ["pixels", "trajectory"]))
    of_rule = {job.wildcards.get("model"): job for job in jobs if job.rule.name == "fit_probe"}
    for control in ("pixels", "trajectory"):
        probe = of_rule[control]
        assert not any("checkpoints" in file for file in probe.input)
        assert probe.params.probe["layers"] == 0
    replaced = [job for job in jobs if job.rule.name == "replace_features"]
    read = {job.wildcards.model: {str(file) for file in job.input} for job in replaced}
    assert any("shard_000" in file for file in read["pixels"])
    assert not any("shard_" in file for file in read["trajectory"])  # no frame is looked at
    assert any("trajectories.parquet" in file for file in read["trajectory"])


def test_patches_of_pixels_and_clips_of_movies(project: Project) -> None:
    controls = ["pixels", "frame_differences", "frames_shuffled"]
    planned = plan(project.folder, ["figure2b"], shown("figure2b", controls))
    assert planned["replace_features"] == 2 * 2  # patches of velocity, tubelets of acceleration
    planned = plan(project.folder, ["figure1"], shown("figure1", controls))
    assert planned["replace_features"] == 2 * 2
    assert planned["extract_vjepa2_tiny_frames_shuffled_intphys_mini"] == 2


def test_a_trajectory_is_refused_where_there_is_none(project: Project) -> None:
    with pytest.raises(WorkflowError, match=r"'intphys_mini', which .* has no trajectories"):
        plan(project.folder, ["figure1"], shown("figure1", ["trajectory"]))


def provenances(project: Project, controls: list[str]) -> dict[str, str]:
    """Provenance of every job of figure 2c with ``controls``, by its first output."""
    jobs = plan_jobs(project.folder, overlay=shown("figure2c", controls))
    return {job.output[0]: job.params.made["provenance"] for job in jobs if job.params.get("made")}


def test_one_more_control_changes_the_provenance_of_the_figure_alone(project: Project) -> None:
    every = provenances(project, EVERY)
    for controls in (EVERY[::2], EVERY[1::2]):
        fewer = provenances(project, controls)
        assert len(fewer) > 30
        changed = {file for file in fewer if fewer[file] != every[file]}
        figure = {"emergence/figure2c.parquet", "figures/figure2c.png"}
        assert changed == {f"artifacts/smoke/{name}" for name in figure}
