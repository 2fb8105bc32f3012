"""Residual-stream features: one forward pass of a clip fills every layer and every view."""
