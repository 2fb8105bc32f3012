"""The words in a figure: which model, which weights, which clips, which recipe."""

from collections.abc import Mapping, Sequence

from pez.emergence.curves import pez_layer
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.report import ModelVerdict
from pez.emergence.visibility import visibility_caption
from pez.figures.spec import FigureSpec, PlausibilityFigureSpec
from pez.intphys.spec import BLOCKS, DEV, MINI
from pez.probes.spec import ProbeSpec

_WORDS = {
    "capture": "capture {}",
    "pooling": "pooling {}",
    "grouping": "folds by {}",
    "folds": "{} folds",
    "normalisation": "normalisation {}",
    "solver": "solver {}",
    "dataset": "dataset {}",
    "target": "target {}",
}


def panel_title(spec: FigureSpec, probe: str) -> str:
    """Title of the panel of ``probe``."""
    return spec.panel_titles.get(probe, probe.replace("_", " "))


def row_title(verdict: ModelVerdict, facts: ModelFacts) -> str:
    """Title of a model's row: what it is, and whether it may be read as a reproduction."""
    title = (
        f"{verdict.model}: {facts.layers} blocks, {facts.weights}; "
        f"PEZ marker at layer {pez_layer(facts.layers)}"
    )
    if verdict.level == "Not a reproduction":
        title += ". Not a reproduction of the paper's numbers"
    return title


def caption(
    spec: FigureSpec,
    probes: Mapping[str, ProbeSpec],
    controls: Sequence[ModelFacts],
    clips: ClipsFacts,
    has_nested: bool,
) -> str:
    """Caption under the panels: reading aid, control, clips, recipe."""
    out_of_view = visibility_caption(clips.out_of_view, probes)
    visible = f"{out_of_view} " if out_of_view else ""
    return (
        "R² of linear probes on held-out folds, mean over folds; band: ± 1 standard deviation "
        "over folds. Validation: step and hyper-parameters are chosen on the reported fold itself "
        f"(optimistic). {_nested(has_nested)}{_untrained(controls)} {_clips(clips)} "
        f"{visible}{recipe(spec, probes)}"
    )


def plausibility_caption(
    spec: PlausibilityFigureSpec,
    probe: ProbeSpec,
    controls: Sequence[ModelFacts],
    clips: ClipsFacts,
    has_nested: bool,
    has_ties: bool,
) -> str:
    """Caption under the panels of possible against impossible movies."""
    rings = (
        "Rings: layers at which scenes tie; the bar of the validation series ends where ties would "
        "count as right. "
    )
    metrics = {
        "relative_accuracy": "Relative accuracy: share of scenes whose two possible movies "
        "together get a strictly higher probability than the two impossible ones; a tie counts as "
        f"wrong. {rings if has_ties else ''}",
        "clip_accuracy": "Clip accuracy: share of movies on the right side of probability 0.5. "
        "75 %: the movies of a scene are spliced from the same frames, so a linear probe of "
        "features that add over time cannot get more than three of four right, and needs no "
        "physics for that. ",
    }
    told = [field for field in _WORDS if field not in ("dataset", "target")]  # said already
    choosing = f"chosen for {getattr(probe, 'selected_by', '').replace('_', ' ')}"
    return (
        "Held-out scenes, mean over folds; band: ± 1 standard deviation over folds. "
        f"{''.join(metrics[metric] for metric in spec.metrics)}Validation: step and "
        f"hyper-parameters are {choosing} on the reported fold itself (optimistic). "
        f"{_nested(has_nested)}{_untrained(controls)} Shuffled labels: which two of a scene's four "
        "movies count as possible is drawn at random, for training and judging alike; validation "
        "selection, so that what lies above 50 % is the optimism of choosing, and chance. "
        f"{_clips(clips)} Recipe: {_fields(probe, told)}."
    )


def subset_title(subset: str) -> str:
    """Title of the panel of all movies, or of a block."""
    return f"{subset} {BLOCKS[subset]}" if subset in BLOCKS else "Overall"


def clip_source(clips: ClipsFacts) -> str:
    """Where the movies of a plausibility figure come from, for its title."""
    sources = {
        MINI: "movies rendered by this project (intphys_mini)",
        DEV: "public dev set of IntPhys",
    }
    return " and ".join(sources[name] for name in clips.datasets)


def _nested(has_nested: bool) -> str:
    return (
        "Nested: chosen on an inner split of the training folds; the reported fold is used once. "
        if has_nested
        else ""
    )


def _untrained(controls: Sequence[ModelFacts]) -> str:
    weights = " / ".join(dict.fromkeys(facts.weights for facts in controls))
    return f"Untrained: the same architecture, {weights}, validation selection."


def _clips(clips: ClipsFacts) -> str:
    counts = " + ".join(f"{count} {name}" for name, count in clips.datasets.items())
    return f"Clips: {counts} ({clips.origin})."


def recipe(spec: FigureSpec, probes: Mapping[str, ProbeSpec]) -> str:
    """The recipe: what the panels share, then what is particular to each."""
    chosen = [probes[name] for name in spec.probes]
    shared = [field for field in _WORDS if len({str(getattr(p, field)) for p in chosen}) == 1]
    own = [field for field in _WORDS if field not in shared]
    sentence = "Recipe: " + _fields(chosen[0], shared)
    panels = (f"{panel_title(spec, name)}: {_fields(probes[name], own)}" for name in spec.probes)
    return sentence + ("; ".join(["", *panels]) if own else "") + "."


def _fields(probe: ProbeSpec, fields: Sequence[str]) -> str:
    return ", ".join(_WORDS[field].format(getattr(probe, field)) for field in fields)
