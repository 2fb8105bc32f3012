"""What the loss of local heads costs a model, from the table of a measurement inside it."""

from pathlib import Path

from pez.inside.ablation.readings import DIRECTION, REFIT
from pez.inside.heads.costs import Costs
from pez.inside.heads.effects import scores
from pez.inside.judges.head_ablation import COLUMNS
from pez.inside.tables import CLIP_COLUMNS
from pez.runtime.identity import Identity, expect
from pez.runtime.tables import open_table


def read_costs(model: str, path: Path | str, draws: int, seed: int) -> Costs:
    """Cost to direction, read by a probe fitted again after the blocks that lose heads.

    Args:
        model: the model.
        path: table of `pez.inside.measures.head_ablation` in it.
        draws: bootstrap draws B of conditions.
        seed: of the draws.

    Raises:
        ArtifactError: the file is missing, damaged, or another model's.
    """
    opened = open_table(path, (*CLIP_COLUMNS, *COLUMNS))
    expect(path, Identity.read(path, opened.metadata), Identity(model=model))
    read = (int(opened.metadata["end"]), DIRECTION, REFIT)
    return Costs.of(scores(opened.table, draws, seed), read)
