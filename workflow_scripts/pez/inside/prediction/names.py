"""What is predicted, by what, and over which tokens surprise is taken: names in tables."""

from collections.abc import Sequence

# Target of a predictor that sees state l of the context: the same state of the whole window, or
# the last one.
SAME, LAST = "same", "last"
# A trained predictor; the last tubelet of the context, repeated; the mean target in training.
TRAINED, NO_CHANGE, MEAN = "trained", "no_change", "mean"
# All tokens after the context, or those in which the two movies of a matched pair differ.
ALL, DIFFERING = "all", "differing"


def states_at(depths: Sequence[float], blocks: int) -> list[int]:
    """Residual states nearest to ``depths``, shares of all ``blocks``: ascending, each once."""
    return sorted({round(depth * blocks) for depth in depths})


def predicted(states: Sequence[int]) -> list[tuple[str, int]]:
    """Every reading and state that has a predictor of its own.

    From the last state both readings ask for the same, and one predictor serves both.
    """
    return [*((SAME, state) for state in states), *((LAST, state) for state in states[:-1])]
