import numpy as np

rng = np.random.default_rng(5)
x = np.sort(rng.uniform(0, 5, size=9))
y = np.sin(x) + 0.1 * rng.normal(size=9)
sq = (x[:, None] - x[None, :]) ** 2
log_ell, log_sf, log_sn = 0.2, 0.1, -1.0
rate = 0.01

for it in range(2000):
    ell, sf2, sn2 = np.exp(log_ell), np.exp(2 * log_sf), np.exp(2 * log_sn)
    Kf = sf2 * np.exp(-0.5 * sq / ell**2)
    Ky = Kf + sn2 * np.eye(9)
    Kinv = np.linalg.inv(Ky)
    alpha = Kinv @ y
    sign, logdet = np.linalg.slogdet(Ky)
    nll = 0.5 * y @ alpha + 0.5 * logdet + 4.5 * np.log(2 * np.pi)

    G = 0.5 * (Kinv - np.outer(alpha, alpha))
    d_log_ell = np.sum(G * Kf * sq / ell**2)
    d_log_sf = np.sum(G * 2 * Kf)
    d_log_sn = 2 * sn2 * np.trace(G)

    log_ell -= rate * d_log_ell
    log_sf -= rate * d_log_sf
    log_sn -= rate * d_log_sn
    if it % 200 == 0:
        print(it, nll)
