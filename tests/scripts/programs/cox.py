import numpy as np

rng = np.random.default_rng(60)
X = rng.normal(size=(16, 3))
time = rng.exponential(np.exp(-X @ np.array([0.7, -0.5, 0.2])))
event = (rng.random(16) < 0.7).astype(float)
order = np.argsort(-time)
X, event = X[order], event[order]
beta = np.array([0.1, -0.1, 0.2])

for it in range(1000):
    eta = X @ beta
    risk = np.exp(eta)
    cum_risk = np.cumsum(risk)
    nll = -np.sum(event * (eta - np.log(cum_risk))) / event.sum()
    weighted = np.cumsum(risk[:, None] * X, axis=0) / cum_risk[:, None]
    grad_beta = -np.sum(event[:, None] * (X - weighted), axis=0) / event.sum()
    beta -= 0.1 * grad_beta
    if it % 100 == 0:
        print(it, nll)
