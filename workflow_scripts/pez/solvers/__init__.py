"""How a probe is fitted: gradient descent, ridge regression, attentive classifier.

A solver fits all folds and configurations of a layer together; `selection` picks among them.
"""
