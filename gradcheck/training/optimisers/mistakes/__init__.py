"""The catalogue of mistakes of update rules, one per file, in the order in which they are reported."""

from __future__ import annotations

from gradcheck.training.optimisers.mistakes.another_number import AnotherNumber
from gradcheck.training.optimisers.mistakes.another_rule import AnotherRule
from gradcheck.training.optimisers.mistakes.average_late import AverageLate
from gradcheck.training.optimisers.mistakes.average_not_carried import AverageNotCarried
from gradcheck.training.optimisers.mistakes.averaged_velocity import AveragedVelocity
from gradcheck.training.optimisers.mistakes.betas_exchanged import BetasExchanged
from gradcheck.training.optimisers.mistakes.bias_correction_extra import BiasCorrectionExtra
from gradcheck.training.optimisers.mistakes.bias_correction_missing import BiasCorrectionMissing
from gradcheck.training.optimisers.mistakes.biased_average import BiasedAverage
from gradcheck.training.optimisers.mistakes.bounds_missing import BoundsMissing
from gradcheck.training.optimisers.mistakes.epsilon_missing import EpsilonMissing
from gradcheck.training.optimisers.mistakes.epsilon_place import EpsilonPlace
from gradcheck.training.optimisers.mistakes.factors_exchanged import FactorsExchanged
from gradcheck.training.optimisers.mistakes.gradient_for_sign import GradientForSign
from gradcheck.training.optimisers.mistakes.look_ahead_extra import LookAheadExtra
from gradcheck.training.optimisers.mistakes.look_ahead_missing import LookAheadMissing
from gradcheck.training.optimisers.mistakes.mean_unused import MeanUnused
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake
from gradcheck.training.optimisers.mistakes.nothing_changed import NothingChanged
from gradcheck.training.optimisers.mistakes.parameter_forgotten import ParameterForgotten
from gradcheck.training.optimisers.mistakes.pooled_square import PooledSquare
from gradcheck.training.optimisers.mistakes.rate_power import RatePower
from gradcheck.training.optimisers.mistakes.root_missing import RootMissing
from gradcheck.training.optimisers.mistakes.sign_flipped import SignFlipped
from gradcheck.training.optimisers.mistakes.sign_remembered import SignRemembered
from gradcheck.training.optimisers.mistakes.square_missing import SquareMissing
from gradcheck.training.optimisers.mistakes.state_reset import StateReset
from gradcheck.training.optimisers.mistakes.state_shared import StateShared
from gradcheck.training.optimisers.mistakes.step_after_sign_change import StepAfterSignChange
from gradcheck.training.optimisers.mistakes.step_counter import StepCounter
from gradcheck.training.optimisers.mistakes.weight_decay_coupled import WeightDecayCoupled
from gradcheck.training.optimisers.mistakes.weight_decay_extra import WeightDecayExtra
from gradcheck.training.optimisers.mistakes.weight_decay_missing import WeightDecayMissing
from gradcheck.training.optimisers.mistakes.weight_decay_unscaled import WeightDecayUnscaled
from gradcheck.training.optimisers.mistakes.weights_exchanged import WeightsExchanged

ANOTHER_NUMBER, ANOTHER_RULE = AnotherNumber(), AnotherRule()

#: All mistakes. Those without a hyperparameter of their own come first.
MISTAKES: tuple[RuleMistake, ...] = (
    NothingChanged(),
    ParameterForgotten(),
    SignFlipped(),
    RatePower(),
    BetasExchanged(),
    WeightsExchanged(),
    BiasCorrectionMissing(),
    StepCounter(),
    EpsilonPlace(),
    EpsilonMissing(),
    SquareMissing(),
    RootMissing(),
    PooledSquare(),
    BiasedAverage(),
    AveragedVelocity(),
    LookAheadMissing(),
    LookAheadExtra(),
    AverageNotCarried(),
    AverageLate(),
    MeanUnused(),
    StateShared(),
    StateReset(),
    WeightDecayMissing(),
    WeightDecayCoupled(),
    WeightDecayUnscaled(),
    WeightDecayExtra(),
    BiasCorrectionExtra(),
    StepAfterSignChange(),
    SignRemembered(),
    BoundsMissing(),
    FactorsExchanged(),
    GradientForSign(),
    ANOTHER_NUMBER,
    ANOTHER_RULE,
)

BY_SLUG: dict[str, RuleMistake] = {mistake.slug: mistake for mistake in MISTAKES}
