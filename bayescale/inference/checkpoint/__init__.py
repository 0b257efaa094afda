"""The state of a run of NUTS on disk, so that a run that was ended goes on where it was."""

from bayescale.inference.checkpoint.checkpoint import Checkpoint, kept_in
from bayescale.inference.checkpoint.identity import identity_of
from bayescale.inference.checkpoint.trail import Trail

__all__ = ["Checkpoint", "Trail", "identity_of", "kept_in"]
