"""Planted networks: residual streams whose answers are known by construction.

They pass through the same read-outs and the same judgement as a model, and so tell how often a
verdict is wrong, and how often it is reached (`pez.audit.calibration`).
"""
