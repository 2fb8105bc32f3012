"""Time the rendering of ball frames: the changed region against the full frame.

    PYTHONPATH=workflow_scripts .venv/bin/python benchmarks/render_clips.py [--threads 1]

Prints the median time of a frame at 1, 4, 16 and 64 samples, of a full frame at 16, and what that
makes for the 10,752 frames of the two ball datasets in one process. CPU time stands beside wall
time: on a busy machine only the former means anything. The time at one sample is close to the
floor: what Blender needs for a frame apart from tracing rays.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from pez.clips.renderer import BallRenderer
from pez.clips.spec import SceneSpec

PAPER_FRAMES = (392 + 280) * 16


def median_s(render: Callable[[np.ndarray], object], places: np.ndarray) -> tuple[float, float]:
    """Median wall time and median CPU time of ``render`` over ``places``, the first left out."""
    wall, cpu = [], []
    for place in places:
        started, started_cpu = time.perf_counter(), time.process_time()
        render(place)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - started_cpu)
    return statistics.median(wall[1:]), statistics.median(cpu[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=60)
    options = parser.parse_args()
    places = np.full((options.runs + 1, 3), 0.3)
    places[:, :2] = np.random.default_rng(0).uniform(-3, 3, (options.runs + 1, 2))
    scene = SceneSpec()
    load = os.getloadavg()[0]
    print(f"{options.threads} thread(s), {scene.resolution} x {scene.resolution}, load {load:.1f}")
    for samples in (1, 4, 16, 64):
        with BallRenderer(scene, samples, options.threads) as renderer:
            renderer.background()
            wall, cpu = median_s(renderer.frame, places)
            print(
                f"region, {samples:2d} samples: {wall:.4f} s a frame (CPU {cpu:.4f} s), "
                f"{1 / wall:.0f} frames/s, both datasets {PAPER_FRAMES * wall / 60:.1f} min "
                f"(CPU {PAPER_FRAMES * cpu / 60:.1f} min)"
            )
            if samples == 16:
                full, full_cpu = median_s(
                    lambda place: renderer.render_region(place, None), places[:6]
                )
                print(
                    f"full,   {samples:2d} samples: {full:.4f} s a frame (CPU {full_cpu:.4f} s), "
                    f"{full_cpu / cpu:.0f} times the region's CPU time"
                )


if __name__ == "__main__":
    main()
