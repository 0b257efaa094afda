"""Hours and dollars of compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bayescale.costs.checking import check_positive, check_share
from bayescale.language.errors import SettingsError

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class RateCard:
    """What hardware delivers and costs.

    Args:
        flop_per_second: peak of one device, at the precision of training.
        utilisation: share of the peak that training reaches, in (0, 1].
        dollars_per_device_hour: price.
        devices: that work at the same time.
        prefill: share of the peak that reading prompts reaches; needed by :meth:`inference_price` only.
        decode: the same of writing answers.

    Raises:
        SettingsError: a number that is not positive, or a share above 1.

    Examples:
        >>> card = RateCard(flop_per_second=1e15, utilisation=0.4, dollars_per_device_hour=2.0, devices=1000)
        >>> card.hours(1.44e24), card.dollars(1.44e24)
        (1000.0, 2000000.0)
    """

    flop_per_second: float
    utilisation: float
    dollars_per_device_hour: float
    devices: float = 1
    prefill: float | None = None
    decode: float | None = None

    def __post_init__(self) -> None:
        check_positive(
            "RateCard", "flop_per_second", self.flop_per_second, "FLOP per second of one device", single=True
        )
        check_positive("RateCard", "dollars_per_device_hour", self.dollars_per_device_hour, "in dollars", single=True)
        check_positive("RateCard", "devices", self.devices, "a count", single=True)
        for name in ("utilisation", "prefill", "decode"):
            value = getattr(self, name)
            if value is not None or name == "utilisation":
                check_share("RateCard", name, value, "a share of the peak")

    @property
    def flop_per_device_hour(self) -> float:
        """FLOP that one device does for training in an hour."""
        return self.flop_per_second * self.utilisation * SECONDS_PER_HOUR

    def device_hours(self, compute: Any) -> Any:
        """Return the hours of one device that training of ``compute`` FLOP takes."""
        return compute / self.flop_per_device_hour

    def hours(self, compute: Any) -> Any:
        """Return the hours that training of ``compute`` FLOP takes on all devices."""
        return self.device_hours(compute) / self.devices

    def dollars(self, compute: Any) -> Any:
        """Return the price of training of ``compute`` FLOP."""
        return self.device_hours(compute) * self.dollars_per_device_hour

    def compute_in(self, hours: Any) -> Any:
        """Return the training FLOP that all devices do in some hours: the inverse of :meth:`hours`."""
        return hours * self.devices * self.flop_per_device_hour

    def compute_for(self, dollars: Any) -> Any:
        """Return the training FLOP that dollars buy: the inverse of :meth:`dollars`."""
        return dollars / self.dollars_per_device_hour * self.flop_per_device_hour

    def inference_price(self, *, answers: float) -> float:
        """Return the price of an inference FLOP over a training FLOP, for :class:`WithInference`.

        Args:
            answers: share of the served tokens that the model writes, in [0, 1]; it reads the others as prompts.

        Raises:
            SettingsError: no such share, or the efficiency of prefill or decode is needed and missing.

        Examples:
            >>> card = RateCard(1e15, 0.4, 2.0, prefill=0.5, decode=0.05)
            >>> round(card.inference_price(answers=0.25), 9)
            2.6
        """
        check_share("RateCard", "answers", answers, "the share of served tokens that are written", zero=True)
        price = 0.0
        for name, value, share in (("prefill", self.prefill, 1.0 - answers), ("decode", self.decode, answers)):
            if share == 0:
                continue
            if value is None:
                raise SettingsError(
                    f"RateCard: {name} is missing; give the share of the peak that it reaches, for example {name}=0.3."
                )
            price += share * self.utilisation / value
        return price
