"""Sequences of orthogonal probes, the subspaces they span, and what edits within these do."""
