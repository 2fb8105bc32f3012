"""The clip that stands for a successful edit, in words."""


def other_in_words(counterfactual: float, apart_m: float) -> str:
    """Say what it shares with the clip that is edited.

    Args:
        counterfactual: share of clips whose other clip differs in direction alone.
        apart_m: median distance between the starts, metres.
    """
    if counterfactual == 1:
        return "The other clip differs from it in direction alone."
    few = "none" if counterfactual == 0 else f"{100 * counterfactual:.0f} %"
    return (
        f"For {few} of the clips there is one that differs in direction alone: the other clip has "
        "the target direction, the same magnitude, and of those clips the nearest start (median "
        f"distance {apart_m:.1f} m)."
    )
