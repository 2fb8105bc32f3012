"""Predictors are trained apart from one another, kept with whose they are, and score movies."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from inside.prediction_samples import (
    FRAMES,
    ORDER,
    SPEC,
    STATES,
    frozen,
    predictors_spec,
    section,
    write_movies,
)
from pez.encoders.ready import open_encoder
from pez.features.spec import ExtractionSpec
from pez.inside.kinds.layer_prediction import WINDOW_FRAMES
from pez.inside.movies import Movies, open_movies, score_movies
from pez.inside.prediction.files import read_predictors, write_predictors
from pez.inside.prediction.frozen import freeze
from pez.inside.prediction.names import ALL, DIFFERING, LAST, SAME, TRAINED, predicted
from pez.inside.prediction.train import Trained, draw_clips, token_places, train, window_side
from pez.runtime.errors import ArtifactError, ConfigError
from pez.runtime.tables import open_table

NETWORK = {"model": "tiny", "weights_checksum": "1", "precision": "fp32"}


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(frozen(), predictors_spec())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("movies")
    write_movies(folder)
    spec = section()
    ready = open_encoder(
        folder / "tiny.safetensors", "tiny", SPEC, WINDOW_FRAMES, "cpu", "resize", "fp32"
    )
    found = train(freeze(ready.encoder, ready.compute), spec.predictors)
    paths = folder / "predictors.safetensors", folder / "log.parquet"
    write_predictors(found, spec.predictors, ready.metadata, *paths)
    return folder


def opened(folder, **changes: object) -> Movies:
    return open_movies(
        folder / "movies", folder / "labels.parquet", folder / "predictors.safetensors",
        folder / "tiny.safetensors", "tiny", SPEC, ExtractionSpec(batch_size=2, precision="fp32"),
        section(**changes), "cpu",
    )  # fmt: skip


def test_training_lowers_the_error_of_every_predictor() -> None:
    log = train(frozen(), predictors_spec(steps=40, contexts=(8,), learning_rate=5e-3)).log
    for _, rows in log.groupby(["reading", "state"]):
        losses = rows.sort_values("step")["loss"].to_numpy()
        assert losses[-5:].mean() < 0.9 * losses[:5].mean()


def test_a_predictor_does_not_depend_on_the_others(trained: Trained) -> None:
    fewer = train(frozen(), predictors_spec(depths=(0, 1 / 3, 1)))
    assert list(fewer.predictors) == predicted([0, 1, 3])
    assert list(trained.predictors) == predicted(STATES)
    for which, predictor in fewer.predictors.items():
        for name, value in predictor.state_dict().items():
            torch.testing.assert_close(value, trained.predictors[which].state_dict()[name])
    for state, mean in fewer.means.items():
        torch.testing.assert_close(mean, trained.means[state])


def test_the_log_has_the_contexts_in_turn(trained: Trained) -> None:
    by_step = trained.log.groupby("step")["context"].unique()
    assert [one.tolist() for one in by_step] == [[4], [8]]
    assert len(trained.log) == 2 * len(predicted(STATES))


def test_a_window_of_a_step_lies_at_one_place_and_keeps_its_positions() -> None:
    spec = predictors_spec(window=32, clips=3)
    shown, corner = draw_clips(spec, 32, 5, torch.device("cpu"))
    assert shown.shape == (3, 16, 3, 32, 32) and all(0 <= one < 15 for one in corner)
    again, same = draw_clips(spec, 32, 5, torch.device("cpu"))
    assert torch.equal(shown, again) and corner == same
    other, _ = draw_clips(spec, 32, 6, torch.device("cpu"))
    assert not torch.equal(shown, other)
    places = token_places(4, 2, (1, 2), torch.device("cpu"))
    assert places.tolist()[:4] == [6, 7, 10, 11] and places.tolist()[4] == 16 + 6
    whole = token_places(4, 4, (9, 7), torch.device("cpu"))
    assert torch.equal(whole, torch.arange(8 * 16))


def test_a_window_has_the_rotation_of_its_place() -> None:
    rotary = frozen().rotary
    vectors = torch.randn(1, 2, 8 * 16, SPEC.hidden_size // SPEC.heads)
    places = token_places(4, 2, (2, 1), torch.device("cpu"))
    of_window = rotary.at_positions(places)(vectors[:, :, places])
    torch.testing.assert_close(of_window, rotary(vectors)[:, :, places])


def test_windows_that_make_no_patches_are_refused() -> None:
    spec = predictors_spec(window=48)
    with pytest.raises(ConfigError, match=r"windows of 48 pixels cannot be cut into .* of 32"):
        window_side(spec, SPEC.model_copy(update={"patch_size": 32}))
    assert window_side(predictors_spec(window=128), SPEC) == SPEC.input_size


def test_predictors_come_back_and_others_are_refused(trained: Trained, tmp_path) -> None:
    path, spec, encoder = tmp_path / "p.safetensors", predictors_spec(), frozen()
    write_predictors(trained, spec, NETWORK, path, tmp_path / "log.parquet")
    found, means = read_predictors(path, spec, encoder, NETWORK)
    for which, predictor in found.items():
        for name, value in predictor.state_dict().items():
            assert torch.equal(value, trained.predictors[which].state_dict()[name])
    assert torch.equal(means[3], trained.means[3])
    assert len(open_table(tmp_path / "log.parquet").table) == len(trained.log)
    with pytest.raises(ArtifactError, match="weights_checksum = '1', and '2' is expected"):
        read_predictors(path, spec, encoder, {**NETWORK, "weights_checksum": "2"})
    with pytest.raises(ArtifactError, match="predictors of another training"):
        read_predictors(path, predictors_spec(steps=3), encoder, NETWORK)


def test_movies_are_scored_and_the_table_says_whose_they_are(folder, tmp_path) -> None:
    movies = opened(folder)
    score_movies(section(), movies, tmp_path / "tiny.parquet")
    table = open_table(tmp_path / "tiny.parquet")
    known, rows = table.metadata, table.table
    assert known["windows"] == (FRAMES - 16) // 4 + 1 and known["states"] == STATES
    assert len(known["clip_ids"]) == 3 * len(ORDER)
    assert known["kind"] == "layer_prediction" and known["model"] == "tiny"
    keys = ["clip_id", "predictor", "reading", "state", "context", "tokens"]
    assert not rows[keys].duplicated().any()
    # two readings, two predictors that need no training, two contexts, two kinds of token
    assert len(rows) == 3 * len(ORDER) * (2 + 2) * len(STATES) * 2 * 2
    assert set(rows["tokens"]) == {ALL, DIFFERING}
    last = rows[(rows["predictor"] == TRAINED) & (rows["state"] == STATES[-1])]
    both = last.pivot(index=["clip_id", "context", "tokens"], columns="reading", values="surprise")
    assert (both[SAME] == both[LAST]).all()
    assert rows.groupby("tokens", observed=True)["surprise"].min()[ALL] > 0
    labels = movies.labels.set_index("clip_id")
    first = rows.drop_duplicates("clip_id").set_index("clip_id")
    assert (first["possible"] == labels["possible"]).all()


def test_scores_do_not_depend_on_how_many_windows_a_batch_holds(folder, tmp_path) -> None:
    movies = opened(folder)
    tables = []
    for size in (1, 5):
        path = tmp_path / f"{size}.parquet"
        score_movies(section(), replace(movies, batch_size=size), path)
        tables.append(open_table(path).table["surprise"].to_numpy())
    np.testing.assert_allclose(*tables, rtol=1e-4)


def test_only_the_first_scenes_are_scored(folder) -> None:
    assert len(opened(folder, first_scenes=1).labels) == 3 * len(ORDER)
    assert len(opened(folder).frames(opened(folder).labels.to_dict("records")[0])) == FRAMES


def test_a_movie_that_lost_a_frame_is_named(folder, tmp_path) -> None:
    movies = replace(opened(folder), root=tmp_path)
    with pytest.raises(ArtifactError, match=r"movie .*O1/01/1: .*scene_001\.png is missing"):
        score_movies(section(), movies, tmp_path / "tiny.parquet")


def test_encoders_without_rotary_positions_are_refused() -> None:
    encoder = frozen()
    for block in encoder.encoder.blocks():
        block.attention.rotate = None
    with pytest.raises(ConfigError, match="'vjepa2' have no rotary positions"):
        freeze(encoder.encoder, encoder.compute)
