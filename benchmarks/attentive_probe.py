"""The attentive probe of figure 8: every layer, all folds, both selections.

    python benchmarks/attentive_probe.py [--device cuda] [--layers 24] [--minutes 8]
    python benchmarks/attentive_probe.py --device cpu --threads 1 --solver attentive_small \
        --clips 240 --width 192 --layers 12

Synthetic tokens of the shape of the last tubelet (V-JEPA 2 Large's, or the embedded model's as in
the second line), with a weak trace of the label that grows with depth, so that early stopping does
what it does on real ones. First the classifiers trained together are compared with the same ones
trained one by one. With --no-stopping every fit runs all its epochs: then the work is known, and so
is its share of the ceiling.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from pez.recipes.spec import AttentiveSolver, read_solver
from pez.recipes.splits import Split
from pez.solvers.attentive import fit_attentive, fit_bytes
from pez.solvers.attentive_classifier import forward_flop
from pez.solvers.task import PlausibilityTask

ROOT = Path(__file__).resolve().parents[1]
FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--clips", type=int, default=360)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--solver", default="attentive", help="of config.yaml")
    parser.add_argument("--threads", type=int, help="of an operation on a CPU")
    parser.add_argument("--minutes", type=float, default=8, help="no layer is begun after these")
    parser.add_argument("--no-stopping", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads or torch.get_num_threads())
    check_equality(options.device)
    solver = read_solver(
        yaml.safe_load((ROOT / "config.yaml").read_text())["solvers"][options.solver]
    )
    assert isinstance(solver, AttentiveSolver), options.solver
    if options.no_stopping:
        solver = solver.model_copy(update={"patience": solver.epochs})
    memory = 4 << 30
    name, rate = f"{torch.get_num_threads()} threads", product_rate(options.device)
    if options.device == "cuda":
        memory = int(0.6 * torch.cuda.mem_get_info()[0])
        name = torch.cuda.get_device_name()
    print(f"{name}, large products {rate / 1e12:.3g} TFLOP/s")
    together = memory // fit_bytes(solver, options.clips, options.tokens, options.width)
    print(f"memory for {together} fits at once, {FOLDS} of each kind to train")
    task = make_task(options.clips, solver, memory)
    seconds, epochs = [], []
    started = time.perf_counter()
    for layer in range(options.layers):
        if time.perf_counter() - started > 60 * options.minutes:
            break
        tokens = layer_tokens(task, options.tokens, options.width, layer / options.layers)
        begin, cpu = time.perf_counter(), time.process_time()
        choices = fit_attentive(task, solver, tokens, options.device)
        seconds.append(time.perf_counter() - begin)
        epochs.append(np.mean([choice.steps.mean() for choice in choices.values()]))
        print(
            f"layer {layer}: {seconds[-1]:.2f} s (CPU {time.process_time() - cpu:.1f} s), ", end=""
        )
        print(f"epochs chosen {epochs[-1]:.1f}", flush=True)
    done, median = len(seconds), statistics.median(seconds)
    print(
        f"{done} of {options.layers} layers in {sum(seconds):.0f} s, median {median:.2f} s; ",
        end="",
    )
    print(f"all {options.layers}: {sum(seconds) + (options.layers - done) * median:.0f} s")
    if options.no_stopping:
        flop = layer_flop(task, solver, options.tokens, options.width)
        print(
            f"{flop / 1e12:.3g} TFLOP a layer, {flop / rate:.2g} s at that rate: "
            f"{flop / median / 1e12:.3g} TFLOP/s"
        )
    if options.device == "cuda":
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def product_rate(device: str) -> float:
    """Operations per second of a large matrix product, bfloat16 on a GPU and float32 on a CPU."""
    size, kind = (8192, torch.bfloat16) if device == "cuda" else (1024, torch.float32)
    left, right = (torch.randn(size, size, device=device).to(kind) for _ in range(2))
    wait = torch.cuda.synchronize if device == "cuda" else int
    times = []
    for _ in range(12):
        wait()
        start = time.perf_counter()
        left @ right
        wait()
        times.append(time.perf_counter() - start)
    return 2 * size**3 / statistics.median(times[2:])


def make_task(clips: int, solver: AttentiveSolver, memory: int) -> PlausibilityTask:
    scenes, labels = np.repeat(np.arange(clips // 4), 4), np.tile([1.0, 0, 0, 1], clips // 4)
    outer, inner = [], []
    for fold in range(FOLDS):
        held_out, seen = scenes % FOLDS == fold, scenes % FOLDS == (fold + 1) % FOLDS
        outer.append(Split(~held_out, held_out))
        inner.append(Split(~held_out & ~seen, seen))
    return PlausibilityTask(
        targets=labels[:, None],
        outer=outer,
        inner=inner,
        selections=("validation", "nested"),
        normalisation="zscore",
        solver=solver,
        memory=memory,
        scenes=scenes,
        selected_by="relative_accuracy",
    )


def layer_tokens(task: PlausibilityTask, count: int, width: int, depth: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(round(1e6 * depth))
    clips = len(task.targets)
    tokens = torch.randn(clips, count, width, generator=generator)
    trace = torch.randn(width, generator=generator) * depth
    tokens[:, ::16] += torch.from_numpy(2 * task.targets - 1).float()[:, None] * trace
    return tokens.half()


def layer_flop(task: PlausibilityTask, solver: AttentiveSolver, count: int, width: int) -> float:
    """Forward and backward (twice the forward) on training clips, forward on held-out ones."""
    splits = [*task.outer, *task.inner]
    trained = sum(int(split.train.sum()) for split in splits)
    read = sum(int(split.held_out.sum()) for split in splits)
    return (
        solver.epochs
        * (3 * trained + read)
        * forward_flop(count, width, solver.depth, solver.heads)
    )


def check_equality(device: str) -> None:
    solver = AttentiveSolver(method="attentive", depth=2, heads=2, epochs=3, patience=3)
    together, alone = (
        fit_attentive(task, solver, layer_tokens(task, 16, 32, 1.0), device)["validation"]
        for task in (make_task(40, solver, memory) for memory in (1 << 30, 1))
    )
    error = float(np.nanmax(np.abs(together.predictions - alone.predictions)))
    print(f"trained together and one by one: logits differ by at most {error:.1g}")
    if not error < 0.05:  # bfloat16 on a GPU
        raise SystemExit("together and alone disagree")


if __name__ == "__main__":
    main()
