"""Why a loss does not go down although its gradient is right, and which changes help, measured.

The flow, with the file of each step::

    api, script                        the entry points: a model or function, and a script
    build_run                          a subject and the options become a `TrainingRun` (run)
      weight_blocks, parameter_layout  which blocks are weights, and where they lie in one vector
      update_rule                      the update rule as a step function
      running_averages                 averages in the state of an optimiser object
      measured_update, step_budget     update and number of steps of a script
      hidden_units, script_units       outputs of hidden units
      backward_norms                   size of the gradient at each layer
    measurements                       everything that is measured of a run, lazily
      trajectory                       the loss during the user's own training
      baseline                         the loss of the best constant prediction
      curvature                        extreme curvatures of the loss
      gradient_flow                    predicted steps to leave a plateau
    causes                             one file per cause: its quantity, threshold and source
    trial_settings, trials             changes that may help, run and ranked
    diagnose                           runs all of this and builds the report
    data, text, report, json           the report as data, as text, as an object that prints, and as JSON
    figure_data, plots                 what is plotted, and the plots
"""
