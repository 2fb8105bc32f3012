"""A whole set of movies is listed; whatever is wrong with one is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from intphys.movie_tree import FRAMES, SCENES, SIDE, change_frame, order, write_tree
from pez.intphys.index import index_movies
from pez.intphys.pairs import matched_pairs
from pez.runtime.errors import ArtifactError


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("intphys") / "dev")


def test_every_movie_is_listed_with_its_label_pair_and_breakpoint(tree: Path) -> None:
    table = index_movies(tree, SCENES, FRAMES, threads=2)
    assert len(table) == 3 * SCENES * 4 and (table["frames"] == FRAMES).all()
    for (block, scene), movies in table.groupby(["block", "scene"]):
        names = order(str(block), int(scene))
        assert movies["movie"].tolist() == [1, 2, 3, 4]
        assert movies["possible"].tolist() == [len(name) == 1 for name in names]
        # A and A-then-B begin alike, and differ where B's own frames begin: the frame of the splice
        # is the same in both, so the difference is seen one frame later.
        assert (movies["breakpoint"] == change_frame(int(scene)) + 1).all()
        pairs = movies.assign(name=names).groupby("pair")["name"].agg(set).tolist()
        assert pairs in ([{"A", "AB"}, {"B", "BA"}], [{"B", "BA"}, {"A", "AB"}])
        assert movies["folder"].iloc[0] == f"{block}/{scene:02d}/1"


def test_pictures_with_an_alpha_channel_are_read_as_rgb(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "dev"
    shutil.copytree(tree, root)
    for path in (root / "O1/01").rglob("scene_*.png"):
        Image.open(path).convert("RGBA").save(path)
    assert index_movies(root, SCENES, FRAMES).equals(index_movies(tree, SCENES, FRAMES))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _relabel(root: Path, movie: str, content: object) -> None:
    (root / movie / "status.json").write_text(json.dumps(content))


def _flip(root: Path, scene: str) -> None:
    """Call one impossible movie of the scene possible."""
    for movie in range(1, 5):
        path = root / scene / str(movie) / "status.json"
        if not json.loads(path.read_text())["header"]["is_possible"]:
            path.write_text(json.dumps({"header": {"is_possible": True}}))
            return


def _swap_frame(root: Path) -> None:
    """Put a frame into an impossible movie that no possible one has."""
    for movie in range(1, 5):
        folder = root / "O2/01" / str(movie)
        if not json.loads((folder / "status.json").read_text())["header"]["is_possible"]:
            picture = np.full((SIDE, SIDE, 3), 7, np.uint8)
            Image.fromarray(picture).save(folder / "scene/scene_001.png")
            return


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "block": (lambda r: shutil.rmtree(r / "O3"), r"O3/01/1 is missing"),
    "scene": (lambda r: shutil.rmtree(r / "O2/02"), r"O2/02/1 is missing"),
    "movie": (lambda r: shutil.rmtree(r / "O1/01/3"), r"O1/01/3 is missing"),
    "frame": (
        lambda r: (r / "O1/01/2/scene/scene_004.png").unlink(),
        r"holds 5 frames where 6 are due(.|\n)*scene_004\.png is missing",
    ),
    "too many": (
        lambda r: shutil.copy(r / "O1/01/2/scene/scene_004.png", r / "O1/01/2/scene/scene_007.png"),
        r"O1/01/2/scene holds 7 frames where 6 are due",
    ),
    "unreadable": (
        lambda r: _truncate(r / "O3/01/4/scene/scene_006.png"),
        r"O3/01/4/scene/scene_006\.png is not a readable picture",
    ),
    "no status": (lambda r: (r / "O1/02/1/status.json").unlink(), r"status\.json is missing"),
    "garbled": (lambda r: (r / "O1/02/1/status.json").write_text("{"), "no header.is_possible"),
    "no label": (lambda r: _relabel(r, "O1/02/1", {"header": {}}), "no header.is_possible"),
    "no boolean": (
        lambda r: _relabel(r, "O1/02/1", {"header": {"is_possible": "yes"}}),
        "is_possible = 'yes'",
    ),
    "not 2 + 2": (lambda r: _flip(r, "O2/01"), r"O2/01 has 3 possible movies of 4"),
    "size": (
        lambda r: Image.new("RGB", (9, 8)).save(r / "O1/01/1/scene/scene_001.png"),
        r"O1/01 has frames of 2 sizes",
    ),
    "size of a scene": (
        lambda r: [
            Image.new("RGB", (9, 8)).save(path) for path in (r / "O1/01").rglob("scene_*.png")
        ],
        r"movies have frames of 2 sizes",
    ),
    "label is a folder": (
        lambda r: [(r / "O1/02/1/status.json").unlink(), (r / "O1/02/1/status.json").mkdir()],
        r"status\.json cannot be read",
    ),
    "other beginnings": (
        lambda r: [
            Image.effect_noise((SIDE, SIDE), 90).convert("RGB").save(path)
            for path in sorted((r / "O3/02").rglob("scene_001.png"))
        ],
        r"O3/02",
    ),
    "strange frame": (_swap_frame, r"O2/01: 1 frames of its impossible movies are no frames"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_with_the_cure(damage: str, tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "dev"
    shutil.copytree(tree, root)
    inflict, complaint = DAMAGE[damage]
    inflict(root)
    with pytest.raises(ArtifactError, match=complaint) as caught:
        index_movies(root, SCENES, FRAMES)
    assert "(its root)" in str(caught.value)


def test_all_problems_are_counted_and_the_first_are_named(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "dev"
    shutil.copytree(tree, root)
    for path in list(root.rglob("status.json")):
        path.unlink()
    with pytest.raises(ArtifactError, match=r"24 problems(.|\n)*and 4 more"):
        index_movies(root, SCENES, FRAMES)


def test_a_root_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"nowhere is not a folder.*Set root of the dataset"):
        index_movies(tmp_path / "nowhere", SCENES, FRAMES)


def test_pairs_share_the_longest_beginnings() -> None:
    movies = [[b"a", b"b", b"c"], [b"x", b"y", b"z"], [b"x", b"y", b"c"], [b"a", b"b", b"z"]]
    pairs = matched_pairs(movies, [True, True, False, False])
    assert [tuple(pair) for pair in pairs] == [(0, 3, 2), (1, 2, 2)]


def test_identical_movies_have_no_breakpoint() -> None:
    movies = [[b"a", b"b"], [b"c", b"d"], [b"a", b"b"], [b"c", b"x"]]
    pairs = matched_pairs(movies, [True, True, False, False])
    assert [pair.breakpoint for pair in pairs] == [None, 1]
