"""Readings of tuning: which tokens, and beside what."""

from typing import NamedTuple

LOCAL, PLACE = 10, 6  # regressors of a patch, and of the frame: pez.inside.tuning.occupancy
PLAIN = "plain"
OCCUPANCY = "given_occupancy"
GIVEN_PLACE = "given_place"
BALL = "under_ball"


class Reading(NamedTuple):
    """One reading of tuning."""

    under_ball: bool  # the token under the ball, by tubelet; else every position
    given: int  # regressors that stand beside the variable


READINGS = {
    PLAIN: Reading(False, 0),  # the paper's
    OCCUPANCY: Reading(False, LOCAL),  # how much of the patch and of those about it is covered
    GIVEN_PLACE: Reading(False, LOCAL + PLACE),  # and where in the frame the ball is
    BALL: Reading(True, PLACE),  # where every patch is covered alike
}
