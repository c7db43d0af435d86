"""Gradients of tensors and of arrays of JAX: hand-written, returned with the value, and what the library computes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients, check_hessian, check_jacobian, check_problem
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.reports.report import Report

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

VALUES = np.array([[0.5, -1.0, 2.0], [0.25, 1.5, -0.75]])
WEIGHTS = np.array([[1.0, -2.0, 0.5], [0.75, 0.3, -1.25]])

TYPES = ("float64", "float32", "float16", "bfloat16")


def slugs(report: Report) -> list[str]:
    return [finding.slug for finding in report.findings]


def wrong(report: Report, block: str = "x") -> set[tuple[int, ...]]:
    return {entry.index for entry in report.blocks[block].entries if entry.wrong}


def tensor(name: str = "float64", values: Any = VALUES) -> Any:
    return torch.tensor(values).to(getattr(torch, name))


def array(name: str = "float64", values: Any = VALUES) -> Any:
    with jax.enable_x64(name == "float64"):
        return jnp.array(values, getattr(jnp, name))


LIBRARIES: dict[str, tuple[Any, Any]] = {"torch": (tensor, torch), "jax": (array, jnp)}
every_library = pytest.mark.parametrize("library", LIBRARIES)
every_type = pytest.mark.parametrize("name", TYPES)


# -- hand-written gradients --------------------------------------------------------------------------------------------


@every_library
@every_type
@pytest.mark.parametrize(("factor", "slug"), [(1.0, None), (2.0, "constant-factor"), (-1.0, "sign-flipped")])
def test_hand_written_gradients(library: str, name: str, factor: float, slug: str | None) -> None:
    make, lib = LIBRARIES[library]
    x0 = make(name)
    report = check_gradients(lambda x: lib.sum(lib.log(lib.cosh(x))), lambda x: factor * lib.tanh(x), x0, rng=0)
    assert report.verdict.value == ("pass" if slug is None else "fail"), str(report)
    assert slugs(report) == ([] if slug is None else [slug])
    assert report.rtol == {"float64": 5e-5, "float32": 1e-2}.get(name, 0.2)
    assert x0.dtype == make(name).dtype
    np.testing.assert_array_equal(np.array(x0.tolist()), np.array(make(name).tolist()))


@every_library
def test_the_value_with_its_gradient_and_the_gradient_at_the_point(library: str) -> None:
    make, lib = LIBRARIES[library]
    for factor, verdict in ((1.0, "pass"), (1.5, "fail")):

        def both(x: Any, k: float = factor) -> Any:
            return lib.sum(lib.sin(x)), k * lib.cos(x)

        assert check_gradients(both, True, make(), rng=0).verdict.value == verdict
        with jax.enable_x64(True):
            here = both(make())[1]
        assert check_gradients(lambda x: lib.sum(lib.sin(x)), here, make(), rng=0).verdict.value == verdict


@every_library
def test_nestings_tuples_integers_and_wrt(library: str) -> None:
    make, lib = LIBRARIES[library]
    x0 = {"w": make(), "n": make("float64", np.array([2, 3, 4])), "b": [make("float32"), 0.5]}
    x0["n"] = x0["n"].astype(int) if library == "jax" else x0["n"].to(torch.int64)

    def fun(p: Any) -> Any:
        return lib.sum(p["w"] ** 2 * p["n"]) + lib.sum(p["b"][0]) ** 2 * p["b"][1]

    report = check_gradients(fun, None, x0, rng=0)
    assert report.verdict.value == "pass"
    assert set(report.blocks) == {"w", "b.0"}  # the library has no gradient with respect to a float
    assert any("b.1" in note for note in report.notes)
    with pytest.raises(SubjectTypeError, match=r"computes no derivative with respect to b\.1"):
        check_gradients(fun, None, x0, wrt="b.1")

    def grad(p: Any, k: float = 1.0) -> Any:
        total = lib.sum(p["b"][0])
        return {"w": k * 2 * p["w"] * p["n"], "b": [2 * total * p["b"][1] * (0 * p["b"][0] + 1), total**2]}

    report = check_gradients(fun, lambda p: grad(p, 2.0), x0, wrt=["w", "b"], rng=0)
    assert [name for name, block in report.blocks.items() if block.verdict.value == "fail"] == ["w"]
    pair = (make(), make("float64", 2 * VALUES))
    assert check_gradients(lambda a, b: lib.sum(a * b), lambda a, b: (b, a), pair, rng=0).verdict.value == "pass"
    report = check_gradients(lambda a, b: lib.sum(a * b), lambda a, b: (b, -a), pair, rng=0)
    assert [name for name, block in report.blocks.items() if not block.passes] == ["1"]


def test_a_gradient_that_uses_the_graph_of_its_argument() -> None:
    x0 = tensor().requires_grad_()

    def fun(x: Any) -> Any:
        return torch.sum(x**3)

    def by_backward(x: Any) -> Any:
        fun(x).backward()
        return x.grad

    assert check_gradients(fun, by_backward, x0, rng=0).verdict.value == "pass"
    assert check_gradients(fun, lambda x: torch.autograd.grad(fun(x), x)[0], x0, rng=0).verdict.value == "pass"
    assert check_gradients(lambda x: fun(x.mul_(1)), lambda x: 3 * x.detach() ** 2, x0, rng=0).verdict.value == "pass"
    assert x0.grad is None
    assert x0.requires_grad


def test_strides_of_the_user_are_kept() -> None:
    x0 = tensor().T
    seen = []

    def fun(x: Any) -> Any:
        seen.append(x.stride())
        return torch.sum(x**2)

    assert check_gradients(fun, lambda x: 2 * x, x0, rng=0).verdict.value == "pass"
    assert set(seen) == {x0.stride()} == {(1, 3)}


def test_what_a_function_writes_into_further_arguments_is_undone() -> None:
    data = tensor()
    before = data.clone()
    report = check_gradients(
        lambda x, a: torch.sum(x * a.mul_(1.5)), lambda x, a: 1.5 * a, tensor(), args=(data,), rng=0
    )
    assert report.verdict.value == "pass"
    assert slugs(report) == ["mutates-input"]
    assert torch.equal(data, before)


# -- what the library computes -----------------------------------------------------------------------------------------


class Softmax(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """With the mistake that `mistake` names."""

    mistake = ""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        p = torch.softmax(x, -1)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (u,), (p,) = grads, ctx.saved_tensors
        if Softmax.mistake == "diagonal":
            return p * (1 - p) * u
        found = p * (u - (u * p).sum(-1, keepdim=True))
        if Softmax.mistake == "entry":
            found = found.clone()
            found[1, 2] *= 1.5
        return found


@every_type
@pytest.mark.parametrize("mistake", ["", "entry", "diagonal"])
def test_a_backward_pass_of_pytorch(mistake: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Softmax, "mistake", mistake)
    x0 = tensor(name)
    weights = torch.tensor(WEIGHTS)
    report = check_gradients(lambda x: (Softmax.apply(x) * weights.to(x.dtype)).sum(), None, x0, rng=0)
    assert report.verdict.value == ("fail" if mistake else "pass"), str(report)
    if mistake == "entry":
        assert wrong(report) == {(1, 2)}
    jacobian = check_jacobian(Softmax.apply, None, x0, rng=0)
    assert (jacobian.verdict.value, jacobian.kind) == ("fail" if mistake else "pass", "jacobian")


@pytest.mark.parametrize("factor", [1.0, 1.3])
@pytest.mark.parametrize("kind", ["jvp", "vjp"])
def test_a_rule_of_jax(kind: str, factor: float) -> None:
    scale = np.where(np.arange(6).reshape(2, 3) == 4, factor, 1.0)

    def value(x: Any) -> Any:
        return jnp.sum(jnp.sin(x))

    rule: Any
    if kind == "jvp":
        rule = jax.custom_jvp(value)
        rule.defjvp(lambda p, v: (value(*p), jnp.sum(scale * jnp.cos(p[0]) * v[0])))
    else:
        rule = jax.custom_vjp(value)
        rule.defvjp(lambda x: (value(x), x), lambda x, u: (u * scale * jnp.cos(x),))
    for name in ("float64", "float32"):
        report = check_gradients(rule, None, array(name), rng=0)
        assert report.verdict.value == ("pass" if factor == 1 else "fail")
        assert wrong(report) == (set() if factor == 1 else {(1, 1)})


@every_library
def test_a_value_without_a_graph_is_refused(library: str) -> None:
    make, lib = LIBRARIES[library]
    with pytest.raises(SubjectTypeError, match=r"returned no array of .* that has a derivative"):
        check_gradients(
            lambda x: float(np.asarray(lib.sum(x * 0 + 1).tolist())) if library == "torch" else 3.0, None, make()
        )
    with pytest.raises(SubjectTypeError, match="a loss is one real number"):
        check_gradients(lambda x: x, None, make())


def test_none_is_for_arrays_that_have_derivatives() -> None:
    with pytest.raises(SubjectTypeError, match=r"grad is None: pass .*what PyTorch or JAX computes"):
        check_gradients(lambda x: np.sum(x), None, VALUES)
    with pytest.raises(SubjectTypeError, match="jac is None"):
        check_jacobian(lambda x: x, None, VALUES)
    with pytest.raises(SubjectTypeError, match="pass either hess"):
        check_hessian(lambda x: np.sum(x), lambda x: x, None, VALUES)
    with pytest.raises(SubjectTypeError, match="arrays of PyTorch and of JAX"):
        check_gradients(lambda x: 1.0, None, {"a": tensor(), "b": array()})


# -- complex parameters ------------------------------------------------------------------------------------------------

COMPLEX = VALUES + 1j * WEIGHTS


@pytest.mark.parametrize("name", ["complex128", "complex64"])
@every_library
def test_complex_parameters_of_libraries(library: str, name: str) -> None:
    """The gradient of Re Σ z² is 2 conj(z) in real and imaginary parts, and the library's own is that as it has it."""
    _, lib = LIBRARIES[library]
    with jax.enable_x64(name == "complex128"):
        z0 = torch.tensor(COMPLEX.astype(name)) if library == "torch" else jnp.array(COMPLEX.astype(name))

    def fun(z: Any) -> Any:
        return lib.sum(lib.real(z**2))

    assert check_gradients(fun, None, z0, rng=0).verdict.value == "pass"
    assert check_gradients(fun, lambda z: 2 * z.conj(), z0, rng=0).verdict.value == "pass"
    report = check_gradients(fun, lambda z: 2 * z, z0, rng=0)
    assert report.verdict.value == "fail"
    assert {index[-1] for index in wrong(report)} == {1}
    assert slugs(report) == ["not-conjugated"]
    half = check_gradients(fun, lambda z: z.conj(), z0, rng=0)
    assert slugs(half) == ["constant-factor"]


