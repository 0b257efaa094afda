"""Bayesian inference for neural scaling laws: from a table of training runs to posterior, prediction and plan."""

import lazy_loader as _lazy

# Everything is imported on first use: `import bayescale` starts no JAX, computes nothing and changes no setting.
__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submodules=["costs", "data", "laws", "models"],
    submod_attrs={
        "data": ["Runs", "censor", "datasets", "read_runs"],
        "decisions": [
            "ConvertedFit",
            "Plan",
            "Prediction",
            "allocate",
            "convert",
            "hyperparameters",
            "predict",
            "simulate",
        ],
        "inference": [
            "Check",
            "Fit",
            "Fits",
            "PointFit",
            "PointSettings",
            "Settings",
            "fit",
            "fit_many",
            "load",
            "point_fit",
        ],
        "language.errors": [
            "BayescaleError",
            "CheckError",
            "DataError",
            "DataWarning",
            "FitError",
            "LawError",
            "SettingsError",
            "SettingsWarning",
            "StoreError",
        ],
        "language.priors": [
            "Gamma",
            "HalfCauchy",
            "HalfNormal",
            "LogNormal",
            "LogitNormal",
            "Normal",
            "Prior",
            "Uniform",
        ],
        "laws": ["Law"],
        "models": ["Pooling", "RunEffects"],
        "show": ["figures", "tables"],
    },
)
