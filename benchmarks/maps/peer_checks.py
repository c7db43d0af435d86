"""Other checkers, each called as its documentation shows; libraries are imported by the checks that need them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import check_grad
from scipy.optimize._numdiff import approx_derivative, check_derivative

from benchmarks.maps.detection import Case
from benchmarks.maps.other_corpora import HessianCase, ManifoldCase, OperatorCase

Array = NDArray[Any]
Check = Callable[[Any, int], bool]

#: How far the slope of an error against the step may be from the right one, as one would read it from a drawing.
SLOPE = 0.1

#: Digits that a residual may have which "should be close to zero".
CLOSE = 1e-6


# -- Jacobians ---------------------------------------------------------------------------------------------------------


def jacobian_by_scipy(case: Case, seed: int) -> bool:
    """SciPy's own test of Jacobians: relative errors up to 1e-6 are right, as its documentation says."""
    return bool(check_derivative(case.map.fun, case.jac, case.map.x0) < 1e-6)


def jacobian_by_differences(case: Case, seed: int) -> bool:
    """Three-point differences and `numpy.allclose` with its defaults."""
    return bool(np.allclose(case.jac(case.map.x0), approx_derivative(case.map.fun, case.map.x0)))


def jacobian_by_the_sum(case: Case, seed: int) -> bool:
    """`check_grad` of the sum of the outputs, relative to the norm of its gradient."""

    def gradient(x: Any) -> Any:
        return case.jac(x).sum(axis=0)

    def total(x: Any) -> float:
        return float(np.sum(case.map.fun(x)))

    error = check_grad(total, gradient, case.map.x0)
    return bool(error <= 1e-5 * max(1.0, float(np.linalg.norm(gradient(case.map.x0)))))


def jacobian_by_numdifftools(case: Case, seed: int) -> bool:
    """`numdifftools.Jacobian` and `numpy.allclose` with its defaults."""
    import numdifftools

    return bool(np.allclose(case.jac(case.map.x0), numdifftools.Jacobian(case.map.fun)(case.map.x0)))


def _function_of_torch(forward: Callable[[Array], Array], pulled: Callable[[Array, Array], Array]) -> Any:
    import torch

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            context.save_for_backward(x)
            return torch.from_numpy(np.array(forward(x.detach().numpy())))

        @staticmethod
        def backward(context: Any, *grads: Any) -> Any:
            (x,) = context.saved_tensors
            return torch.from_numpy(np.array(pulled(x.detach().numpy(), grads[0].detach().resolve_conj().numpy())))

    return Wrapped.apply


def _jacobian_by_torch(case: Case, *, fast: bool) -> bool:
    import torch

    function = _function_of_torch(case.map.fun, lambda x, u: case.jac(x).T @ u)
    x = torch.tensor(case.map.x0, requires_grad=True)
    return bool(torch.autograd.gradcheck(function, (x,), fast_mode=fast, raise_exception=False))


def jacobian_by_torch(case: Case, seed: int) -> bool:
    """`torch.autograd.gradcheck` of a function with this backward pass."""
    return _jacobian_by_torch(case, fast=False)


def jacobian_by_torch_fast(case: Case, seed: int) -> bool:
    """The same in its fast mode."""
    return _jacobian_by_torch(case, fast=True)


def _holds(check: Callable[..., None], *arguments: Any) -> bool:
    try:
        check(*arguments)
    except AssertionError:
        return False
    return True


def jacobian_by_jax_jvp(case: Case, seed: int) -> bool:
    """`jax.test_util.check_jvp`."""
    from jax.test_util import check_jvp

    def jvp(primals: Any, tangents: Any) -> Any:
        return case.map.fun(primals[0]), case.jac(primals[0]) @ tangents[0]

    return _holds(check_jvp, case.map.fun, jvp, (case.map.x0,))


def jacobian_by_jax_vjp(case: Case, seed: int) -> bool:
    """`jax.test_util.check_vjp`."""
    from jax.test_util import check_vjp

    def vjp(x: Any) -> Any:
        return case.map.fun(x), lambda u: (case.jac(x).T @ u,)

    return _holds(check_vjp, case.map.fun, vjp, (case.map.x0,))


