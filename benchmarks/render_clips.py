"""Time the rendering of ball frames: the changed region against the full frame.

    PYTHONPATH=workflow_scripts .venv/bin/python benchmarks/render_clips.py [--threads 1]

Prints the median time of a frame at 1, 4, 16 and 64 samples, of a full frame at 16, and what that
makes for the 10,752 frames of the two ball datasets. The time at one sample is close to the
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
    """Median and fastest time of ``render`` over ``places``, seconds, the first one left out."""
    times = []
    for place in places:
        start = time.perf_counter()
        render(place)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), min(times[1:])


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
            median, fastest = median_s(renderer.frame, places)
            print(
                f"region, {samples:3d} samples: median {median:.4f} s, fastest {fastest:.4f} s, "
                f"{1 / median:.0f} frames/s, both datasets {PAPER_FRAMES * median / 60:.1f} min"
            )
            if samples == 16:
                full, fastest_full = median_s(
                    lambda place: renderer.render_region(place, None), places[:6]
                )
                print(
                    f"full,   {samples:3d} samples: median {full:.4f} s, fastest "
                    f"{fastest_full:.4f} s, {full / median:.0f} times the region"
                )


if __name__ == "__main__":
    main()
