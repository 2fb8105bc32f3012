"""Whether the weights that the repository ships are where the configuration says."""

from collections.abc import Iterable
from pathlib import Path

from pez.config.model import Config
from pez.encoders.spec import EmbeddedWeights


def check_weights(config: Config, models: Iterable[str], checkout: Path) -> Iterable[str]:
    """Yield those of ``models`` whose shipped weights are not in the folder ``checkout``.

    Checkpoints are looked for when a rule asks for them.
    """
    for name in models:
        encoder = config.encoders.models.get(name)
        weights = encoder.weights if encoder else None
        if isinstance(weights, EmbeddedWeights) and not (checkout / weights.file).is_file():
            yield (
                f"encoders.models.{name}.weights.file = {weights.file!r}: no such file in "
                f"{checkout}; restore it from the repository"
            )
