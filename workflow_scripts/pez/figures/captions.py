"""The words in a figure: which model, which weights, which clips, which recipes."""

from collections.abc import Mapping, Sequence

from pez.emergence.curves import pez_layer
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.figure_verdict import ModelVerdict
from pez.emergence.visibility import visibility_caption
from pez.features.spec import Capture, residual_state
from pez.figures.kinds import motion, plausibility
from pez.intphys.spec import BLOCKS, PUBLISHED_FRAMES
from pez.recipes.recipe import Recipe

_WORDS = {
    "dataset": "dataset {}",
    "target": "target {}",
    "capture": "{}",
    "pooling": "pooling {}",
    "patch_map": "{} map of patches",
    "grouping": "folds by {}",
    "folds": "{} folds",
    "normalisation": "{}",
    "solver": "solver {}",
    "clips": "clips {}",
    "selected_by": "picked by {}",
}
_SELECTION = {
    "validation": "step and hyper-parameters picked on the reported fold itself (optimistic)",
    "nested": "picked on an inner split of the training folds, the reported fold used once",
}
_DRAWN = {
    "r2": "R²",
    "accuracy": "Share of clips told right (chance: the share of the largest class)",
}
_METRICS = {
    "matched_pair": "Matched-pair accuracy: share of pairs of a possible and an impossible movie "
    "that agree up to the breakpoint in which the possible one gets the higher logit; ties count "
    "one half. ",
    "logit_sum": "Summed logits: share of scenes whose two possible movies together get a higher "
    "logit than the two impossible ones; ties count one half. ",
    "relative_accuracy": "Relative accuracy: the same with probabilities, ties counted as wrong "
    "(the third party's score); the position of the bias alone can take it from 0 to 100 %. ",
    "clip_accuracy": "Clip accuracy: share of movies on the right side of probability 0.5. "
    "75 %: a linear probe of features that add over time cannot get more than three of a scene's "
    "four movies right, and needs no physics for that. ",
}


def panel_title(spec: motion.Section, probe: str) -> str:
    """Title of the panel of ``probe``."""
    return spec.panel_titles.get(probe, probe.replace("_", " "))


def row_title(verdict: ModelVerdict, facts: ModelFacts, capture: Capture) -> str:
    """Title of a model's row: what it is, and whether it may be read as a reproduction."""
    layer = pez_layer(facts.layers)
    title = (
        f"{verdict.model}: {facts.layers} blocks, {facts.weights}; "
        f"PEZ marker at layer {layer} of {capture} (state {residual_state(layer, capture)})"
    )
    if verdict.level == "Not a reproduction":
        title += ". Not a reproduction of the paper's numbers"
    return title


def choice_words(protocol: str, selection: str) -> str:
    """What the legend calls the curves of ``protocol`` under ``selection``."""
    return f"{protocol} protocol ({selection} selection), ± 1 s.d."


def caption(
    metric: str,
    recipes: Sequence[Recipe],
    protocols: Mapping[str, str],
    controls: str,
    clips: ClipsFacts,
) -> str:
    """Caption under panels of R2 or accuracy: reading aid, control, clips, recipes.

    Args:
        metric: what is drawn.
        recipes: all that are drawn.
        protocols: what every protocol is, in a few words.
        controls: a sentence for each control.
        clips: the clips in use.
    """
    return (
        f"{_DRAWN[metric]} of linear probes on held-out folds, mean over folds; band: ± 1 standard "
        f"deviation over folds. {controls} {_clips(clips)} {_visibility(recipes, clips)}"
        f"{recipes_in_words(recipes, protocols)}"
    )


def plausibility_caption(
    spec: plausibility.Section,
    recipes: Sequence[Recipe],
    protocols: Mapping[str, str],
    controls: str,
    clips: ClipsFacts,
    has_ties: bool,
) -> str:
    """Caption under panels of possible against impossible movies: the scores of ``spec`` too.

    Arguments as of `caption`; ``has_ties``: whether scenes tie at some layer.
    """
    rings = (
        "Rings: layers at which scenes tie; the bar ends where ties would count as right. "
        if has_ties
        else ""
    )
    return (
        "Held-out scenes, mean over folds; band: ± 1 standard deviation over folds. "
        f"{''.join(_METRICS[metric] for metric in spec.metrics)}{rings}{controls} "
        f"{_clips(clips)} "
        f"{recipes_in_words(recipes, protocols, known=('dataset', 'target'))}"
    )


def subset_title(subset: str) -> str:
    """Title of the panel of all movies, or of a block."""
    return f"{subset} {BLOCKS[subset]}" if subset in BLOCKS else "Overall"


def clip_source(clips: ClipsFacts) -> str:
    """Where the movies of a plausibility figure come from, for its title."""
    if clips.renderer == PUBLISHED_FRAMES:
        return "public dev set of IntPhys"
    return f"movies rendered by this project ({', '.join(clips.datasets)})"


def recipes_in_words(
    recipes: Sequence[Recipe], protocols: Mapping[str, str], known: Sequence[str] = ()
) -> str:
    """A sentence per protocol: what it is, what its recipes share, what is particular to each.

    Fields that are ``known`` from the rest of the caption are left out.
    """
    words = [name for name in _WORDS if name not in known]
    sentences = []
    for protocol in dict.fromkeys(recipe.protocol for recipe in recipes):
        own = [recipe for recipe in recipes if recipe.protocol == protocol]
        chosen = [_told(recipe) for recipe in own]
        shared = [name for name in words if len({fields.get(name) for fields in chosen}) == 1]
        parts = [_in_words(chosen[0], shared)]
        particular = [name for name in words if name not in shared]
        if particular:
            parts += [
                f"{recipe.probe}: {_in_words(fields, particular)}"
                for recipe, fields in zip(own, chosen, strict=True)
            ]
        what = f" ({protocols[protocol]})" if protocols[protocol] else ""
        picked = ", or ".join(_SELECTION[name] for name in own[0].spec.selections)
        sentences.append(f"{protocol.capitalize()} protocol{what}: {'; '.join(parts)}; {picked}.")
    return " ".join(sentences)


def _told(recipe: Recipe) -> dict[str, str]:
    """Fields as a caption tells them: the solver by its name, and what is usual not at all."""
    fields = recipe.fields() | {"solver": recipe.spec.solver}
    if recipe.spec.clips == "all":
        del fields["clips"]
    return fields


def _in_words(fields: Mapping[str, str], names: Sequence[str]) -> str:
    return ", ".join(_WORDS[name].format(fields[name]) for name in names if name in fields)


def _visibility(recipes: Sequence[Recipe], clips: ClipsFacts) -> str:
    told = visibility_caption(
        clips.out_of_view, {recipe.name: recipe.fields() for recipe in recipes}
    )
    return f"{told} " if told else ""


def _clips(clips: ClipsFacts) -> str:
    counts = " + ".join(f"{count} {name}" for name, count in clips.datasets.items())
    return f"Clips: {counts} ({clips.origin})."
