"""Studies: many tables, laws, noises, splits and seeds as one folder of results that survives what happens to it."""

import lazy_loader as _lazy

# On first use: a worker sets its threads before JAX is imported, and this package is imported before that.
__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={"results": ["Results", "merge_results", "open_results"], "run": ["run_study"], "study": ["Study"]},
)
