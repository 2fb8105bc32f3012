import math

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny import ENCODER, files, training

from declared_tables import differences
from pez.encoders.compute import Compute
from pez.encoders.load import load_encoder
from pez.pretraining.collapse import CollapseWatch
from pez.pretraining.launch import launch
from pez.pretraining.objective import spread_over_clips
from pez.pretraining.schedule import learning_rate, target_momentum
from pez.pretraining.state import LOG_COLUMNS
from pez.pretraining.train import Team, Trainer, train
from pez.runtime.errors import PezError

CPU = torch.device("cpu")
TIMES = ["seconds"]


class Killed(Exception):
    pass


def run(folder, spec, kill_at=None):
    rows = []

    def report(row):
        rows.append(row)
        if row["step"] == kill_at:
            raise Killed

    train(ENCODER, spec, CPU, Team(), files(folder), report)
    return rows


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "pretraining/nano"
    folder.mkdir(parents=True)
    run(folder, training())
    return folder


def test_the_encoder_loads_in_the_workflow_and_the_log_is_whole(whole):
    encoder = load_encoder(whole / "encoder.safetensors", ENCODER, Compute(CPU, "fp32"))
    assert torch.isfinite(encoder(torch.randn(1, 16, 3, 256, 256))).all()
    log = pd.read_parquet(whole / "log.parquet")
    assert tuple(log.columns) == LOG_COLUMNS
    assert differences(whole.parents[1], "pretraining/*/*.parquet") == []
    assert log["step"].tolist() == [2, 4, 6, 8, 10, 12]
    assert log["window"].tolist() == [32, 32, 32, 32, 48, 48]
    assert (log["seconds"].diff()[1:] > 0).all()


def test_the_shipped_encoder_is_the_target_and_not_its_beginning(whole):
    state, shipped = (
        load_file(whole / "state.safetensors"),
        load_file(whole / "encoder.safetensors"),
    )
    beginning = Trainer(ENCODER, training(), CPU, Team()).learner.target.state_dict()
    for name, value in shipped.items():
        assert value.dtype == torch.float16
        assert torch.equal(value, state[f"target.{name}"].half())
        # keys have no gradient from the softmax's shift
        if not name.endswith("key.bias"):
            assert not torch.equal(state[f"target.{name}"], beginning[name])


@pytest.mark.parametrize("kill_at", [6, 10])
def test_kill_and_resume_repeats_the_run_bit_for_bit(whole, tmp_path, kill_at):
    """Killed two steps after the last saved state; on the CPU even rounding is the same."""
    with pytest.raises(Killed):
        run(tmp_path, training(), kill_at)
    (tmp_path / "log.parquet").unlink()  # as Snakemake does with the outputs of a killed job
    run(tmp_path, training())
    expected, resumed = (pd.read_parquet(at / "log.parquet") for at in (whole, tmp_path))
    pd.testing.assert_frame_equal(
        expected.drop(columns=TIMES), resumed.drop(columns=TIMES), check_exact=True
    )
    one, other = (load_file(at / "state.safetensors") for at in (whole, tmp_path))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_state_of_another_training_is_not_resumed(whole, tmp_path, capsys):
    (tmp_path / "state.safetensors").write_bytes((whole / "state.safetensors").read_bytes())
    rows = run(tmp_path, training(seed=1, phases=[{"window": 32, "clips": 4, "steps": 2}]))
    assert [row["step"] for row in rows] == [2]
    assert "other parameters" in capsys.readouterr().out


def test_the_loss_falls(tmp_path):
    phases = [{"window": 32, "clips": 8, "steps": 40}]
    rows = run(tmp_path, training(phases=phases, learning_rate=3e-3, log_every=10, save_every=40))
    losses = [row["loss"] for row in rows]
    assert losses[-1] < 0.97 * losses[0]


def test_two_processes_equal_one_with_the_same_clips(whole, tmp_path):
    rows = []
    launch(ENCODER, training(), "cpu", 2, files(tmp_path), rows.append)
    expected = pd.read_parquet(whole / "log.parquet")
    assert [row["step"] for row in rows] == expected["step"].tolist()
    got = pd.DataFrame(rows)
    assert (got["loss"] - expected["loss"]).abs().max() < 1e-5
    assert (got["gradient_norm"] / expected["gradient_norm"] - 1).abs().max() < 1e-3
    one, two = (load_file(at / "state.safetensors") for at in (whole, tmp_path))
    for name, value in one.items():
        if name.startswith("target."):
            assert (value - two[name]).abs().max() < 1e-4


def test_a_collapse_stops_the_run_with_a_message(tmp_path, monkeypatch):
    """Constructed: after the first steps the target encoder gives every clip the same."""
    follow = Trainer._follow

    def forget(trainer, weight):
        follow(trainer, weight)
        torch._foreach_zero_([p.data for p in trainer.learner.target.parameters()])

    monkeypatch.setattr(Trainer, "_follow", forget)
    with pytest.raises(PezError, match=r"collapsed: at step 2 .* by 0, before training by 0\.\d+"):
        run(tmp_path, training())


def test_spread_sees_what_a_layer_norm_would_hide():
    stream = torch.randn(16, 5, 8)
    collapsed = stream.mean(dim=0, keepdim=True) + 1e-4 * stream
    assert spread_over_clips(stream) == pytest.approx(1, abs=0.2)
    assert spread_over_clips(collapsed) < 2e-4


def test_the_watch_refuses_what_is_not_a_number():
    watch = CollapseWatch(first=1.0, share=0.1)
    watch.check(1, 0.5, 0.2)
    with pytest.raises(PezError, match="diverged"):
        watch.check(2, math.nan, 0.2)
    with pytest.raises(PezError, match="collapse_share"):
        watch.check(3, 0.5, 0.05)


def test_clips_that_cannot_be_shared_are_refused(tmp_path):
    with pytest.raises(PezError, match="8 clips cannot be split evenly among 3"):
        launch(ENCODER, training(), "cpu", 3, files(tmp_path), print)


def test_schedules():
    spec = training(
        phases=[{"window": 32, "clips": 2, "steps": 100}], warmup_share=0.1, learning_rate=1.0
    )
    rates = [learning_rate(spec, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[9] == pytest.approx(1)
    assert rates[-1] < 0.002 and rates[9:] == sorted(rates[9:], reverse=True)
    assert target_momentum(spec, 0) == 0.996 and target_momentum(spec, 100) == 1
