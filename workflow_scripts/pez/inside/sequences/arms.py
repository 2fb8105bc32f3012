"""Sequences of one network: the probes' own, and what they are compared with.

probes      as the paper has it
whitened    of features whitened by the clips in training: what is left of a count under an
            invertible map, which keeps all that is linearly readable
random      as many directions are taken out at random, and a ridge probe is fitted to the rest
shuffled    labels of other clips
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from zlib import crc32

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.inside.kinds.probe_sequences import Section, Solver
from pez.inside.sequences.fits import Adam, Probes, fit_ridge
from pez.inside.sequences.names import (
    DIRECTION,
    OTHER,
    PROBES,
    RANDOM,
    SAME,
    SHUFFLED,
    WHITENED,
)
from pez.inside.sequences.readings import Reading
from pez.inside.sequences.scores import score
from pez.inside.sequences.sequence import (
    Fit,
    Fitted,
    common_scale,
    of_splits,
    of_states,
    run_sequence,
    whitening,
)
from pez.inside.sequences.splits import Splits
from pez.inside.sequences.stopping import probes_until


@dataclass(frozen=True)
class Bases:
    """Subspaces that sequences of one variable span, up to where they stop.

    Attributes:
        variable: what is read.
        solver: of the probes.
        clips: `SAME`: split r of every variable of a dataset has the same clips; `OTHER`: so have
            splits 2 r and 2 r + 1, and the two have none in common.
        states: number of states S.
        found: orthonormal, [D, r], by state and split: S * R.
    """

    variable: str
    solver: str
    clips: str
    states: int
    found: Sequence[Tensor]

    def of(self, state: int, split: int) -> Tensor:
        """The subspace at one state."""
        return self.found[state * (len(self.found) // self.states) + split]


def run_arms(
    spec: Section, readings: Sequence[Reading], near: int, bases: list[Bases]
) -> Iterator[pd.DataFrame]:
    """Run all sequences and yield their scores; their subspaces are added to ``bases``.

    Args:
        spec: the measurement.
        readings: what is read.
        near: the state with more draws of clips.
        bases: grows by the subspaces of every variable and solver.
    """
    for reading in readings:
        few = reading.splits.part(slice(spec.splits))
        more = reading.splits.part(slice(spec.splits, None))
        controls = reading.splits.part(slice(spec.control_splits))
        states = range(len(reading.states))
        for solver in spec.solvers:
            run = partial(_run, spec, reading, solver)
            fitted, scores = run(PROBES, few, states)
            yield _rows(scores, reading, solver, PROBES, states, range(spec.splits))
            bases.append(_bases(spec, reading, solver, SAME, fitted, scores))
            if len(more):
                _, scores = run(PROBES, more, [near])
                splits = range(spec.splits, spec.many_splits)
                yield _rows(scores, reading, solver, PROBES, [near], splits)
            _, scores = run(SHUFFLED, controls, states)
            yield _rows(scores, reading, solver, SHUFFLED, states, range(spec.control_splits))
            fitted, scores = run(PROBES, reading.halves, states)
            bases.append(_bases(spec, reading, solver, OTHER, fitted, scores))
        _, scores = _run(spec, reading, "ridge", WHITENED, few, states)
        yield _rows(scores, reading, "ridge", WHITENED, states, range(spec.splits))
        _, scores = _run(spec, reading, "ridge", RANDOM, controls, states)
        yield _rows(scores, reading, "ridge", RANDOM, states, range(spec.control_splits))


def generator(spec: Section, *whose: object) -> torch.Generator:
    """A source of random numbers of its own for everything that has another name.

    Probes of two variables that start from the same weights span nearly the same after a few steps.
    """
    name = " ".join(map(str, (spec.split_seed, *whose)))
    return torch.Generator().manual_seed(crc32(name.encode()))


def fit_of(
    spec: Section, variable: str, logistic: bool, solver: Solver, splits: Splits, whose: str
) -> Fit:
    """How probes of ``variable`` are fitted to ``splits``; starts differ with ``whose``."""
    if solver == "ridge":
        places = (splits.fit, splits.seen)

        def ridge(features: Tensor, targets: Tensor) -> Probes:
            states = len(features) // len(splits)
            fit, seen = (of_states(part.to(features.device), states) for part in places)
            return fit_ridge(features, targets, fit, seen, spec.alphas)

        return ridge
    epochs = spec.adam.epochs_direction if variable == DIRECTION else spec.adam.epochs
    return Adam(spec.adam, epochs, logistic, generator(spec, variable, whose))


def _run(
    spec: Section,
    reading: Reading,
    solver: Solver,
    arm: str,
    splits: Splits,
    states: Sequence[int],
) -> tuple[Fitted, dict[str, np.ndarray]]:
    """One sequence for every split and state, and its scores [N, S * R]."""
    device = reading.states.device
    train, held_out = splits.train.to(device), splits.held_out.to(device)
    chosen = reading.states[list(states)]
    rows = of_splits(chosen, train)
    space = whitening(rows, spec.shrinkage) if arm == WHITENED else common_scale(rows)
    known = reading.shuffled if arm == SHUFFLED else reading.targets
    goal, truth = known[train], known[held_out]
    if not reading.logistic and known.shape[1] == 1:  # in units of its own spread
        middle = goal.mean(dim=1, keepdim=True)
        spread = goal.std(dim=1, keepdim=True)
        goal, truth = (goal - middle) / spread, (truth - middle) / spread
    logits = reading.logistic and solver == "adam"
    fitted = run_sequence(
        space(rows),
        space(of_splits(chosen, held_out)),
        of_states(goal, len(chosen)),
        fit_of(
            spec, reading.variable, logits, solver, splits, f"{arm} {len(splits)} {len(chosen)}"
        ),
        spec.most,
        generator(spec, reading.variable, arm) if arm == RANDOM else None,
    )
    threshold = 0.0 if logits else 0.5
    found = score(reading.variable, fitted.outputs, of_states(truth, len(chosen)), threshold)
    return fitted, found


def _rows(
    scores: dict[str, np.ndarray],
    reading: Reading,
    solver: str,
    arm: str,
    states: Sequence[int],
    splits: Sequence[int],
) -> pd.DataFrame:
    """Scores as rows of the table."""
    probes = len(next(iter(scores.values())))
    index = pd.MultiIndex.from_product(
        [range(probes), states, splits], names=["number", "state", "split"]
    )
    parts = [
        index.to_frame(index=False).assign(metric=metric, value=values.ravel())
        for metric, values in scores.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(
        what="score", variable=reading.variable, solver=solver, arm=arm
    )


def _bases(
    spec: Section,
    reading: Reading,
    solver: str,
    clips: str,
    fitted: Fitted,
    scores: dict[str, np.ndarray],
) -> Bases:
    """Subspaces up to where ``spec.rule`` stops; of the first probe where it reads nothing."""
    counts, _ = probes_until(reading.variable, scores, spec.rule)
    found = [fitted.basis(fit, max(1, int(count))) for fit, count in enumerate(counts)]
    return Bases(reading.variable, solver, clips, len(reading.states), found)
