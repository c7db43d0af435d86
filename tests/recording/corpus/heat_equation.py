import numpy as np

N, DX, DT, STEPS = 8, 1 / 9, 0.004, 6


def laplacian(u):
    out = -2 * u
    out[1:] += u[:-1]
    out[:-1] += u[1:]
    return out / DX**2


def run(kappa, u):
    path = [u]
    for _ in range(STEPS):
        u = u + DT * kappa * laplacian(u)
        path.append(u)
    return path


def cost(p, u0, goal):
    kappa = np.exp(p)
    return 0.5 * np.sum((run(kappa, u0)[-1] - goal) ** 2)


def cost_gradient(p, u0, goal):
    kappa = np.exp(p)
    path = run(kappa, u0)
    lam = path[-1] - goal
    total = np.zeros(N)
    for u in path[-2::-1]:
        total += DT * lam * laplacian(u)  #! total += lam * laplacian(u) || total -= DT * lam * laplacian(u) || total += DT * lam * u
        lam = lam + DT * laplacian(kappa * lam)  #! lam = lam + DT * kappa * laplacian(lam) || lam = lam - DT * laplacian(kappa * lam) || lam = lam + laplacian(kappa * lam)
    return total * kappa  #! return total


def subject(rng):
    x = np.linspace(0, 1, N + 2)[1:-1]
    return {"target": cost, "grad": cost_gradient, "x0": 0.3 * rng.normal(size=N), "args": (np.sin(np.pi * x), 0.5 * x)}
