"""What sequences of probes read."""

DIRECTION, SPEED, PLAUSIBILITY = "direction", "speed", "plausibility"
