"""Time of one clip through an encoder on the CPU: precision x attention x threads.

    python benchmarks/encoder_cpu.py [--model nano|large] [--repeats 5]

Prints, for each setting, the best of the repeats (other work on the machine only ever adds), the
rate that this is, and the share of the rate of plain matrix products of the same machine, in the
faster precision and measured in the same process: the floor under any implementation is the clip's
arithmetic at that rate.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from pez.encoders.architecture import build_encoder, forward_flop
from pez.encoders.attention import blocked_attention, fused_attention
from pez.encoders.compute import Compute
from pez.encoders.initialise import initial_weights
from pez.encoders.residual_stream import capture_streams
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import prepare

FRAMES = 16
SIZES = {"nano": (192, 12, 3, 768), "large": (1024, 24, 16, 4096)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", choices=SIZES, default="nano")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    hidden, layers, heads, mlp = SIZES[options.model]
    spec = EncoderSpec.model_validate(
        {"hidden_size": hidden, "layers": layers, "heads": heads, "mlp_size": mlp}
        | {"weights": {"source": "random", "seed": 0}}
    )
    weights = initial_weights(spec, 0)
    work = forward_flop(spec, FRAMES)
    print(f"{options.model}: {sum(work.values()) / 1e9:.1f} GFLOP a clip", end=" (")
    print(", ".join(f"{name} {flop / 1e9:.1f}" for name, flop in work.items()) + ")")
    for threads in (1, torch.get_num_threads()):
        torch.set_num_threads(threads)
        peaks = {
            precision: 2 * 2048**3 / best_of(options.repeats, matrix_product(dtype))
            for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))
        }
        floor = sum(work.values()) / max(peaks.values())
        print(
            f"{threads} threads: products {peaks['fp32'] / 1e9:.0f} GF/s in fp32, "
            f"{peaks['bf16'] / 1e9:.0f} in bf16; floor {floor:.3f} s a clip"
        )
        for precision, attention in (
            ("fp32", fused_attention),
            ("fp32", blocked_attention),
            ("bf16", fused_attention),
            ("bf16", blocked_attention),
        ):
            seconds = best_of(options.repeats, clip_runner(spec, weights, precision, attention))
            rate = sum(work.values()) / seconds
            print(
                f"  {precision} {attention.__name__:18} {seconds:.3f} s a clip, "
                f"{rate / 1e9:4.0f} GF/s, {floor / seconds:.0%} of the floor's rate"
            )


def matrix_product(dtype: torch.dtype) -> Callable[[], object]:
    left, right = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
    return lambda: left @ right


def clip_runner(spec, weights, precision, attention) -> Callable[[], object]:
    compute = Compute(torch.device("cpu"), precision)
    encoder = build_encoder(spec)
    encoder.load_state_dict({name: tensor.clone() for name, tensor in weights.items()}, assign=True)
    prepare(encoder, compute)
    for block in encoder.layer:
        block.attention.attend = attention
    pixels = torch.randn(1, FRAMES, 3, spec.input_size, spec.input_size)

    def run() -> object:
        with compute.autocast():
            return capture_streams(encoder, pixels, lambda _, tokens: tokens.mean(1))

    return run


def best_of(repeats: int, run: Callable[[], object]) -> float:
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
