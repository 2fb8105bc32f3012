"""What is read after a removal, and how."""

WHOLE = "whole"  # the pass from which nothing is taken

DIRECTION = "direction"  # from the mean over all tokens
PATCHES = "direction_by_patch"  # from every patch by a probe of its own
PLACE = "place"  # where the ball starts: what asks for no motion
PLAUSIBILITY = "plausibility"  # which movie of a matched pair is possible

FROZEN = "frozen"  # by a probe fitted to features from which nothing was taken
RECENTRED = "recentred"  # by that probe, of features brought back to their mean and scale
REFIT = "refit"  # by a probe that is fitted again
