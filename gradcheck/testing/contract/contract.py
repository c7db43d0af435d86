"""What a layer promises, as a class of tests to inherit from."""

from __future__ import annotations

from gradcheck.testing.contract.gradients import Gradients
from gradcheck.testing.contract.manners import Manners
from gradcheck.testing.contract.precision import Precision


class LayerContract(Gradients, Manners, Precision):
    """Inherit from it, say how your layer is made, and it is tested: in pytest, or in unittest beside `TestCase`.

    Attributes
    ----------
    axes : int
        Axes of one sample: 1 for rows of numbers, 2 for sequences and signals, 3 for images.
    min_samples : int
        The smallest batch that the layer takes.
    max_size : int
        The largest size of an axis in the sweep over small shapes.
    max_shapes : int
        How many shapes the sweep may try: all up to max_size where they are no more than this.
    dtypes : tuple of str
        Types of numbers that the layer keeps.
    parameters : tuple of str
        Names of the attributes that are parameters, where the layer has no mapping `params`; see `gradcheck.as_layer`.
    inputs : SearchStrategy of ndarray, optional
        Of Hypothesis: whole batches that the gradient is checked on as well.
    seed : int
        Of all random numbers.
    rtol : float or None
        As for `gradcheck.check_gradients`.

    Examples
    --------
    >>> import numpy as np
    >>> class Scale:
    ...     def __init__(self, features):
    ...         self.s, self.ds = np.ones(features), np.zeros(features)
    ...     def forward(self, x):
    ...         self.x = x
    ...         return x * self.s
    ...     def backward(self, upstream):
    ...         self.ds = (upstream * self.x).sum(axis=0)
    ...         return upstream * self.s
    >>> class TestScale(LayerContract):
    ...     def layer(self, shape):
    ...         return Scale(*shape)
    >>> TestScale().test_gradient_by_the_input()
    """
