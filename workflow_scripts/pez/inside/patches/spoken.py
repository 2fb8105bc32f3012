"""What is said of a model beside its controls."""

from collections.abc import Sequence

from pez.controls.registry import find_control
from pez.emergence.facts import ModelFacts
from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import ModelVerdict
from pez.inside.patches.rows import PIXELS, TRACK
from pez.inside.patches.series import Scored
from pez.inside.patches.verdict import Rival, spread_verdict, transfer_verdict

_LEVELS = {PIXELS: "the patch's own pixels", TRACK: "how much of the patch the ball covers"}


def verdicts(
    model: str, facts: ModelFacts, far: float, networks: Sequence[tuple[str, int | None, Scored]]
) -> list[ModelVerdict]:
    """Verdicts on spread and on each kind of halves.

    Args:
        model: its name.
        facts: what is known of it.
        far: distance that counts as away, patches.
        networks: control, seed and scores of the model and of what stands beside it.
    """
    (own,) = (found for control, _, found in networks if control == NO_CONTROL)
    others = [one for one in networks if one[0] != NO_CONTROL]
    rivals = [Rival(words, own.levels[read]["far"]) for read, words in _LEVELS.items()]
    rivals += [
        Rival(
            f"{find_control(control).words} (seed {seed})",
            found.courses["far"],
            untrained=control == "untrained",
        )
        for control, seed, found in others
        if find_control(control).replaces == "weights"
    ]
    said = [spread_verdict(model, facts, far, own.courses, rivals)]
    for read, halves in own.halves.items():
        untrained = [found.halves[read] for control, _, found in others if control == "untrained"]
        said.append(transfer_verdict(model, facts, halves, untrained))
    return said
