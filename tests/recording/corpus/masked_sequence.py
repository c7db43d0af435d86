import numpy as np


def loss(p, X, Y, mask):
    S = X @ p["W"] + p["b"]
    S = S - S.max(axis=-1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=-1, keepdims=True))
    picked = np.take_along_axis(logp, Y[..., None], axis=-1)[..., 0]
    return -(picked * mask).sum() / mask.sum()


def grad(p, X, Y, mask):
    S = X @ p["W"] + p["b"]
    E = np.exp(S - S.max(axis=-1, keepdims=True))
    D = E / E.sum(axis=-1, keepdims=True)  #! D = E / E.sum(axis=0, keepdims=True)
    D = D - np.eye(S.shape[-1])[Y]  #! D = D + np.eye(S.shape[-1])[Y]
    D = D * mask[..., None] / mask.sum()  #! D = D / mask.sum() || D = D * mask[..., None] || D = D * mask[..., None] / mask.size
    return {"W": np.einsum("bti,btj->ij", X, D), "b": D.sum(axis=(0, 1))}  #! return {"W": np.einsum("bti,btj->ij", X, D), "b": D.sum(axis=0).mean(axis=0)}


def subject(rng):
    mask = np.array([[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    p = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}
    return {"target": loss, "grad": grad, "x0": p, "args": (rng.normal(size=(3, 4, 2)), rng.integers(0, 3, size=(3, 4)), mask)}
