"""Fits are known by what they depend on, so that nothing else makes them again."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.study.chunks import Shard, chunks_of
from bayescale.study.run import plan

PILE = {"tables": {"pile": {"dataset": "pile-families"}}}
LAW = """
from jax import Array
from bayescale.laws import Law
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Tokens


class Mine(Law):
    '''A floor and a power of tokens.'''

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    B: Array = parameter("loss from finite data at D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.4))
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, D: Tokens) -> Loss:
        return self.E + self.B * (D / self.D0) ** -self.beta
"""


def hashes(content, **options) -> list[str]:
    return [task.hash for task in plan(bs.Study.of(PILE | content, **options)).tasks]


CHANGES = [
    {"laws": ["kaplan-nd"]},
    {"noises": ["normal"]},
    {"seeds": [1]},
    {"model_error": 0.04},
    {"settings": {"draws": 50}},
    {"outputs": {"prob": 0.8}},
    {"precision": "float32"},
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_a_result_changes_every_hash(change):
    assert not set(hashes({})) & set(hashes(change))


def test_what_changes_no_result_changes_no_hash():
    assert hashes({}) == hashes({"part": 3, "limits": {"seconds": 5.0}, "outputs": {"summary": "summary.csv"}})


def test_more_laws_seeds_and_splits_keep_the_fits_that_there_are():
    more = hashes({"laws": ["kaplan-nd", "chinchilla"], "seeds": [1, 0], "splits": {"ratios": [2, 4]}})
    assert len(more) == len(set(more)) == 2 * 2 * 3 * len(hashes({}))
    assert set(hashes({})) < set(more)


def test_groups_choose_families():
    found = plan(bs.Study.of({"tables": {"pile": {"dataset": "pile-families", "groups": ["Pythia"]}}})).tasks
    assert [task.family for task in found] == ["Pythia"]
    with pytest.raises(bs.SettingsError, match=r"has no family 'GPT-9'; there are .*Pythia"):
        plan(bs.Study.of({"tables": {"pile": {"dataset": "pile-families", "groups": ["GPT-9"]}}}))


def test_another_table_changes_its_own_hash_only(write_study):
    path = write_study()
    before = {task.label: task.hash for task in plan(bs.Study.read(path)).tasks}
    file = path.parent / "tables" / "03.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:-1]))
    (path.parent / "tables" / "02b.csv").write_text(file.read_text())
    after = {task.label: task.hash for task in plan(bs.Study.read(path)).tasks}
    assert {label for label in after if before.get(label) != after[label]} == {
        "made/tables/02b.csv / all",
        "made/tables/03.csv / all",
    }


def test_a_table_that_cannot_be_read_is_a_fit_with_its_reason(write_study):
    path = write_study(count=2)
    (path.parent / "tables" / "01.csv").write_bytes(b"\x00\xff\x00" * 50)
    found = plan(bs.Study.read(path))
    assert [isinstance(found.runs[task.hash], bs.DataError) for task in found.tasks] == [False, True]


def test_a_pattern_without_files_is_named(write_study):
    path = write_study()
    path.write_text('[tables.made]\nfiles = "none/*.csv"')
    with pytest.raises(bs.SettingsError, match=r"\[tables.made\] of the study matches no file"):
        plan(bs.Study.read(path))


def test_a_study_runs_no_file_that_is_not_named_beside_it(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(LAW)
    with pytest.raises(bs.SettingsError, match="names laws and runs no files"):
        plan(bs.Study.of(PILE | {"laws": [f"{file}:Mine"]}))
    with pytest.raises(bs.LawError, match="There is no law 'mine'"):
        plan(bs.Study.of(PILE | {"laws": ["mine"]}))
    assert {task.law for task in plan(bs.Study.of(PILE | {"laws": ["mine"]}), [f"{file}:Mine"]).tasks} == {"mine"}
    with pytest.raises(bs.SettingsError, match="does not name the law 'mine'"):
        plan(bs.Study.of(PILE), [f"{file}:Mine"])


def test_shards_share_all_chunks_and_none_twice(tasks):
    chunks = chunks_of(tasks, 3)
    assert [task for chunk in chunks for task in chunk.tasks] == list(tasks)
    shares = [Shard(i, 2).share(chunks) for i in (1, 2)]
    assert sorted(chunk.id for share in shares for chunk in share) == sorted(chunk.id for chunk in chunks)


@pytest.mark.parametrize("word", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_shard_that_is_none_is_named(word):
    with pytest.raises(bs.SettingsError, match="i/n"):
        Shard.of(word)
