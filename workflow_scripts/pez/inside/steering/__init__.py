"""Edits of direction at one residual state, read at later ones: what is computed and said."""
