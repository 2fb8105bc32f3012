"""Whole figures on one machine with 1, 2, 4, ... GPUs, from clips to pictures.

    python benchmarks/many_gpus.py [--gpus 1 2 4] [--starts 28] [--out FOLDER]

For every number N a copy of the project runs `snakemake figure2c figure2b --cores 8
--resources gpu=N` on V-JEPA 2 Large with random weights (speed needs no others) and ray-cast clips,
made beforehand: rendering is no GPU's work. Reported are the wall time of the run and of its
extraction stage (first lease to last release), the speed-up over the first N, and, from the record
of leases, which devices were used and whether two jobs ever held one at the same time. Last, a job
is killed in the middle: its device must be leased again.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from pez.clips.ray_cast import render
from pez.clips.spec import SceneSpec
from pez.clips.store import write_clips
from pez.pretraining.evaluate import DATASETS, ball_clips
from pez.runtime.lease_log import Lease, overlapping, read_leases
from pez.runtime.tables import write_table

CHECKOUT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "configs", "profiles", "envs",
         "resources")  # fmt: skip
FIGURES = ("figure2c", "figure2b")
SHARD = 56


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gpus", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--starts", type=int, default=7, help="7 is the paper's; 28 its fourfold")
    parser.add_argument("--figures", nargs="+", default=list(FIGURES), choices=FIGURES)
    parser.add_argument("--shards-per-job", type=int, default=7)
    parser.add_argument("--out", type=Path, help="folder for tables and the records of leases")
    options = parser.parse_args()
    there = torch.cuda.device_count()
    counts = [count for count in options.gpus if count <= there]
    print(f"{there} x {torch.cuda.get_device_name()}, {os.cpu_count()} cores; N = {counts}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        overlay = write_overlay(folder, options.starts, options.shards_per_job)
        clips = make_clips(folder / "clips", options.starts)
        rows = []
        for count in counts:
            rows.append(run(folder, clips, overlay, count, options.figures, options.out))
        table = pd.DataFrame(rows)
        table["extraction_speed_up"] = table["extraction_s"].iloc[0] / table["extraction_s"]
        print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
        if options.out:
            table.to_csv(options.out / "many_gpus.csv", index=False)
        print(kill_one(folder, clips, overlay))


def write_overlay(folder: Path, starts: int, shards_per_job: int) -> Path:
    """Configuration: V-JEPA 2 Large with random weights."""
    large = yaml.safe_load((CHECKOUT / "config.yaml").read_text())["encoders"]["models"][
        "vjepa2_large"
    ]
    sizes = {key: value for key, value in large.items() if key != "weights"}
    overlay = {
        "clips": {"datasets": {name: {"starts": starts} for name in DATASETS}},
        "encoders": {
            "models": {"large_random": sizes | {"weights": {"source": "random", "seed": 0}}}
        },
        "extraction": {"shards_per_job": shards_per_job, "batch_size": 16},
        "figures": {figure: {"models": ["large_random"]} for figure in FIGURES},
    }
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    return path


def make_clips(folder: Path, starts: int) -> Path:
    """Ray-cast clips in the files of the workflow, newer than the tables they are made from."""
    for name, design in DATASETS.items():
        DATASETS[name] = design.model_copy(update={"starts": starts})
        labels, scenes = ball_clips(name, SceneSpec())
        write_table(folder / name / "labels.parquet", labels)
        write_table(folder / name / "trajectories.parquet", labels[["clip_id"]])
        for first in range(0, len(labels), SHARD):
            part = slice(first, first + SHARD)
            some = type(scenes)(*(value[part].cuda() for value in scenes))
            frames = (render(some, 256) * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2)
            shard = folder / name / f"shard_{first // SHARD:03d}.safetensors"
            ids = labels["clip_id"].iloc[part].tolist()
            write_clips(shard, np.ascontiguousarray(frames.cpu().numpy()), ids, first, {})
    return folder


def project(folder: Path, clips: Path) -> Path:
    """A fresh copy of the project beside the clips, which are linked into it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in PARTS:
        source = CHECKOUT / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / part)
    for file in clips.rglob("*.*"):
        link = folder / "artifacts/clips/kubric" / file.relative_to(clips)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, link)
    return folder


def snakemake(folder: Path, overlay: Path, gpus: int, targets: list[str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "8", "--resources",
               f"gpu={gpus}", "--configfile", str(overlay)]  # fmt: skip
    environment = {**os.environ, "PEZ_GPU_LEASE_DIR": str(folder / "leases")}
    with (folder / "snakemake.log").open("w") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


def run(
    folder: Path, clips: Path, overlay: Path, gpus: int, figures: list[str], out: Path | None
) -> dict[str, object]:
    place = project(folder / "project", clips)
    started = time.perf_counter()
    # the extraction stage first and alone, so that its wall time is its own
    for targets in ([*figures, "--omit-from", "fit_probe"], [*figures]):
        if snakemake(place, overlay, gpus, targets).wait():
            raise SystemExit((place / "snakemake.log").read_text()[-5000:])
    wall = time.perf_counter() - started
    record = place / "artifacts/logs/gpu_leases.csv"
    if out:
        shutil.copy(record, out / f"gpu_leases_{gpus}.csv")
    leases = read_leases(record)
    extraction = [lease for lease in leases if lease.rule.startswith("extract_")]
    probes = [lease for lease in leases if lease.rule == "fit_probe"]
    summary = place / "artifacts/figures" / f"{figures[0]}_timings.csv"
    snakemake(place, overlay, gpus, [f"{figures[0]}_timings"]).wait()
    print(pd.read_csv(summary).to_string(index=False))
    return {
        "gpus": gpus,
        "wall_s": wall,
        "extraction_s": span(extraction),
        "probes_s": span(probes),
        "extraction_jobs": len(extraction),
        "median_job_s": statistics.median(lease.end - lease.start for lease in extraction),
        "devices": len({lease.device for lease in leases}),
        "overlaps": len(overlapping(leases)),
        "never_ended": sum(lease.end is None for lease in leases),
    }


def span(leases: list[Lease]) -> float:
    return max(lease.end for lease in leases) - min(lease.start for lease in leases)


def kill_one(folder: Path, clips: Path, overlay: Path) -> str:
    """Kill the first job that holds a device; the same device must be leased by a later one."""
    place = project(folder / "killed", clips)
    record = place / "artifacts/logs/gpu_leases.csv"
    running = snakemake(place, overlay, 1, ["figure2c", "--keep-going"])
    while not record.exists() and running.poll() is None:
        time.sleep(0.05)
    victim = read_leases(record)[0]
    os.kill(victim.pid, signal.SIGKILL)
    killed = time.time()
    while running.poll() is None:
        after = [lease for lease in read_leases(record) if lease.start > killed]
        if after:
            running.send_signal(signal.SIGINT)
            running.wait()
            which = "the same" if after[0].device == victim.device else "ANOTHER"
            wait = after[0].start - killed
            return f"a job was killed; {wait:.1f} s later the next one leased {which} device"
        time.sleep(0.1)
    log = (place / "snakemake.log").read_text()[-2000:]
    return f"a job was killed and no other leased its device: {log}"


if __name__ == "__main__":
    main()
