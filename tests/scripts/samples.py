"""Programs that several tests use."""

from __future__ import annotations

#: A network of two layers, with the right gradient.
TWO_LAYERS = """\
import numpy as np

rng = np.random.default_rng(1)
x, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
W1, b1 = 0.5 * rng.standard_normal((3, 4)), np.zeros(4)
W2 = 0.5 * rng.standard_normal((4, 2))
lr = 0.1
for step in range(100):
    z = x @ W1 + b1
    h = np.tanh(z)
    out = h @ W2
    loss = 0.5 * np.sum((out - y) ** 2)
    dout = out - y
    dW2 = h.T @ dout
    dh = dout @ W2.T
    dz = dh * (1 - h**2)
    dW1 = x.T @ dz
    db1 = dz.sum(axis=0)
    W1 -= lr * dW1
    b1 -= lr * db1
    W2 -= lr * dW2
"""

#: Linear regression, up to its loop.
LINEAR_HEAD = """\
import numpy as np

rng = np.random.default_rng(3)
x = rng.standard_normal((12, 3))
y = x @ np.array([1.0, -2.0, 0.5]) + 0.3
w = rng.standard_normal(3)
"""

#: Its loop.
LINEAR = (
    LINEAR_HEAD
    + "for i in range(100):\n    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n    g = x.T @ r\n    w -= 0.1 * g\n"
)


def line_of(text: str, part: str) -> int:
    """The number of the first line that contains a piece of text."""
    return 1 + text[: text.index(part)].count("\n")