def test_complex_parameters_of_numpy() -> None:
    """Σ |z|² has the gradient 2 z; half of it, the Wirtinger derivative by conj(z), is a factor."""

    def fun(p: Any) -> float:
        return float(np.sum(np.abs(p["z"]) ** 2) * p["a"])

    def grad(p: Any, k: float = 2.0) -> Any:
        return {"z": k * p["z"] * p["a"], "a": np.sum(np.abs(p["z"]) ** 2)}

    x0 = {"z": COMPLEX, "a": 1.5}
    report = check_gradients(fun, grad, x0, rng=0)
    assert report.verdict.value == "pass"
    assert report.blocks["z"].shape == (2, 3, 2)
    assert any("as in PyTorch" in note for note in report.notes)
    wirtinger = check_gradients(fun, lambda p: grad(p, 1.0), x0, rng=0)
    assert slugs(wirtinger) == ["constant-factor"]
    assert check_gradients(lambda p: (fun(p), grad(p)), True, x0, rng=0).verdict.value == "pass"
    assert check_gradients(fun, grad(x0), x0, rng=0).verdict.value == "pass"
    real = check_gradients(lambda z: float(np.sum(z.real**2)), lambda z: 2 * z.real, COMPLEX, rng=0)
    assert real.verdict.value == "pass"
    with pytest.raises(SubjectError, match="shape"):
        check_gradients(lambda z: float(np.sum(z.real)), lambda z: z[0], COMPLEX)


