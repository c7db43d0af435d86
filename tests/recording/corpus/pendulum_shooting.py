import numpy as np


def rk4(f, jac, u, dt):
    """One step, and its derivative with respect to the state."""
    eye = np.eye(len(u))
    k1, j1 = f(u), jac(u)
    k2 = f(u + dt / 2 * k1)
    j2 = jac(u + dt / 2 * k1) @ (eye + dt / 2 * j1)  #! j2 = jac(u + dt / 2 * k1) @ (eye + dt * j1) || j2 = jac(u) @ (eye + dt / 2 * j1)
    k3 = f(u + dt / 2 * k2)
    j3 = jac(u + dt / 2 * k2) @ (eye + dt / 2 * j2)  #! j3 = jac(u + dt / 2 * k2) @ (eye + dt / 2 * j1)
    k4 = f(u + dt * k3)
    j4 = jac(u + dt * k3) @ (eye + dt * j3)
    return u + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4), eye + dt / 6 * (j1 + 2 * j2 + 2 * j3 + j4)  #! return u + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4), eye + dt / 6 * (j1 + 2 * j2 + j3 + j4)


def rate(u):
    return np.array([u[1], -np.sin(u[0]) - 0.2 * u[1]])


def slope(u):
    return np.array([[0.0, 1.0], [-np.cos(u[0]), -0.2]])  #! return np.array([[0.0, 1.0], [np.cos(u[0]), -0.2]]) || return np.array([[0.0, 1.0], [-np.sin(u[0]), -0.2]])


def miss(start, goal):
    u = start
    for _ in range(5):
        u, _ = rk4(rate, slope, u, 0.3)
    return 0.5 * np.sum((u - goal) ** 2)


def miss_gradient(start, goal):
    u, J = start, np.eye(2)
    for _ in range(5):
        u, step = rk4(rate, slope, u, 0.3)
        J = step @ J  #! J = J @ step
    return J.T @ (u - goal)  #! return J @ (u - goal)


def subject(rng):
    return {"target": miss, "grad": miss_gradient, "x0": np.array([0.4, 0.9]), "args": (np.array([0.1, -0.3]),)}
