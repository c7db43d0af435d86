import numpy as np

rng = np.random.default_rng(14)
level = np.cumsum(0.5 * rng.normal(size=25))
obs = level + 0.8 * rng.normal(size=25)
log_q, log_r = -1.0, 0.2

for step in range(3000):
    q, r = np.exp(log_q), np.exp(log_r)
    m, P = 0.0, 10.0
    dm_q = dm_r = dP_q = dP_r = 0.0
    nll = 0.0
    grad_q = grad_r = 0.0
    for z in obs:
        P = P + q
        dP_q = dP_q + q
        v = z - m
        S = P + r
        dS_q, dS_r = dP_q, dP_r + r
        nll = nll + 0.5 * (np.log(2 * np.pi * S) + v * v / S)
        grad_q += 0.5 * (dS_q / S - 2 * v * dm_q / S - v * v * dS_q / S**2)
        grad_r += 0.5 * (dS_r / S - 2 * v * dm_r / S - v * v * dS_r / S**2)
        K = P / S
        dK_q = (dP_q * S - P * dS_q) / S**2
        dK_r = (dP_r * S - P * dS_r) / S**2
        dm_q = dm_q + dK_q * v - K * dm_q
        dm_r = dm_r + dK_r * v - K * dm_r
        m = m + K * v
        dP_q = (1 - K) * dP_q - dK_q * P
        dP_r = (1 - K) * dP_r - dK_r * P
        P = (1 - K) * P
    log_q -= 0.005 * grad_q
    log_r -= 0.005 * grad_r
    if step % 500 == 0:
        print(step, nll)
