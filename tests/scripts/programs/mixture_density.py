import numpy as np

rng = np.random.default_rng(22)
data = np.concatenate([rng.normal(-2, 0.5, 12), rng.normal(1.5, 1.0, 13)])
logits = np.array([0.1, -0.3, 0.2])
means = np.array([-1.0, 0.5, 2.0])
log_sd = np.array([0.0, 0.2, -0.1])
lr = 0.05

for it in range(4000):
    weights = np.exp(logits) / np.exp(logits).sum()
    sd = np.exp(log_sd)
    r = (data[:, None] - means) / sd
    log_joint = np.log(weights) - log_sd - 0.5 * r**2 - 0.5 * np.log(2 * np.pi)
    top = log_joint.max(axis=1, keepdims=True)
    log_lik = top[:, 0] + np.log(np.exp(log_joint - top).sum(axis=1))
    nll = -log_lik.mean()

    resp = np.exp(log_joint - log_lik[:, None])
    g_means = -(resp * r / sd).mean(axis=0)
    g_log_sd = -(resp * (r**2 - 1)).mean(axis=0)
    g_logits = -(resp - weights).mean(axis=0)

    means -= lr * g_means
    log_sd -= lr * g_log_sd
    logits -= lr * g_logits
    if it % 400 == 0:
        print(it, nll)
