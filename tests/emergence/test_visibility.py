"""What a figure says about clips that end without the ball."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest

from pez.clips.visibility import OutOfView, count_out_of_view, note_out_of_view
from pez.emergence.facts import ClipsFacts
from pez.emergence.figure_verdict import FigureVerdict
from pez.emergence.verdict_page import to_markdown
from pez.emergence.visibility import read_out_of_view, visibility_caption, visibility_lines
from pez.evidence.read import EvidenceTable
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table, write_table


def probe(dataset: str = "velocity", clips: str = "all") -> dict[str, str]:
    """What is asked of a recipe's fields."""
    return {"dataset": dataset, "clips": clips}


def labels(leaving: int, *, speed: bool = True) -> pd.DataFrame:
    """Ten slow clips whose ball stays, ten fast ones; of these ``leaving`` end without it."""
    fast = [False] * 10 + [True] * 10
    size = [7.0 if quick else 2.0 for quick in fast]
    gone = [number >= 20 - leaving for number in range(20)]
    return pd.DataFrame(
        {
            "magnitude_index": [int(quick) for quick in fast],
            "speed_m_s": size if speed else [0.0] * 20,
            "acceleration_m_s2": [0.0] * 20 if speed else size,
            "frames_out_of_view": [3 if out else 0 for out in gone],
            "in_view_at_end": [not out for out in gone],
            "in_view_in_last_tubelet": [number <= 20 - leaving for number in range(20)],
        }
    )


LEAVING = {"velocity": count_out_of_view(labels(6))}
STAYING = {"acceleration": count_out_of_view(labels(0, speed=False))}
FACTS = LEAVING | STAYING


def table(fit: str, clips: pd.DataFrame, layers: int = 1) -> EvidenceTable:
    """Evidence as far as it is looked at here, written and read again."""
    probe, protocol = fit.split(".")
    results = pd.DataFrame({"layer": [0], "value": [0.5], "probe": probe, "protocol": protocol})
    note_out_of_view(results, clips)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{fit}.parquet"
        write_table(path, results)
        return EvidenceTable(read_table(path), layers, path.name)


def test_counts_travel_with_the_evidence() -> None:
    tables = [table("speed.mine", labels(6)), table("speed.mine", labels(6))]
    tables.append(table("push.mine", labels(0, speed=False)))
    movies = pd.DataFrame({"clip_id": ["m"], "possible": [1]})
    tables.append(table("plausibility.mine", movies))
    probes = {
        "speed.mine": probe(),
        "push.mine": probe("acceleration"),
        "plausibility.mine": probe("intphys_mini"),
    }
    assert read_out_of_view(tables, probes) == FACTS


def test_tables_that_were_fitted_to_different_clips_are_refused() -> None:
    tables = [table("a.mine", labels(6)), table("b.mine", labels(5))]
    with pytest.raises(ArtifactError, match=r"a\.mine.* and b\.mine.* were fitted to diff"):
        read_out_of_view(tables, {"a.mine": probe(), "b.mine": probe()})


def test_the_verdict_says_how_many_where_and_what_it_gives_away() -> None:
    leaving, staying = visibility_lines(FACTS, {"speed": probe(), "push": probe("acceleration")})
    assert leaving == (
        "6 of 20 clips of velocity end with the ball out of view (6 of 10 at 7 m/s, none at "
        "2 m/s); in 5 of them it is in no frame of the last tubelet. Whether it is in view at the "
        "end tells the speed with R² 0.43, without any perception of motion. Probes that read "
        "these clips: speed."
    )
    assert staying == "All 20 clips of acceleration end with the ball in view."


def test_the_verdict_says_which_probes_leave_them_out() -> None:
    probes = {"speed": probe(), "kept": probe(clips="in_view"), "push": probe("acceleration")}
    (line,) = visibility_lines(LEAVING, probes)
    assert line.endswith(
        "Probes that read these clips: speed. Probes that leave these clips out: kept."
    )


@pytest.mark.parametrize(
    ("probes", "reading"),
    [
        ({"speed": probe()}, "the probes read them too"),
        ({"speed": probe(clips="in_view")}, "the probes leave them out"),
        (
            {"speed": probe(), "kept": probe(clips="in_view")},
            "left out only by the probe kept",
        ),
    ],
)
def test_the_caption_has_one_short_sentence(
    probes: dict[str, dict[str, str]], reading: str
) -> None:
    probes |= {"push": probe("acceleration")}
    sentence = "6 of 20 velocity clips end with the ball out of view (6 of 10 at 7 m/s); "
    assert visibility_caption(FACTS, probes) == sentence + reading + "."


def test_no_caption_where_every_ball_stays_or_there_is_none() -> None:
    assert visibility_caption(STAYING, {"push": probe("acceleration")}) == ""
    assert visibility_caption({}, {}) == ""


def test_page_and_json_carry_the_counts() -> None:
    clips = ClipsFacts(
        renderer="kubric", samples=16, datasets={"velocity": 20}, out_of_view=LEAVING
    )
    verdict = FigureVerdict(figure="f", clips=clips, recipes={"speed": probe()}, models=())
    assert visibility_lines(LEAVING, {"speed": probe()})[0] in to_markdown(verdict).splitlines()
    written = json.loads(verdict.model_dump_json())["clips"]["out_of_view"]["velocity"]
    assert (written["clips"], written["at_end"], written["in_last_tubelet"]) == (20, 6, 5)
    assert written["by_magnitude"][1] == {
        "magnitude": 7.0, "clips": 10, "at_end": 6, "in_last_tubelet": 5,
    }  # fmt: skip
    assert OutOfView.model_validate(written) == LEAVING["velocity"]
