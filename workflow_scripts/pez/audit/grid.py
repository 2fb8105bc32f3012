"""The cells of the multiverse: one cell is one curve, every choice behind it under its name."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from pez.audit.gradient import SELECTIONS
from pez.audit.spec import AuditAxes, AuditPooling, AuditSelection, GradientSubset, PrimaryCell
from pez.audit.targets import VARIABLE_OF, AuditTarget, kind_of
from pez.fingerprint.provenance import digest
from pez.recipes.spec import GroupingName
from pez.solvers.leave_out import Scaling

RIDGE = "ridge"  # the solver in closed form
METRICS = {"plausibility": "matched_pair"}  # of a variable; r2 of all others


@dataclass(frozen=True)
class Cell:
    """The protocol of one curve.

    Attributes:
        dataset: whose clips are read.
        target: what is fitted.
        pooling: of the tokens.
        grouping: which clips stay together.
        normalisation: of the features.
        solver: what fits; ``ridge``, in closed form.
        selection: how its penalty is picked.
        fold_seed: of the dealing of groups into folds.
        clips: training clips; None: all.
    """

    dataset: str
    target: AuditTarget
    pooling: AuditPooling
    grouping: GroupingName
    normalisation: Scaling
    solver: str
    selection: AuditSelection
    fold_seed: int
    clips: int | None

    @property
    def name(self) -> str:
        """Key of the cell in tables, the same for all networks."""
        return digest(asdict(self))

    @property
    def variable(self) -> str:
        """What is read out, however it is coded."""
        return VARIABLE_OF[self.target]

    def columns(self) -> dict[str, Any]:
        """The choices as columns of a table."""
        metric = METRICS.get(self.variable, "r2")
        return asdict(self) | {"variable": self.variable, "metric": metric, "cell": self.name}


def cells_of(
    kind: str, dataset: str, axes: AuditAxes, primary: PrimaryCell, clips: Sequence[int]
) -> Iterator[Cell]:
    """Yield the cells of one dataset.

    A full factorial of the axes with all training clips; and with fewer ``clips`` that of target,
    pooling, grouping and selection at the primary normalisation and folds. Movies have one target
    and one grouping.

    Args:
        kind: of the dataset: velocity, acceleration or plausibility.
        dataset: its name.
        axes: values of every choice.
        primary: the primary cell, which is among them wherever the axes leave it out.
        clips: numbers of training clips.
    """
    movies = kind == "plausibility"
    targets: Sequence[AuditTarget] = [one for one in axes.target if kind_of(one) == kind]
    groupings: Sequence[GroupingName] = axes.grouping
    if movies:
        targets, groupings = ["plausibility"], ["scene"]
    seen = dict.fromkeys(
        [
            *product(axes.normalisation, axes.fold_seed, [None]),
            *product([primary.normalisation], [primary.fold_seed], clips),
        ]
    )
    for pooling, (scaling, fold_seed, few) in product(axes.pooling, seen):
        for grouping, target, selection in product(groupings, targets, axes.selection):
            yield Cell(
                dataset, target, pooling, grouping, scaling, RIDGE, selection, fold_seed, few
            )


def gradient_cells(
    kind: str, dataset: str, subset: GradientSubset, primary: PrimaryCell
) -> Iterator[Cell]:
    """Yield the cells of one dataset that are fitted by gradient descent: a factorial of its own.

    Their ridge counterparts are cells of the multiverse, at the primary folds.
    """
    targets = [target for target in subset.target if kind_of(target) == kind]
    for solver, pooling, scaling, grouping, target in product(
        subset.solver, subset.pooling, subset.normalisation, subset.grouping, targets
    ):
        for selection in SELECTIONS:
            yield Cell(
                dataset,
                target,
                pooling,
                grouping,
                scaling,
                solver,
                selection,
                primary.fold_seed,
                None,
            )
