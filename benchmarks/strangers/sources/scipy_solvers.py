"""SciPy's solvers, factorisations, integrators and interpolants, with the adjoints of the textbooks.

What is computed to a tolerance (iterative solvers, integrators, eigenvalues) runs at its defaults. The adjoint is right
then, and the loss is off by what the tolerance allows.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Array, Arrays, Derivative, NotApplicable, Source, Table

# The stubs of SciPy cannot follow functions that are chosen by name.
integrate: Any = import_module("scipy.integrate")
interpolate: Any = import_module("scipy.interpolate")
linalg: Any = import_module("scipy.linalg")
optimize: Any = import_module("scipy.optimize")
sparse: Any = import_module("scipy.sparse")
sparse_linalg: Any = import_module("scipy.sparse.linalg")
spatial: Any = import_module("scipy.spatial")

TABLE = Table()


def _sizes(rng: np.random.Generator, largest: int = 8) -> tuple[int, int]:
    return int(rng.integers(2, largest + 1)), int(rng.integers(1, 4))


def _definite(rng: np.random.Generator, n: int) -> Array:
    A = rng.standard_normal((n, n))
    return A @ A.T / n + np.eye(n) * float(rng.uniform(0.3, 3))


DENSE: dict[str, Callable[[Array, Array], Array]] = {
    "solve": linalg.solve,
    "lu_solve": lambda A, b: linalg.lu_solve(linalg.lu_factor(A), b),
    "spsolve": lambda A, b: sparse_linalg.spsolve(sparse.csc_array(A), b),
    "splu": lambda A, b: sparse_linalg.splu(sparse.csc_array(A)).solve(b),
    "inverse": lambda A, b: linalg.inv(A) @ b,
    "lstsq": lambda A, b: linalg.lstsq(A, b)[0],
    "qr": lambda A, b: linalg.solve_triangular(linalg.qr(A)[1], linalg.qr(A)[0].T @ b),
}


@TABLE.add(*DENSE)
def dense_solver(rng: np.random.Generator, name: str) -> Derivative:
    """A linear system by its matrix and its right-hand side; the adjoint is a solve with the transpose."""
    n, k = _sizes(rng)
    solve = DENSE[name]
    A = rng.standard_normal((n, n)) + 2 * np.sqrt(n) * np.eye(n)
    b, c = rng.standard_normal((n, k)), rng.standard_normal((n, k))

    def x_of(A: Array, b: Array) -> Array:
        return np.asarray(solve(A, b)).reshape(n, k)

    def grad(x: Arrays) -> Arrays:
        u = x_of(x["A"].T.copy(), c)
        return {"A": -u @ x_of(x["A"], x["b"]).T, "b": u}

    return Derivative(lambda x: float(np.sum(c * x_of(x["A"], x["b"]))), grad, {"A": A, "b": b})


ITERATIVE = ("cg", "gmres", "bicgstab", "bicg", "cgs", "minres", "qmr", "lgmres", "gcrotmk", "tfqmr", "lsqr", "lsmr")

SYMMETRIC = ("cg", "minres")


def _iterative(name: str) -> Callable[[Any, Array], Array]:
    solver = getattr(sparse_linalg, name)
    return lambda A, b: np.asarray(solver(A, b)[0])


@TABLE.add(*ITERATIVE)
def iterative_solver(rng: np.random.Generator, name: str) -> Derivative:
    """A Poisson problem with random coefficients, solved at the default tolerance of 1e-5 or 1e-6."""
    n = int(rng.integers(20, 80))
    solve = _iterative(name)
    base = sparse.diags_array([np.full(n - 1, -1.0), np.full(n, 2.0), np.full(n - 1, -1.0)], offsets=[-1, 0, 1]).tocsr()
    skew = sparse.diags_array([np.full(n - 1, -0.2), np.full(n - 1, 0.2)], offsets=[-1, 1]).tocsr()
    if name not in SYMMETRIC:
        base = base + skew
    diagonal = 10 ** rng.uniform(-1, 0.5, n)
    b, c = rng.standard_normal(n), rng.standard_normal(n)

    def matrix(x: Arrays) -> Any:
        return (base + sparse.diags_array([x["diagonal"]], offsets=[0])).tocsr()

    def grad(x: Arrays) -> Arrays:
        A = matrix(x)
        u = solve(A.T.tocsr(), c)
        return {"diagonal": -u * solve(A, x["b"]), "b": u}

    return Derivative(lambda x: float(c @ solve(matrix(x), x["b"])), grad, {"diagonal": diagonal, "b": b})


@TABLE.add("cg on theta", "gmres on theta", "lsqr on theta")
def few_parameters(rng: np.random.Generator, name: str) -> Derivative:
    """A misfit through an iterative solver: few parameters, ½‖x(θ) − d‖²."""
    n = int(rng.integers(20, 80))
    solve = _iterative(name.split()[0])
    laplace = sparse.diags_array([np.full(n - 1, -1.0), np.full(n, 2.0), np.full(n - 1, -1.0)], offsets=[-1, 0, 1])
    basis = rng.uniform(0, 1, (3, n))
    b, d = rng.standard_normal(n), rng.standard_normal(n)

    def matrix(theta: Array) -> Any:
        return (laplace + sparse.diags_array([0.1 + np.exp(theta) @ basis], offsets=[0])).tocsr()

    def fun(x: Arrays) -> float:
        r = solve(matrix(x["theta"]), b) - d
        return float(0.5 * r @ r)

    def grad(x: Arrays) -> Arrays:
        A = matrix(x["theta"])
        y = solve(A, b)
        u = solve(A, y - d)
        return {"theta": -(basis @ (u * y)) * np.exp(x["theta"])}

    return Derivative(fun, grad, {"theta": 0.5 * rng.standard_normal(3)})


def _symmetric(A: Array) -> Array:
    return (A + A.T) / 2


@TABLE.add("cho_solve", "solveh", "pcholesky log determinant", "eigh sum of logs")
def definite_solver(rng: np.random.Generator, name: str) -> Derivative:
    """Functions of a definite matrix, which is the symmetric part of the parameter."""
    n, k = _sizes(rng)
    A, b, c = _definite(rng, n), rng.standard_normal((n, k)), rng.standard_normal((n, k))
    if name in ("cho_solve", "solveh"):

        def solve(A: Array, b: Array) -> Array:
            if name == "solveh":
                return np.asarray(linalg.solve(_symmetric(A), b, assume_a="pos"))
            return np.asarray(linalg.cho_solve(linalg.cho_factor(_symmetric(A)), b))

        def grad(x: Arrays) -> Arrays:
            u, y = solve(x["A"], c), solve(x["A"], x["b"])
            return {"A": -_symmetric(u @ y.T), "b": u}

        return Derivative(lambda x: float(np.sum(c * solve(x["A"], x["b"]))), grad, {"A": A, "b": b})

    def log_determinant(A: Array) -> float:
        if name.startswith("eigh"):
            return float(np.log(linalg.eigvalsh(_symmetric(A))).sum())
        return float(2 * np.log(np.diag(linalg.cholesky(_symmetric(A)))).sum())

    return Derivative(lambda x: log_determinant(x["A"]), lambda x: {"A": linalg.inv(_symmetric(x["A"]))}, {"A": A})


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "expm_frechet": linalg.expm,
    "logm": linalg.logm,
    "sqrtm": linalg.sqrtm,
    "sinm": linalg.sinm,
    "cosm": linalg.cosm,
}


@TABLE.add(*FUNCTIONS)
def matrix_function(rng: np.random.Generator, name: str) -> Derivative:
    """A function of a matrix; the derivative along E is a block of the function of ((Aᵀ, E), (0, Aᵀ))."""
    n = int(rng.integers(2, 6))
    function = FUNCTIONS[name]
    A, c = rng.standard_normal((n, n)) * 0.4, rng.standard_normal((n, n))
    if name in ("logm", "sqrtm"):
        A = _definite(rng, n) + 0.1 * A

    def grad(x: Arrays) -> Arrays:
        if name == "expm_frechet":
            return {"A": linalg.expm_frechet(x["A"].T, c, compute_expm=False)}
        whole = np.block([[x["A"].T, c], [np.zeros((n, n)), x["A"].T]])
        return {"A": np.real(function(whole)[:n, n:])}

    return Derivative(lambda x: float(np.sum(c * np.real(function(x["A"])))), grad, {"A": A})


@TABLE.add("solve_sylvester")
def sylvester(rng: np.random.Generator) -> Derivative:
    """The equation of Sylvester, by all three matrices."""
    n, m = int(rng.integers(2, 6)), int(rng.integers(2, 6))
    x0 = {
        "A": _definite(rng, n) + 0.2 * rng.standard_normal((n, n)),
        "B": _definite(rng, m) + 0.2 * rng.standard_normal((m, m)),
        "Q": rng.standard_normal((n, m)),
    }
    c = rng.standard_normal((n, m))

    def grad(x: Arrays) -> Arrays:
        X = linalg.solve_sylvester(x["A"], x["B"], x["Q"])
        u = linalg.solve_sylvester(x["A"].T, x["B"].T, c)
        return {"A": -u @ X.T, "B": -X.T @ u, "Q": u}

    return Derivative(lambda x: float(np.sum(c * linalg.solve_sylvester(x["A"], x["B"], x["Q"]))), grad, x0)


@TABLE.add("solve_continuous_lyapunov", "solve_discrete_lyapunov")
def lyapunov(rng: np.random.Generator, name: str) -> Derivative:
    """The equations of Lyapunov, by both matrices."""
    n = int(rng.integers(2, 6))
    A = rng.standard_normal((n, n))
    A *= 0.6 / np.abs(linalg.eigvals(A)).max()
    discrete = name == "solve_discrete_lyapunov"
    if not discrete:
        A -= np.eye(n)
    Q, c = _definite(rng, n), rng.standard_normal((n, n))
    solve = getattr(linalg, name)

    def grad(x: Arrays) -> Arrays:
        A, X = x["A"], solve(x["A"], x["Q"])
        u = solve(A.T, c)
        if discrete:
            return {"A": u @ A @ X.T + u.T @ A @ X, "Q": u}
        return {"A": -(u @ X.T + u.T @ X), "Q": u}

    return Derivative(lambda x: float(np.sum(c * solve(x["A"], x["Q"]))), grad, {"A": A, "Q": Q})


@TABLE.add("eigh", "svdvals", "eigsh", "lobpcg", "svds", "eigs")
def eigenvalues(rng: np.random.Generator, name: str) -> Derivative:
    """Eigenvalues and singular values; the derivative is by the vectors."""
    n = int(rng.integers(12, 30)) if name in ("eigsh", "lobpcg", "svds", "eigs") else int(rng.integers(2, 8))
    orthogonal = linalg.qr(rng.standard_normal((n, n)))[0]
    A = orthogonal @ np.diag(np.arange(1.0, n + 1) + rng.uniform(-0.3, 0.3, n)) @ orthogonal.T
    start = rng.standard_normal(n)
    first = rng.standard_normal((n, 3))
    c = rng.standard_normal(n if name in ("eigh", "svdvals") else 3)

    def parts(A: Array) -> tuple[Array, Array, Array]:
        if name == "eigh":
            values, vectors = linalg.eigh(_symmetric(A))
            return values, vectors, vectors
        if name == "svdvals":
            u, values, v = linalg.svd(A)
            return values, u, v.T
        if name == "eigsh":
            values, vectors = sparse_linalg.eigsh(_symmetric(A), k=3, v0=start)
            return values, vectors, vectors
        if name == "lobpcg":
            values, vectors = sparse_linalg.lobpcg(_symmetric(A), first.copy(), maxiter=200)
            return values, vectors, vectors
        if name == "eigs":
            values, vectors = sparse_linalg.eigs(_symmetric(A), k=3, v0=start)
            order = np.argsort(values.real)
            vectors = vectors[:, order].real
            return (
                values.real[order],
                vectors / np.linalg.norm(vectors, axis=0),
                vectors / np.linalg.norm(vectors, axis=0),
            )
        u, values, v = sparse_linalg.svds(A, k=3, v0=start)
        order = np.argsort(values)
        return values[order], u[:, order], v.T[:, order]

    def grad(x: Arrays) -> Arrays:
        _, left, right = parts(x["A"])
        g = (left * c) @ right.T
        return {"A": g if name in ("svdvals", "svds") else _symmetric(g)}

    return Derivative(lambda x: float(c @ parts(x["A"])[0]), grad, {"A": A})


#: Evaluations of a right-hand side after which a solution is given up.
MOST_CALLS = 100_000

METHODS = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")


@TABLE.add(*(f"solve_ivp {method}" for method in METHODS), "solve_ivp tight DOP853", "solve_ivp tight LSODA")
def initial_value(rng: np.random.Generator, name: str) -> Derivative:
    """Lotka and Volterra's equations with their sensitivities as further equations, at the default tolerances.

    The tight ones have a relative tolerance of 1e-10.
    """
    method = name.split()[-1]
    options = {"rtol": 1e-10, "atol": 1e-12} if "tight" in name else {}
    times = np.linspace(0, float(rng.uniform(1, 6)), 8)
    data = rng.uniform(0.5, 2, (2, 8))

    calls = 0

    def right(_t: float, z: Array, p: Array) -> Array:
        nonlocal calls
        calls += 1
        if calls > MOST_CALLS:  # a solution that goes to infinity, in ever shorter steps
            raise ArithmeticError("the solution takes too many steps")
        return np.array([p[0] * z[0] - p[1] * z[0] * z[1], p[2] * z[0] * z[1] - p[3] * z[1]])

    def with_sensitivities(t: float, z: Array, p: Array) -> Array:
        x, y = z[:2]
        J = np.array([[p[0] - p[1] * y, -p[1] * x], [p[2] * y, p[2] * x - p[3]]])
        by_p = np.array([[x, -x * y, 0, 0], [0, 0, x * y, -y]])
        S = z[2:].reshape(2, 6)
        dS = J @ S
        dS[:, :4] += by_p
        return np.concatenate([right(t, z[:2], p), dS.ravel()])

    def solve(function: Any, start: Array, p: Array) -> Array:
        nonlocal calls
        calls = 0
        found = integrate.solve_ivp(function, (0, times[-1]), start, method, times, args=(p,), **options)
        if not found.success:
            raise ArithmeticError(found.message)
        return np.asarray(found.y)

    def fun(x: Arrays) -> float:
        return float(0.5 * np.sum((solve(right, x["z0"], x["p"]) - data) ** 2))

    def grad(x: Arrays) -> Arrays:
        start = np.concatenate([x["z0"], np.hstack([np.zeros((2, 4)), np.eye(2)]).ravel()])
        y = solve(with_sensitivities, start, x["p"])
        g = np.einsum("it,ijt->j", y[:2] - data, y[2:].reshape(2, 6, -1))
        return {"p": g[:4], "z0": g[4:]}

    return Derivative(fun, grad, {"p": rng.uniform(0.5, 1.5, 4), "z0": rng.uniform(0.5, 2, 2)})


@TABLE.add("odeint", "solve_ivp adjoint")
def decay(rng: np.random.Generator, name: str) -> Derivative:
    """Linear decay chains; the derivative is by another integration backwards in time."""
    n = int(rng.integers(2, 6))
    A = rng.standard_normal((n, n)) * 0.5 - np.eye(n)
    end, c = float(rng.uniform(0.5, 2)), rng.standard_normal(n)

    tolerances = {"rtol": 1e-10, "atol": 1e-12} if name == "odeint" else {}  # odeint's default is tight too

    def flow(A: Array, start: Array) -> Array:
        if name == "odeint":
            return np.asarray(integrate.odeint(lambda y, _t: A @ y, start, [0, end])[-1])
        return np.asarray(integrate.solve_ivp(lambda _t, y: A @ y, (0, end), start).y[:, -1])

    def grad(x: Arrays) -> Arrays:
        def back(_t: float, z: Array) -> Array:
            y, u = z[:n], z[n : 2 * n]
            return np.concatenate([x["A"] @ y, -x["A"].T @ u, -np.outer(u, y).ravel()])

        stop = np.concatenate([flow(x["A"], x["y"]), c, np.zeros(n * n)])
        z = integrate.solve_ivp(back, (end, 0), stop, **tolerances).y[:, -1]
        return {"A": z[2 * n :].reshape(n, n), "y": z[n : 2 * n]}

    return Derivative(lambda x: float(c @ flow(x["A"], x["y"])), grad, {"A": A, "y": rng.standard_normal(n)})


@TABLE.add("quad", "quad_vec", "brentq", "newton", "fsolve", "minimize")
def implicit(rng: np.random.Generator, name: str) -> Derivative:
    """Integrals and roots with parameters; the derivative is by the integrand or by the implicit function theorem."""
    p = rng.uniform(0.5, 2, 3)
    if name in ("quad", "quad_vec"):

        def by_parameters(t: float, p: Array) -> Array:
            e = np.exp(-p[0] * t * t)
            return np.array([-t * t * e * np.cos(p[1] * t), -t * e * np.sin(p[1] * t), 1.0 / (1 + t * t)])

        def integrand(t: float, p: Array) -> float:
            return float(np.exp(-p[0] * t * t) * np.cos(p[1] * t) + p[2] / (1 + t * t))

        if name == "quad":
            return Derivative(
                lambda x: float(integrate.quad(integrand, 0, 2, args=(x["p"],))[0]),
                lambda x: {
                    "p": np.array(
                        [integrate.quad(lambda t, i=i: by_parameters(t, x["p"])[i], 0, 2)[0] for i in range(3)]
                    )
                },
                {"p": p},
            )
        return Derivative(
            lambda x: float(integrate.quad_vec(lambda t: integrand(t, x["p"]), 0, 2)[0]),
            lambda x: {"p": integrate.quad_vec(lambda t: by_parameters(t, x["p"]), 0, 2)[0]},
            {"p": p},
        )

    def equation(y: float, p: Array) -> float:
        return float(p[0] * y + np.sinh(p[1] * y) - p[2])

    def slope(y: float, p: Array) -> float:
        return float(p[0] + p[1] * np.cosh(p[1] * y))

    def root(p: Array) -> float:
        if name == "brentq":
            return float(optimize.brentq(equation, -10, 10, args=(p,)))
        if name == "newton":
            return float(optimize.newton(equation, 0.0, slope, args=(p,)))
        if name == "fsolve":
            return float(optimize.fsolve(lambda y: equation(y[0], p), [0.1])[0])
        value = optimize.minimize(
            lambda y: 0.5 * p[0] * y[0] ** 2 + np.cosh(p[1] * y[0]) / p[1] - p[2] * y[0], [0.1], method="BFGS"
        )
        return float(value.x[0])

    def grad(x: Arrays) -> Arrays:
        y, p = root(x["p"]), x["p"]
        return {"p": -np.array([y, y * np.cosh(p[1] * y), -1.0]) / slope(y, p)}

    return Derivative(lambda x: root(x["p"]), grad, {"p": p})


INTERPOLANTS: dict[str, Callable[[Array, Array], Any]] = {
    "CubicSpline": interpolate.CubicSpline,
    "PchipInterpolator": interpolate.PchipInterpolator,
    "Akima1DInterpolator": interpolate.Akima1DInterpolator,
    "make_interp_spline": interpolate.make_interp_spline,
    "quintic spline": lambda t, y: interpolate.make_interp_spline(t, y, k=5),
    "KroghInterpolator": interpolate.KroghInterpolator,
    "UnivariateSpline": lambda t, y: interpolate.UnivariateSpline(t, y, s=0),
}


@TABLE.add(*INTERPOLANTS)
def interpolant(rng: np.random.Generator, name: str) -> Derivative:
    """An interpolant and its derivative by the place."""
    n = int(rng.integers(7, 12))
    t = np.cumsum(rng.uniform(0.3, 1.0, n))
    f = INTERPOLANTS[name](t, rng.standard_normal(n))
    x = rng.uniform(t[0], t[-1], int(rng.integers(1, 12)))
    c = rng.standard_normal(x.size)
    slope = f.derivative if name == "KroghInterpolator" else f.derivative()
    return Derivative(lambda x: float(c @ f(x["x"])), lambda x: {"x": c * slope(x["x"])}, {"x": x})


@TABLE.add("BSpline coefficients", "RBFInterpolator values", "CubicSpline values", "RegularGridInterpolator values")
def by_values(rng: np.random.Generator, name: str) -> Derivative:
    """An interpolant by its values or coefficients; it is linear in them."""
    n, m = int(rng.integers(6, 12)), int(rng.integers(3, 10))
    places, c = rng.uniform(0.1, 0.9, m), rng.standard_normal(m)
    if name.startswith("BSpline"):
        knots = np.concatenate([np.zeros(3), np.linspace(0, 1, n - 2), np.ones(3)])
        at: Callable[[Array], Array] = lambda v: interpolate.BSpline(knots, v, 3)(places)  # noqa: E731
    elif name.startswith("RBF"):
        nodes = rng.uniform(0, 1, (n, 2))
        targets = rng.uniform(0, 1, (m, 2))
        kernel = str(rng.choice(["thin_plate_spline", "cubic", "linear"]))
        at = lambda v: interpolate.RBFInterpolator(nodes, v, kernel=kernel)(targets)  # noqa: E731
    elif name.startswith("Cubic"):
        at = lambda v: interpolate.CubicSpline(np.linspace(0, 1, n), v)(places)  # noqa: E731
    else:
        at = lambda v: interpolate.RegularGridInterpolator((np.linspace(0, 1, n),), v)(places[:, None])  # noqa: E731
    design = np.array([at(row) for row in np.eye(n)])

    def fun(x: Arrays) -> float:
        return float(np.sum(c * np.sin(at(x["v"]))))

    return Derivative(fun, lambda x: {"v": design @ (c * np.cos(at(x["v"])))}, {"v": rng.standard_normal(n)})


@TABLE.add("norm logpdf", "logistic cdf", "gamma cdf", "beta cdf", "t cdf", "weibull sf", "gumbel cdf", "expon sf")
def distribution(rng: np.random.Generator, name: str) -> Derivative:
    """Distributions of scipy.stats: the density is the derivative of the distribution function."""
    from scipy import stats

    kind, what = name.split()
    law = {
        "norm": stats.norm(0.3, 1.4),
        "logistic": stats.logistic(0.1, 0.7),
        "gamma": stats.gamma(2.2),
        "beta": stats.beta(1.8, 2.5),
        "t": stats.t(5.0),
        "weibull": stats.weibull_min(1.7),
        "gumbel": stats.gumbel_r(),
        "expon": stats.expon(),
    }[kind]
    x = law.ppf(rng.uniform(0.02, 0.98, int(rng.integers(1, 12))))
    c = rng.standard_normal(x.size)
    if what == "logpdf":
        return Derivative(
            lambda x: float(c @ law.logpdf(x["x"])), lambda x: {"x": -c * (x["x"] - 0.3) / 1.4**2}, {"x": x}
        )
    sign = -1 if what == "sf" else 1
    return Derivative(
        lambda x: float(c @ getattr(law, what)(x["x"])), lambda x: {"x": sign * c * law.pdf(x["x"])}, {"x": x}
    )


@TABLE.add("fft", "dct", "convolve", "lfilter", "cdist", "rotation")
def transforms(rng: np.random.Generator, name: str) -> Derivative:
    """Transforms and distances with their adjoints."""
    from scipy import fft, signal

    n = int(rng.integers(3, 30))
    v, d = rng.standard_normal(n), rng.standard_normal(n)
    if name == "fft":

        def residual(v: Array) -> Any:
            return fft.rfft(v) - fft.rfft(d)

        weight = np.full(n // 2 + 1, 2.0)
        weight[0] = 1.0
        if n % 2 == 0:
            weight[-1] = 1.0
        return Derivative(  # Parseval
            lambda x: float(np.sum(weight * np.abs(residual(x["v"])) ** 2) / n),
            lambda x: {"v": 2 * (x["v"] - d)},
            {"v": v},
        )
    if name == "dct":
        return Derivative(
            lambda x: float(np.sum(np.sin(fft.dct(x["v"], norm="ortho")))),
            lambda x: {"v": fft.idct(np.cos(fft.dct(x["v"], norm="ortho")), norm="ortho")},
            {"v": v},
        )
    if name == "convolve":
        h = rng.standard_normal(4)
        c = rng.standard_normal(n + 3)
        return Derivative(
            lambda x: float(np.sum(c * signal.convolve(x["v"], x["h"]))),
            lambda x: {"v": signal.correlate(c, x["h"], "valid"), "h": signal.correlate(c, x["v"], "valid")},
            {"v": v, "h": h},
        )
    if name == "lfilter":
        b, a = rng.standard_normal(3), np.array([1.0, -0.5, 0.2])
        return Derivative(
            lambda x: float(0.5 * np.sum(signal.lfilter(b, a, x["v"]) ** 2)),
            lambda x: {"v": signal.lfilter(b, a, signal.lfilter(b, a, x["v"])[::-1])[::-1].copy()},
            {"v": v},
        )
    if name == "cdist":
        X, Y = rng.standard_normal((n, 3)), rng.standard_normal((5, 3))
        c = rng.standard_normal((n, 5))

        def grad(x: Arrays) -> Arrays:
            unit = (x["X"][:, None] - x["Y"][None]) / spatial.distance.cdist(x["X"], x["Y"])[..., None]
            return {"X": np.einsum("ij,ijk->ik", c, unit), "Y": -np.einsum("ij,ijk->jk", c, unit)}

        return Derivative(lambda x: float(np.sum(c * spatial.distance.cdist(x["X"], x["Y"]))), grad, {"X": X, "Y": Y})
    w, u = rng.standard_normal(3), rng.standard_normal(3)
    turn = spatial.transform.Rotation.from_rotvec(rng.standard_normal(3))
    return Derivative(
        lambda x: float(np.sum(np.sin(turn.apply(x["w"]) * u))),
        lambda x: {"w": turn.inv().apply(np.cos(turn.apply(x["w"]) * u) * u)},
        {"w": w},
    )


def build(name: str, rng: np.random.Generator) -> Derivative:
    """One function of SciPy."""
    try:
        return TABLE.build(name, rng)
    except (np.linalg.LinAlgError, sparse_linalg.ArpackError) as error:
        raise NotApplicable(str(error)) from error


SOURCE = Source("scipy-solvers", "packages", ("scipy",), 2 * len(TABLE.names()), TABLE.names, build, exact=False)
