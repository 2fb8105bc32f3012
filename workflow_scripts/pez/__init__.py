"""The workflow's package: clips -> encoders -> features -> probes -> emergence -> figures.

Each room imports only from rooms before it; `runtime` lies beneath them all.
"""
