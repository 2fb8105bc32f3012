"""Numbers in words."""

import pytest

from pez.inside.head_statistics import Interval
from pez.inside.wording import blocks_in_words, number, number_range, with_interval


@pytest.mark.parametrize(
    ("value", "sign", "words"),
    [
        (1.234, False, "1.23"),
        (-1.234, True, "\N{MINUS SIGN}1.23"),
        (0.5, True, "+0.50"),
        (-0.001, True, "0.00"),
    ],
)
def test_a_number(value, sign, words):
    assert number(value, ".2f", sign) == words


def test_ranges_and_intervals():
    assert with_interval(Interval(1, -0.5, 2), ".1f") == "1.0 [\N{MINUS SIGN}0.5 to 2.0]"
    assert number_range([2, 1, 3], ".1f") == "1.0 to 3.0"
    assert number_range([1.01, 1.02], ".1f") == "1.0"
    assert blocks_in_words([2, 3, 4]) == "blocks 2 to 4"
    assert blocks_in_words([0]) == "block 0" and blocks_in_words([]) == "none"
