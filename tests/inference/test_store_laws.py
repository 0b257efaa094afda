"""Law and noise of a saved fit come from the package or from you: nothing that a file names is imported or run."""

from __future__ import annotations

import pytest

from bayescale.inference.store import load, save
from bayescale.language.errors import LawError, SettingsError
from bayescale.models import Normal


def test_a_changed_law_is_loaded_on_request_only(copy, without_data, rewrite, refused):
    rewrite(copy, record=lambda record: record["law"].update(source_sha256="0" * 64))
    back = load(copy, allow_changed_law=True)
    assert back.record["law"]["source_sha256"] == "0" * 64
    save(without_data(back), copy)
    refused(copy, "another version of the law")  # saving again does not launder it


def test_a_changed_noise_is_loaded_on_request_only(copy, without_data, rewrite, refused):
    rewrite(copy, record=lambda record: record.update(noise_sha256="0" * 64))
    back = load(copy, allow_changed_law=True)
    assert back.record["noise_sha256"] == "0" * 64
    save(without_data(back), copy)
    refused(copy, "another version of the noise")  # saving again does not launder it


@pytest.mark.parametrize("name", ["{file}:Evil", "{file}", "os:system", "__import__('os')"])
def test_a_law_that_a_file_names_is_not_run(name, copy, tmp_path, rewrite, refused):
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    rewrite(copy, record=lambda record: record["law"].update(name=name.format(file=evil)))
    refused(copy, "which is not in the catalogue")
    assert not (tmp_path / "owned").exists()


def test_a_law_of_your_own_is_given_by_you(tmp_path, made, saved, own_law, refused):
    path = saved(tmp_path, made(own_law))
    refused(path, r"the law 'own-law', which is not in the catalogue; give the law with load\(path, law=MyLaw\)")
    assert load(path, law=own_law).law is own_law
    refused(path, "it was fitted with the law 'own-law', got law='chinchilla'", law="chinchilla")
    with pytest.raises(LawError, match="There is no law 'nonsense' in the catalogue"):
        load(path, law="nonsense")


def test_a_noise_of_ones_own_is_given_again(tmp_path, made, saved, own_noise, refused):
    path = saved(tmp_path, made(noise=own_noise))
    refused(path, r"its noise must be one of .*, got 'own-noise'; .* give it with load\(path, noise=MyNoise\)")
    refused(path, "it was fitted with the noise 'own-noise', got noise='normal'; give that of the fit", noise=Normal)
    with pytest.raises(SettingsError, match=r"^noise must be the Noise class of the fit, got 'normal'; leave it out"):
        load(path, noise="normal")
