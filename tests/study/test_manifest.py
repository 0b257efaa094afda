"""The list of all fits is read as it was written, and not at all where another version wrote it."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.study.files import read_sealed, write_sealed
from bayescale.study.folder import Folder
from bayescale.study.manifest import FORMAT, VERSION, Manifest, manifest_in
from bayescale.study.run import plan

PILE = {"tables": {"pile": {"dataset": "pile-families", "groups": ["Pythia"]}}, "outputs": {"summary": "s.csv"}}
GONE = "gone"


@pytest.fixture
def folder(tmp_path) -> Folder:
    """A folder with the manifest of a study."""
    made = Folder(tmp_path)
    Manifest.of(plan(bs.Study.of(PILE))).write(made)
    return made


def rewrite(folder: Folder, **changes) -> None:
    """Write the manifest anew, with its checksum, some keys changed or gone."""
    content = read_sealed(folder.manifest, FORMAT)
    write_sealed(folder.manifest, {key: v for key, v in (content | changes).items() if v != GONE})


def test_a_manifest_is_read_as_it_was_written(folder):
    found = Manifest.read(folder)
    assert found == Manifest.of(plan(bs.Study.of(PILE)))
    assert found.outputs.summary == "s.csv" and len(found.tasks) == 1
    rewrite(folder)  # what the tests below change is all that there is to change
    assert Manifest.read(folder) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"version": VERSION + 1},
        {"version": GONE},
        {"format": "bayescale-part"},
        {"tasks": GONE},
        {"outputs": GONE},
        {"about": GONE},
        {"tasks": [{"hash": "0" * 64}]},
        {"tasks": None},
        {"outputs": {"plots": True}},
        {"outputs": {"summary": "../s.csv"}},
        {"outputs": "s.csv"},
    ],
    ids=str,
)
def test_a_manifest_of_another_version_is_none_and_named(folder, changes):
    rewrite(folder, **changes)
    assert Manifest.read(folder) is None
    with pytest.raises(bs.StoreError, match="damaged or of another version of bayescale; give the folder of a study"):
        manifest_in(folder)


def test_a_task_with_a_key_more_or_less_is_of_another_version(folder):
    (task,) = read_sealed(folder.manifest, FORMAT)["tasks"]
    for changed in (task | {"device": "gpu"}, {key: v for key, v in task.items() if key != "label"}):
        rewrite(folder, tasks=[changed])
        assert Manifest.read(folder) is None


def test_a_damaged_manifest_is_none(folder):
    folder.manifest.write_text(folder.manifest.read_text().replace('"seed": 0', '"seed": 1'))
    assert Manifest.read(folder) is None


def test_a_study_goes_on_in_a_folder_of_another_version(folder):
    rewrite(folder, version=VERSION + 1)
    bs.run_study(bs.Study.of(PILE), folder.path, shard="2/2")  # nothing is in this share
    assert len(Manifest.read(folder).tasks) == 1
