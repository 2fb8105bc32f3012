"""Sequences of orthogonal probes, the subspaces they span, and what moving features in them does."""
