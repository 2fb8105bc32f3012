"""Check a tree of movies whole, and list what is in it."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pez.intphys.layout import MovieError, frame_path, is_possible, movie_folders, read_frame
from pez.intphys.pairs import matched_pairs
from pez.intphys.spec import BLOCKS, MOVIES
from pez.runtime.errors import ArtifactError, listed
from pez.runtime.progress import progress

COLUMNS = ("block", "scene", "movie", "possible", "frames", "breakpoint", "pair", "folder")
NUMBERS = ("scene", "movie", "frames", "breakpoint", "pair")


@dataclass(frozen=True)
class _Movie:
    """What was found of one movie: hashes of its frames, their sizes, its label."""

    folder: Path
    hashes: tuple[bytes, ...]
    sizes: frozenset[tuple[int, int]]
    possible: bool | None
    problems: tuple[MovieError, ...]


def index_movies(root: Path | str, scenes: int, frames: int, threads: int = 1) -> pd.DataFrame:
    """Decode every frame under ``root`` once, check the tree, and list its movies.

    Args:
        root: folder with the blocks O1, O2 and O3.
        scenes: scenes that every block must have, numbered from 1.
        frames: frames that every movie must have.
        threads: movies read at the same time (decoding a PNG lets other threads run).

    Returns:
        One row a movie, columns `COLUMNS`: ``breakpoint`` is the number, from 0, of the first frame
        at which the two movies of a matched pair differ (missing where they never do); ``pair``
        numbers the pairs of a scene 0 and 1; ``folder`` is relative to ``root``.

    Raises:
        ArtifactError: anything is missing, unreadable or not as it should be; all of it is named.
    """
    root = Path(root)
    if not root.is_dir():
        raise ArtifactError(
            f"{root} is not a folder. Set root of the dataset to the folder of the public IntPhys "
            "dev set that holds O1, O2 and O3."
        )
    places = [(block, scene) for block in BLOCKS for scene in range(1, scenes + 1)]
    folders = [folder for place in places for folder in movie_folders(root, *place)]
    with (
        ThreadPoolExecutor(threads) as pool,
        progress(None, f"checking {root.name}", total=len(folders), unit="movie") as bar,
    ):
        movies = []
        for movie in pool.map(lambda folder: _read_movie(folder, frames), folders):
            movies.append(movie)
            bar.update(1)
    problems = [problem for movie in movies for problem in movie.problems]
    rows: list[tuple[Any, ...]] = []
    for index, (block, scene) in enumerate(places):
        quadruplet = movies[MOVIES * index : MOVIES * (index + 1)]
        found = _check_scene(f"{root / block}/{scene:02d}", quadruplet)
        problems += found
        if not found and not any(movie.problems for movie in quadruplet):
            rows += _scene_rows(root, block, scene, quadruplet)
    sizes = Counter(size for movie in movies for size in movie.sizes)
    if len(sizes) > 1:
        problems.append(MovieError(f"movies have frames of {len(sizes)} sizes: {sorted(sizes)}"))
    strangers = [f"{row[0]}/{row[1]:02d}" for row in rows if row[5] == 0]
    problems += [
        MovieError(f"{scene}: matched movies should begin alike and do not")
        for scene in sorted(set(strangers))
    ]
    if problems:
        raise ArtifactError(
            f"{root} is not a whole set of IntPhys movies ({len(problems)} problems):\n"
            f"{listed(problems)}\nFetch or unpack the set again (its root); generated movies: "
            "delete the scene's folder and run again."
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"breakpoint": "Int64"})


def _read_movie(folder: Path, frames: int) -> _Movie:
    """Decode the frames of one movie, keep their hashes, and note what is wrong."""
    if not folder.is_dir():
        return _Movie(folder, (), frozenset(), None, (MovieError(f"{folder} is missing"),))
    problems: list[MovieError] = []
    hashes, sizes = [], set()
    possible = None
    try:
        possible = is_possible(folder)
    except MovieError as error:
        problems.append(error)
    there = len(list((folder / "scene").glob("scene_*.png")))
    if there != frames:
        found = f"{folder / 'scene'} holds {there} frames"
        problems.append(MovieError(f"{found} where {frames} are due"))
    for frame in range(frames):
        if there < frames and not frame_path(folder, frame).exists():
            problems.append(MovieError(f"{frame_path(folder, frame)} is missing"))
            continue
        try:
            picture = read_frame(folder, frame)
        except MovieError as error:
            problems.append(error)
            continue
        sizes.add(picture.shape[:2])
        hashes.append(hashlib.blake2b(picture.tobytes(), digest_size=16).digest())
    return _Movie(folder, tuple(hashes), frozenset(sizes), possible, tuple(problems))


def _check_scene(name: str, movies: Sequence[_Movie]) -> list[MovieError]:
    """Problems of four movies together."""
    labels = [movie.possible for movie in movies]
    if None not in labels and sum(map(bool, labels)) != MOVIES // 2:
        held = f"{sum(map(bool, labels))} possible movies of {MOVIES}"
        return [MovieError(f"{name} has {held}, where 2 are due")]
    if any(movie.problems for movie in movies):
        return []  # named already; what follows compares whole movies
    problems = []
    sizes = frozenset[tuple[int, int]]().union(*(movie.sizes for movie in movies))
    if len(sizes) > 1:
        problems.append(MovieError(f"{name} has frames of {len(sizes)} sizes: {sorted(sizes)}"))
    frames: dict[bool, Counter[bytes]] = {True: Counter(), False: Counter()}
    for movie in movies:
        frames[bool(movie.possible)].update(movie.hashes)
    if frames[True] != frames[False]:
        strange = sum((frames[False] - frames[True]).values())
        problems.append(
            MovieError(
                f"{name}: {strange} frames of its impossible movies are no frames of its possible "
                "ones"
            )
        )
    return problems


def _scene_rows(
    root: Path, block: str, scene: int, movies: Sequence[_Movie]
) -> list[tuple[Any, ...]]:
    rows: dict[int, tuple[Any, ...]] = {}
    labels = [bool(movie.possible) for movie in movies]
    for number, pair in enumerate(matched_pairs([movie.hashes for movie in movies], labels)):
        for place in (pair.possible, pair.impossible):
            movie = movies[place]
            folder = str(movie.folder.relative_to(root))
            rows[place] = (
                block, scene, place + 1, labels[place], len(movie.hashes), pair.breakpoint, number,
                folder,
            )  # fmt: skip
    return [rows[place] for place in sorted(rows)]
