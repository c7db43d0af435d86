"""Log-likelihoods of statsmodels with their scores; links and families of generalised linear models."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Array, Derivative, Source, Table

TABLE = Table()


def _design(rng: np.random.Generator) -> Array:
    n, p = int(rng.integers(8, 80)), int(rng.integers(1, 6))
    X = rng.standard_normal((n, p)) * 10 ** rng.uniform(-1, 1, p)
    return np.column_stack([np.ones(n), X])


def _parameters(rng: np.random.Generator, X: Array) -> Array:
    """Parameters for which the linear predictor is of order one."""
    beta = rng.standard_normal(X.shape[1]) / np.abs(X).max(axis=0)
    return np.asarray(beta * float(10 ** rng.uniform(-1, 0.3)) / np.sqrt(X.shape[1]))


def _likelihood(model: Any, parameters: Array) -> Derivative:
    """The log-likelihood of a model and its score."""
    return Derivative(
        lambda x: float(model.loglike(x["params"])),
        lambda x: {"params": np.asarray(model.score(x["params"])).reshape(x["params"].shape)},
        {"params": parameters},
    )


@TABLE.add("Logit", "Probit")
def binary(rng: np.random.Generator, name: str) -> Derivative:
    """Models of a binary response."""
    import statsmodels.api as sm

    X = _design(rng)
    return _likelihood(getattr(sm, name)(rng.integers(0, 2, len(X)), X), _parameters(rng, X))


@TABLE.add("MNLogit")
def multinomial(rng: np.random.Generator) -> Derivative:
    """The multinomial logit."""
    import statsmodels.api as sm

    X = _design(rng)
    y = np.arange(len(X)) % int(rng.integers(3, 5))
    model = sm.MNLogit(y, X)
    return _likelihood(model, np.concatenate([_parameters(rng, X) for _ in range(int(model.J) - 1)]))


@TABLE.add("Poisson", "GeneralizedPoisson", "NegativeBinomial nb1", "NegativeBinomial nb2", "NegativeBinomialP")
def counts(rng: np.random.Generator, name: str) -> Derivative:
    """Models of counts."""
    import statsmodels.api as sm
    from statsmodels.discrete import discrete_model

    X = _design(rng)
    y = rng.poisson(2, len(X))
    beta = _parameters(rng, X)
    kind, _, option = name.partition(" ")
    if kind == "Poisson":
        return _likelihood(sm.Poisson(y, X), beta)
    if kind == "NegativeBinomial":
        model: Any = sm.NegativeBinomial(y, X, loglike_method=option)
    else:
        model = getattr(discrete_model, kind)(y, X, p=int(rng.integers(1, 3)))
    dispersion = float(rng.uniform(0.05, 0.3) if kind == "GeneralizedPoisson" else rng.uniform(0.3, 2))
    return _likelihood(model, np.append(beta, dispersion))


@TABLE.add("ZeroInflatedPoisson", "ZeroInflatedNegativeBinomialP")
def zero_inflated(rng: np.random.Generator, name: str) -> Derivative:
    """Counts with more zeros than their distribution gives."""
    from statsmodels.discrete import count_model

    X = _design(rng)
    y = rng.poisson(2, len(X)) * rng.integers(0, 2, len(X))
    model = getattr(count_model, name)(y, X, exog_infl=np.ones((len(X), 1)))
    tail = [float(rng.uniform(0.3, 2))] if name != "ZeroInflatedPoisson" else []
    return _likelihood(model, np.concatenate([[float(rng.normal())], _parameters(rng, X), tail]))


@TABLE.add("ConditionalLogit", "ConditionalPoisson")
def conditional(rng: np.random.Generator, name: str) -> Derivative:
    """Conditional likelihoods within groups."""
    from statsmodels.discrete import conditional_models

    n, p = 4 * int(rng.integers(3, 9)), int(rng.integers(1, 4))
    X = rng.standard_normal((n, p))
    y = np.arange(n) % 2 if name == "ConditionalLogit" else rng.poisson(2, n)
    model = getattr(conditional_models, name)(y, X, groups=np.repeat(np.arange(n // 4), 4))
    return _likelihood(model, 0.5 * rng.standard_normal(p))


FAMILIES = (
    "Gaussian Identity",
    "Gaussian Log",
    "Poisson Log",
    "Poisson Sqrt",
    "Poisson Identity",
    "Gamma Log",
    "Gamma InversePower",
    "InverseGaussian Log",
    "InverseGaussian InverseSquared",
    "NegativeBinomial Log",
    "Binomial Logit",
    "Binomial Probit",
    "Binomial CLogLog",
    "Binomial LogLog",
    "Binomial Cauchy",
    "Tweedie Log",
)


@TABLE.add(*(f"GLM {name}" for name in FAMILIES))
def generalised_linear(rng: np.random.Generator, name: str) -> Derivative:
    """Generalised linear models with various links."""
    import statsmodels.api as sm
    from statsmodels.genmod.families import links

    family_name, link = name.removeprefix("GLM ").split()
    X = _design(rng)
    n = len(X)
    beta = _parameters(rng, X)
    options: dict[str, Any] = {"link": getattr(links, link)()}
    if family_name == "Tweedie":
        options |= {"var_power": 1.5, "eql": True}
    if link in ("Identity", "InversePower", "InverseSquared", "Sqrt") and family_name != "Gaussian":
        beta = beta * 0.2
        beta[0] = 2 + float(np.abs(X[:, 1:] @ beta[1:]).max())  # the mean stays positive
    if family_name == "Gaussian":
        y = rng.standard_normal(n)
    elif family_name == "Binomial":
        y = rng.integers(0, 2, n).astype(float)
    elif family_name in ("Poisson", "NegativeBinomial"):
        y = rng.poisson(2, n).astype(float)
    else:
        y = rng.gamma(2, 1, n) + 0.1
    model = sm.GLM(y, X, family=getattr(sm.families, family_name)(**options))
    return Derivative(
        lambda x: float(model.loglike(x["params"], scale=1.0)),
        lambda x: {"params": model.score(x["params"], scale=1.0)},
        {"params": beta},
    )


LINKS = ("Logit", "Probit", "CLogLog", "LogLog", "Cauchy", "Log", "Sqrt", "InversePower", "InverseSquared", "LogC")


@TABLE.add(*(f"link {name}" for name in LINKS), "link NegativeBinomial")
def link_function(rng: np.random.Generator, name: str) -> Derivative:
    """A link, its derivative, and the derivative of its inverse."""
    from statsmodels.genmod.families import links

    link = getattr(links, name.removeprefix("link "))()
    n = int(rng.integers(1, 20))
    c, p = rng.standard_normal(n), rng.uniform(0.05, 0.95, n)
    if rng.random() < 0.5:
        return Derivative(lambda x: float(c @ link(x["p"])), lambda x: {"p": c * link.deriv(x["p"])}, {"p": p})
    z = link(p)
    return Derivative(
        lambda x: float(c @ link.inverse(x["z"])), lambda x: {"z": c * link.inverse_deriv(x["z"])}, {"z": z}
    )


@TABLE.add("OrderedModel probit", "OrderedModel logit")
def ordered(rng: np.random.Generator, name: str) -> Derivative:
    """Ordered responses; the score is by statsmodels' own complex or finite differences where it has no formula."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    X = _design(rng)[:, 1:]
    y = np.arange(len(X)) % 3
    model = OrderedModel(y, X, distr=name.split()[1])
    beta = _parameters(rng, X)
    # the score by regressors of an unobserved variable: pdf differences, which the model has in `score_obs_`
    thresholds = np.array([-0.3, 0.1]) + 0.2 * rng.standard_normal(2)

    def filled(b: Array) -> Array:
        return np.concatenate([b, thresholds])

    return Derivative(
        lambda x: float(model.loglike(filled(x["params"]))),
        lambda x: {"params": model.score_obs_(filled(x["params"])).sum(axis=0)[: beta.size]},
        {"params": beta},
    )


