"""What people see: tables as LaTeX and records, figures. Importing the tables does not import matplotlib."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=["figures", "tables"])
