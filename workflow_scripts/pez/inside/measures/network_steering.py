"""Edits of direction at some states, and what later ones read: one row per clip and reading."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.inside.kinds.network_steering import Section
from pez.inside.network import Measured, Network
from pez.inside.sequences.names import MEANS
from pez.inside.sequences.readings import state_at
from pez.inside.spec import InsideSpec
from pez.inside.steering.design import Design, design_of
from pez.inside.steering.edits import fit_reader, make_edits
from pez.inside.steering.names import (
    CARRIED,
    EVERYWHERE,
    NO_STATE,
    NOTHING,
    NOWHERE,
    OTHER_CLIP,
    Arm,
)
from pez.inside.steering.passes import run_edited, run_unedited
from pez.inside.steering.tokens import tokens_under_ball
from pez.recipes.targets import target_values
from pez.runtime.moments import moment


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network: a pass for the clips, and one for every edit at every edited state.

    Every clip is turned to one other direction. Edits are made of one half of the clips of other
    magnitudes, and probes fitted to the other half, as they are.

    Returns:
        Columns ``tokens`` that are edited, ``arm`` (see `pez.inside.steering.names`), ``edited``
        (the state, or `NO_STATE`), ``state`` that is read, ``clip_id``, ``condition``, ``sin`` and
        ``cos`` that are read, ``direction_rad`` of the clip and ``target_rad``. Beside them the
        ``edited`` states, and of the other clips of the target direction ``counterfactual``, the
        share that differs in nothing else, and ``apart_m``, the median distance between starts.

    Raises:
        ArtifactError: a value is not finite.
        ConfigError: see `pez.inside.steering.design.design_of`.
        PezError: a ball is never in view.
    """
    assert isinstance(spec, Section)
    count = network.blocks + 1
    states = sorted({state_at(depth, count) for depth in spec.edit_depths})
    design = design_of(spec, network.labels)
    ball = tokens_under_ball(network)
    moment("occupancy")
    own = run_unedited(network, ball, states)
    edits = make_edits(spec, own, states, design)
    moment("edits")
    means = run_edited(network, edits, ball, states)
    step = edits[Arm(EVERYWHERE, MEANS)]
    means[Arm(EVERYWHERE, CARRIED)] = own.means + step[:, None]
    read = _read(spec, own.means, means, design, network.labels)
    rows = pd.concat(_rows(read, states, design, network.labels), ignore_index=True)
    known = {
        "edited": states,
        "counterfactual": design.counterfactual,
        "apart_m": float(np.median(design.apart)),
    }
    return Measured(rows.astype(dict.fromkeys(("tokens", "arm", "clip_id"), "category")), known)


def _read(
    spec: Section,
    own: Tensor,
    means: dict[Arm, Tensor],
    design: Design,
    labels: pd.DataFrame,
) -> dict[Arm, Tensor]:
    """What probes of the fold that a clip is held out of read: float64 [F, L + 1, n, 2] by arm.

    Of clips that are not edited, F is 1.
    """
    directions = torch.from_numpy(target_values(labels, "direction_sincos"))
    other = torch.from_numpy(design.other)
    asked = {
        **means,
        Arm(NOWHERE, NOTHING): own[None],
        Arm(NOWHERE, OTHER_CLIP): own[None, :, other],
    }
    found = {arm: torch.empty((*one.shape[:3], 2)).double() for arm, one in asked.items()}
    for fold in design.folds:
        reader = fit_reader(spec, own, directions, fold.reads)
        for arm, features in asked.items():
            for place, one in enumerate(features[:, :, fold.edited]):
                found[arm][place][:, fold.edited] = reader(one)
    return found


def _rows(
    read: dict[Arm, Tensor], states: list[int], design: Design, labels: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Rows of every arm, from the state that is edited on."""
    whose = {
        "clip_id": labels["clip_id"].to_numpy(),
        "condition": labels["condition"].to_numpy(),
        "direction_rad": np.arctan2(*design.classes[design.own].T),
        "target_rad": np.arctan2(*design.classes[design.target].T),
    }
    for arm, answers in read.items():
        edited = [NO_STATE] if arm.tokens == NOWHERE else states
        for first, of_edit in zip(edited, answers.numpy(), strict=True):
            for state in range(max(first, 0), len(of_edit)):
                sine, cosine = of_edit[state].T
                yield pd.DataFrame(
                    {
                        "tokens": arm.tokens, "arm": arm.edit, "edited": first, "state": state,
                        **whose, "sin": sine, "cos": cosine,
                    }
                )  # fmt: skip
