"""Direction after it was erased from every linear probe: what ridge and a small network read.

The erasure is LEACE (N. Belrose and others, arXiv 2306.03819): the change of features that leaves
them uncorrelated with (sin, cos), within two dimensions. For any invertible map W, and P the
projection on what W makes of their covariance with the pair, features x less W^-1 P W (x - mean)
have no such covariance left among the clips in training.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.inside.kinds.probe_sequences import Section
from pez.inside.sequences.arms import fit_of, generator
from pez.inside.sequences.fits import take
from pez.inside.sequences.names import DIRECTION, ERASED, NETWORK, WHOLE
from pez.inside.sequences.readings import Reading
from pez.inside.sequences.scores import score
from pez.inside.sequences.sequence import common_scale, of_splits, whitening
from pez.inside.sequences.splits import Splits

_HIDDEN, _STEPS, _RATE, _DECAY = 64, 300, 1e-2, 1e-2  # of the small network; AdamW, full batch


def erasure_rows(spec: Section, reading: Reading, near: int) -> pd.DataFrame:
    """Read direction at the state ``near`` from features as they are, and erased.

    Returns:
        Rows with ``solver`` (``ridge``, `NETWORK`), ``arm`` (`WHOLE`, `ERASED`), ``split`` and R2.
    """
    splits = reading.splits.part(slice(spec.splits))
    device = reading.states.device
    train, held_out = splits.train.to(device), splits.held_out.to(device)
    chosen = reading.states[[near]]
    space = common_scale(of_splits(chosen, train))
    rows, others = space(of_splits(chosen, train)), space(of_splits(chosen, held_out))
    goal, truth = reading.targets[train], reading.targets[held_out]
    erase = linear_erasure(rows, goal, spec.shrinkage)
    ridge = fit_of(spec, reading.variable, False, "ridge", splits, ERASED)
    parts = []
    for arm, change in ((WHOLE, lambda features: features), (ERASED, erase)):
        seen, asked = change(rows), change(others)
        random = generator(spec, DIRECTION, NETWORK)
        found: Mapping[str, Tensor] = {
            "ridge": ridge(seen, goal)(asked),
            NETWORK: read_by_network(seen, goal, splits, asked, random),
        }
        for solver, outputs in found.items():
            values = score(DIRECTION, outputs[None], truth, 0.5)["r2"][0]
            one = pd.DataFrame({"split": np.arange(len(values)), "value": values})
            parts.append(one.assign(solver=solver, arm=arm))
    return pd.concat(parts, ignore_index=True).assign(
        what="erasure", variable=DIRECTION, state=near, number=0, metric="r2"
    )


def linear_erasure(
    features: Tensor, targets: Tensor, shrinkage: float
) -> Callable[[Tensor], Tensor]:
    """Erase ``targets`` [F, n, k] from ``features`` [F, n, D], in k dimensions.

    Args:
        features: of the clips in training.
        targets: theirs.
        shrinkage: of the covariance that distances are measured by: a change is to be small there.

    Returns:
        What erases them from features [F, m, D] of the same or other clips.
    """
    rows, goal = features.double(), targets.double()
    space = whitening(rows, shrinkage)
    covaries = space(rows).mT @ (goal - goal.mean(dim=1, keepdim=True))
    basis = torch.linalg.qr(covaries)[0]
    back = basis.mT @ torch.linalg.pinv(space.map)
    return lambda others: (others - (space(others.double()) @ basis @ back)).to(others)


def read_by_network(
    features: Tensor,
    targets: Tensor,
    splits: Splits,
    asked: Tensor,
    random: torch.Generator,
) -> Tensor:
    """Fit a network of one hidden layer to every split, and ask it.

    It is fitted to the clips that a penalty of ridge would be fitted to, and stopped where it does
    best on those that a penalty would be picked by. At its start it predicts 0.

    Args:
        features: of the clips in training, [F, n, D].
        targets: theirs, [F, n, k].
        splits: of these clips, F.
        asked: features of other clips, [F, m, D].
        random: of the start.

    Returns:
        [F, m, k].
    """
    fits, width, outputs = len(features), features.shape[2], targets.shape[2]
    start = torch.randn((fits, width, _HIDDEN), generator=random) * width**-0.5
    weights = [
        start.to(features),
        *(
            torch.zeros(fits, *shape).to(features)
            for shape in ((1, _HIDDEN), (_HIDDEN, outputs), (1, outputs))
        ),
    ]
    first, shift, second, bias = (one.requires_grad_() for one in weights)

    def run(rows: Tensor) -> Tensor:
        return torch.relu(rows @ first + shift) @ second + bias

    places = [part.to(features.device) for part in (splits.fit, splits.seen)]
    (rows, goal), (others, truth) = ((take(features, part), take(targets, part)) for part in places)
    steps = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY)
    best = torch.full((fits,), torch.inf).to(features)
    found = torch.zeros(fits, asked.shape[1], outputs).to(features)
    for _ in range(_STEPS):
        with torch.no_grad():
            error = (run(others) - truth).square().mean(dim=(1, 2))
            better = error < best
            best = torch.where(better, error, best)
            found = torch.where(better[:, None, None], run(asked), found)
        steps.zero_grad()
        (run(rows) - goal).square().mean(dim=(1, 2)).sum().backward()
        steps.step()
    return found
