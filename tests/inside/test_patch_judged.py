"""From clips through a tiny encoder to the table; from planted answers to verdict and picture."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inside.drawn_files import not_as_declared
from inside.inside_samples import IDS, SPEC, opened, write_dataset
from pez.clips.labels import TRAJECTORY_COLUMNS
from pez.emergence.facts import ModelFacts
from pez.encoders.family import Grid
from pez.features.spec import ExtractionSpec
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, to_markdown
from pez.inside.measure import measure_network
from pez.inside.patches.rows import (
    BY_PATH,
    PATCH,
    PIXELS,
    POOLED,
    TOKENS,
    half_rows,
    joined,
    patch_rows,
    track_rows,
)
from pez.inside.patches.track import HALVES, OPPOSITE, Track
from pez.inside.registry import find_inside_section, judge
from pez.inside.spec import InsideSpec
from pez.runtime.errors import ArtifactError, PezError
from pez.runtime.tables import open_table, write_table

FRAMES, SIDE = 8, 64  # of the small dataset
GRID = Grid(8, 4, 4)
STATES, ASKED = 13, 5  # of 12 blocks, those with an output at .25 to .45 of depth end at 5
CLIPS = 120
LABELS = pd.DataFrame(
    {
        "clip_id": [f"velocity_{number:04d}" for number in range(CLIPS)],
        "condition": np.arange(CLIPS) // 3,
        "direction_rad": 2 * np.pi * (np.arange(CLIPS) // 3 % 8) / 8,
    }
)
TARGETS = np.stack([np.sin(LABELS["direction_rad"]), np.cos(LABELS["direction_rad"])], axis=1)


def patches_spec(**changes: object) -> InsideSpec:
    fields = {
        "kind": "patch_probes",
        "dataset": "velocity",
        "clips_per_condition": 3,
        "models": ["tiny"],
        "folds": 2,
        "distances": [0, 1, 2],
        "far": 1,
        "draws": 100,
        "figures": {"figure18": "patch_probes"},
    }
    return find_inside_section("patch_probes").model_validate(fields | changes)


def write_paths(folder: Path) -> str:
    """Write balls on straight lines, which clips and labels are then said to be made from."""
    random = np.random.default_rng(0)
    starts, speeds = random.uniform(-2, 2, (2, len(IDS), 2))
    time = np.arange(FRAMES) / 24
    place = starts[:, None] + speeds[:, None] * time[:, None]
    table = pd.DataFrame(0.0, index=range(len(IDS) * FRAMES), columns=TRAJECTORY_COLUMNS[2:])
    table[["x_m", "y_m"]] = place.reshape(-1, 2)
    table[["x_px", "y_px"]] = SIDE / 2 + 8 * (place * (1, -1)).reshape(-1, 2)
    table["z_m"] = 0.3
    table.insert(0, "clip_id", np.repeat(IDS, FRAMES))
    table.insert(1, "frame", np.tile(np.arange(FRAMES), len(IDS)))
    known = {"dataset": "velocity", "frame_shape": [FRAMES, SIDE, SIDE], "clip_ids": IDS}
    return write_table(folder / "trajectories.parquet", table, known)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("dataset")
    write_dataset(made, source=write_paths(made))
    return made


def test_the_table_holds_every_probe_of_every_state(folder: Path, tmp_path: Path) -> None:
    spec = patches_spec()
    network = opened(folder, spec, trajectories=folder / "trajectories.parquet", scene={})
    measure_network(spec, network, tmp_path / "tiny.parquet")
    rows = open_table(tmp_path / "tiny.parquet").table
    clips, patches, states = len(IDS), 16, SPEC.layers + 1
    count = rows.groupby("read", observed=True).size()
    assert count[PATCH] == clips * patches * states
    assert count[PIXELS] == count["track"] == clips * patches
    assert count[POOLED] == clips * states
    assert count[TOKENS] == clips * states * 4 * 3  # within, across as it is and recentred
    assert np.isfinite(rows[["sin", "cos", "direction_rad"]]).all().all()
    assert (np.hypot(rows["sin"], rows["cos"]) <= 1 + 1e-6).all()
    track = rows[rows["read"] == "track"]
    assert track[["distance", "touched"]].notna().all().all()
    reached = track["touched"] > 0  # a ball of .15 patches, that is in view all the time
    assert track.loc[reached, "distance"].max() < np.sqrt(0.5) + 0.15
    assert track.loc[~reached, "distance"].min() > 0.5 and reached.any() and not reached.all()


def test_distances_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="each is to exceed the last"):
        patches_spec(distances=[0, 2, 2])


def test_what_the_judge_alone_reads_is_no_part_of_the_tables() -> None:
    spec = patches_spec()
    assert spec.alone() == patches_spec(far=2, distances=[0, 3]).alone()
    assert spec.alone() != patches_spec(folds=3).alone()


def test_another_datasets_paths_are_refused(folder: Path, tmp_path: Path) -> None:
    paths = open_table(folder / "trajectories.parquet")
    other = tmp_path / "trajectories.parquet"
    write_table(other, paths.table.assign(x_m=0.0), paths.metadata)
    with pytest.raises(ArtifactError, match="says source"):
        opened(folder, patches_spec(), trajectories=other, scene={})


def test_cropped_frames_are_refused(folder: Path, tmp_path: Path) -> None:
    spec = patches_spec()
    network = opened(
        folder,
        spec,
        trajectories=folder / "trajectories.parquet",
        scene={},
        extraction=ExtractionSpec(batch_size=2, precision="fp32", preprocessing="eval_preproc"),
    )
    with pytest.raises(PezError, match="set it to resize"):
        measure_network(spec, network, tmp_path / "tiny.parquet")


def answers_of(quality: float, seed: int) -> np.ndarray:
    """Answers whose R2 is about ``quality``; of 0, the mean."""
    random = np.random.default_rng(seed)
    return quality * TARGETS + np.sqrt(quality - quality**2) * random.normal(
        scale=np.sqrt(0.5), size=TARGETS.shape
    )


def planted(path: Path, spread: float, transfer: float) -> None:
    """Write a table of answers that are as good as asked from state 4 on, and of none before."""
    track = Track(
        GRID,
        centre=np.repeat(np.random.default_rng(2).uniform(0, 4, (CLIPS, 1, 2)), FRAMES, axis=1),
        radius=np.full((CLIPS, FRAMES), 0.4),
    )
    near = track.distance.T < 1  # [P, n]

    def by_patch(away: float, close: float, seed: int) -> np.ndarray:
        far = np.stack([answers_of(away, seed + patch) for patch in range(16)])
        own = np.stack([answers_of(close, seed + 99 + patch) for patch in range(16)])
        return np.where(near[..., None], own, far)

    parts = [
        track_rows(by_patch(0.0, 0.2, 1), track, LABELS),
        patch_rows(PIXELS, -1, by_patch(0.0, 0.3, 2), LABELS),
    ]
    for state in range(STATES):
        late = float(state >= 4)
        parts.append(patch_rows(PATCH, state, by_patch(late * spread, 0.5, 10 * state), LABELS))
        parts.append(half_rows(POOLED, state, answers_of(0.9, state), LABELS))
        for read in (TOKENS, BY_PATH):
            for number, side in enumerate(HALVES):
                for target, reading, quality in (
                    (side, "frozen", 0.8),
                    (OPPOSITE[side], "frozen", late * transfer),
                    (OPPOSITE[side], "recentred", 0.6),
                ):
                    clips = np.arange(number % 2, CLIPS, 2) if read == BY_PATH else None
                    answers = answers_of(quality, 7 * state + number)
                    parts.append(
                        half_rows(
                            read, state, answers if clips is None else answers[clips], LABELS,
                            clips, source=side, target=target, reading=reading,
                        )
                    )  # fmt: skip
    write_table(path, joined(parts), {
        "model": path.stem, "dataset": "velocity", "kind": "patch_probes",
        "clip_ids": list(LABELS["clip_id"]), "labels": "1", "source": "2", "precision": "fp32",
        "preprocessing": "resize", "input_size": 64, "weights_checksum": path.stem,
        "grid": {"tubelets": 8, "rows": 4, "columns": 4},
    })  # fmt: skip


def judged(tmp_path: Path, own: tuple[float, float], untrained: tuple[float, float] | None):
    paths, controls = [tmp_path / "tiny.parquet"], {}
    planted(paths[0], *own)
    if untrained:
        paths.append(tmp_path / "tiny_untrained.parquet")
        planted(paths[1], *untrained)
        controls = {"untrained": [1]}
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    spec = patches_spec(controls=controls)
    return judge(spec, paths, Facts("figure18", "patch_probes", {"tiny": facts}, "made up"))


def test_direction_everywhere_and_in_one_code(tmp_path: Path) -> None:
    found = judged(tmp_path, (0.6, 0.7), (0.0, 0.0)).verdict
    assert [said.answer for said in found.models] == ["yes", "yes", "yes"]
    spread, tokens, clips = found.models
    numbers = {number.name: number for number in spread.numbers}
    assert numbers[f"R2 away from the ball, state {ASKED}"].value == pytest.approx(0.6, abs=0.05)
    assert "tokens of opposite halves" in tokens.question
    assert "stay in opposite halves" in clips.question
    page = to_markdown(found)
    assert "largest at state" in page and "left to right 0." in page
    assert "states 4, 5, 6, 7, 8, 9, 10, 11, 12" in page
    numbers = {number.name: number for number in tokens.numbers}
    assert numbers["within"].value == pytest.approx(0.8, abs=0.05)
    assert numbers["across less within"].high < 0


def test_direction_at_the_ball_alone_and_in_many_codes(tmp_path: Path) -> None:
    found = judged(tmp_path, (0.0, 0.0), (0.0, 0.0)).verdict
    assert [said.answer for said in found.models] == ["no", "no", "no"]


def test_as_good_as_untrained_is_no_finding(tmp_path: Path) -> None:
    found = judged(tmp_path, (0.6, 0.7), (0.8, 0.85)).verdict
    assert [said.answer for said in found.models] == ["no", "no", "no"]


def test_without_an_untrained_network_nothing_is_decided(tmp_path: Path) -> None:
    found = judged(tmp_path, (0.6, 0.7), None).verdict
    assert [said.answer for said in found.models] == ["undecided"] * 3
    assert all("untrained network stands beside it" in said.reason for said in found.models)


def test_rows_that_are_missing_are_refused(tmp_path: Path) -> None:
    planted(tmp_path / "tiny.parquet", 0.5, 0.5)
    whole = open_table(tmp_path / "tiny.parquet")
    write_table(tmp_path / "tiny.parquet", whole.table.iloc[:-5], whole.metadata)
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    with pytest.raises(ArtifactError, match="rows of clips_by_path"):
        judge(
            patches_spec(),
            [tmp_path / "tiny.parquet"],
            Facts("figure18", "patch_probes", {"tiny": facts}, "made up"),
        )


def test_the_picture_shows_the_scores(tmp_path: Path) -> None:
    series, style = judged(tmp_path, (0.6, 0.7), (0.0, 0.0)).series, FigureStyle(dpi=100)
    with styled(style):
        picture = build_inside("patch_probes", series, shown({"tiny": "of a test"}, "120"), style)
        axes = picture.figure.axes
        lines = {line.get_gid(): line for one in axes for line in one.get_lines()}
        images = {image.get_gid(): image for one in axes for image in one.get_images()}
    far = series[(series["what"] == "far") & (series["control"] == "none")]
    np.testing.assert_allclose(lines["none/far/"].get_ydata(), far["value"])
    assert lines["asked"].get_xdata()[0] == ASKED
    shared = [images[f"{control}/{ASKED}"] for control in ("none", "untrained")]
    assert {image.get_clim() for image in shared} == {(0.0, 1.0)}
    assert shared[0].get_array().shape == (4, 4) and images["touched"].get_array().max() > 0
    assert len([gid for gid in images if gid and gid.startswith("none/")]) == 6
    assert not_as_declared("patch_probes", series, tmp_path) == []
