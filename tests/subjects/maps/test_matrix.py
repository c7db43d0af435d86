"""Products with a Jacobian in blocks, and with its adjoint, agree with the dense matrix, whatever form it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import aslinearoperator

from gradcheck.subjects.maps.matrix import block_matrix
from gradcheck.subjects.maps.outputs import outputs_of
from gradcheck.subjects.real_parts import RealParameters, as_real
from gradcheck.subjects.validation import validated_parameters

DENSE = np.random.default_rng(0).normal(size=(5, 4))


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array, scipy.sparse.coo_matrix, aslinearoperator])
def test_products(form: Any) -> None:
    parameters, outputs = validated_parameters(np.zeros(4), "x0"), outputs_of(np.zeros(5), "fun()")
    found = block_matrix(form(DENSE), parameters, outputs, frozenset(), "jac()")
    v, u = np.arange(4.0), np.arange(5.0)
    np.testing.assert_allclose(found.product([v]), DENSE @ v)
    np.testing.assert_allclose(found.pullback(u)[0], DENSE.T @ u)


def test_blocks_and_one_matrix_for_all_of_them() -> None:
    parameters = validated_parameters({"a": np.zeros(3), "b": np.zeros(())}, "x0")
    outputs = outputs_of((np.zeros((2, 2)), 0.0), "fun()")
    nested = ({"a": DENSE[:4, :3].reshape(2, 2, 3), "b": DENSE[:4, 3].reshape(2, 2)}, {"a": DENSE[4, :3], "b": None})
    whole = DENSE.copy()
    whole[4, 3] = 0
    vectors, u = [np.arange(3.0), np.array(2.0)], np.arange(5.0)
    for value in (nested, whole):
        found = block_matrix(value, parameters, outputs, frozenset(), "jac()")
        np.testing.assert_allclose(found.product(vectors), whole @ [0, 1, 2, 2])
        np.testing.assert_allclose(np.append(*found.pullback(u)), whole.T @ u)


def test_the_pull_back_of_a_complex_matrix_is_its_conjugate_transpose() -> None:
    matrix = DENSE[:3] + 1j * DENSE[2:]
    real = RealParameters(np.zeros(4, complex))
    parameters, outputs = validated_parameters(real.x0, "x0"), outputs_of(np.zeros(3, complex), "fun()")
    found = block_matrix(matrix, parameters, outputs, real.complex_names, "jac()")
    rng = np.random.default_rng(1)
    v, u = rng.normal(size=4) + 1j * rng.normal(size=4), rng.normal(size=3) + 1j * rng.normal(size=3)
    np.testing.assert_allclose(found.product([as_real(v)]), as_real(matrix @ v).ravel())
    np.testing.assert_allclose(found.pullback(as_real(u).ravel())[0], as_real(matrix.conj().T @ u))


def test_what_a_sparse_matrix_stores() -> None:
    parameters, outputs = validated_parameters(np.zeros(3), "x0"), outputs_of(np.zeros(3), "fun()")
    sparse = block_matrix(scipy.sparse.eye_array(3).tocsr(), parameters, outputs, frozenset(), "jac()")
    assert sparse.stores(0, 1, 0, 1) is True
    assert sparse.stores(0, 1, 0, 2) is False
    assert block_matrix(np.eye(3), parameters, outputs, frozenset(), "jac()").stores(0, 1, 0, 2) is None
