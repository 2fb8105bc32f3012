"""What a change makes Snakemake rebuild, and what it leaves alone."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import ResourceSettings

from conftest import FIGURES, SMOKE_OUT, Project
from workflow.planning import plan, plan_jobs

VELOCITY_SHARDS, ACCELERATION_SHARDS = 2, 2  # of configs/smoke.yaml
FIGURE2C_RECIPES = 3 * 2  # probes x protocols
CHAIN_OF_A_MODEL = {  # what one more model adds to figure2c, beside its probes
    "extract_{}_velocity": VELOCITY_SHARDS,
    "extract_{}_acceleration": ACCELERATION_SHARDS,
}


def jobs(**counts: int) -> Counter[str]:
    return Counter(counts)


def test_fresh_plan(project: Project) -> None:
    planned = plan(project.folder)
    expected = jobs(
        simulate_clips=2,
        render_clips=VELOCITY_SHARDS + ACCELERATION_SHARDS,
        initialise_encoder=2,
        choose_precision=1,
        fit_probe=2 * FIGURE2C_RECIPES,
        judge_figure=1,
        draw_figure=1,
        figure2c=1,
    )
    for model in ("vjepa2_tiny", "vjepa2_tiny_untrained"):
        expected.update({name.format(model): count for name, count in CHAIN_OF_A_MODEL.items()})
    assert planned == expected


def test_the_default_configuration_plans_every_target(project: Project) -> None:
    planned = plan(project.folder, ["all", "clips", "figure2b"], configfiles=[])
    assert planned["render_clips"] == 7 + 5
    assert planned["extract_vjepa2_nano_velocity"] == 7
    assert planned["render_intphys_mini"] == 3 * 20
    assert planned["extract_vjepa2_nano_intphys_mini"] == 6
    # five probes of balls on the model and its control; two of movies on the model, on its control,
    # and on the model with shuffled labels; all of them under two protocols
    assert planned["fit_probe"] == 2 * (2 * 5 + 2 * 3)
    assert planned["preview_clips"] == 2
    assert planned["simulate_objects"] == planned["preview_objects"] == 1
    assert planned["render_objects"] == 5
    assert planned["download_checkpoint"] == 0


def test_figures_of_balls_need_no_movies_and_figures_of_movies_no_balls(project: Project) -> None:
    planned = plan(project.folder, ["figure2c", "figure2b"], configfiles=[])
    assert not any("intphys" in rule for rule in planned)
    planned = plan(project.folder, ["figure1", "figure6"], configfiles=[])
    assert planned["render_clips"] == planned["simulate_clips"] == 0
    assert planned["fit_probe"] == 2 * 3 * 2  # the linear probes serve both figures


def test_the_public_movies_are_indexed_and_cut_where_they_lie(project: Project) -> None:
    """Labels stand for the movies: 360 files that have to be there, and no picture among them."""
    root = project.folder / "dev"
    for block in ("O1", "O2", "O3"):
        for scene in range(1, 31):
            for movie in range(1, 5):
                folder = root / block / f"{scene:02d}" / str(movie)
                folder.mkdir(parents=True)
                (folder / "status.json").write_text("{}")
    overlay = {"datasets": {"intphys_dev": {"root": "dev"}}}
    planned = plan(project.folder, ["figure1"], overlay, configfiles=["configs/paper.yaml"])
    assert planned["index_intphys"] == planned["sample_intphys_dev"] == 1
    assert planned["render_intphys_mini"] == 0
    assert planned["extract_vjepa2_large_intphys_dev"] == 9  # 360 clips in shards of 40
    assert planned["fit_probe"] == 2 * 3 * 2


def test_a_missing_folder_of_public_movies_is_named_when_it_is_needed(project: Project) -> None:
    paper = ["configs/paper.yaml"]
    plan(project.folder, ["figure2c"], configfiles=paper)
    with pytest.raises(
        WorkflowError, match=r"datasets\.intphys_dev\.root = 'artifacts/intphys/dev' is not a"
    ):
        plan(project.folder, ["figure1"], configfiles=paper)


def test_a_figure_is_refused_for_what_is_wrong_with_its_own_probes_alone(project: Project) -> None:
    overlay = {"probes": {"velocity_xy": {"folds": 60}}, "figures": {"figure6": {"models": ["x"]}}}
    assert plan(project.folder, ["figure2c"], overlay)["draw_figure"] == 1
    with pytest.raises(WorkflowError, match=r"velocity_xy\.protocols\.strict: folds = 60"):
        plan(project.folder, ["figure2b"], overlay)
    with pytest.raises(WorkflowError, match=r"figures\.figure6\.models = 'x'"):
        plan(project.folder, ["figure6"], overlay)


def test_another_window_of_frames_cuts_again_and_renders_nothing(smoke_run: Project) -> None:
    overlay = {"datasets": {"intphys_mini": {"sampling": {"window": "breakpoint"}}}}
    planned = plan(smoke_run.folder, ["figure1"], overlay)
    assert planned["render_intphys_mini"] == planned["index_intphys"] == 0
    assert planned["sample_intphys_mini"] == 1
    assert planned["extract_vjepa2_tiny_intphys_mini"] == 2
    assert planned["fit_probe"] == 2 * 3 * 2


@pytest.mark.parametrize(
    ("resources", "size"), [({}, "_whole"), ({"gpu": 4}, "_whole"), ({"gpu": 0}, "")]
)
def test_jobs_of_a_cluster_extract_whole_datasets_unless_it_has_no_gpus(
    project: Project, resources: dict[str, int], size: str
) -> None:
    cluster = ResourceSettings(nodes=4, resources=resources)
    planned = {job.rule.name for job in plan_jobs(project.folder, resources=cluster)}
    assert {f"extract_vjepa2_tiny_{dataset}{size}" for dataset in ("velocity", "acceleration")} == {
        name for name in planned if re.fullmatch("extract_vjepa2_tiny_(velocity|acc).*", name)
    }


def test_gpus_that_nobody_limits_are_all_used(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlimited = ResourceSettings(cores=2)
    for devices, size in (("", ""), ("GPU-one,GPU-two", "_whole")):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
        monkeypatch.setenv("PEZ_GPU_PLACES", "")
        monkeypatch.setenv("PATH", str(project.folder))  # no nvidia-smi that knows better
        planned = {job.rule.name for job in plan_jobs(project.folder, resources=unlimited)}
        assert f"extract_vjepa2_tiny_velocity{size}" in planned


def test_jobs_that_need_the_internet_stay_where_snakemake_runs(project: Project) -> None:
    sizes = {"hidden_size": 48, "layers": 2, "heads": 2, "mlp_size": 96}
    on_the_hub = {**sizes, "weights": {"source": "hub", "name": "lab/tiny"}}
    for model, rule in (("vjepa2_large", "download_checkpoint"), ("tiny", "fetch_from_hub")):
        overlay = {
            "encoders": {"models": {"tiny": on_the_hub}},
            "figures": {"figure2c": {"models": [model]}},
        }
        planned = plan_jobs(project.folder, overlay=overlay)
        here = {job.rule.name for job in planned if job.rule.name in job.rule.workflow._localrules}
        assert here == {rule}


def test_a_gpu_extracts_a_dataset_in_one_job(project: Project) -> None:
    planned = plan(project.folder, gpus=2)
    assert planned["extract_vjepa2_tiny_velocity"] == 0
    assert planned["extract_vjepa2_tiny_velocity_whole"] == 1
    assert planned["fit_probe"] == 2 * FIGURE2C_RECIPES


@pytest.mark.parametrize("gpus", [1, 4])
def test_features_of_small_jobs_stand_for_those_of_large_ones(
    smoke_run: Project, gpus: int
) -> None:
    assert plan(smoke_run.folder, FIGURES, gpus=gpus) == jobs()
    style = {"figure_style": {"dpi": 200}}
    assert plan(smoke_run.folder, ["figure2c"], style, gpus=gpus) == jobs(draw_figure=1, figure2c=1)


@pytest.mark.slow
def test_features_of_large_jobs_stand_for_those_of_small_ones(built: Project) -> None:
    """And a job of either size makes the others' missing shards, with the same bytes."""
    root = built.folder / SMOKE_OUT / "features/vjepa2_tiny"
    before = {path: path.read_bytes() for path in root.rglob("*.safetensors")}
    shutil.rmtree(root)
    overlay = {"figure_style": {"dpi": 200}}  # a figure to draw, whose probes are there
    assert plan(built.folder, ["figure2c"], overlay, gpus=1) == jobs(draw_figure=1, figure2c=1)
    files = [str(path.relative_to(built.folder)) for path in before]
    built.snakemake(*files, "--cores", "2", "--resources", "gpu=1")
    log = built.folder / SMOKE_OUT / "logs/extract_features/vjepa2_tiny.velocity.whole.log"
    assert log.exists()
    assert {path: path.read_bytes() for path in root.rglob("*.safetensors")} == before
    for gpus in (0, 1, 8):
        assert plan(built.folder, files, gpus=gpus) == jobs()
    one = next(path for path in files if "velocity" in path and "shard_001" in path)
    (built.folder / one).unlink()
    assert plan(built.folder, [one], gpus=0) == jobs(extract_vjepa2_tiny_velocity=1)
    assert plan(built.folder, [one], gpus=1) == jobs(extract_vjepa2_tiny_velocity_whole=1)
    built.snakemake(one, "--cores", "2", "--resources", "gpu=0")
    for gpus in (0, 1, 8):
        assert plan(built.folder, files, gpus=gpus) == jobs()


