"""Rendered clips of a moving ball: simulated, drawn, labelled, and kept as shards of frames.

The engine's trajectory is the truth; labels are computed from the plan and checked against it.
"""
