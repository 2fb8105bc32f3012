"""The words in a figure: which model, which weights, which clips, which recipe."""

from collections.abc import Mapping, Sequence

from pez.emergence.curves import pez_layer
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.report import ModelVerdict
from pez.figures.spec import FigureSpec
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
    weights = " / ".join(dict.fromkeys(facts.weights for facts in controls))
    counts = " + ".join(f"{count} {name}" for name, count in clips.datasets.items())
    nested = (
        "Nested: chosen on an inner split of the training folds; the reported fold is used once. "
        if has_nested
        else ""
    )
    return (
        "R² of linear probes on held-out folds, mean over folds; band: ± 1 standard deviation "
        "over folds. Validation: step and hyper-parameters are chosen on the reported fold itself "
        f"(optimistic). {nested}Untrained: the same architecture, {weights}, validation selection. "
        f"Clips: {counts} ({clips.renderer}, {clips.samples} samples per pixel). "
        f"{recipe(spec, probes)}"
    )


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
