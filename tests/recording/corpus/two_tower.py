import numpy as np


def relu(a):
    return a * (a > 0)


def towers(params, u, v):
    hu = relu(u @ params["P"])
    hv = relu(v @ params["Q"])
    return hu, hv, np.sum(hu * hv, axis=1)


def contrast(params, u, v, label):
    s = towers(params, u, v)[2]
    return np.sum(np.logaddexp(0, s) - label * s)


def contrast_grads(params, u, v, label):
    hu, hv, s = towers(params, u, v)
    ds = 1 / (1 + np.exp(-s)) - label  #! ds = label - 1 / (1 + np.exp(-s)) || ds = s - label
    dhu = ds[:, None] * hv  #! dhu = ds[:, None] * hu
    dhv = ds[:, None] * hu
    dP = u.T @ (dhu * (hu > 0))  #! dP = u.T @ dhu || dP = u.T @ (dhu * (hv > 0))
    dQ = v.T @ (dhv * (hv > 0))  #! dQ = v.T @ (dhv * hv)
    return {"P": dP, "Q": dQ}


def subject(rng):
    params = {"P": rng.normal(size=(3, 4)), "Q": rng.normal(size=(5, 4))}
    return {"target": contrast, "grad": contrast_grads, "x0": params, "args": (rng.normal(size=(6, 3)), rng.normal(size=(6, 5)), np.array([1.0, 0, 1, 1, 0, 0]))}
