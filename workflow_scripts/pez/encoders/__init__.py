"""Video encoders: families of architectures, where their weights come from, hook points.

The rest of the code knows a family only through `pez.encoders.family`.
"""
