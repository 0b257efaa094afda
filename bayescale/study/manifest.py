"""The list of all fits of a study, in its folder: what is done is told from what is missing by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bayescale.language.errors import SettingsError, StoreError
from bayescale.study.files import read_sealed, write_sealed
from bayescale.study.folder import Folder
from bayescale.study.keys import Keys
from bayescale.study.study import Outputs, outputs_of
from bayescale.study.tasks import Task, Tasks, versions

# Another number where a manifest has other keys, or keys of another meaning.
FORMAT, VERSION = "bayescale-study", 1


@dataclass(frozen=True)
class Manifest:
    """All fits of a study.

    Args:
        tasks: in the order of the study.
        outputs: what is kept of them.
        about: how they are made, for people.
    """

    tasks: tuple[Task, ...]
    outputs: Outputs
    about: Mapping[str, Any]

    @classmethod
    def of(cls, tasks: Tasks) -> Manifest:
        """The manifest of a study."""
        study = tasks.study
        about = {"settings": asdict(study.settings), "model_error": study.model_error, "precision": study.precision}
        return cls(tasks.tasks, study.outputs, about | {"versions": versions()})

    @classmethod
    def read(cls, folder: Folder) -> Manifest | None:
        """Read it; None where there is none, or it is damaged or of another version."""
        content = read_sealed(folder.manifest, FORMAT)
        if content is None or content.get("version") != VERSION:
            return None
        try:
            tasks = tuple(_task(task) for task in content["tasks"])
            return cls(tasks, outputs_of(Keys(content["outputs"], "[outputs]")), content["about"])
        except (KeyError, TypeError, SettingsError):  # other keys, or values that there cannot be
            return None

    def write(self, folder: Folder) -> None:
        """Write it, whole or not at all."""
        content = {"outputs": asdict(self.outputs), "about": self.about, "tasks": [asdict(task) for task in self.tasks]}
        write_sealed(folder.manifest, {"format": FORMAT, "version": VERSION, **content})


def _task(content: Mapping[str, Any]) -> Task:
    """A task whose values are such as are written.

    Raises:
        TypeError: it has other keys, or values of other types.
    """
    task = Task(**content)
    texts = (task.hash, task.label, task.table, task.family, task.law, task.noise)
    number = task.ratio is None or (isinstance(task.ratio, int | float) and not isinstance(task.ratio, bool))
    if not (all(isinstance(text, str) for text in texts) and number and isinstance(task.seed, int)):
        raise TypeError("a value of another type")
    return task


def manifest_in(folder: Folder) -> Manifest:
    """The manifest of a folder of results.

    Raises:
        StoreError: there is none.
    """
    found = Manifest.read(folder)
    if found is None:
        raise StoreError(
            f"{folder.path} holds no manifest of a study, or one that is damaged or of another version of bayescale; "
            "give the folder of a study, or start it again with its file."
        )
    return found