def jacobian_by_openmdao(case: Case, seed: int) -> bool:
    """`check_partials` of a component, and `assert_check_partials` with its defaults."""
    import openmdao.api as om
    from openmdao.utils.assert_utils import assert_check_partials

    class Component(om.ExplicitComponent):  # type: ignore[misc]
        def setup(self) -> None:
            self.add_input("x", case.map.x0)
            self.add_output("y", np.asarray(case.map.fun(case.map.x0)))
            self.declare_partials("y", "x")

        def compute(self, inputs: Any, outputs: Any) -> None:
            outputs["y"] = case.map.fun(inputs["x"])

        def compute_partials(self, inputs: Any, partials: Any) -> None:
            partials["y", "x"] = case.jac(inputs["x"])

    problem = om.Problem(reports=False)
    problem.model.add_subsystem("c", Component())
    problem.setup()
    problem.run_model()
    data = problem.check_partials(out_stream=None)
    try:
        assert_check_partials(data)
    except ValueError:
        return False
    return True


JACOBIANS: dict[str, Check] = {
    "scipy.optimize check_derivative": jacobian_by_scipy,
    "scipy.optimize approx_derivative and allclose": jacobian_by_differences,
    "scipy.optimize check_grad of the sum": jacobian_by_the_sum,
    "numdifftools Jacobian and allclose": jacobian_by_numdifftools,
    "torch gradcheck": jacobian_by_torch,
    "torch gradcheck, fast mode": jacobian_by_torch_fast,
    "jax check_jvp": jacobian_by_jax_jvp,
    "jax check_vjp": jacobian_by_jax_vjp,
    "OpenMDAO check_partials": jacobian_by_openmdao,
}


# -- adjoints ----------------------------------------------------------------------------------------------------------


def adjoint_by_pylops(case: OperatorCase, seed: int) -> bool:
    """`pylops.utils.dottest`."""
    import pylops
    from pylops.utils import dottest

    class Operator(pylops.LinearOperator):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(dtype=case.operator.dtype, shape=case.operator.shape)

        def _matvec(self, x: Any) -> Any:
            return case.operator.forward(x)

        def _rmatvec(self, y: Any) -> Any:
            return case.adjoint(y)

    flag = 3 if case.operator.dtype.kind == "c" else 0
    return bool(dottest(Operator(), complexflag=flag, raiseerror=False))


def adjoint_by_torch(case: OperatorCase, seed: int) -> bool:
    """`torch.autograd.gradcheck` of a function whose backward pass is the adjoint."""
    import torch

    function = _function_of_torch(case.operator.forward, lambda x, u: case.adjoint(u))
    x = torch.tensor(np.random.default_rng(seed).normal(size=case.operator.shape[1]).astype(case.operator.dtype))
    return bool(torch.autograd.gradcheck(function, (x.requires_grad_(),), raise_exception=False))


ADJOINTS: dict[str, Check] = {"pylops dottest": adjoint_by_pylops, "torch gradcheck": adjoint_by_torch}


# -- Hessians ----------------------------------------------------------------------------------------------------------


def hessian_by_scipy(case: HessianCase, seed: int) -> bool:
    """SciPy's `check_derivative` of the gradient with the Hessian as its Jacobian."""
    return bool(check_derivative(case.function.grad, case.hess, case.function.x0) < 1e-6)


def hessian_by_differences(case: HessianCase, seed: int) -> bool:
    """Three-point differences of the gradient and `numpy.allclose` with its defaults."""
    x = case.function.x0
    return bool(np.allclose(case.hess(x), approx_derivative(case.function.grad, x)))


def hessian_by_numdifftools(case: HessianCase, seed: int) -> bool:
    """`numdifftools.Hessian` and `numpy.allclose` with its defaults."""
    import numdifftools

    x = case.function.x0
    return bool(np.allclose(case.hess(x), numdifftools.Hessian(case.function)(x)))


