"""Where the time goes that a person waits for a figure, from clips and a checkpoint on disk.

    python benchmarks/waiting.py [--gpus 1 2] [--targets figure2c figure2c+figure2b] [--out FOLDER]
    python benchmarks/waiting.py --gpus 1 2 --targets figure2c --times 4

For every number N of GPUs and every set of targets a fresh copy of the project runs the real
`snakemake TARGETS --cores 8 --resources gpu=N` on V-JEPA 2 Large and its controls. Beforehand, and
not counted, it gets the clips of the default datasets (ray-cast, or discs for several objects, and
not rendered: rendering is no GPU's work), 360 movies of 100 frames in the layout of IntPhys' public
release, and a checkpoint of random weights in the layout of Meta's files. Figures of movies, the
audit and measurements inside networks are as by default, on those movies and that network;
attentive probes have its 16 heads. `--times 4` makes four times the clips of balls. `--onward`
lets every set of targets go on in the folder of the last, so that it counts what is new in it.

Every second of the run is given to one thing: to what the jobs were doing that ran then, by the
moments that they note (`pez.runtime.moments`), or to Snakemake where none ran. Where several ran,
the second is the one's that is named first in STAGES: computing comes before getting ready for it.
The tables are Markdown: the last output, and waiting.md in FOLDER.

`--smoke --gpus 0` tries the script itself: a tiny network on small clips, on any machine.
"""

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from waiting_inputs import CHECKOUT, NOTES, make_inputs, merged
from waiting_tables import by_job, by_rule, critical_path, short, spans_of, whole_time

sys.path.insert(0, str(CHECKOUT / "workflow_scripts"))

from pez.runtime.lease_log import overlapping, read_leases
from pez.runtime.moments import read_moments

PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "configs", "profiles", "envs",
         "resources")  # fmt: skip
MEASURED = "measured"  # name of the network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gpus", nargs="+", type=int, default=[1])
    parser.add_argument(
        "--targets", nargs="+", default=["figure2c", "figure2c+figure2b"], help="joined by +"
    )
    parser.add_argument("--cores", type=int, default=8)
    parser.add_argument("--times", type=int, default=1, help="as many clips of balls as by default")
    parser.add_argument("--onward", action="store_true", help="one folder for all sets of targets")
    parser.add_argument("--smoke", action="store_true", help="with configs/smoke.yaml")
    parser.add_argument("--out", type=Path, help="folder for tables and records")
    options = parser.parse_args()
    sections = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("PEZ_BENCHMARK_DIR")) as name:
        folder = Path(name)
        started = time.perf_counter()
        model = "vjepa2_tiny" if options.smoke else "vjepa2_large"
        overlays = [CHECKOUT / "configs/smoke.yaml"] if options.smoke else []
        few = {"scenes": 2, "frames": 24, "sampling": {"frames": 8}} if options.smoke else {}
        overlays.append(write_overlay(folder, model, overlays, few, options.times))
        prepared(make_inputs, folder, MEASURED, overlays)
        print(f"inputs made in {time.perf_counter() - started:.0f} s", flush=True)
        for gpus in options.gpus:
            for number, targets in enumerate(options.targets):
                title = f"{targets.replace('+', ' ')}, {gpus} GPU" + "s" * (gpus != 1)
                place = folder / "project"
                if not (options.onward and number):
                    project(place, folder / "clips", overlays)
                section = run(place, overlays, targets.split("+"), gpus, options.cores, title)
                print(section, flush=True)
                sections.append(section)
                if options.out:
                    keep(place, options.out, f"{targets}.{gpus}")
    text = "\n\n".join(sections)
    if options.out:
        (options.out / "waiting.md").write_text(text + "\n")
    print(text)


