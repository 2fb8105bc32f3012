"""Balls that leave the picture: the facts that evidence carries, and the words for them."""

from collections.abc import Iterable, Mapping

from pez.clips.visibility import TABLE_KEY, OutOfView
from pez.evidence.read import EvidenceTable
from pez.runtime.errors import ArtifactError

Recipes = Mapping[str, Mapping[str, str]]  # by name, what `pez.recipes.recipe.Recipe.fields` gives


def read_out_of_view(tables: Iterable[EvidenceTable], recipes: Recipes) -> dict[str, OutOfView]:
    """Counts by dataset, as tables of evidence carry them.

    Datasets without balls have none.

    Raises:
        ArtifactError: two tables of one dataset differ.
    """
    known: dict[str, tuple[str, OutOfView]] = {}
    for table in tables:
        noted = table.rows.attrs.get(TABLE_KEY)
        if noted is None:
            continue
        counts, dataset = OutOfView.model_validate(noted), recipes[table.recipe]["dataset"]
        first, before = known.setdefault(dataset, (table.source, counts))
        if counts != before:
            raise ArtifactError(
                f"{first} and {table.source} were fitted to different clips of {dataset!r} (with "
                f"{before.at_end} and {counts.at_end} of them the ball is out of view at the end): "
                "delete both and run again."
            )
    return {dataset: counts for dataset, (_, counts) in known.items()}


def visibility_lines(out_of_view: Mapping[str, OutOfView], recipes: Recipes) -> list[str]:
    """One line of a verdict for each dataset of balls."""
    return [_line(dataset, counts, recipes) for dataset, counts in out_of_view.items()]


def _line(dataset: str, counts: OutOfView, recipes: Recipes) -> str:
    if not counts.at_end:
        return f"All {counts.clips} clips of {dataset} end with the ball in view."
    line = (
        f"{counts.at_end} of {counts.clips} clips of {dataset} end with the ball out of view "
        f"({counts.in_words()}); in {counts.in_last_tubelet} of them it is in no frame of the "
        "last tubelet."
    )
    if counts.r2_of_absence is not None:
        magnitude = "speed" if counts.unit == "m/s" else "acceleration"
        line += (
            f" Whether it is in view at the end tells the {magnitude} with R² "
            f"{counts.r2_of_absence:.2f}, without any perception of motion."
        )
    for clips, reading in (("all", "read these clips"), ("in_view", "leave these clips out")):
        names = [
            name
            for name, fields in recipes.items()
            if (fields["dataset"], fields["clips"]) == (dataset, clips)
        ]
        if names:
            line += f" Probes that {reading}: {', '.join(names)}."
    return line


def visibility_caption(out_of_view: Mapping[str, OutOfView], recipes: Recipes) -> str:
    """One short sentence for each dataset with clips that end without the ball, or nothing."""
    sentences = []
    for dataset, counts in out_of_view.items():
        if not counts.at_end:
            continue
        most = max(counts.by_magnitude, key=lambda row: row.at_end / row.clips)
        sentences.append(
            f"{counts.at_end} of {counts.clips} {dataset} clips end with the ball out of view "
            f"({most.at_end} of {most.clips} at {most.magnitude:g} {counts.unit}); "
            f"{_reading(dataset, recipes)}."
        )
    return " ".join(sentences)


def _reading(dataset: str, recipes: Recipes) -> str:
    readers = {
        name: fields["clips"] for name, fields in recipes.items() if fields["dataset"] == dataset
    }
    leaving = [name for name, clips in readers.items() if clips == "in_view"]
    if not leaving:
        return "the probes read them too"
    if len(leaving) == len(readers):
        return "the probes leave them out"
    noun = "probe" if len(leaving) == 1 else "probes"
    return f"left out only by the {noun} {', '.join(leaving)}"
