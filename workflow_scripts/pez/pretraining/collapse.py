"""Stop a training whose target features have become the same for every clip."""

import math
from dataclasses import dataclass

from pez.runtime.errors import PezError


@dataclass(frozen=True)
class CollapseWatch:
    """Compares the spread of the target features with what it was before training."""

    first: float
    share: float

    def check(self, step: int, loss: float, spread: float) -> None:
        """Look at one row of the log.

        Raises:
            PezError: the spread is below ``share`` of the first, or loss or spread is not finite.
        """
        cure = "Lower pretraining.learning_rate or raise pretraining.target_momentum and start over"
        if not (math.isfinite(loss) and math.isfinite(spread)):
            raise PezError(
                f"pre-training diverged: at step {step} the loss is {loss} and the spread of the "
                f"target features {spread}. {cure}."
            )
        if spread < self.share * self.first:
            raise PezError(
                f"pre-training collapsed: at step {step} the target features spread over clips by "
                f"{spread:.3g}, before training by {self.first:.3g} (limit {self.share:g} of it, "
                f"pretraining.collapse_share; loss {loss:.3g}). {cure}."
            )
