"""The words everything is declared in: quantities, priors, parameters, formulas, errors."""
