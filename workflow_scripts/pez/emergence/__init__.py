"""Judgement: what layer curves show, and how near they come to reference numbers.

Reads results of probes, fits nothing, draws nothing.
"""
