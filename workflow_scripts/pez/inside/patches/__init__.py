"""Direction patch by patch: how far from the ball it is readable, and in one code or in many."""
