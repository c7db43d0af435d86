import numpy as np

rng = np.random.default_rng(1)
x = rng.uniform(-2, 2, size=18)
labels = (x**2 + 0.2 * rng.normal(size=18) > 1.5).astype(float)
features = np.column_stack([np.ones_like(x), x, x**2])
theta = np.array([0.1, -0.2, 0.3])
alpha = 0.5
steps = 0

while True:
    eta = features @ theta
    h = 1 / (1 + np.exp(-eta))
    cost = -(labels @ np.log(h) + (1 - labels) @ np.log(1 - h)) / len(x)
    gradient = features.T @ (h - labels) / len(x)
    theta = theta - alpha * gradient
    steps += 1
    if cost < 0.01 or steps > 1000000:
        break
print(steps, cost)
