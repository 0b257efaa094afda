"""``bayescale`` that notes when NUTS starts to sample: ``python watch_sampling.py OUT.json BEGAN WORD ...``.

BEGAN is when the process was started, in seconds of the epoch. OUT.json has the wall and CPU seconds from then until
the chains have all that they run compiled or loaded from the compile cache, which is when the first one sets off.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

COMPILED = "/jax/core/compile/backend_compile_duration"


def main() -> None:
    out, began, words = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    # What a fit imports anyway.
    from jax import monitoring

    from bayescale.cli import main as bayescale
    from bayescale.inference import nuts_attempts

    compiled: list[tuple[float, float]] = []
    run_nuts = nuts_attempts.run_nuts

    def note(event: str, _: float, **about: Any) -> None:
        if event == COMPILED:
            compiled.append((time.time() - began, time.process_time()))

    def watched(*arguments: Any, **options: Any) -> Any:
        compiled.append((time.time() - began, time.process_time()))
        drawn = run_nuts(*arguments, **options)
        if not out.exists():  # a later attempt has everything compiled
            out.write_text(json.dumps(dict(zip(("wall", "cpu"), compiled[-1], strict=True))), "utf-8")
        return drawn

    nuts_attempts.run_nuts = watched
    monitoring.register_event_duration_secs_listener(note)
    bayescale(words)


if __name__ == "__main__":
    main()
