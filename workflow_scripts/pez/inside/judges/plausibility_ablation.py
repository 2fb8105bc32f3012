"""What the removal of near keys costs to the telling of movies."""

from collections.abc import Sequence
from pathlib import Path

from pez.inside.ablation.judged import judge_removals
from pez.inside.ablation.verdict import ASKED_PLAUSIBILITY
from pez.inside.judged import Facts, Judged
from pez.inside.spec import InsideSpec


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: see `judge_removals`."""
    return judge_removals(ASKED_PLAUSIBILITY, spec, tables, facts)
