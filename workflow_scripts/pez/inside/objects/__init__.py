"""Probes of single objects among several: their velocities, and those of others beside them."""