def prepared(make: Callable[..., None], *arguments: object) -> None:
    """Call ``make`` in a process of its own, so that nothing of it stays on the device."""
    process = multiprocessing.get_context("spawn").Process(target=make, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit("the inputs could not be made")


def write_overlay(
    folder: Path, model: str, overlays: list[Path], shown_movies: dict, times: int = 1
) -> Path:
    """Configuration: everything is about a network of ``model``'s sizes, and its controls.

    ``shown_movies``: what the movies have otherwise than those of IntPhys' release.
    """
    config = merged(overlays)
    sizes = dict(config["encoders"]["models"][model])
    sizes["weights"] = {"source": "checkpoint", "file": str(folder / "meta.pt")}
    shown, movies = {"models": [MEASURED]}, "intphys_dev"
    overlay = {
        "output_dir": "artifacts",
        "datasets": {
            movies: {"root": str(folder / "dev"), **shown_movies},
            **{
                name: {"starts": times * config["datasets"][name]["starts"]}
                for name in ("velocity", "acceleration")
            },
        },
        "encoders": {"models": {MEASURED: sizes}},
        "solvers": {"attentive_small": {"heads": sizes["heads"]}},
        "probes": {
            name: {"dataset": movies} for name in ("plausibility", "plausibility_attentive")
        },
        "figures": dict.fromkeys(config["figures"], shown),
        "audit": {**shown, "plausibility": movies},
        "inside": {
            **dict.fromkeys(config["inside"], shown),
            "sequences": {**shown, "movies": movies},
            "prediction": {**shown, "dataset": movies},
            "plausibility_ablation": {**shown, "dataset": movies},
        },
    }
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    return path


def project(folder: Path, clips: Path, overlays: list[Path]) -> None:
    """A fresh copy of the project beside the clips, which are linked into it with their notes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in PARTS:
        source = CHECKOUT / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / part)
    for file in clips.rglob("*.*"):
        link = folder / "artifacts/clips" / file.relative_to(clips)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, link)
    subprocess.run(
        [sys.executable, "-c", NOTES, *map(str, overlays)],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PEZ_GPU_LEASE_DIR": str(folder / "leases")}


def run(
    place: Path, overlays: list[Path], targets: Sequence[str], gpus: int, cores: int, title: str
) -> str:
    """Run the workflow and tell in Markdown what it was waited for."""
    started = time.time()
    failure = snakemake(place, overlays, targets, gpus, cores)
    ended = time.time()
    if failure:
        return f"## {title}: failed after {ended - started:.1f} s\n\n{failure}"
    spans = [
        span
        for span in spans_of(read_moments(place / "artifacts/logs/moments.csv"))
        if span.start >= started
    ]
    lines = [f"## {title}: {ended - started:.1f} s", ""]
    lines += whole_time(spans, started, ended)
    lines += ["", *by_rule(spans, place, started)]
    lines += ["", *by_job(spans, started)]
    lines += ["", *critical_path(spans, started, ended)]
    extracting = [span for span in spans if short(span.rule) == "extract_features"]
    if extracting:
        stage = max(span.end for span in extracting) - min(span.start for span in extracting)
        lines += [
            "",
            f"Extraction, from its first job's start to its last one's end: {stage:.1f} s.",
        ]
    record = place / "artifacts/logs/gpu_leases.csv"
    if record.exists():
        leases = [lease for lease in read_leases(record) if lease.start >= started]
        held = sum((lease.end or lease.start) - lease.start for lease in leases)
        devices = len({lease.device for lease in leases})
        lines += ["", f"{len(leases)} leases of {devices} devices, {held:.1f} s in all; "
                      f"{len(overlapping(leases))} overlap."]  # fmt: skip
    return "\n".join(lines)


def snakemake(
    place: Path,
    overlays: list[Path],
    targets: Sequence[str],
    gpus: int,
    cores: int,
    before: Sequence[str] = (),
) -> str:
    """Run the workflow, by the command ``before``; return the end of a failed run's log."""
    command = [*before, sys.executable, "-m", "snakemake", *targets, "--cores", str(cores),
               "--resources", f"gpu={gpus}", "--configfile", *map(str, overlays)]  # fmt: skip
    log = place / "snakemake.log"
    with log.open("w") as file:
        done = subprocess.run(command, cwd=place, env=environment(place), stdout=file, stderr=file)
    return log.read_text()[-5000:] if done.returncode else ""


def keep(place: Path, out: Path, name: str) -> None:
    """Copy the record of a run."""
    record = place / "artifacts/logs/moments.csv"
    shutil.copy(record, out / f"{name.replace('+', '_')}.moments.csv")


if __name__ == "__main__":
    main()
