import numpy as np


def cost(p, xs, ys):
    return sum((np.dot(p["w"], np.tanh(p["M"] @ x)) - y) ** 2 for x, y in zip(xs, ys))


def cost_grad(p, xs, ys):
    hs = [np.tanh(p["M"] @ x) for x in xs]
    es = [2 * (np.dot(p["w"], h) - y) for h, y in zip(hs, ys)]  #! es = [(np.dot(p["w"], h) - y) for h, y in zip(hs, ys)]
    gw = sum(e * h for e, h in zip(es, hs))  #! gw = sum(e * h * h for e, h in zip(es, hs))
    gM = np.zeros_like(p["M"])
    for x, h, e in zip(xs, hs, es):
        if (back := e * p["w"] * (1 - h**2)).any():  #! if (back := e * p["w"] * (1 - h)).any(): || if (back := e * p["w"]).any():
            gM += np.outer(back, x)  #! gM += np.outer(back, x) / 2
    return {"w": gw, "M": gM}


def subject(rng):
    p = {"w": rng.normal(size=3), "M": rng.normal(size=(3, 2))}
    return {"target": cost, "grad": cost_grad, "x0": p, "args": (rng.normal(size=(5, 2)), list(rng.normal(size=5)))}
