"""What is read of direction after a linear erasure, in words."""

from collections.abc import Iterator

from pez.inside.sequences.beside import Beside, is_own, spread_of
from pez.inside.sequences.names import ERASED, NETWORK, WHOLE
from pez.inside.wording import with_interval


def erased_in_words(own: Beside) -> Iterator[str]:
    """Say it of the model, and of untrained networks where there are some."""
    rows = own.of("erasure")
    for whose, some in (
        ("", rows[is_own(rows)]),
        (" (untrained networks)", rows[rows["control"] == "untrained"]),
    ):
        if some.empty:
            continue
        values = {key: one["value"] for key, one in some.groupby(["solver", "arm"])}
        told = {key: with_interval(spread_of(found), ".2f") for key, found in values.items()}
        ridge, network = (
            f"{told[name, WHOLE]} and {told[name, ERASED]}" for name in ("ridge", NETWORK)
        )
        yield (
            f"R2 of direction at state {own.near}{whose}, as it is and after its linear erasure in "
            f"two dimensions: ridge {ridge}, a network of one hidden layer {network}."
        )
