"""What stands beside every curve: the same measurement with one thing replaced.

A control is one file in `kinds`: what it replaces, in words and in looks. The rest of the code
knows controls by name only, through `registry`; planning, figures and verdicts follow from it.
"""
