"""The law of Ye et al. (2024) for mixtures of training data, made for the domains that a mixture has."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Annotated, Any

from jax import Array

from bayescale.language.declare import derived, parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import LOSS, mixture
from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace

_WORDS = {
    "claims": (
        "At one size and number of tokens the reducible loss on a set is the product of what each domain alone would "
        "leave, each to the power of its weight: an exponential of a weighted sum of the weights."
    ),
    "valid": (
        "One size, one number of tokens, one test set; other sets are other families. Mixtures between those of the "
        "table; a pure domain far from all of them is an extrapolation."
    ),
    "needs": "More mixtures than domains, in which weights vary for themselves, some of them small or zero.",
    "unidentified": (
        "c against the scale of all k, where losses vary little. The paper's k and t_j have a constant too many, since "
        "weights sum to 1: here k_j = k exp(t_j), and derived t_j are differences from their mean."
    ),
}


class Mixing(Law, abstract=True):
    """Base of the laws of mixtures: ``c + k_1^r_1 k_2^r_2 ...`` for weights r that sum to 1."""


def mixing_law(*domains: str, name: str | None = None) -> type[Law]:
    """Return the law of mixtures of some domains, whose weights are the columns ``mix_<domain>``.

    Args:
        domains: two or more different names, each of letters, digits and underscores.
        name: the law's name; by default ``data-mixing`` and the domains.

    Returns:
        a law class with the parameters ``c`` and, for each domain, ``k_<domain>``: the reducible loss after training on
        that domain alone. Derived are ``t_<domain>``, the paper's exponents up to the constant that no data tell.

    Raises:
        LawError: domains that are no names, or fewer than two.

    References:
        ye2024data, equation 6

    Examples:
        >>> law = mixing_law("web", "code")
        >>> law.inputs()
        ('mix_web', 'mix_code')
        >>> law(c=1.5, k_web=0.5, k_code=2.0).at(mix_web=0.5, mix_code=0.5)
        2.5
    """
    _check_domains(domains)
    title = "".join(domain.title().replace("_", "") for domain in domains)
    fields: dict[str, Any] = {"c": parameter("irreducible loss", prior=LogNormal(1.7, 0.5), unit="nats/token")}
    for domain in domains:
        fields[f"k_{domain}"] = parameter(
            f"loss above c after {domain} alone", prior=LogNormal(1.0, 1.0), unit="nats/token", between=0.5
        )
    content = {
        "__doc__": f"Loss of models trained on mixtures of {', '.join(domains[:-1])} and {domains[-1]}.",
        "__module__": __name__,
        "__annotations__": dict.fromkeys(fields, Array),
        "__call__": _formula(domains),
        "name": name or "-".join(("data-mixing", *domains)).replace("_", "-"),
        "cites": ("ye2024data",),
        **_WORDS,
        **fields,
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
    weights = [
        inspect.Parameter(
            f"r_{domain}", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Annotated[Any, mixture(domain)]
        )
        for domain in domains
    ]
    signature = inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD), *weights],
        return_annotation=Annotated[Any, LOSS],
    )

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs).arguments
        return self.c + math.prod(
            (getattr(self, f"k_{domain}") ** given[f"r_{domain}"] for domain in domains[1:]),
            start=getattr(self, f"k_{domains[0]}") ** given[f"r_{domains[0]}"],
        )

    __call__.__signature__ = signature  # type: ignore[attr-defined]
    __call__.__annotations__ = {p.name: p.annotation for p in weights} | {"return": Annotated[Any, LOSS]}
    return __call__


def _exponent(domain: str, domains: tuple[str, ...]) -> derived:
    """The paper's t of a domain, less the mean of all."""

    def t(self: Any) -> Any:
        """Below 0 for a domain that helps more than the mean."""
        log = namespace(*self.values.values()).log
        return log(getattr(self, f"k_{domain}")) - sum(log(getattr(self, f"k_{d}")) for d in domains) / len(domains)

    return derived(f"exponent of {domain}, from the mean of all domains", symbol=f"t_{{{domain}}}")(t)


# An example for three domains; others are made by mixing_law.
DataMixing = mixing_law("web", "books", "code", name="data-mixing")
