"""What is read after a removal."""

DIRECTION = "direction"  # from the mean over all tokens
PATCHES = "direction_by_patch"  # from every patch by a probe of its own
PLACE = "place"  # where the ball starts: what asks for no motion
