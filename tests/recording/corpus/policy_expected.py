import numpy as np


def policy(theta):
    e = np.exp(theta - theta.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def ret(theta, P, R, gamma, start):
    pi = policy(theta)
    Ppi = np.einsum("sa,sat->st", pi, P)
    rpi = np.sum(pi * R, axis=1)
    V = np.linalg.solve(np.eye(len(R)) - gamma * Ppi, rpi)
    return start @ V


def ret_gradient(theta, P, R, gamma, start):
    pi = policy(theta)
    Ppi = np.einsum("sa,sat->st", pi, P)
    A = np.eye(len(R)) - gamma * Ppi
    V = np.linalg.solve(A, np.sum(pi * R, axis=1))
    visits = np.linalg.solve(A.T, start)  #! visits = np.linalg.solve(A, start) || visits = start
    Q = R + gamma * P @ V  #! Q = R + P @ V || Q = R
    advantage = Q - V[:, None]  #! advantage = Q || advantage = V[:, None] - Q
    return visits[:, None] * pi * advantage  #! return visits[:, None] * advantage


def subject(rng):
    P = rng.uniform(size=(4, 3, 4))
    P /= P.sum(axis=2, keepdims=True)
    return {"target": ret, "grad": ret_gradient, "x0": rng.normal(size=(4, 3)), "args": (P, rng.normal(size=(4, 3)), 0.8, np.array([0.4, 0.3, 0.2, 0.1]))}
