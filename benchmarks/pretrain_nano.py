"""Measure and train the small encoder on a GPU machine, outside the workflow.

    python benchmarks/pretrain_nano.py measure  --spec spec.json
    python benchmarks/pretrain_nano.py train    --spec spec.json --out FOLDER [--processes 4]
                                                [--seconds 120]
    python benchmarks/pretrain_nano.py evaluate NAME/encoder.safetensors ... --out FOLDER

`spec.json` holds a section ``pretraining`` of the configuration. `train` copies the encoder of
every saved state to FOLDER, so that a machine that is lost loses little; with ``--seconds`` it
times a few steps of every phase first and scales the numbers of steps to the time. `evaluate`
needs no Blender: it probes ray-cast balls (see `ball_probes.py`) and prints a table.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import pandas as pd
import torch
from ball_probes import evaluate
from safetensors.numpy import load_file

from pez.encoders.architecture import architecture_metadata
from pez.encoders.compute import choose_compute
from pez.encoders.initialise import write_initial_weights
from pez.encoders.spec import EncoderSpec
from pez.pretraining.launch import launch
from pez.pretraining.objective import target_features
from pez.pretraining.spec import PretrainingSpec
from pez.pretraining.train import Files, Team, Trainer, draw_batch
from pez.runtime.tensor_file import read_metadata, write_tensors

ENCODER = EncoderSpec.model_validate(
    {
        "hidden_size": 192,
        "layers": 12,
        "heads": 3,
        "mlp_size": 768,
        "input_size": 256,
        "weights": {"source": "random", "seed": 1},
    }
)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WARM_UP, TIMED = 3, 10


def read_spec(path: Path, **changes: Any) -> PretrainingSpec:
    return PretrainingSpec.model_validate(json.loads(path.read_text()) | changes)


def wait() -> None:
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def timed(work: Any) -> float:
    """Median seconds of ``work(i)`` after warm-up (which compiles)."""
    seconds = []
    for index in range(WARM_UP + TIMED):
        wait()
        started = time.perf_counter()
        work(index)
        wait()
        seconds.append(time.perf_counter() - started)
    return sorted(seconds[WARM_UP:])[TIMED // 2]


def measure(spec: PretrainingSpec) -> list[float]:
    """Time the parts of a step of every phase in this process alone; return seconds a step."""
    device, team, seconds = torch.device(DEVICE), Team(), []
    for phase in spec.phases:
        alone = spec.model_copy(update={"phases": (phase.model_copy(update={"steps": 10**6}),)})
        started = time.perf_counter()
        trainer = Trainer(ENCODER, alone, device, team)
        trainer.step(0)
        wait()
        compiled = time.perf_counter() - started
        batch = draw_batch(alone, 0, team, device, trainer._draw)

        def target(_: int, trainer: Any = trainer, batch: Any = batch) -> None:
            with trainer._autocast():
                target_features(trainer.learner.target, batch.patches, batch.positions)

        def draw(i: int, spec: Any = alone, trainer: Any = trainer) -> None:
            draw_batch(spec, i, team, device, trainer._draw)

        parts = {"draw": timed(draw), "target": timed(target), "step": timed(trainer.step)}
        memory = torch.cuda.max_memory_allocated() / 2**30 if DEVICE == "cuda" else float("nan")
        text = ", ".join(f"{name} {1e3 * value:.1f} ms" for name, value in parts.items())
        print(
            f"window {phase.window}, {phase.clips} clips: {text}, "
            f"{phase.clips / parts['step']:.0f} clips/s, first step {compiled:.0f} s, "
            f"{memory:.1f} GiB",
            flush=True,
        )
        seconds.append(parts["step"])
        del trainer
    return seconds


def share_of(spec: PretrainingSpec, processes: int) -> PretrainingSpec:
    """What one of several processes does of ``spec``."""
    phases = [phase.model_copy(update={"clips": phase.clips // processes}) for phase in spec.phases]
    return spec.model_copy(update={"phases": tuple(phases)})


def fit_time(spec: PretrainingSpec, seconds: float, step_seconds: list[float]) -> PretrainingSpec:
    """Scale the steps of all phases by one factor so that they take ``seconds``."""
    slack = 1.05  # logging, saving and the averaging of gradients are not in the measured steps
    planned = slack * sum(p.steps * s for p, s in zip(spec.phases, step_seconds, strict=True))
    phases = [
        phase.model_copy(update={"steps": max(1, round(phase.steps * seconds / planned))})
        for phase in spec.phases
    ]
    print("steps:", [phase.steps for phase in phases], flush=True)
    return spec.model_copy(update={"phases": tuple(phases)})


def export(state: Path, output: Path) -> None:
    """Write the target encoder in ``state`` as float16."""
    tensors = {
        name.removeprefix("target."): value.astype("float16")
        for name, value in load_file(state).items()
        if name.startswith("target.")
    }
    step = read_metadata(state)["step"]
    write_tensors(output, tensors, {"architecture": architecture_metadata(ENCODER), "step": step})


def train(spec: PretrainingSpec, out: Path, state: Path, processes: int) -> None:
    files = Files(out / "encoder.safetensors", out / "log.parquet", state)
    (out / "spec.json").write_text(spec.model_dump_json(indent=1))
    shown = time.monotonic()

    def report(row: dict[str, Any]) -> None:
        nonlocal shown
        if time.monotonic() - shown > 10 or row["step"] in (spec.log_every, spec.steps):
            shown = time.monotonic()
            print(
                f"{row['step']:6d}/{spec.steps} window {row['window']} loss {row['loss']:.4f} "
                f"spread {row['spread']:.3f} gradient {row['gradient_norm']:.3f} "
                f"{row['seconds']:.0f} s",
                flush=True,
            )
        if row["step"] % spec.save_every == 0 and state.exists():
            export(state, out / "latest.safetensors")

    launch(ENCODER, spec, DEVICE, processes, files, report)


def print_table(table: pd.DataFrame) -> None:
    """One row per stream and model, one column per target, grouping and pooling."""
    short = {"direction_sincos": "dir", "speed": "spd", "acceleration": "acc"}
    short |= {"start_index": "pos", "direction_spatial_sector": "sec"}
    short |= {"mean": "mean", "temporal_last": "last"}
    keys = ["target", "grouping", "pooling"]
    table = table.assign(column=table[keys].replace(short).agg(" ".join, axis=1))
    wide = table.pivot(index=["model", "stream"], columns="column", values="r2")
    print(wide.round(3).to_string(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mode", choices=["measure", "train", "evaluate"])
    parser.add_argument("weights", nargs="*", type=Path)
    parser.add_argument("--spec", type=Path)
    parser.add_argument("--out", type=Path, default=Path("artifacts/pretraining"))
    parser.add_argument("--state", type=Path, help="default: FOLDER/state.safetensors")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.mode == "evaluate":
        weights = {path.parent.name: path for path in given.weights}
        weights["untrained"] = given.out / "untrained.safetensors"
        write_initial_weights(ENCODER, 1, weights["untrained"])
        table = evaluate(weights, ENCODER, choose_compute(DEVICE, "auto"))
        table.to_csv(given.out / "evaluation.csv", index=False)
        print_table(table)
        return
    spec = read_spec(given.spec)
    if given.mode == "measure":
        measure(spec)
        return
    if given.seconds is not None:
        spec = fit_time(spec, given.seconds, measure(share_of(spec, given.processes)))
    train(spec, given.out, given.state or given.out / "state.safetensors", given.processes)


if __name__ == "__main__":
    main()
