import numpy as np

import gradcheck


def instance_forward(x):
    mu = x.mean(axis=2, keepdims=True)
    sd = np.sqrt(x.var(axis=2, keepdims=True) + 1e-3)
    y = (x - mu) / sd
    return y, (y, sd)


def instance_backward(dy, cache):
    y, sd = cache
    n = y.shape[2]
    total = dy.sum(axis=2, keepdims=True)
    along = (dy * y).sum(axis=2, keepdims=True)
    return (n * dy - total - y * along) / (n * sd)  #! return (n * dy - total) / (n * sd) || return (n * dy - y * along) / (n * sd) || return dy / sd || return (n * dy - total - y * along) / n || return (n * dy - total - y * along) / sd


def subject(rng):
    return {"target": gradcheck.as_layer(instance_forward, instance_backward), "batch": (rng.normal(size=(2, 3, 5)),)}
