"""Abrupt networks, one family: direction steps at one state, and what else differs."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pez.audit.planted.build import balls, movies, plausible_axis
from pez.audit.planted.courses import declining, flat, state_at, stepping
from pez.audit.planted.design import ball_labels, movie_labels
from pez.audit.planted.planted import Network


def plant_abrupt(
    random: np.random.Generator,
    blocks: int,
    depth: float,
    *,
    plausibility_depth: float | None = None,
    accelerated_depth: float | None = None,
    acceleration_depth: float | None = None,
    late: float | None = None,
) -> Network:
    """Plant a step of direction.

    Args:
        random: draws everything.
        blocks: number of blocks L.
        depth: of the step, as a share of ``blocks``.
        plausibility_depth: where plausibility steps from chance, on an axis of its own; None: there
            are no movies.
        accelerated_depth: where the direction of accelerated clips steps; None: at ``depth``.
        acceleration_depth: where the size of acceleration steps; None: readable at every state.
        late: direction's R2 at the last state, to which it falls over the last quarter of depth;
            None: it stays.
    """
    at = state_at(depth, blocks)
    direction = stepping(at, blocks)
    if late is not None:
        direction = declining(direction, 0.75, late)
    again = at if accelerated_depth is None else state_at(accelerated_depth, blocks)
    size = None
    if acceleration_depth is not None:
        size = stepping(state_at(acceleration_depth, blocks), blocks)
    velocity, acceleration = (ball_labels(random, kind) for kind in ("velocity", "acceleration"))
    trained = {
        "velocity": balls(random, velocity, direction),
        "acceleration": balls(random, acceleration, stepping(again, blocks), of_magnitude=size),
    }
    if plausibility_depth is not None:
        labels = movie_labels()
        course = stepping(state_at(plausibility_depth, blocks), blocks, low=0.0)
        trained["plausibility"] = movies(random, labels, plausible_axis(labels), course)
    return trained


def plant_course(random: np.random.Generator, blocks: int, course: np.ndarray) -> Network:
    """Plant direction with any ``course`` [S], in clips of both kinds; there are no movies."""
    velocity, acceleration = (ball_labels(random, kind) for kind in ("velocity", "acceleration"))
    return {
        "velocity": balls(random, velocity, course),
        "acceleration": balls(random, acceleration, course),
    }


def plant_code(
    random: np.random.Generator, course: np.ndarray, code: Callable[[pd.DataFrame], np.ndarray]
) -> Network:
    """Plant direction as ``code`` [n, k] of the labels, in clips of both kinds."""
    trained = {}
    for kind in ("velocity", "acceleration"):
        labels = ball_labels(random, kind)
        trained[kind] = balls(random, labels, course, code=code(labels))
    return trained


def nothing(random: np.random.Generator, blocks: int, level: float) -> Network:
    """Plant a trace of direction that never grows, beside plausibility that steps at a third."""
    planted = plant_course(random, blocks, flat(level, blocks))
    labels = movie_labels()
    course = stepping(state_at(1 / 3, blocks), blocks, low=0.0)
    film = movies(random, labels, plausible_axis(labels), course)
    return {**planted, "plausibility": film}
