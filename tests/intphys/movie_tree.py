"""A small set of IntPhys movies in exactly the layout of the public release."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from pez.intphys.spec import BLOCKS

FRAMES, SIDE, SCENES = 6, 8, 2


def possible_movies(block: str, scene: int) -> np.ndarray:
    """Movies A and B, uint8 [2, T, H, W, 3], which share a middle frame behind the occluder."""
    rng = np.random.default_rng([list(BLOCKS).index(block), scene])
    movies = rng.integers(0, 256, (2, FRAMES, SIDE, SIDE, 3), np.uint8)
    change = change_frame(scene)
    movies[1, change - 1 : change + 1] = movies[0, change - 1 : change + 1]
    return movies


def change_frame(scene: int) -> int:
    """First frame that comes from the other movie."""
    return 2 + scene


def order(block: str, scene: int) -> list[str]:
    """What movies 1 to 4 are."""
    rng = np.random.default_rng([9, list(BLOCKS).index(block), scene])
    return list(rng.permutation(["A", "B", "AB", "BA"]))


def write_tree(root: Path, scenes: int = SCENES) -> Path:
    """Write the whole set to ``root``: frames from 001, labels, and the folders not looked at."""
    for block in BLOCKS:
        for scene in range(1, scenes + 1):
            first, second = possible_movies(block, scene)
            change = change_frame(scene)
            movies = {
                "A": first,
                "B": second,
                "AB": np.concatenate([first[:change], second[change:]]),
                "BA": np.concatenate([second[:change], first[change:]]),
            }
            for number, name in enumerate(order(block, scene)):
                folder = root / block / f"{scene:02d}" / str(number + 1)
                _write_movie(folder, movies[name], possible=len(name) == 1)
    return root


def _write_movie(folder: Path, frames: np.ndarray, possible: bool) -> None:
    for kind in ("scene", "depth", "masks"):
        (folder / kind).mkdir(parents=True)
    for number, frame in enumerate(frames, start=1):
        Image.fromarray(frame).save(folder / "scene" / f"scene_{number:03d}.png")
        Image.fromarray(frame[..., 0]).save(folder / "depth" / f"depth_{number:03d}.png")
    (folder / "status.json").write_text(json.dumps({"header": {"is_possible": possible}}))