def test_the_paper_configuration_downloads_one_checkpoint(project: Project) -> None:
    planned = plan(project.folder, ["figure2c", "figure2b"], configfiles=["configs/paper.yaml"])
    assert planned["download_checkpoint"] == planned["convert_checkpoint"] == 1
    assert planned["extract_vjepa2_large_velocity"] == 7


def test_a_figure_needs_the_checkpoints_of_its_own_models_alone(
    project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vitl.pt").touch()
    overlay = {"encoders": {"checkpoint_dir": str(tmp_path)}}
    planned = plan(project.folder, ["figure2c"], overlay, ["configs/paper.yaml"])
    assert planned["convert_checkpoint"] == 1 and not planned["download_checkpoint"]
    folder = project.folder / "artifacts/intphys/dev"
    folder.mkdir(parents=True)
    with pytest.raises(WorkflowError, match=r"model 'vjepa2_(huge|giant)': .* holds none of vit"):
        plan(project.folder, ["figure6"], overlay, ["configs/paper.yaml"])


@pytest.mark.parametrize(
    ("weights", "rules"),
    [
        ({"source": "checkpoint", "file": "OWN/latest.pt"}, {"convert_checkpoint": 1}),
        ({"source": "hub", "name": "lab/x@v1"}, {"fetch_from_hub": 1, "convert_checkpoint": 1}),
    ],
)
def test_weights_of_every_source_are_planned(
    project: Project, tmp_path: Path, weights: dict[str, str], rules: dict[str, int]
) -> None:
    (tmp_path / "latest.pt").touch()
    weights = {key: value.replace("OWN", str(tmp_path)) for key, value in weights.items()}
    sizes = {"hidden_size": 48, "layers": 4, "heads": 2, "mlp_size": 96, "input_size": 64}
    overlay = {
        "encoders": {"models": {"own": {"family": "vjepa2_1", "weights": weights} | sizes}},
        "figures": {"figure2c": {"models": ["own"]}},
    }
    planned = plan(project.folder, overlay=overlay)
    assert {rule: planned[rule] for rule in rules} == rules
    assert planned["initialise_encoder"] == 1 and not planned["download_checkpoint"]


def test_code_of_a_family_rebuilds_what_its_models_are_behind(built: Project) -> None:
    family = built.folder / "workflow_scripts/pez/encoders/families/videomae.py"
    family.write_text(family.read_text().replace("_BASE = 10_000", "_BASE = 10_001"))
    assert plan(built.folder) == jobs()
    family = family.with_name("vjepa2.py")
    family.write_text(family.read_text().replace("(spec)", "(spec=spec)"))
    assert plan(built.folder)["extract_vjepa2_tiny_velocity"] == VELOCITY_SHARDS


def test_figures_use_shipped_weights_and_pretraining_is_asked_for_by_name(project: Project) -> None:
    assert plan(project.folder, ["all"], configfiles=[])["pretrain_nano"] == 0
    planned = plan(project.folder, ["draw_pretraining"], configfiles=[])
    assert planned == jobs(pretrain_nano=1, draw_pretraining=1)


def test_nothing_to_do_after_a_run(smoke_run: Project) -> None:
    assert plan(smoke_run.folder, ["figure2c", "figure2b"]) == jobs()


def test_a_probe_parameter_rebuilds_its_probe_and_figure(smoke_run: Project) -> None:
    overlay = {"probes": {"speed": {"normalisation": "center"}}}
    planned = plan(smoke_run.folder, ["figure2c", "figure2b"], overlay)
    # The probe under both protocols on the model and its control, the one figure that shows it.
    assert planned == jobs(fit_probe=4, judge_figure=1, draw_figure=1, figure2c=1)
    overlay = {"probes": {"speed": {"protocols": {"strict": {"normalisation": "center"}}}}}
    planned = plan(smoke_run.folder, ["figure2c", "figure2b"], overlay)
    assert planned == jobs(fit_probe=2, judge_figure=1, draw_figure=1, figure2c=1)


def test_a_choice_that_makes_no_difference_to_a_recipe_rebuilds_nothing_of_it(
    smoke_run: Project,
) -> None:
    """Acceleration (x, y) is grouped by magnitude, which has no sectors; strict has none at all."""
    overlay = {"protocols": {"reference": {"sector_start_deg": -170}}}
    planned = plan(smoke_run.folder, ["figure2c", "figure2b"], overlay)
    assert planned["fit_probe"] == 2 * (3 + 1)
    overlay = {"protocols": {"reference": {"kmeans_restarts": 3, "pixel_regions": None}}}
    overlay["protocols"]["reference"]["pixel_regions"] = "central_square"
    assert plan(smoke_run.folder, ["figure2c", "figure2b"], overlay) == jobs()


def test_a_third_protocol_adds_its_own_probes(smoke_run: Project) -> None:
    protocols = {"protocols": ["reference", "strict", "paper"]}
    planned = plan(smoke_run.folder, ["figure2c"], {"figures": {"figure2c": protocols}})
    assert planned == jobs(fit_probe=2 * 3, judge_figure=1, draw_figure=1, figure2c=1)


def test_a_figure_colour_rebuilds_the_figure_only(smoke_run: Project) -> None:
    overlay = {"figure_style": {"colours": {"pez": "#AA0000"}}}
    assert plan(smoke_run.folder, ["figure2c"], overlay) == jobs(draw_figure=1, figure2c=1)


def test_swapped_values_are_noticed(smoke_run: Project) -> None:
    """Snakemake compares a rule's params as a set of values: two that trade places look alike."""
    config = yaml.safe_load((smoke_run.folder / "configs/smoke.yaml").read_text())
    steps, patience = (config["solvers"]["third_party"][key] for key in ("steps", "patience"))
    overlay = {"solvers": {"third_party": {"steps": patience, "patience": steps}}}
    planned = plan(smoke_run.folder, ["figure2c"], overlay)
    assert planned == jobs(fit_probe=2 * 3, judge_figure=1, draw_figure=1, figure2c=1)


def test_a_pooling_change_keeps_the_features(smoke_run: Project) -> None:
    overlay = {"probes": {"direction": {"pooling": "mean", "capture": "resid_pre"}}}
    assert plan(smoke_run.folder, ["figure2c"], overlay) == jobs(
        fit_probe=4, judge_figure=1, draw_figure=1, figure2c=1
    )


def test_a_view_no_longer_needed_extracts_nothing(smoke_run: Project) -> None:
    flattened = {"patch_map": "flattened"}
    overlay = {
        "probes": {
            "velocity_xy": {
                "pooling": "temporal_last",
                "protocols": {"reference": flattened, "strict": flattened},
            }
        }
    }
    planned = plan(smoke_run.folder, ["figure2b"], overlay)
    assert planned == jobs(fit_probe=4, judge_figure=1, draw_figure=1, figure2b=1)


def test_a_batch_size_extracts_again_and_renders_nothing(smoke_run: Project) -> None:
    planned = plan(smoke_run.folder, ["figure2c"], {"extraction": {"precision": "bf16"}})
    assert planned["render_clips"] == planned["simulate_clips"] == 0
    assert planned["extract_vjepa2_tiny_velocity"] == VELOCITY_SHARDS


def test_more_clips_rebuild_from_the_clips(smoke_run: Project) -> None:
    overlay = {"datasets": {"velocity": {"starts": 6}}}
    planned = plan(smoke_run.folder, ["figure2c"], overlay)
    assert planned["simulate_clips"] == 1
    assert planned["render_clips"] == 2  # 48 clips in shards of 30
    assert planned["extract_vjepa2_tiny_velocity"] == 2
    assert planned["extract_vjepa2_tiny_acceleration"] == 0
    assert planned["fit_probe"] == 2 * 2 * 2  # speed and direction; acceleration stays


def test_an_added_model_adds_only_its_own_chain(smoke_run: Project) -> None:
    tiny = yaml.safe_load((smoke_run.folder / "configs/smoke.yaml").read_text())
    tiny = tiny["encoders"]["models"]["vjepa2_tiny"]
    overlay = {
        "encoders": {"models": {"vjepa2_other": {**tiny, "layers": 3}}},
        "figures": {"figure2c": {"models": ["vjepa2_tiny", "vjepa2_other"]}},
    }
    expected = jobs(
        initialise_encoder=2,
        fit_probe=2 * FIGURE2C_RECIPES,
        judge_figure=1,
        draw_figure=1,
        figure2c=1,
    )
    for model in ("vjepa2_other", "vjepa2_other_untrained"):
        expected.update({name.format(model): count for name, count in CHAIN_OF_A_MODEL.items()})
    assert plan(smoke_run.folder, ["figure2c"], overlay) == expected


@pytest.mark.parametrize(
    ("module", "old", "new", "rebuilt", "kept"),
    [
        ("pez/scores/regression.py", "return 1.0 -", "return 2.0 -",
         ["fit_probe"], ["extract_vjepa2_tiny_velocity", "render_clips"]),
        ("pez/features/spec.py", "layer + 1", "layer + 2",
         ["fit_probe"], ["extract_vjepa2_tiny_velocity"]),
        ("pez/features/reduce.py", "grid.mean(dim=2)", "grid.sum(dim=2)",
         ["extract_vjepa2_tiny_velocity", "fit_probe"], ["render_clips"]),
        ("pez/figures/style.py", "SMALL = 0.88", "SMALL = 0.9", ["draw_figure"], ["fit_probe"]),
        ("pez/clips/store.py", '"first_clip": first_clip', '"first_clip": first_clip + 1',
         ["render_clips", "fit_probe"], []),
    ],
)  # fmt: skip
def test_an_edited_module_rebuilds_what_uses_it(
    built: Project, module: str, old: str, new: str, rebuilt: list[str], kept: list[str]
) -> None:
    path = built.folder / "workflow_scripts" / module
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    planned = plan(built.folder)
    assert all(planned[rule] > 0 for rule in rebuilt), planned
    assert all(planned[rule] == 0 for rule in kept), planned


def test_touch_and_comments_rebuild_nothing(built: Project) -> None:
    for path in sorted(built.folder.rglob("*"), reverse=True):  # inputs after what they make
        if ".snakemake" not in path.parts:
            path.touch()
    metrics = built.folder / "workflow_scripts/pez/scores/regression.py"
    metrics.write_text("# A comment.\n" + metrics.read_text())
    assert plan(built.folder, FIGURES) == jobs()


def test_a_plain_copy_rebuilds_nothing(smoke_run: Project, tmp_path: Path) -> None:
    """As by `cp -r`: every file has the time at which it was copied."""
    copy = tmp_path / "copy"
    shutil.copytree(smoke_run.folder, copy, copy_function=shutil.copyfile)
    assert plan(copy, FIGURES) == jobs()


def test_shipped_weights_count_by_their_content(project: Project) -> None:
    def provenance() -> str:
        planned = plan_jobs(project.folder, ["figure2c"], configfiles=[])
        job = next(job for job in planned if job.rule.name == "extract_vjepa2_nano_velocity")
        assert not any("vjepa2_nano.safetensors" in file for file in job.input)
        return job.params.made["provenance"]

    weights = project.folder / "resources/vjepa2_nano.safetensors"
    before = provenance()
    weights.touch()
    assert provenance() == before
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert provenance() != before


@pytest.fixture
def carried(smoke_run: Project, tmp_path: Path) -> Project:
    """Artifacts in another clone, without what Snakemake knew of them."""
    copied = smoke_run.copy(tmp_path / "carried")
    shutil.rmtree(copied.folder / ".snakemake")
    return copied


def test_carried_artifacts_of_the_same_provenance_are_used(carried: Project) -> None:
    assert plan(carried.folder, FIGURES) == jobs()


def test_carried_artifacts_of_another_provenance_are_made_anew(carried: Project) -> None:
    overlay = {"probes": {"speed": {"normalisation": "center"}}}
    expected = jobs(fit_probe=4, judge_figure=1, draw_figure=1, figure2c=1)
    assert plan(carried.folder, ["figure2c", "figure2b"], overlay) == expected
    assert plan(carried.folder, ["figure2c", "figure2b"]) == jobs()  # what they were made from
    style = carried.folder / "workflow_scripts/pez/figures/style.py"
    style.write_text(style.read_text().replace("SMALL = 0.88", "SMALL = 0.9"))
    assert plan(carried.folder, ["figure2c"]) == jobs(draw_figure=1, figure2c=1)


def test_carried_artifacts_of_no_known_provenance_are_made_anew(carried: Project) -> None:
    shutil.rmtree(carried.folder / SMOKE_OUT / "provenance")
    planned = plan(carried.folder)
    assert planned == plan(carried.folder, overlay={"output_dir": "elsewhere"})


def test_a_moved_checkout_rebuilds_nothing(built: Project, tmp_path: Path) -> None:
    moved = built.folder.rename(tmp_path / "moved")
    assert plan(moved, ["figure2c", "figure2b"]) == jobs()


def test_a_deleted_figure_is_redrawn_from_the_probes(built: Project) -> None:
    (built.folder / SMOKE_OUT / "figures/figure2c.png").unlink()
    assert plan(built.folder) == jobs(draw_figure=1, figure2c=1)


def test_features_survive_the_loss_of_clips(built: Project) -> None:
    """Clips are bulky: who deletes them keeps features, probes and figures."""
    shutil.rmtree(Path(built.folder, SMOKE_OUT, "clips/kubric/acceleration"))
    planned = plan(built.folder, ["figure2c"], {"figure_style": {"dpi": 200}})
    assert planned == jobs(draw_figure=1, figure2c=1)


def test_a_page_is_refused_for_what_is_wrong_with_its_audit(project: Project) -> None:
    with pytest.raises(WorkflowError, match=r"audit\.models = 'x'"):
        plan(project.folder, ["page"], {"audit": {"models": ["x"]}})


def test_a_working_directory_without_a_configuration_takes_the_defaults(
    project: Project, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    snakefile = str(project.folder / "Snakefile")
    planned = project.snakemake("clips", "-n", "-s", snakefile, "--directory", str(empty))
    assert "render_clips" in planned.stdout + planned.stderr
