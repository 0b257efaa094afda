"""What there is to know of a forecast of a run in flight, in sentences."""

from __future__ import annotations

from bayescale.decisions.follow.regressors import SPARE, Regressors
from bayescale.decisions.follow.shares import Shares

# A run outside its siblings by less than this factor is spoken of as among them.
INSIDE = 1.01
# Checkpoints that are less probable than this, siblings alone given, are spoken of.
UNLIKE = 1e-3
# Compute beyond the siblings' by this factor is spoken of.
FAR = 1.5


def note_of_forecast(shares: Shares, line: Regressors, beyond: float, alike: float) -> str:
    """Return the note.

    Args:
        shares: where curves are compared.
        line: what of a run is used.
        beyond: the compute of the run over the largest of its siblings, NaN where it is not known.
        alike: probability, siblings alone given, of checkpoints that are further from what they say than these are.
    """
    said = [*_of_siblings(shares, line)]
    if beyond > FAR:
        said.append(
            f"This run ends at {beyond:.2g} times the largest compute of its siblings: how it ends follows theirs."
        )
    if far := [_outside(name, ratio) for name, ratio in line.ranges.items() if max(ratio, 1 / ratio) > INSIDE]:
        carried = (
            "a straight line in logs is carried on there, and may bend" if line.names else "no line says what follows"
        )
        said.append(f"It lies outside its siblings in {', '.join(far)}: {carried}.")
    if alike < UNLIKE:
        said.append(
            f"Its checkpoints are unlike what its siblings say of it (probability {max(alike, 1e-99):.1g}): it may end "
            f"otherwise too; see that data, test set and schedule are theirs."
        )
    return " ".join(said)


def _of_siblings(shares: Shares, line: Regressors) -> list[str]:
    """Sentences on what siblings cannot say."""
    said = []
    if shares.left_out:
        names = f"{', '.join(shares.left_out[:3])}{', ...' if len(shares.left_out) > 3 else ''}"
        said.append(f"Left out, with no checkpoint as early as half of what is seen: {names}.")
    said += [
        f"All siblings have the same {name}, and this run another one: only its checkpoints say what follows."
        for name in line.unused
    ]
    if line.spared:
        count, most = len(shares.siblings), max(len(shares.siblings) - 1 - SPARE, 0)
        said.append(
            f"{count} siblings are enough for {most or 'no'} input{'s' if most > 1 else ''}: not used is "
            f"{', '.join(line.spared)}, and what follows from it counts as scatter."
        )
    return said


def _outside(name: str, ratio: float) -> str:
    """By how much a run lies outside."""
    if ratio > 1.0:
        return f"{name} ({ratio:.2g} times the largest)"
    return f"{name} (the smallest over {1.0 / ratio:.2g})"
