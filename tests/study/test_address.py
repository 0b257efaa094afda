"""An address that no connection can come of is refused with what to write, before Dask tries it."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.study.executors.address import check_address

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")
ENCRYPTED = {"distributed.comm.require-encryption": True}


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "tcp://[::1]:8786"])
def test_a_scheduler_has_host_and_port(address):
    check_address(address)


@pytest.mark.parametrize("address", ["", "http://x:1", "x", "tcp://x", "tcp://x:y", "tcp://", "file.toml"])
def test_what_is_no_scheduler_is_refused(address):
    with pytest.raises(bs.SettingsError, match=r"A scheduler is tcp://HOST:PORT, or tls://HOST:PORT, got"):
        check_address(address)


def test_tls_without_certificates_says_how_they_are_given():
    with pytest.raises(bs.SettingsError, match="tls://x:1 needs certificates, by Dask's settings: DASK_DISTRIBUTED__"):
        check_address("tls://x:1")


def test_where_encryption_is_asked_for_tcp_is_refused():
    with dask.config.set(ENCRYPTED), pytest.raises(bs.SettingsError, match="ask for encryption, give tls://x:1, got"):
        check_address("tcp://x:1")


def test_a_study_is_not_begun_with_such_an_address(write_study):
    study = write_study(count=1)
    with pytest.raises(bs.SettingsError, match="A scheduler is tcp://HOST:PORT"):
        bs.run_study(study, study.parent / "out", scheduler="http://x:1")
