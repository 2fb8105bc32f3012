"""Sequences of orthogonal probes in one network: scores, subspaces, and steering."""

import numpy as np
import pandas as pd

from pez.inside.kinds.probe_sequences import Section
from pez.inside.network import Measured
from pez.inside.sequences.arms import Bases, run_arms
from pez.inside.sequences.erasure import erasure_rows
from pez.inside.sequences.overlaps import overlap_rows
from pez.inside.sequences.readings import readings_of, state_at
from pez.inside.sequences.steering import steering_rows
from pez.inside.sequences.within import within_conditions
from pez.inside.spec import InsideSpec
from pez.inside.stored import Stored
from pez.runtime.errors import ArtifactError


def measure(spec: InsideSpec, stored: Stored) -> Measured:
    """Measure one network at all residual states.

    Returns:
        Columns ``what``, ``variable``, ``against`` (the other variable of a pair), ``solver``,
        ``arm``, ``state``, ``split``, ``number``, ``metric`` and ``value``. ``what``: ``score``, of
        the probe after ``number`` others are taken out; ``overlap``, of two subspaces;
        ``steering``, with ``number`` probes; ``erasure``, of direction. Beside them ``states`` and
        ``near``, the state looked at closely, ``width``, and the features that a sequence can take
        out (``span``).

    Raises:
        ArtifactError: a number is not finite.
    """
    assert isinstance(spec, Section)
    readings = readings_of(spec, stored)
    count, _, width = stored.clips[spec.dataset].states.shape
    near = state_at(spec.depth, count)
    bases: list[Bases] = []
    parts = list(run_arms(spec, readings, near, bases))
    clips = stored.clips[spec.dataset]
    conditions = clips.labels["condition"].to_numpy()
    within = within_conditions(clips.states, conditions, spec.shrinkage)
    parts += [overlap_rows(spec, bases, width, within), steering_rows(spec, readings, near)]
    parts.append(erasure_rows(spec, readings[0], near))
    rows = pd.concat(parts, ignore_index=True).fillna({"against": ""})
    _check(rows, str(stored.identity["model"]))
    for name in ("what", "variable", "against", "solver", "arm", "metric"):
        rows[name] = rows[name].astype("category")
    fitted = min(len(reading.splits.train[0]) for reading in readings) - 1
    known = {"states": count, "near": near, "width": width, "span": min(width, fitted)}
    return Measured(rows, known)


def _check(rows: pd.DataFrame, model: str) -> None:
    """Scores are finite; z is none where subspaces fill the space."""
    told = rows[~rows["metric"].astype(str).str.startswith("z_")]
    bad = told[~np.isfinite(told["value"])]
    if len(bad):
        where = bad.iloc[0][["what", "variable", "solver", "arm", "state", "number", "metric"]]
        raise ArtifactError(
            f"probe sequences of {model} have NaN or infinite values "
            f"({', '.join(map(str, where))}): its features are damaged, or do not vary. Delete "
            "them and run again."
        )
