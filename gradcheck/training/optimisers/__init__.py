"""Whether an update rule is the one of its name: its steps are compared with those of a reference optimiser.

The flow, with the file of each step::

    checking              `check_optimiser`, the entry point
    references            the reference of a name, as an optimiser and as a formula with terms
      formula, resilient  the formulas: rules that average gradients, and resilient propagation
    gradient_sequence     the parameters and gradients that both rules are given
    calling               calls the user's rule, in whichever form it is written
    comparing             the first difference between two paths of parameters
    fitting               fits hyperparameters that were not given
    naming                finds the known mistakes that reproduce the steps of the rule
      mistakes            one file per mistake: a term of the formula replaced by another
    report                the result
"""