# -- Hessians and problems ---------------------------------------------------------------------------------------------


class Cube(torch.autograd.Function):  # type: ignore[misc, name-defined]
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return CubeBackward.apply(grads[0], *ctx.saved_tensors)


class CubeBackward(torch.autograd.Function):  # type: ignore[misc, name-defined]
    factor = 6.0

    @staticmethod
    def forward(ctx: Any, u: Any, x: Any) -> Any:
        ctx.save_for_backward(u, x)
        return 3 * u * x**2

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (w,), (u, x) = grads, ctx.saved_tensors
        return w * 3 * x**2, CubeBackward.factor * w * u * x


@pytest.mark.parametrize(("factor", "slug"), [(6.0, None), (3.0, "constant-factor"), (0.0, "zero-gradient")])
def test_double_backward(factor: float, slug: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CubeBackward, "factor", factor)
    report = check_hessian(lambda x: Cube.apply(x).sum(), None, None, tensor(), rng=0)
    assert report.blocks["grad x"].passes
    assert report.verdict.value == ("pass" if slug is None else "fail")
    assert slugs(report) == ([] if slug is None else [slug])


@every_library
@every_type
def test_hessians_of_libraries(library: str, name: str) -> None:
    make, lib = LIBRARIES[library]
    x0 = make(name, VALUES[0])

    def fun(x: Any) -> Any:
        return lib.sum(x**4) + x[0] * x[1]

    def hess(x: Any, k: float = 1.0) -> Any:
        mixed = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
        return lib.diag(12 * k * x**2) + (torch.tensor(mixed) if library == "torch" else mixed)

    assert check_hessian(fun, None, None, x0, rng=0).verdict.value == "pass"
    assert check_hessian(fun, None, hess, x0, rng=0).verdict.value == "pass"
    report = check_hessian(fun, None, lambda x: hess(x, 2.0), x0, rng=0)
    assert report.verdict.value == "fail"
    assert wrong(report) <= {(0, 0), (1, 1), (2, 2)}
    assert report.rtol == {"float64": 5e-5, "float32": 1e-2}.get(name, 0.2)

    def product(x: Any, v: Any) -> Any:
        return hess(x) @ v if name != "bfloat16" or library == "jax" else (hess(x).to(v.dtype) @ v)

    assert check_hessian(fun, None, None, x0, hessp=product, rng=0).verdict.value == "pass"


