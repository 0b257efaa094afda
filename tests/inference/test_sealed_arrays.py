"""The file of a checkpoint holds what was written, to the last bit, and nothing else is read from it."""

from __future__ import annotations

import hashlib
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayescale.inference.checkpoint import sealed
from bayescale.inference.checkpoint.leaves import from_arrays, to_arrays
from bayescale.inference.checkpoint.sealed import read_sealed_arrays, write_sealed_arrays
from bayescale.language.errors import StoreError

ARRAYS = {
    "none": np.zeros((0, 3)),
    "single": np.asarray(np.pi),
    "table": np.arange(6.0).reshape(2, 3),
    "counts": np.array([1, -2]),
    "truths": np.array([True, False]),
    "keys": np.array([7, 2**32 - 1], np.uint32),
    "odd": np.array([np.nan, -0.0, np.inf, 5e-324]),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "state"
    write_sealed_arrays(path, {"why": "so"}, ARRAYS)
    return path


def craft(path, head: bytes, body: bytes = b"") -> None:
    """A file whose checksum is right, as one can make who knows the format."""
    content = head + b"\n" + body
    path.write_bytes(f"bayescale-checkpoint 1 {hashlib.sha256(content).hexdigest()}\n".encode() + content)


def test_what_is_read_is_what_was_written(file):
    about, arrays = read_sealed_arrays(file)
    assert about == {"why": "so"}
    assert list(arrays) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (values.dtype, values.shape)
        assert arrays[name].tobytes() == values.tobytes()


def test_every_byte_counts(file):
    content = file.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x10
        file.write_bytes(changed)
        with pytest.raises(StoreError, match=r"^it "):
            read_sealed_arrays(file)


@pytest.mark.parametrize(
    "listed",
    [
        [["a", "<f8", [1000]]],  # more than there is
        [["a", "<f8", [10**15]]],  # more than there is memory
        [["a", "<f8", [0]]],  # less than there is
        [["a", "<f8", [-1]]],
        [["a", "O", [1]]],
        [["a", "|V8", [1]]],
        [["a", "<f8"]],
        "no list",
        [["a", "<f8", [0]]] * 10_001,
    ],
)
def test_sizes_and_types_that_are_not_those_of_a_checkpoint_are_refused(listed, tmp_path):
    craft(tmp_path / "state", json.dumps({"about": {}, "arrays": listed}).encode(), bytes(8))
    with pytest.raises(StoreError, match=r"^its content is not what this bayescale writes; remove it to begin anew\.$"):
        read_sealed_arrays(tmp_path / "state")


@pytest.mark.parametrize("head", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b" " * (4 * 2**20 + 1)])
def test_other_texts_are_refused(head, tmp_path):
    craft(tmp_path / "state", head)
    with pytest.raises(StoreError, match=r"^its content is not what this bayescale writes"):
        read_sealed_arrays(tmp_path / "state")


def test_a_later_format_and_a_huge_file_are_refused(file, monkeypatch):
    file.write_bytes(file.read_bytes().replace(b"checkpoint 1 ", b"checkpoint 2 "))
    with pytest.raises(StoreError, match=r"^it has format version 2 and this bayescale reads 1; remove it"):
        read_sealed_arrays(file)
    monkeypatch.setattr(sealed, "MAX_BYTES", 10)
    with pytest.raises(StoreError, match=r"^it has \d+ bytes and at most 10 are read; remove it"):
        read_sealed_arrays(file)


def test_what_would_not_be_read_is_not_written(file, monkeypatch):
    """The last file that can be read stays."""
    before = file.read_bytes()
    monkeypatch.setattr(sealed, "MAX_BYTES", len(before) + 30)  # the first line has 30 bytes less than it may
    write_sealed_arrays(file, {"why": "so"}, ARRAYS)
    with pytest.raises(OSError, match=r"\d+ bytes, and at most \d+ are read"):
        write_sealed_arrays(file, {"why": "so"}, ARRAYS | {"more": np.zeros(9)})
    assert file.read_bytes() == before


def test_a_tree_comes_back_with_its_keys_numbers_and_types():
    with jax.enable_x64(True):
        tree = {"key": jax.random.key(3), "number": 0.1, "state": (jnp.arange(3.0), np.arange(2)), "none": None}
        again = from_arrays(tree, to_arrays(tree, "lane/0"), "lane/0")
        assert jax.random.uniform(again["key"]) == jax.random.uniform(tree["key"])
        assert (again["number"], type(again["number"]), again["none"]) == (0.1, float, None)
        assert [type(leaf) for leaf in again["state"]] == [type(leaf) for leaf in tree["state"]]
        np.testing.assert_array_equal(again["state"][0], tree["state"][0])


def test_a_leaf_that_is_missing_or_another_is_named():
    with pytest.raises(StoreError, match=r"^it has nothing as a/x and float64 of \(2,\) is expected; remove it"):
        from_arrays({"x": np.zeros(2)}, {}, "a")
    with pytest.raises(StoreError, match=r"^it has float32 of \(2,\) as a/x and float64 of \(2,\) is expected"):
        from_arrays({"x": np.zeros(2)}, {"a/x": np.zeros(2, np.float32)}, "a")
