"""The clip that stands for a successful edit, in words."""


def other_in_words(counterfactual: float, apart_m: float) -> str:
    """Say what it shares with the clip that is edited.

    Args:
        counterfactual: share of clips whose other clip differs in direction alone.
        apart_m: median distance between the starts, metres.
    """
    if counterfactual == 1:
        return "Other clip: it differs from the edited one in direction alone."
    few = (
        "No clip has" if counterfactual == 0 else f"{100 * counterfactual:.0f} % of the clips have"
    )
    return (
        "Other clip: of the target direction and the same magnitude, the one that starts nearest "
        f"(median distance {apart_m:.1f} m). {few} a counterpart that differs in direction alone."
    )