@every_library
def test_problems_of_libraries(library: str) -> None:
    make, lib = LIBRARIES[library]
    x0 = make("float64", VALUES[0])
    for factor, verdict in ((1.0, "pass"), (2.0, "fail")):
        report = check_problem(
            lambda x: lib.sum(x**4),
            x0,
            jac=lambda x: 4 * x**3,
            hess=lambda x: lib.diag(12 * x**2),
            constraints=[{"type": "eq", "fun": lambda x: lib.sum(x**2) - 1, "jac": lambda x, k=factor: 2 * k * x}],
            rng=0,
        )
        assert report.verdict.value == verdict, str(report)
        failing = [name for name, block in report.blocks.items() if block.verdict.value == "fail"]
        assert failing == ([] if factor == 1 else ["constraints[0].jac: x"])


@every_library
def test_gradients_on_a_sphere(library: str) -> None:
    make, lib = LIBRARIES[library]
    x0 = make("float64", VALUES[0] / np.linalg.norm(VALUES[0]))
    manifold: dict[str, Any] = {
        "retract": lambda x, v: (x + v) / lib.sqrt(lib.sum((x + v) ** 2)),
        "project": lambda x, v: v - lib.sum(x * v) * x,
    }
    right = check_gradients(lambda x: lib.sum(x**4), lambda x: 4 * x**3 - lib.sum(4 * x**4) * x, x0, rng=0, **manifold)
    assert right.verdict.value == "pass"
    assert check_gradients(lambda x: lib.sum(x**4), None, x0, rng=0, **manifold).verdict.value == "pass"
    report = check_gradients(lambda x: lib.sum(x**4), lambda x: 3 * x**3, x0, rng=0, **manifold)
    assert report.verdict.value == "fail"


def test_libraries_are_not_loaded_for_arrays_of_numpy() -> None:
    code = (
        "import sys, numpy as np, gradcheck\n"
        "x = np.ones(3)\n"
        "assert gradcheck.check_gradients(lambda x: x @ x, lambda x: 2 * x, x)\n"
        "assert gradcheck.check_hessian(lambda x: x @ x, lambda x: 2 * x, lambda x: 2 * np.eye(3), x)\n"
        "assert gradcheck.check_problem(lambda x: x @ x, x, jac=lambda x: 2 * x)\n"
        "assert 'torch' not in sys.modules and 'jax' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
