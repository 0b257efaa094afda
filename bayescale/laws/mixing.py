"""The law of Ye et al. (2024) for mixtures of training data, made for the domains that a mixture has."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from jax import Array

from bayescale.language.declare import derived, parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import LogitNormal, LogNormal, Normal
from bayescale.language.quantities import LOSS, mixture
from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace

_WORDS = {
    "claims": (
        "At one size and number of tokens the reducible loss on a set is an exponential of a sum of the domains' "
        "weights, each times a number that says how much the domain helps there."
    ),
    "valid": (
        "One size, one number of tokens, one test set; other sets are other families. Mixtures between those of the "
        "table; a pure domain far from all of them is an extrapolation."
    ),
    "needs": "More mixtures than domains, in which weights vary for themselves; weights may be zero.",
    "unidentified": (
        "f, and with it c and k, unless losses vary so much that their curve shows. The paper's k and t_j have a "
        "constant too many, since weights sum to 1: here the t_j sum to 0 and k belongs to the even mixture."
    ),
}


class Mixing(Law, abstract=True):
    """Base of the laws of mixtures: ``Y (f + (1 - f) exp(sum_j t_j r_j))`` for weights r that sum to 1."""


def mixing_law(*domains: str, name: str | None = None) -> type[Law]:
    """Return the law of mixtures of some domains, whose weights are the columns ``mix_<domain>``.

    What a design tells one by one are its parameters: ``Y``, the loss of an even mixture; ``g_<domain>``, by how much
    the log of the loss changes there with that weight, from the mean of all, for all domains but the last; ``f``, the
    irreducible share of Y, which only curvature tells. Derived are the letters of the paper: ``c``, ``k`` and, for each
    domain, ``t_<domain>``, of which a constant that weights of sum 1 leave open is taken so that they sum to 0.

    Args:
        domains: two or more different names, each of letters, digits and underscores.
        name: the law's name; by default ``data-mixing`` and the domains.

    Returns:
        a law class.

    Raises:
        LawError: domains that are no names, or fewer than two.

    References:
        ye2024data

    Examples:
        >>> law = mixing_law("web", "code")
        >>> law.inputs()
        ('mix_web', 'mix_code')
        >>> float(law(Y=2.5, f=0.6, g_web=-0.1).at(mix_web=0.5, mix_code=0.5))
        2.5
    """
    _check_domains(domains)
    title = "".join(domain.title().replace("_", "") for domain in domains)
    fields: dict[str, Any] = {
        "Y": parameter("loss of the even mixture", prior=LogNormal(2.5, 0.5), unit="nats/token", between=0.4),
        "f": parameter("irreducible share of it", prior=LogitNormal(0.65, 0.8)),
    }
    for domain in domains[:-1]:
        doc = f"change of log loss with the weight of {domain}, from the mean of all"
        fields[f"g_{domain}"] = parameter(doc, prior=Normal(0.0, 0.5))
    content = {
        "__doc__": f"Loss of models trained on mixtures of {', '.join(domains[:-1])} and {domains[-1]}.",
        "__module__": __name__,
        "__annotations__": dict.fromkeys(fields, Array),
        "__call__": _formula(domains),
        "name": name or "-".join(("data-mixing", *domains)).replace("_", "-"),
        "cites": ("ye2024data",),
        "unpublished": "Constants belong to one set of domains and one model size; none are recommended for others.",
        **_WORDS,
        **fields,
        "c": derived("irreducible loss", unit="nats/token")(lambda self: self.Y * self.f),
        "k": derived("loss of the even mixture above c", unit="nats/token")(lambda self: self.Y * (1 - self.f)),
        **{f"t_{domain}": _exponent(domain, domains) for domain in domains},
    }
    return type(f"Mixing{title}", (Mixing,), content)


def _check_domains(domains: tuple[str, ...]) -> None:
    if len(domains) < 2 or len(set(domains)) != len(domains):
        raise LawError(
            f"mixing_law needs two or more different domains, got {', '.join(map(repr, domains)) or 'none'}."
        )
    for domain in domains:
        if not (isinstance(domain, str) and domain.isidentifier()):
            raise LawError(
                f"The name of a domain is a part of a column's, mix_<domain>, made of letters, digits and underscores; "
                f"got {domain!r}."
            )


def _formula(domains: tuple[str, ...]) -> Callable[..., Any]:
    """The formula, with one argument a domain."""
    kind, last = inspect.Parameter.POSITIONAL_OR_KEYWORD, f"r_{domains[-1]}"
    weights = [inspect.Parameter(f"r_{d}", kind, annotation=Annotated[Any, mixture(d)]) for d in domains]
    signature = inspect.Signature([inspect.Parameter("self", kind), *weights])

    # The changes sum to 0 over all domains, so that sum_j g_j r_j is this sum over all but the last.
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs).arguments
        first, *others = [getattr(self, f"g_{d}") * (given[f"r_{d}"] - given[last]) for d in domains[:-1]]
        xp = namespace(*args, *kwargs.values(), *self.values.values())
        return self.Y * (self.f + (1 - self.f) * xp.exp(sum(others, start=first) / (1 - self.f)))

    __call__.__signature__ = signature  # type: ignore[attr-defined]
    __call__.__annotations__ = {p.name: p.annotation for p in weights} | {"return": Annotated[Any, LOSS]}
    return __call__


def _exponent(domain: str, domains: tuple[str, ...]) -> derived:
    """The paper's t of a domain, less the mean of all."""

    def t(self: Any) -> Any:
        """Below 0 for a domain that helps more than the mean."""
        if domain != domains[-1]:
            return getattr(self, f"g_{domain}") / (1 - self.f)
        return -sum(getattr(self, f"g_{d}") for d in domains[:-1]) / (1 - self.f)

    return derived(f"exponent of {domain}, from the mean of all domains", symbol=f"t_{{{domain}}}")(t)


# An example for three domains; others are made by mixing_law.
DataMixing = mixing_law("web", "books", "code", name="data-mixing")
