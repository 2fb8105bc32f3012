"""Where clips come from: every dataset of the configuration is an entry of one of the sources.

A source is one file in `sources`: the keys of its entries, and a class that answers what rules,
checks and captions ask of a dataset. The rest of the code knows datasets by these answers only.
Nothing here computes: it is imported to plan, so it must be cheap.
"""
