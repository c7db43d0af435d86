import numpy as np

import gradcheck


def forward(x, gamma, beta):
    mean = x.mean(axis=1, keepdims=True)
    centred = x - mean
    var = np.mean(centred**2, axis=1, keepdims=True)
    rstd = 1 / np.sqrt(var + 1e-5)
    xhat = centred * rstd
    return gamma * xhat + beta, (xhat, rstd, gamma)


def backward(dout, cache):
    xhat, rstd, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0)  #! dgamma = np.sum(dout, axis=0)
    dbeta = dout.sum(axis=0)  #! dbeta = dout.mean(axis=0)
    dxhat = dout * gamma  #! dxhat = dout
    m1 = dxhat.mean(axis=1, keepdims=True)
    m2 = (dxhat * xhat).mean(axis=1, keepdims=True)
    dx = rstd * (dxhat - m1 - xhat * m2)  #! dx = rstd * dxhat || dx = rstd * (dxhat - m1) || dx = rstd * (dxhat - m1 + xhat * m2) || dx = dxhat - m1 - xhat * m2
    return dx, dgamma, dbeta


def subject(rng):
    params = {"gamma": rng.normal(size=5), "beta": rng.normal(size=5)}
    return {"target": gradcheck.as_layer(forward, backward, params=params), "batch": (rng.normal(size=(4, 5)),)}
