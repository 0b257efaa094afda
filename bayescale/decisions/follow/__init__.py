"""Following a run in flight: where it will end, and whether to let it."""

from bayescale.decisions.follow.follow import follow
from bayescale.decisions.follow.result import Follow

__all__ = ["Follow", "follow"]
