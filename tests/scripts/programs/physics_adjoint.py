import numpy as np

dt, n = 0.1, 15
theta = np.array([0.8, 0.3])
u0 = np.array([1.0, 0.5])
observed = np.array([0.35, 0.9])
step_size = 0.05

for iteration in range(500):
    k, c = theta
    u = np.zeros((n + 1, 2))
    u[0] = u0
    for i in range(n):
        x, v = u[i]
        f = np.array([v, -k * x - c * v * v * v])
        u[i + 1] = u[i] + dt * f
    misfit = 0.5 * np.sum((u[n] - observed) ** 2)

    lam = u[n] - observed
    grad_theta = np.zeros(2)
    for i in range(n - 1, -1, -1):
        x, v = u[i]
        dfdtheta = np.array([[0.0, 0.0], [-x, -v * v * v]])
        dfdu = np.array([[0.0, 1.0], [-k, -3 * c * v * v]])
        grad_theta += dt * dfdtheta.T @ lam
        lam = lam + dt * dfdu.T @ lam
    theta = theta - step_size * grad_theta
    if iteration % 50 == 0:
        print(iteration, misfit, theta)
