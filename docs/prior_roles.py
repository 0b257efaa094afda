"""What parameters are for, by the words that laws say them in, and when their priors are to be changed."""

from __future__ import annotations

import re
from typing import NamedTuple


class Role(NamedTuple):
    """Parameters of one kind.

    Args:
        title: the kind.
        why: why the prior is as it is.
        change: when another one is right.
        words: what the meaning of such a parameter says, as a pattern.
    """

    title: str
    why: str
    change: str
    words: str


# In order: the first one whose words are in a parameter's meaning is its role.
ROLES = (
    Role(
        "Best settings",
        "Learning rates, batch sizes and model scales range over decades between code bases, so these are wide: a log sd of "
        "1.5 is a factor of 12 either way at 90 %, one of 3 a factor of 140. Exponents of settings may have either sign.",
        "When you know your optimiser: another parametrisation (muP) makes exponents of the learning rate in size nearly "
        "zero, `Normal(0, 0.1)`.",
        r"best learning rate|best batch size|best model scale|best tokens at",
    ),
    Role(
        "Exponents",
        "Most published exponents of loss lie between 0.05 and 0.7. A log sd of 0.4 is a factor of 1.9 either way at 90 %, so "
        "the priors hold most of them and exclude none.",
        "When your response is not a loss per token of text, or the law counts something else than size and tokens. Fix the "
        "ratio of two exponents by a law that ties them, such as `chinchilla-tied`, not by a narrow prior.",
        r"exponent|power of size|slope of log|percent that it changes by|falls? of (the|that|its)|rise with|asymmetry",
    ),
    Role(
        "Irreducible parts and ends of curves",
        "Text has some 1.7 nats per token that no model removes: a log sd of 0.35 is 0.95 to 3.0 nats at 90 %. Errors have "
        "priors between 0 and 1.",
        "When the test set is far from web text: code ends near 0.8 nats per token. "
        "Losses in bits per byte are read to nats per token first, so no prior changes with the unit.",
        r"irreducible|floor at|least loss|(loss|error) of guessing|share of what is above|high loss",
    ),
    Role(
        "What finite size, data and other inputs cost at the anchors",
        "At the geometric mean of a table a usual size costs a few tenths of a nat and so do usual tokens: a log sd of 1 is "
        "a factor of 5 either way at 90 %. At one parameter and one token, where papers print A and B, it is hundreds of "
        "nats, hence the anchors.",
        "When the table is of far larger or smaller models than usual: a table of tiny models loses more. Give what is "
        "known from another table with its anchors: `bs.Priors({...}, anchors={...})`.",
        r"^(source |target |further |best )?loss|^error|^odds|loss saved|tokens lost",
    ),
    Role(
        "Places and multiples",
        "How far a place lies from the anchors, in multiples of them; wide, since tables are laid out around what is sought "
        "but seldom at it.",
        "When you know where a break or a valley is: then narrow it there, and the check `modes` has less to find.",
        r"in multiples|place of|distance between",
    ),
    Role(
        "Shapes, rates and weights",
        "How sharp, how steep, how much less: of order one in the unit that the law chose for it, with a log sd that spans "
        "what was published.",
        "When the posterior is the prior (`identified` warns) and your answer depends on it: then say what you know, or "
        "take a law without it.",
        r"curvature|width|rate at which|steepness|weight|growth|change of|loss over source|number of experts|bits|"
        r"half of the rise|effective number",
    ),
)


def role_of(meaning: str) -> Role:
    """Return the role of a parameter.

    Raises:
        LookupError: none has its words; give it one.
    """
    for role in ROLES:
        if re.search(role.words, meaning):
            return role
    raise LookupError(f"no role of docs/prior_roles.py has the words of {meaning!r}")
