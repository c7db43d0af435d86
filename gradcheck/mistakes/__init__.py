"""The catalogue of mistakes: one a file, listed here in the order in which they are tried, the simplest first."""

from __future__ import annotations

from gradcheck.mistakes.accumulated import Accumulated
from gradcheck.mistakes.broadcast_not_summed import BroadcastNotSummed
from gradcheck.mistakes.clip_mismatch import ClipMismatch
from gradcheck.mistakes.constant_factor import ConstantFactor
from gradcheck.mistakes.derivative_at_wrong_argument import DerivativeAtWrongArgument
from gradcheck.mistakes.dropout_mask import DropoutMask
from gradcheck.mistakes.extra_activation_derivative import ExtraActivationDerivative
from gradcheck.mistakes.isolated_entries import IsolatedEntries
from gradcheck.mistakes.loss_mismatch import LossMismatch
from gradcheck.mistakes.low_precision import LowPrecision
from gradcheck.mistakes.mean_sum import MeanSum
from gradcheck.mistakes.missing_activation_derivative import MissingActivationDerivative
from gradcheck.mistakes.missing_path import MissingPath
from gradcheck.mistakes.mistake import Mistake, Scale
from gradcheck.mistakes.mutates_input import MutatesInput
from gradcheck.mistakes.nondeterministic import Nondeterministic
from gradcheck.mistakes.not_finite import NotFinite
from gradcheck.mistakes.partial_batch import PartialBatch
from gradcheck.mistakes.regulariser_extra import RegulariserExtra
from gradcheck.mistakes.regulariser_missing import RegulariserMissing
from gradcheck.mistakes.reversed_axis import ReversedAxis
from gradcheck.mistakes.shifted import Shifted
from gradcheck.mistakes.sign_flipped import SignFlipped
from gradcheck.mistakes.softmax_diagonal import SoftmaxDiagonal
from gradcheck.mistakes.stale_cache import StaleCache
from gradcheck.mistakes.stale_weights import StaleWeights
from gradcheck.mistakes.statistics_held_constant import StatisticsHeldConstant
from gradcheck.mistakes.swapped_blocks import SwappedBlocks
from gradcheck.mistakes.transposed import Transposed
from gradcheck.mistakes.truncated_bptt import TruncatedBptt
from gradcheck.mistakes.wrong_activation_derivative import WrongActivationDerivative
from gradcheck.mistakes.zero_gradient import ZeroGradient

#: All there are. Where two explain a claim equally well, the one that stands first is named.
MISTAKES: tuple[Mistake, ...] = (
    SignFlipped(),
    MeanSum(),
    ConstantFactor(),
    ZeroGradient(),
    Accumulated(),
    StaleCache(),
    StaleWeights(),
    Transposed(),
    ReversedAxis(),
    SwappedBlocks(),
    BroadcastNotSummed(),
    Shifted(),
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
    ClipMismatch(),
    LossMismatch(),
    RegulariserMissing(),
    RegulariserExtra(),
    LowPrecision(),
    NotFinite(),
    Nondeterministic(),
    MutatesInput(),
    IsolatedEntries(),
)

#: Those that are a constant, which may also stand beside another.
SCALES: tuple[Scale, ...] = tuple(mistake for mistake in MISTAKES if isinstance(mistake, Scale))

BY_SLUG: dict[str, Mistake] = {mistake.slug: mistake for mistake in MISTAKES}
