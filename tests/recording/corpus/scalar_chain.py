import math


def f(x):
    a = math.sin(x) * x
    b = math.exp(-a)
    return b / (1 + x * x)


def df(x):
    a = math.sin(x) * x
    b = math.exp(-a)
    da = math.cos(x) * x + math.sin(x)  #! da = math.cos(x) * x || da = math.cos(x) * x - math.sin(x) || da = math.sin(x) * x + math.sin(x)
    db = -b * da  #! db = b * da
    return db / (1 + x * x) - 2 * x * b / (1 + x * x) ** 2  #! return db / (1 + x * x) - x * b / (1 + x * x) ** 2 || return db / (1 + x * x)


def subject(rng):
    return {"target": f, "grad": df, "x0": 0.8}
