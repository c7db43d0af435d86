import numpy as np

STEPS, H = 12, 0.1


def rate(u, k):
    return np.array([-k[0] * u[0] + k[1] * u[1] ** 2, k[0] * u[0] - k[1] * u[1] ** 2 - k[2] * u[1]])


def states(k):
    u = np.array([1.0, 0.5])
    kept = [u]
    for _ in range(STEPS):
        u = u + H * rate(u, k)
        kept.append(u)
    return kept


def misfit(k, target):
    return 0.5 * np.sum((states(k)[-1] - target) ** 2)


def misfit_gradient(k, target):
    kept = states(k)
    lam = kept[-1] - target
    g = np.zeros(3)
    for n in range(STEPS - 1, -1, -1):
        u = kept[n]  #! u = kept[n + 1]
        flow = u[1] ** 2
        jp = np.array([[-u[0], flow, 0.0], [u[0], -flow, -u[1]]])  #! jp = np.array([[-u[0], flow, 0.0], [u[0], flow, -u[1]]])
        g += H * jp.T @ lam  #! g += jp.T @ lam || g = g - H * jp.T @ lam
        ju = np.array([[-k[0], 2 * k[1] * u[1]], [k[0], -2 * k[1] * u[1] - k[2]]])  #! ju = np.array([[-k[0], k[1] * u[1]], [k[0], -k[1] * u[1] - k[2]]])
        lam = lam + H * ju.T @ lam  #! lam = lam - H * ju.T @ lam
    return g


def subject(rng):
    return {"target": misfit, "grad": misfit_gradient, "x0": np.array([0.7, 0.4, 0.3]), "args": (np.array([0.2, 0.9]),)}