@TABLE.add("BetaModel")
def beta_regression(rng: np.random.Generator) -> Derivative:
    """Beta regression with a model of its precision."""
    from statsmodels.othermod.betareg import BetaModel

    X = _design(rng)
    model = BetaModel(rng.uniform(0.05, 0.95, len(X)), X)
    return _likelihood(model, np.append(_parameters(rng, X), float(rng.uniform(0.5, 3))))


@TABLE.add("PHReg breslow", "PHReg efron")
def proportional_hazards(rng: np.random.Generator, name: str) -> Derivative:
    """The partial likelihood of proportional hazards, with tied times."""
    from statsmodels.duration.hazard_regression import PHReg

    X = _design(rng)[:, 1:]
    times = np.ceil(rng.exponential(5, len(X)))
    model = PHReg(times, X, status=rng.integers(0, 2, len(X)), ties=name.split()[1])
    return _likelihood(model, _parameters(rng, X))


NORMS = ("LeastSquares", "HuberT", "RamsayE", "AndrewWave", "TrimmedMean", "Hampel", "TukeyBiweight", "StudentT")


@TABLE.add(*(f"norm {name}" for name in NORMS))
def robust_norm(rng: np.random.Generator, name: str) -> Derivative:
    """The functions of robust regression, and their derivatives ψ."""
    from statsmodels.robust import norms

    norm = getattr(norms, name.removeprefix("norm "))()
    n = int(rng.integers(1, 20))
    c = rng.standard_normal(n)
    return Derivative(
        lambda x: float(np.sum(c * norm.rho(x["z"]))),
        lambda x: {"z": c * norm.psi(x["z"])},
        {"z": 3 * rng.standard_normal(n)},
    )


def build(name: str, rng: np.random.Generator) -> Derivative:
    """One function of statsmodels."""
    return TABLE.build(name, rng)


SOURCE = Source("statsmodels", "packages", ("statsmodels",), 2 * len(TABLE.names()), TABLE.names, build)
