"""Extraction on a GPU: clip shards on disk to feature shards on disk, against its ceilings.

    python benchmarks/extraction.py [--sizes large huge giant] [--shards 7 28] [--out FOLDER]

Random weights (no checkpoint is needed to measure speed) and ray-cast balls. Everything is timed
in one run on one card, medians of repeats, and compared with

* the rate of one large bfloat16 matrix product, the ceiling of the arithmetic;
* transformers' model as it comes, under bfloat16 autocast;
* the loop that people write: PNG frames opened one by one, float16 autocast, a clip at a time,
  every hidden state, one pooling.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import transformers
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from ball_probes import ball_clips

from pez.clips.ray_cast import render
from pez.clips.spec import SceneSpec
from pez.encoders.architecture import build_encoder, forward_flop
from pez.encoders.compile import compile_blocks
from pez.encoders.compute import Compute, Precision
from pez.encoders.initialise import initial_weights, write_initial_weights
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import prepare
from pez.features.extract import extract_features
from pez.features.paths import FeatureKey, feature_path
from pez.features.reduce import Reducer
from pez.features.spec import ExtractionSpec, View
from pez.features.store import FeatureStore
from pez.pretraining.network import encoder_config
from pez.runtime.tensor_file import write_tensors

GPU = torch.device("cuda")
FRAMES, SIDE, SHARD = 16, 256, 56
SIZES = {  # width, blocks, heads, MLP
    "large": (1024, 24, 16, 4096),
    "huge": (1280, 32, 16, 5120),
    "giant": (1408, 40, 22, 6144),
}
MEANS: tuple[View, ...] = ("tubelet_mean",)
PATCHES: tuple[View, ...] = ("tubelet_mean", "last_tubelet_patches")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--shards", nargs=2, type=int, default=(7, 28), help="few and many")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="folder for extraction.csv")
    options = parser.parse_args()
    torch.set_grad_enabled(False)
    ceiling = product_rate()
    print(f"{torch.cuda.get_device_name()}; torch {torch.__version__}, ", end="")
    print(f"transformers {transformers.__version__}; bf16 product {ceiling / 1e12:.0f} TFLOP/s")
    rows: list[dict[str, object]] = []
    for size in options.sizes:
        rows += forward_rows(size, ceiling, options.repeats)
        rows += error_rows(size)
    with tempfile.TemporaryDirectory() as folder:
        rows += disk_rows(Path(folder), ceiling, options.shards, options.repeats)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    if options.out:
        table.to_csv(options.out / "extraction.csv", index=False)


def spec_of(size: str) -> EncoderSpec:
    width, layers, heads, mlp = SIZES[size]
    return EncoderSpec.model_validate(
        {"hidden_size": width, "layers": layers, "heads": heads, "mlp_size": mlp}
        | {"weights": {"source": "random", "seed": 0}}
    )


def product_rate() -> float:
    left, right = (torch.randn(8192, 8192, device=GPU, dtype=torch.bfloat16) for _ in range(2))
    return 2 * 8192**3 / gpu_seconds(lambda: left @ right, 20)


def gpu_seconds(run: Callable[[], object], repeats: int) -> float:
    for _ in range(2):
        run()
    times = []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return statistics.median(times)


def row(case: str, clips: int, seconds: float, spec: EncoderSpec, ceiling: float) -> dict:
    flop = sum(forward_flop(spec, FRAMES).values())
    return {
        "case": case,
        "clips": clips,
        "seconds": seconds,
        "clips_per_s": clips / seconds,
        "share_of_ceiling": clips * flop / seconds / ceiling,
        "peak_gib": torch.cuda.max_memory_allocated() / 2**30,
    }


def ready(spec: EncoderSpec, precision: Precision) -> tuple[torch.nn.Module, Compute]:
    encoder, compute = build_encoder(spec), Compute(GPU, precision)
    encoder.load_state_dict(initial_weights(spec, 0), assign=True)
    return prepare(encoder, compute), compute


def stock_streams(encoder: torch.nn.Module, pixels: torch.Tensor, reduce: Callable) -> None:
    """What `capture_streams` does, for transformers' module."""
    hooks = [encoder.layer[0].register_forward_pre_hook(lambda _, args: reduce(0, args[0]))]
    for index, block in enumerate(encoder.layer, 1):
        hooks.append(
            block.register_forward_hook(lambda *args, index=index: reduce(index, args[-1][0]))
        )
    encoder(pixels)
    for hook in hooks:
        hook.remove()


