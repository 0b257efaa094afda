"""The list of built-in laws and how to find one by name or file."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from pathlib import Path

from bayescale.language.errors import LawError
from bayescale.language.hints import nearest
from bayescale.laws.base import Law
from bayescale.laws.chinchilla import Chinchilla
from bayescale.laws.kaplan import KaplanND

CATALOGUE: tuple[type[Law], ...] = (Chinchilla, KaplanND)


def find_law(law: str | type[Law]) -> type[Law]:
    """Return a law class from its class, its catalogue name, or ``"file.py:ClassName"``.

    The file form executes that file, so it is for your own code only; nothing else in the package runs files.

    Raises:
        LawError: no such law, file or class.
    """
    if isinstance(law, type) and issubclass(law, Law):
        return law
    if not isinstance(law, str):
        raise LawError(f"law must be a name or a Law class, got {type(law).__name__}.")
    if ".py:" in law:
        return _from_file(*law.rsplit(":", 1))
    by_name = {known.name: known for known in CATALOGUE}
    wanted = law.strip().lower().replace("_", "-")
    if wanted in by_name:
        return by_name[wanted]
    close = nearest(wanted, by_name)
    hint = f" Did you mean {close!r}?" if close else ""
    raise LawError(
        f"There is no law {law!r} in the catalogue ({', '.join(by_name)}).{hint} "
        "Your own law is named by file and class, my_laws.py:MyLaw."
    )


def _from_file(path: str, class_name: str) -> type[Law]:
    file = Path(path)
    if not file.is_file():
        raise LawError(f"There is no file {path!r} to take the law {class_name!r} from.")
    spec = importlib.util.spec_from_file_location(f"bayescale_user_law_{file.stem}", file)
    assert spec and spec.loader  # a path that ends in .py always has both
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and inspect.getsource look the module up by name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise LawError(f"{path} cannot be run: {type(error).__name__}: {error}.") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Law)):
        laws = [n for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, Law) and v is not Law]
        raise LawError(f"{path} defines no law {class_name!r}; it has {', '.join(laws) or 'none'}.")
    return found


def law_source_hash(law: type[Law]) -> str:
    """Return the SHA-256 of the law's source text, by which a saved fit recognises another version of its law."""
    try:
        source = inspect.getsource(law)
    except (OSError, TypeError):  # defined in an interactive session
        source = repr([(p.name, p.prior, p.unit) for p in law.parameters]) + law.__qualname__
    return hashlib.sha256(source.encode()).hexdigest()
