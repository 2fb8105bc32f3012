"""What a user waits for before anything is computed.

    python benchmarks/startup.py [--finished FOLDER] [--repeats 5]

Wall time and processor time of fresh processes, medians: Python, the imports of each stage, the
encoder's weights, a dry run; and, in a FOLDER where figure2c has been made, a run with nothing
to do.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
LOAD = """
from pez.encoders.compute import choose_compute
from pez.encoders.load import load_encoder
from pez.encoders.spec import EncoderSpec
spec = EncoderSpec.model_validate({
    "hidden_size": 192, "layers": 12, "heads": 3, "mlp_size": 768,
    "weights": {"source": "embedded", "file": "resources/vjepa2_nano.safetensors"}})
load_encoder(spec.weights.file, spec, choose_compute("cpu", "auto"))
"""
SNIPPETS = {
    "Python alone": "pass",
    "import torch": "import torch",
    "extraction: imports (torch)": "import pez.features.extract",
    "extraction: imports and the embedded encoder": LOAD,
    "probes: imports (torch, pandas, scikit-learn)": "import pez.probes.run",
    "figures: imports (matplotlib, pandas)": "import pez.figures.draw",
    "configuration: read and checked": (
        "import yaml; from pathlib import Path; from pez.config.load import load_config; "
        "load_config(yaml.safe_load(Path('config.yaml').read_text()), Path('.'))"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--finished", type=Path, help="a checkout in which figure2c is made")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{'':50} {'wall s':>7} {'CPU s':>7}   load {os.getloadavg()[0]:.1f}")
    for name, snippet in SNIPPETS.items():
        report(name, [sys.executable, "-c", snippet], CHECKOUT, options.repeats)
    dry = [sys.executable, "-m", "snakemake", "-n", "figure2c", "--quiet"]
    report("snakemake -n figure2c", dry, options.finished or CHECKOUT, options.repeats)
    if options.finished:
        again = [sys.executable, "-m", "snakemake", "figure2c", "--cores", "2"]
        report("snakemake figure2c, nothing to do", again, options.finished, options.repeats)


def report(name: str, command: list[str], folder: Path, repeats: int) -> None:
    walls, cpus = [], []
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "workflow_scripts")}
    for _ in range(repeats + 1):  # the first one reads the files from disk
        before, start = os.times(), time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        walls.append(time.perf_counter() - start)
        after = os.times()
        cpus.append(
            after.children_user + after.children_system
            - before.children_user - before.children_system
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
    print(f"{name:50} {statistics.median(walls[1:]):7.2f} {statistics.median(cpus[1:]):7.2f}")


if __name__ == "__main__":
    main()
