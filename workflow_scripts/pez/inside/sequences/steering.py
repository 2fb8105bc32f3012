"""Steering by sequences of probes at one state, and by what asks for fewer dimensions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.inside.kinds.probe_sequences import Section
from pez.inside.sequences.arms import fit_of, generator
from pez.inside.sequences.edits import (
    Judge,
    Steered,
    as_long,
    mean_move,
    plane_move,
    random_basis,
    read_by,
    smallest_edit,
)
from pez.inside.sequences.names import (
    DIRECTION,
    LENGTH,
    MEANS,
    NOTHING,
    PLANE,
    PROBES,
    SHUFFLED,
    SUBSPACE,
)
from pez.inside.sequences.readings import Reading
from pez.inside.sequences.scores import score
from pez.inside.sequences.sequence import Fitted, common_scale, of_splits, run_sequence
from pez.inside.sequences.stopping import probes_until


def steering_rows(spec: Section, readings: Sequence[Reading], near: int) -> pd.DataFrame:
    """Steer held-out clips at the state ``near`` to every direction, in several ways.

    Returns:
        Rows with ``solver``, ``arm``, ``number`` of probes, ``metric`` (see `Judge.measure`).
        Arms: ``probes``; ``shuffled``: probes of other clips' labels; `SUBSPACE`: the same least
        squares within a random subspace of as many dimensions; `LENGTH`: edits as long in a random
        plane; `PLANE`, `MEANS`: see `plane_move` and `mean_move`; `NOTHING`.
    """
    (reading,) = (one for one in readings if one.variable == DIRECTION)
    splits, speeds = reading.steered, reading.speeds
    assert splits is not None and speeds is not None
    device = reading.states.device
    train, held_out = splits.train.to(device), splits.held_out.to(device)
    chosen = reading.states[[near]]
    space = common_scale(of_splits(chosen, train))
    rows, moved = space(of_splits(chosen, train)), space(of_splits(chosen, held_out))
    known = reading.targets[train]
    spread = speeds.std()
    targets = torch.unique(reading.targets.double().round(decimals=6), dim=0).to(rows)
    steered = Steered(moved, reading.targets[held_out], speeds[held_out] / spread, targets)
    judge = Judge(steered, spec.alphas)
    random = generator(spec, "steering")
    found: list[pd.DataFrame] = []

    def add(edit: Tensor, solver: str, arm: str, number: int) -> None:
        for metric, values in judge.measure(edit).items():
            found.append(
                pd.DataFrame({"value": values.double().cpu().numpy()}).assign(
                    split=np.arange(len(values)), metric=metric, solver=solver, arm=arm,
                    number=number,
                )
            )  # fmt: skip

    still = moved[:, :, None].expand(-1, -1, len(targets), -1) * 0
    add(still, "", NOTHING, 0)
    add(mean_move(rows, known, steered.directions, targets), "", MEANS, 1)
    for solver in spec.solvers:
        numbers: list[int] = []
        for arm, goal in ((PROBES, known), (SHUFFLED, reading.shuffled[train])):
            fit = fit_of(spec, DIRECTION, False, solver, splits, f"steering {arm}")
            sequence = run_sequence(rows, moved, goal, fit, spec.steering.numbers[-1])
            if arm == PROBES:
                first = read_by(sequence, 1)
                add(plane_move(rows, known, first, moved, targets), solver, PLANE, 1)
            numbers = numbers or _numbers(spec, sequence, steered.directions)
            for number in numbers:
                probes = read_by(sequence, number)
                edit = smallest_edit(moved, probes, targets)
                add(edit, solver, arm, number)
                if arm == PROBES:
                    within = random_basis(moved, 2 * number, random)
                    add(smallest_edit(moved, probes, targets, within), solver, SUBSPACE, number)
                    add(as_long(edit, random), solver, LENGTH, number)
    table = pd.concat(found, ignore_index=True)
    return table.assign(what="steering", variable=DIRECTION, state=near)


def _numbers(spec: Section, sequence: Fitted, directions: Tensor) -> list[int]:
    """Numbers of probes to steer by, up to where a sequence stops in some draw of clips.

    As in the paper: later probes read nothing, and what they say moves by endless edits alone.
    """
    counts, _ = probes_until(
        DIRECTION, score(DIRECTION, sequence.outputs, directions, 0.5), spec.rule
    )
    last = max(1, int(counts.min()))
    return [number for number in spec.steering.numbers if number < last] + [last]
