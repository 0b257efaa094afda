"""The address of a Dask scheduler, refused where no connection can come of it: Dask's own attempt hangs there."""

from __future__ import annotations

from bayescale.language.errors import SettingsError


def check_address(address: str) -> None:
    """Look at an address and at the settings of Dask that concern it.

    Args:
        address: of a scheduler.

    Raises:
        SettingsError: it is not tcp://HOST:PORT or tls://HOST:PORT, or TLS is asked for and not set up.
    """
    from distributed.comm import parse_host_port
    from distributed.security import Security

    scheme, there, place = address.rpartition("://")
    try:
        parse_host_port(place)
    except ValueError:
        place = ""
    if not place or (there and scheme not in ("tcp", "tls")):
        raise SettingsError(f"A scheduler is tcp://HOST:PORT, or tls://HOST:PORT, got {address!r}.")
    security = Security()  # as Dask's configuration and environment say
    if scheme == "tls" and security.get_connection_args("client").get("ssl_context") is None:
        raise SettingsError(
            f"{address} needs certificates, by Dask's settings: DASK_DISTRIBUTED__COMM__TLS__CA_FILE and "
            "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and __KEY are names of PEM files."
        )
    if scheme != "tls" and security.require_encryption:
        raise SettingsError(f"Dask's settings ask for encryption, give tls://{place}, got {address!r}.")
