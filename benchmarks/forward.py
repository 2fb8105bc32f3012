"""Ways to run the forward pass of an encoder faster on a GPU, and what each costs at the start.

    python benchmarks/forward.py [--size large] [--ways eager graph ...] [--out FOLDER]

Every way runs in a process of its own, from uint8 frames on the device to pooled views on the host:

* start_s: from the encoder on the device to the first batch of views, the compiler in it; the ways
  that compile run twice, the second time with the caches of the first (what a second job finds);
* clips_per_s and share, of the rate of a large bfloat16 product measured in the same process;
* error: of the tubelet means against float32, the largest over all streams, relative Frobenius norm
  about the mean over clips and tubelets; and changed: the largest difference to the eager bfloat16
  pass in the same measure. 0 is bit for bit the same.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MethodType

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from pez.encoders.architecture import build_encoder, forward_flop
from pez.encoders.attention import fused_attention
from pez.encoders.compile import compile_blocks
from pez.encoders.compute import Compute, Precision
from pez.encoders.initialise import initial_weights
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder, Visit, prepare
from pez.features.reduce import Reducer

SIZES = {  # width, blocks, heads, MLP, side, frames
    "tiny": (48, 4, 2, 96, 64, 8),
    "large": (1024, 24, 16, 4096, 256, 16),
    "huge": (1280, 32, 16, 5120, 256, 16),
    "giant": (1408, 40, 22, 6144, 256, 16),
}
Run = Callable[[Tensor], Tensor]  # uint8 frames -> tubelet means [streams, clips, tubelets, D]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="large")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--batches", nargs="+", type=int, default=[8, 16, 32])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cuda", help="cpu tries the script itself")
    parser.add_argument("--out", type=Path, help="folder for forward.md")
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options)))
        return
    lines = [
        "| way | batch | clips/s | share | start s | error | changed | GiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    print("\n".join(lines), flush=True)
    for way in options.ways:
        compiles = "compiled" in way
        with tempfile.TemporaryDirectory() as cache:
            for attempt in ("", ", caches warm") if compiles else ("",):
                new = in_a_process(way, options, cache, attempt)
                print("\n".join(new), flush=True)
                lines += new
    if options.out:
        (options.out / "forward.md").write_text("\n".join(lines) + "\n")


def in_a_process(way: str, options: argparse.Namespace, cache: str, attempt: str) -> list[str]:
    batches = [16] if "compiled" in way else options.batches
    command = [sys.executable, __file__, "--one", way, "--size", options.size, "--device",
               options.device, "--repeats", str(options.repeats), "--batches",
               *map(str, batches)]  # fmt: skip
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": cache, "TRITON_CACHE_DIR": cache}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        return [f"| {way}{attempt}: {done.stderr.strip().splitlines()[-1]} | | | | | | | |"]
    return [
        f"| {way}{attempt} | {row['batch']} | {row['clips_per_s']:.1f} | {row['share']:.1%} "
        f"| {row['start_s']:.1f} | {row['error']:.4f} | {row['changed']:.1e} | {row['gib']:.1f} |"
        for row in json.loads(done.stdout.splitlines()[-1])
    ]


def measured(options: argparse.Namespace) -> list[dict[str, float]]:
    """Measure one way in this process."""
    torch.set_grad_enabled(False)
    width, layers, heads, mlp, side, frames = SIZES[options.size]
    spec = EncoderSpec.model_validate(
        {"hidden_size": width, "layers": layers, "heads": heads, "mlp_size": mlp}
        | {"input_size": side, "weights": {"source": "random", "seed": 0}}
    )
    device = torch.device(options.device)
    weights = {name: tensor.to(device) for name, tensor in initial_weights(spec, 0).items()}
    generator = torch.Generator().manual_seed(0)
    shape = (max(*options.batches, 4), frames, side, side, 3)
    clips = torch.randint(256, shape, generator=generator, dtype=torch.uint8).to(device)

    def ready(precision: Precision) -> Encoder:
        encoder = build_encoder(spec)
        encoder.load_state_dict({name: w.clone() for name, w in weights.items()}, assign=True)
        return prepare(encoder, Compute(device, precision))

    exact = plain(ready("fp32"))(clips[:4])
    eager = plain(ready("bf16"))(clips[:4])
    encoder = ready("bf16")
    weights.clear()
    flop = sum(forward_flop(spec, frames).values())
    rate = product_rate(device)
    rows = []
    for batch in options.batches:
        if device.type == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        started = time.perf_counter()
        run = WAYS[options.one](encoder)
        run(clips[:batch]).cpu()
        start = time.perf_counter() - started
        seconds = median_seconds(lambda run=run, batch=batch: run(clips[:batch]), options.repeats)
        found = run(clips[:batch])[:, :4].clone()
        rows.append(
            {
                "batch": batch,
                "clips_per_s": batch / seconds,
                "share": batch * flop / seconds / rate,
                "start_s": start,
                "error": largest(found, exact),
                "changed": largest(found, eager),
                "gib": torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else 0,
            }
        )
    return rows


def largest(found: Tensor, reference: Tensor) -> float:
    """Largest relative error of a stream, about its mean over clips and tubelets."""
    found, reference = found.double(), reference.double()
    spread = (reference - reference.mean(dim=(1, 2), keepdim=True)).flatten(1).norm(dim=1)
    return float(((found - reference).flatten(1).norm(dim=1) / spread).max())


def median_seconds(run: Callable[[], object], repeats: int) -> float:
    run()
    times = []
    for _ in range(repeats):
        wait()
        started = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def product_rate(device: torch.device) -> float:
    side = 8192 if device.type == "cuda" else 512
    left, right = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / median_seconds(lambda: left @ right, 20)


# ---- the ways


def plain(encoder: Encoder, attend: Callable[[], AbstractContextManager] = nullcontext) -> Run:
    """As `pez.features.extract` does it; ``attend`` chooses the kernel of the attention."""
    assert encoder.compute is not None
    compute, spec = encoder.compute, encoder.spec
    transform = build_transform("resize", spec.input_size)

    def run(frames: Tensor) -> Tensor:
        tubelets = frames.shape[1] // 2
        reducer = Reducer(["tubelet_mean"], spec.layers + 1, tubelets)
        with compute.autocast(), torch.inference_mode(), attend():
            capture_streams(encoder, preprocess(frames, transform), reducer.take)
        return reducer._reduced["tubelet_mean"]

    return run


def graph(run: Run) -> Run:
    """The whole pass as one CUDA graph, for one batch size: nothing is launched but the graph."""
    captured: dict[str, object] = {}

    def replay(frames: Tensor) -> Tensor:
        if not captured:
            frames_in = frames.clone()
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(2):
                    run(frames_in)
            torch.cuda.current_stream().wait_stream(side)
            recorded = torch.cuda.CUDAGraph()
            with torch.cuda.graph(recorded):
                out = run(frames_in)
            captured.update(graph=recorded, frames=frames_in, out=out)
        captured["frames"].copy_(frames)  # type: ignore[attr-defined]
        captured["graph"].replay()  # type: ignore[attr-defined]
        return captured["out"]  # type: ignore[return-value]

    return replay


def one_qkv(encoder: Encoder) -> Encoder:
    """Queries, keys and values by one product of three times the width."""
    for block in encoder.blocks():
        attention = block.attention
        parts = (attention.query, attention.key, attention.value)
        qkv = nn.Linear(1, 1)
        qkv.weight = nn.Parameter(torch.cat([part.weight for part in parts]), requires_grad=False)
        qkv.bias = nn.Parameter(torch.cat([part.bias for part in parts]), requires_grad=False)
        attention.qkv = qkv
        attention.forward = MethodType(attention_of_one_qkv, attention)
    return encoder


def attention_of_one_qkv(self: nn.Module, tokens: Tensor, visit: Visit | None) -> Tensor:
    heads = self.qkv(tokens).unflatten(-1, (3, -1, self.head_size)).transpose(1, 3)
    query, key, value = heads.unbind(2)
    if self.rotate is not None:
        query, key = self.rotate(query), self.rotate(key)
    return self.proj(fused_attention(query, key, value, self.scaling).flatten(2))


def compiled_parts(encoder: Encoder) -> Encoder:
    """Only what passes over memory: the rotation, and the LayerNorm with its rounding."""
    blocks = encoder.blocks()
    rotate = blocks[0].attention.rotate
    turn = torch.compile(rotate.__call__, dynamic=False) if rotate is not None else None
    normed = torch.compile(_normed, dynamic=False)
    for block in blocks:
        block.attention.rotate = turn
        for norm in (block.norm1, block.norm2):
            norm.forward = MethodType(
                lambda self, tokens, dtype=block.matrices: normed(
                    tokens, self.weight, self.bias, dtype
                ),
                norm,
            )
    return encoder


def _normed(tokens: Tensor, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.nn.functional.layer_norm(tokens, weight.shape, weight, bias, 1e-6).to(dtype)


def compiled(encoder: Encoder, mode: str | None = None) -> Encoder:
    if mode is None:
        compile_blocks(encoder)
    else:
        for block in encoder.layer:
            block.forward = torch.compile(block.forward, dynamic=False, mode=mode)
    return encoder


def forced(backend: SDPBackend) -> Callable[[], AbstractContextManager]:
    return lambda: sdpa_kernel(backend)


CUDNN, FLASH = forced(SDPBackend.CUDNN_ATTENTION), forced(SDPBackend.FLASH_ATTENTION)
WAYS: dict[str, Callable[[Encoder], Run]] = {
    "eager": plain,
    "eager, flash attention": lambda encoder: plain(encoder, FLASH),
    "eager, cuDNN attention": lambda encoder: plain(encoder, CUDNN),
    "eager, one qkv": lambda encoder: plain(one_qkv(encoder)),
    "eager, one qkv, cuDNN": lambda encoder: plain(one_qkv(encoder), CUDNN),
    "graph": lambda encoder: graph(plain(encoder)),
    "graph, cuDNN": lambda encoder: graph(plain(encoder, CUDNN)),
    "compiled parts": lambda encoder: plain(compiled_parts(encoder)),
    "compiled parts, cuDNN": lambda encoder: plain(compiled_parts(encoder), CUDNN),
    "compiled": lambda encoder: plain(compiled(encoder)),
    "compiled, cuDNN": lambda encoder: plain(compiled(encoder), CUDNN),
    "compiled, one qkv, cuDNN": lambda encoder: plain(compiled(one_qkv(encoder)), CUDNN),
    "compiled, graph": lambda encoder: graph(plain(compiled(encoder))),
    "compiled by max-autotune": lambda encoder: plain(
        compiled(encoder, "max-autotune-no-cudagraphs")
    ),
}


if __name__ == "__main__":
    main()
