"""The catalogue of known mistakes: one mistake per file, listed here in the order in which they are tried."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.accumulated import Accumulated
from gradcheck.diagnosis.mistakes.asymmetric_hessian import AsymmetricHessian
from gradcheck.diagnosis.mistakes.broadcast_not_summed import BroadcastNotSummed
from gradcheck.diagnosis.mistakes.clip_mismatch import ClipMismatch
from gradcheck.diagnosis.mistakes.constant_factor import ConstantFactor
from gradcheck.diagnosis.mistakes.derivative_at_wrong_argument import DerivativeAtWrongArgument
from gradcheck.diagnosis.mistakes.dropout_mask import DropoutMask
from gradcheck.diagnosis.mistakes.extra_activation_derivative import ExtraActivationDerivative
from gradcheck.diagnosis.mistakes.gauss_newton import GaussNewton
from gradcheck.diagnosis.mistakes.isolated_entries import IsolatedEntries
from gradcheck.diagnosis.mistakes.loss_mismatch import LossMismatch
from gradcheck.diagnosis.mistakes.low_precision import LowPrecision
from gradcheck.diagnosis.mistakes.mean_sum import MeanSum
from gradcheck.diagnosis.mistakes.missing_activation_derivative import MissingActivationDerivative
from gradcheck.diagnosis.mistakes.missing_block import MissingBlock
from gradcheck.diagnosis.mistakes.missing_path import MissingPath
from gradcheck.diagnosis.mistakes.mistake import FactorMistake, Mistake
from gradcheck.diagnosis.mistakes.mutates_input import MutatesInput
from gradcheck.diagnosis.mistakes.nondeterministic import Nondeterministic
from gradcheck.diagnosis.mistakes.not_adjoint import NotAdjoint
from gradcheck.diagnosis.mistakes.not_conjugated import NotConjugated
from gradcheck.diagnosis.mistakes.not_finite import NotFinite
from gradcheck.diagnosis.mistakes.partial_batch import PartialBatch
from gradcheck.diagnosis.mistakes.regulariser_extra import RegulariserExtra
from gradcheck.diagnosis.mistakes.regulariser_missing import RegulariserMissing
from gradcheck.diagnosis.mistakes.reparametrised import Reparametrised
from gradcheck.diagnosis.mistakes.reversed_axis import ReversedAxis
from gradcheck.diagnosis.mistakes.shifted import Shifted
from gradcheck.diagnosis.mistakes.sign_flipped import SignFlipped
from gradcheck.diagnosis.mistakes.softmax_diagonal import SoftmaxDiagonal
from gradcheck.diagnosis.mistakes.solver_tolerance import SolverTolerance
from gradcheck.diagnosis.mistakes.stale_cache import StaleCache
from gradcheck.diagnosis.mistakes.stale_weights import StaleWeights
from gradcheck.diagnosis.mistakes.statistics_held_constant import StatisticsHeldConstant
from gradcheck.diagnosis.mistakes.swapped_blocks import SwappedBlocks
from gradcheck.diagnosis.mistakes.transposed import Transposed
from gradcheck.diagnosis.mistakes.truncated_bptt import TruncatedBptt
from gradcheck.diagnosis.mistakes.underflow import Underflow
from gradcheck.diagnosis.mistakes.upstream_ignored import UpstreamIgnored
from gradcheck.diagnosis.mistakes.wrong_activation_derivative import WrongActivationDerivative
from gradcheck.diagnosis.mistakes.wrong_sparsity import WrongSparsity
from gradcheck.diagnosis.mistakes.zero_gradient import ZeroGradient

#: All mistakes, the simplest first. If two explain a gradient equally well, the first one is named.
MISTAKES: tuple[Mistake, ...] = (
    SignFlipped(),
    MeanSum(),
    ConstantFactor(),
    ZeroGradient(),
    Accumulated(),
    StaleCache(),
    StaleWeights(),
    UpstreamIgnored(),
    Transposed(),
    ReversedAxis(),
    SwappedBlocks(),
    BroadcastNotSummed(),
    Shifted(),
    Reparametrised(),
    ClipMismatch(),
    DropoutMask(),
    MissingActivationDerivative(),
    ExtraActivationDerivative(),
    DerivativeAtWrongArgument(),
    WrongActivationDerivative(),
    MissingPath(),
    SoftmaxDiagonal(),
    StatisticsHeldConstant(),
    TruncatedBptt(),
    PartialBatch(),
    LossMismatch(),
    RegulariserMissing(),
    RegulariserExtra(),
    LowPrecision(),
    NotFinite(),
    Nondeterministic(),
    MutatesInput(),
    IsolatedEntries(),
    SolverTolerance(),
    Underflow(),
    NotAdjoint(),
    AsymmetricHessian(),
    MissingBlock(),
    WrongSparsity(),
    NotConjugated(),
    GaussNewton(),
)

#: Mistakes that are a constant factor. They can occur together with another mistake.
FACTOR_MISTAKES: tuple[FactorMistake, ...] = tuple(m for m in MISTAKES if isinstance(m, FactorMistake))

BY_SLUG: dict[str, Mistake] = {mistake.slug: mistake for mistake in MISTAKES}
