import math


def loss(theta, ys):
    a, q, r = float(theta[0]), math.exp(theta[1]), math.exp(theta[2])
    m, P, total = 0.0, 1.0, 0.0
    for y in ys:
        m, P = a * m, a * a * P + q
        S = P + r
        v = y - m
        total += 0.5 * (math.log(S) + v * v / S)
        K = P / S
        m, P = m + K * v, (1 - K) * P
    return total


def gradient(theta, ys):
    import numpy as np

    a, q, r = float(theta[0]), math.exp(theta[1]), math.exp(theta[2])
    m, P = 0.0, 1.0
    tape = []
    for y in ys:
        m0, P0 = m, P
        m, P = a * m, a * a * P + q
        S = P + r
        v = y - m
        K = P / S
        tape.append((m0, P0, P, S, v, K))
        m, P = m + K * v, (1 - K) * P
    da = dq = dr = dm = dP = 0.0
    for m0, P0, Pp, S, v, K in reversed(tape):
        dv = dm * K + v / S  #! dv = dm * K + v || dv = dm * K - v / S
        dK = dm * v - dP * Pp  #! dK = dm * v + dP * Pp
        dPp = dP * (1 - K) + dK / S  #! dPp = dP * (1 - K)
        dS = 0.5 / S - 0.5 * v * v / S**2 - dK * Pp / S**2  #! dS = 0.5 / S - 0.5 * v * v / S - dK * Pp / S**2 || dS = 0.5 / S - dK * Pp / S**2
        dPp += dS
        dr += dS
        dmp = dm - dv
        dq += dPp
        da += dmp * m0 + dPp * 2 * a * P0  #! da += dmp * m0 + dPp * a * P0
        dm = dmp * a
        dP = dPp * a * a
    return np.array([da, dq * q, dr * r])


def subject(rng):
    return {"target": loss, "grad": gradient, "x0": [0.8, -0.5, -0.2], "args": (list(map(float, rng.normal(size=6))),)}
