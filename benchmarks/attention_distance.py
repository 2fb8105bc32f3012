"""Attention distances of one clip: the forward pass alone, with them, and what they are made of.

    PYTHONPATH=workflow_scripts python benchmarks/attention_distance.py [--device cuda]
        [--model nano|large] [--clips 8] [--threads 1]

Random weights and random pixels: neither makes a difference to the time.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from pez.encoders.architecture import build_encoder
from pez.encoders.compute import choose_compute
from pez.encoders.hooks import HookPoint, run_with_hooks
from pez.encoders.initialise import initial_weights
from pez.encoders.registry import find_family
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import prepare
from pez.inside.attention import AttentionDistance
from pez.inside.distances import FIELDS

SIZES = {
    "nano": {"hidden_size": 192, "layers": 12, "heads": 3, "mlp_size": 768},
    "large": {"hidden_size": 1024, "layers": 24, "heads": 16, "mlp_size": 4096},
}
FRAMES, REPEATS = 16, 7


def timed(run: Callable[[], object], device: str) -> float:
    """Median seconds of `REPEATS` runs after one to warm up; on a CPU, of processor time, which
    other work beside it lengthens less."""
    clock = time.perf_counter if device == "cuda" else time.process_time
    seconds = []
    for _ in range(REPEATS + 1):
        started = clock()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(clock() - started)
    return statistics.median(seconds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--model", choices=SIZES, default="nano")
    parser.add_argument("--clips", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    weights = {"source": "random", "seed": 0}
    spec = EncoderSpec.model_validate({**SIZES[given.model], "input_size": 256, "weights": weights})
    compute = choose_compute(given.device, "auto")
    encoder = build_encoder(spec)
    encoder.load_state_dict(initial_weights(spec, 0), assign=True)
    encoder = prepare(encoder, compute)
    grid = find_family(spec.family).grid(spec, FRAMES)
    distance = AttentionDistance(grid, compute.device)
    scaling = encoder.blocks()[0].attention.scaling
    pixels = torch.randn(given.clips, FRAMES, 3, 256, 256, device=compute.device)
    waiting: list[torch.Tensor] = []

    def with_keys(key: torch.Tensor) -> None:
        distance(waiting.pop(), key, scaling)

    hooks = {}
    for block in range(spec.layers):
        hooks[HookPoint("rot_q", block)] = waiting.append
        hooks[HookPoint("rot_k", block)] = with_keys

    def forward(hooks: dict) -> None:
        with compute.autocast(), torch.inference_mode():
            run_with_hooks(encoder, pixels, hooks)

    tokens = grid.tubelets * grid.rows * grid.columns
    head = spec.hidden_size // spec.heads
    query, key = torch.randn(2, given.clips, tokens, spec.heads, head, device=compute.device)
    plain = timed(lambda: forward({}), given.device) / given.clips
    whole = timed(lambda: forward(hooks), given.device) / given.clips
    with torch.inference_mode():
        alone = timed(lambda: distance(query, key, scaling), given.device) / given.clips
    operations = 2 * spec.layers * spec.heads * tokens**2 * (head + len(FIELDS))
    where = torch.cuda.get_device_name() if given.device == "cuda" else f"{given.threads} thread(s)"
    print(f"{given.model}, {where}, {compute.precision}, batch of {given.clips}, a clip:")
    print(f"  forward pass           {1e3 * plain:8.1f} ms")
    print(f"  with all distances     {1e3 * whole:8.1f} ms")
    print(f"  distances of one block {1e3 * alone:8.2f} ms")
    print(f"  products               {operations / 1e9:8.1f} GFLOP")
    if given.device == "cuda":
        print(f"  peak memory            {torch.cuda.max_memory_allocated() / 2**30:8.1f} GiB")


if __name__ == "__main__":
    main()
