"""What is read off a curve of scores over the residual states, and how sure that is.

Everything is vectorised over leading axes: ``curves`` is float64 [..., S], scores above chance at
states 0 .. S - 1 (R2, or accuracy minus .5), and a result float64 [...]. NaN among the results of
an onset means that there is none, or that the curve was not measured at some state.
"""