def frames_on_gpu(clips: int) -> torch.Tensor:
    _, scenes = ball_clips("velocity", SceneSpec())
    some = type(scenes)(*(value[:clips].to(GPU) for value in scenes))
    pixels = render(some, SIDE)
    return (pixels * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2).contiguous()


def forward_rows(size: str, ceiling: float, repeats: int) -> list[dict]:
    """One forward pass from uint8 frames on the GPU to pooled views on the host."""
    spec, batch = spec_of(size), 16
    frames, transform = frames_on_gpu(batch), build_transform("resize", SIDE)

    def run(encoder: torch.nn.Module, compute: Compute, count: int = batch) -> None:
        reducer = Reducer(MEANS, spec.layers + 1, FRAMES // 2)
        with compute.autocast(), torch.inference_mode():
            capture = stock_streams if encoder is stock else capture_streams
            capture(encoder, preprocess(frames[:count], transform), reducer.take)
            reducer.finish()

    rows = []

    def measure(case: str, encoder: torch.nn.Module, count: int = batch) -> None:
        torch.cuda.reset_peak_memory_stats()
        seconds = gpu_seconds(lambda: run(encoder, compute, count), repeats)
        rows.append(row(f"{size}: {case}, batch {count}", count, seconds, spec, ceiling))

    compute = Compute(GPU, "bf16")
    stock: torch.nn.Module | None = (
        transformers.VJEPA2Model(encoder_config(spec)).encoder.eval().to(GPU)
    )
    stock.embeddings.register_forward_hook(lambda *args: args[-1].float())
    measure("transformers as it comes", stock)
    stock = None
    encoder, _ = ready(spec, "bf16")
    for count in (8, batch):
        measure("this project", encoder, count)
    start = time.perf_counter()
    compile_blocks(encoder)
    run(encoder, compute)
    torch.cuda.synchronize()
    compiling = time.perf_counter() - start
    measure(f"this project, compiled in {compiling:.1f} s", encoder)
    return rows


def error_rows(size: str) -> list[dict]:
    """Error of bf16 against fp32 by depth: of all tokens, about their mean over clips and tokens.

    Centred, because a probe sees differences between clips and not what all tokens share.
    """
    spec, frames, transform = spec_of(size), frames_on_gpu(4), build_transform("resize", SIDE)
    pixels = preprocess(frames, transform)
    streams = {}
    for precision in ("fp32", "bf16"):
        encoder, compute = ready(spec, precision)
        with compute.autocast():
            streams[precision] = capture_streams(encoder, pixels, lambda _, s: s.double().cpu())
        del encoder
    rows = []
    for stream in (1, spec.layers // 3, 2 * spec.layers // 3, spec.layers):
        exact, rounded = streams["fp32"][stream], streams["bf16"][stream]
        centred = exact - exact.mean(dim=(0, 1))
        pooled, pooled_error = (x.mean(dim=1) for x in (exact, rounded - exact))
        rows.append(
            {
                "case": f"{size}: bf16 error of stream {stream}",
                "relative": float((rounded - exact).norm() / exact.norm()),
                "centred": float((rounded - exact).norm() / centred.norm()),
                "mean_pooled": float(pooled_error.norm() / pooled.norm()),
            }
        )
    return rows


def disk_rows(folder: Path, ceiling: float, shards: Sequence[int], repeats: int) -> list[dict]:
    """V-JEPA 2 Large from clip shards on disk to feature shards on disk, and back."""
    spec, (few, many) = spec_of("large"), shards
    weights = folder / "large.safetensors"
    write_initial_weights(spec, 0, weights)
    frames = frames_on_gpu(SHARD).cpu().numpy()
    clips = [folder / f"shard_{shard:03d}.safetensors" for shard in range(many)]
    for path in clips:
        write_tensors(path, {"frames": frames}, {})
    rows = plain_disk_rows(folder)
    for views in (MEANS, PATCHES):
        times: dict[int, list[float]] = {few: [], many: []}
        for _ in range(max(2, repeats // 2)):
            for count in (few, many):
                torch.cuda.reset_peak_memory_stats()
                times[count].append(extract(folder, clips[:count], weights, spec, views))
        case = f"large: disk to disk, {' + '.join(views)}"
        seconds = {count: statistics.median(found) for count, found in times.items()}
        for count in (few, many):
            rows.append(row(f"{case}", count * SHARD, seconds[count], spec, ceiling))
        more = (many - few) * SHARD
        sustained = row(f"{case}, sustained", more, seconds[many] - seconds[few], spec, ceiling)
        stored = sum(path.stat().st_size for path in (folder / "features").rglob("*.safetensors"))
        rate = stored / many / SHARD * sustained["clips_per_s"]
        rows.append(sustained | {"written_gb_per_s": rate / 1e9})
    rows.append(read_row(folder, spec, many))
    rows.append(naive_row(folder, frames, spec, ceiling))
    return rows


def plain_disk_rows(folder: Path) -> list[dict]:
    """The disk alone: one file of 8 GB written in order and synced, then read without the cache."""
    path, block = folder / "plain", np.random.default_rng(0).bytes(64 << 20)
    size = 128 * len(block)
    start = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(128):
            file.write(block)
        os.fsync(file.fileno())
    written = time.perf_counter() - start
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        start = time.perf_counter()
        while file.read(64 << 20):
            pass
    read = time.perf_counter() - start
    path.unlink()
    return [
        {"case": "disk: plain write and sync", "written_gb_per_s": size / written / 1e9},
        {"case": "disk: plain read, not cached", "read_gb_per_s": size / read / 1e9},
    ]


def extract(
    folder: Path, clips: Sequence[Path], weights: Path, spec: EncoderSpec, views: Sequence[View]
) -> float:
    root = folder / "features"
    shutil.rmtree(root, ignore_errors=True)
    keys = [FeatureKey(view, stream, 0) for view in views for stream in range(spec.layers + 1)]
    start = time.perf_counter()
    extract_features(
        clips=clips,
        checkpoint=weights,
        model="large",
        encoder_spec=spec,
        extraction=ExtractionSpec(batch_size=16),
        outputs=[feature_path(root, key) for key in keys],
        device="cuda",
    )
    return time.perf_counter() - start


def read_row(folder: Path, spec: EncoderSpec, shards: int) -> dict:
    """All layers of the patch view, read back one by one as the probes do."""
    store = FeatureStore(folder / "features", spec.layers, 1)
    start, read = time.perf_counter(), 0
    for layer in range(spec.layers):
        features = store.features(layer, "resid_post", "temporal_last_patch")
        read += features.nbytes // 2  # stored as float16
    seconds = time.perf_counter() - start
    clips = shards * SHARD
    return {
        "case": "large: patches read back, layer by layer",
        "clips": clips,
        "seconds": seconds,
        "read_gb_per_s": read / seconds / 1e9,
    }


def naive_row(folder: Path, frames: np.ndarray, spec: EncoderSpec, ceiling: float) -> dict:
    """The usual loop over 24 clips stored as PNG files."""
    count = 24
    for clip in range(count):
        (folder / f"clip_{clip}").mkdir()
        for number, frame in enumerate(frames[clip]):
            Image.fromarray(frame).save(folder / f"clip_{clip}" / f"{number:03d}.png")
    model = transformers.VJEPA2Model(encoder_config(spec)).eval().to(GPU)
    mean, std = (torch.tensor(v) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))

    def run() -> None:
        for clip in range(count):
            paths = sorted((folder / f"clip_{clip}").glob("*.png"))
            pictures = np.stack([np.asarray(Image.open(p).convert("RGB")) for p in paths])
            pixels = (torch.from_numpy(pictures).float() / 255 - mean) / std
            with torch.autocast("cuda", dtype=torch.float16):
                states = model(
                    pixels.permute(0, 3, 1, 2)[None].to(GPU),
                    skip_predictor=True,
                    output_hidden_states=True,
                ).hidden_states
            for state in states:
                state.float().mean(dim=1).cpu().numpy()

    torch.cuda.reset_peak_memory_stats()
    return row("large: the usual loop over PNG files", count, gpu_seconds(run, 3), spec, ceiling)


if __name__ == "__main__":
    main()