def hessian_by_torch(case: HessianCase, seed: int) -> bool:
    """`torch.autograd.gradgradcheck` of a function whose double backward pass uses the Hessian."""
    import torch

    f = case.function

    class Gradient(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            context.save_for_backward(x)
            return torch.from_numpy(np.array(f.grad(x.detach().numpy())))

        @staticmethod
        def backward(context: Any, *grads: Any) -> Any:
            (x,) = context.saved_tensors
            return torch.from_numpy(np.array(case.hess(x.detach().numpy()).T @ grads[0].detach().numpy()))

    class Value(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            context.save_for_backward(x)
            return torch.tensor(float(f(x.detach().numpy())), dtype=torch.float64)

        @staticmethod
        def backward(context: Any, *grads: Any) -> Any:
            (x,) = context.saved_tensors
            apply: Any = Gradient.apply
            return grads[0] * apply(x)

    x = torch.tensor(f.x0, requires_grad=True)
    return bool(torch.autograd.gradgradcheck(Value.apply, (x,), raise_exception=False))


def hessian_by_pymanopt(case: HessianCase, seed: int) -> bool:
    """`pymanopt.tools.diagnostics.check_hessian` on a Euclidean space: slope 3, and a symmetric form."""
    import pymanopt
    from pymanopt.tools import diagnostics

    f = case.function
    manifold = pymanopt.manifolds.Euclidean(f.inputs)

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator, unused-ignore]
    def cost(x: Any) -> float:
        return float(f(x))

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator, unused-ignore]
    def gradient(x: Any) -> Any:
        return f.grad(x)

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator, unused-ignore]
    def hessian(x: Any, v: Any) -> Any:
        return case.hess(x) @ v

    problem = pymanopt.Problem(manifold, cost, riemannian_gradient=gradient, riemannian_hessian=hessian)
    text = StringIO()
    with redirect_stdout(text):
        diagnostics.check_hessian(problem, f.x0)
    *_, poly = diagnostics.check_directional_derivative(problem, f.x0, use_quadratic_model=True)
    symmetric = re.search(r"= (\S+)\.", text.getvalue().rpartition("symmetric")[0])
    gap = float(symmetric[1]) if symmetric is not None else 0.0
    return abs(float(poly[0]) - 3) <= SLOPE and abs(gap) <= CLOSE


HESSIANS: dict[str, Check] = {
    "scipy.optimize check_derivative": hessian_by_scipy,
    "scipy.optimize approx_derivative and allclose": hessian_by_differences,
    "numdifftools Hessian and allclose": hessian_by_numdifftools,
    "torch gradgradcheck": hessian_by_torch,
    "pymanopt check_hessian": hessian_by_pymanopt,
}


# -- gradients on manifolds --------------------------------------------------------------------------------------------


def gradient_by_pymanopt(case: ManifoldCase, seed: int) -> bool:
    """`pymanopt.tools.diagnostics.check_gradient`: slope 2, and a tangent gradient."""
    import pymanopt
    from pymanopt.tools import diagnostics

    shape = case.x0.shape
    of = pymanopt.manifolds
    manifold = of.Sphere(*shape) if case.manifold == "sphere" else of.Stiefel(*shape)

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator, unused-ignore]
    def cost(x: Any) -> float:
        return case.fun(x)

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator, unused-ignore]
    def gradient(x: Any) -> Any:
        return case.grad(x)

    problem = pymanopt.Problem(manifold, cost, riemannian_gradient=gradient)
    text = StringIO()
    with redirect_stdout(text):
        diagnostics.check_gradient(problem, case.x0)
    *_, poly = diagnostics.check_directional_derivative(problem, case.x0)
    residual = re.search(r"close to 0: (\S+)\.", text.getvalue())
    assert residual is not None
    return abs(float(poly[0]) - 2) <= SLOPE and float(residual[1]) <= CLOSE


MANIFOLDS: dict[str, Check] = {"pymanopt check_gradient": gradient_by_pymanopt}
