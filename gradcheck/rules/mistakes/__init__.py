"""The catalogue of mistakes of update rules: one a file, listed here in the order in which they are named."""

from __future__ import annotations

from gradcheck.rules.mistakes.another_number import AnotherNumber
from gradcheck.rules.mistakes.another_rule import AnotherRule
from gradcheck.rules.mistakes.average_late import AverageLate
from gradcheck.rules.mistakes.average_not_carried import AverageNotCarried
from gradcheck.rules.mistakes.averaged_velocity import AveragedVelocity
from gradcheck.rules.mistakes.betas_exchanged import BetasExchanged
from gradcheck.rules.mistakes.bias_correction_extra import BiasCorrectionExtra
from gradcheck.rules.mistakes.bias_correction_missing import BiasCorrectionMissing
from gradcheck.rules.mistakes.biased_average import BiasedAverage
from gradcheck.rules.mistakes.bounds_missing import BoundsMissing
from gradcheck.rules.mistakes.epsilon_missing import EpsilonMissing
from gradcheck.rules.mistakes.epsilon_place import EpsilonPlace
from gradcheck.rules.mistakes.factors_exchanged import FactorsExchanged
from gradcheck.rules.mistakes.gradient_for_sign import GradientForSign
from gradcheck.rules.mistakes.look_ahead_extra import LookAheadExtra
from gradcheck.rules.mistakes.look_ahead_missing import LookAheadMissing
from gradcheck.rules.mistakes.mean_unused import MeanUnused
from gradcheck.rules.mistakes.mistake import RuleMistake
from gradcheck.rules.mistakes.nothing_changed import NothingChanged
from gradcheck.rules.mistakes.parameter_forgotten import ParameterForgotten
from gradcheck.rules.mistakes.pooled_square import PooledSquare
from gradcheck.rules.mistakes.rate_power import RatePower
from gradcheck.rules.mistakes.root_missing import RootMissing
from gradcheck.rules.mistakes.sign_flipped import SignFlipped
from gradcheck.rules.mistakes.sign_remembered import SignRemembered
from gradcheck.rules.mistakes.square_missing import SquareMissing
from gradcheck.rules.mistakes.state_reset import StateReset
from gradcheck.rules.mistakes.state_shared import StateShared
from gradcheck.rules.mistakes.step_after_sign_change import StepAfterSignChange
from gradcheck.rules.mistakes.step_counter import StepCounter
from gradcheck.rules.mistakes.weight_decay_coupled import WeightDecayCoupled
from gradcheck.rules.mistakes.weight_decay_extra import WeightDecayExtra
from gradcheck.rules.mistakes.weight_decay_missing import WeightDecayMissing
from gradcheck.rules.mistakes.weight_decay_unscaled import WeightDecayUnscaled
from gradcheck.rules.mistakes.weights_exchanged import WeightsExchanged

ANOTHER_NUMBER, ANOTHER_RULE = AnotherNumber(), AnotherRule()

#: All there are. Of several that make a rule's steps, those without a number of their own come first.
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
