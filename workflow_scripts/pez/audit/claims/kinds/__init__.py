"""One claim a file. Each defines ``CLAIM``: what is said, what is measured, and how it is judged.

Whoever judges says yes or no only where the draws do: neither is what is left when the other cannot
be shown. ``yes`` waits for Holm's adjustment over all claims (`pez.audit.claims.registry`).
"""
