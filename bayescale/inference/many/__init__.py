"""Many fits at once: padded tables in one compiled function, chains and checks side by side."""

from bayescale.inference.many.fit_many import fit_many
from bayescale.inference.many.result import Fits

__all__ = ["Fits", "fit_many"]
