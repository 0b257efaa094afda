"""The list of built-in laws and how to find one by name or file."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from bayescale.language.errors import LawError
from bayescale.language.hints import nearest
from bayescale.language.regular import is_regular
from bayescale.laws.annealing import Annealing
from bayescale.laws.base import Law
from bayescale.laws.broken import BNSL1, BNSL2, BNSL1Error, BNSL2Error
from bayescale.laws.chance_curves import M4, M4Error
from bayescale.laws.chinchilla import Chinchilla
from bayescale.laws.chinchilla_variants import ChinchillaOuter, ChinchillaTied
from bayescale.laws.data_constrained import DataConstrained
from bayescale.laws.deepseek import DeepSeekBatch, DeepSeekData, DeepSeekModel, DeepSeekRate
from bayescale.laws.definition import definition_hash
from bayescale.laws.downstream import DownstreamAccuracy, DownstreamError
from bayescale.laws.experts import ExpertsGranularity, ExpertsJoint
from bayescale.laws.farseer import Farseer
from bayescale.laws.isoflop import IsoFLOP, IsoFLOPValley
from bayescale.laws.kaplan import KaplanND, KaplanNDFloor
from bayescale.laws.kaplan_single import KaplanC, KaplanD, KaplanN, KaplanNS
from bayescale.laws.learning_curves import M2, M3, M1Error, M2Error, M3Error
from bayescale.laws.loss_to_loss import LossOffset, LossToLoss
from bayescale.laws.loss_to_loss_joint import LossToLossJoint
from bayescale.laws.mixing import DataMixing
from bayescale.laws.overtraining import Overtraining
from bayescale.laws.precision import PostTrainingQuantisation, Precision
from bayescale.laws.routing import Routing
from bayescale.laws.step_law import StepLawBatch, StepLawBatchND, StepLawRate
from bayescale.laws.step_law_surface import StepLaw, StepLawND
from bayescale.laws.token_offset import ChinchillaEmbedding, ChinchillaOffset, ChinchillaOffsetEmbedding
from bayescale.laws.transfer import EffectiveTransfer

# Of a file with laws of one's own.
MOST_BYTES = 10_000_000
# In the order in which they are listed: by what they take, and the most used first.
CATALOGUE: tuple[type[Law], ...] = (
    Chinchilla,
    ChinchillaTied,
    ChinchillaOffset,
    ChinchillaOuter,
    Overtraining,
    Farseer,
    KaplanND,
    KaplanNDFloor,
    ChinchillaEmbedding,
    ChinchillaOffsetEmbedding,
    DataConstrained,
    KaplanN,
    KaplanD,
    KaplanC,
    KaplanNS,
    IsoFLOP,
    IsoFLOPValley,
    DownstreamError,
    DownstreamAccuracy,
    Annealing,
    StepLaw,
    StepLawND,
    StepLawRate,
    StepLawBatch,
    StepLawBatchND,
    DeepSeekModel,
    DeepSeekData,
    DeepSeekBatch,
    DeepSeekRate,
    M2,
    M3,
    M4,
    BNSL1,
    BNSL2,
    M1Error,
    M2Error,
    M3Error,
    M4Error,
    BNSL1Error,
    BNSL2Error,
    LossOffset,
    LossToLoss,
    LossToLossJoint,
    EffectiveTransfer,
    Routing,
    ExpertsGranularity,
    ExpertsJoint,
    Precision,
    PostTrainingQuantisation,
    DataMixing,
)


def find_law(law: str | type[Law]) -> type[Law]:
    """Return a law class from its class, its catalogue name, or ``"file.py:ClassName"``.

    The file form executes that file, so it is for your own code only; nothing else in the package runs files. The
    same file gives the same class, and an edited one a new class; modules that it imports are not looked at again.

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
        f"There is no law {law!r} in the catalogue.{hint} There are {', '.join(by_name)}. "
        "Your own law is named by file and class, my_laws.py:MyLaw."
    )


def _from_file(path: str, class_name: str) -> type[Law]:
    file = Path(path)
    if not is_regular(file):
        raise LawError(f"There is no file {path!r} to take the law {class_name!r} from.")
    with file.open("rb") as source:
        content = source.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise LawError(f"{path} has more than {MOST_BYTES:,} bytes, and is no file of laws.")
    module = _module_of(file.resolve(), content)
    found = vars(module).get(class_name)
    if not (isinstance(found, type) and issubclass(found, Law)):
        laws = [n for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, Law) and v is not Law]
        raise LawError(f"{path} defines no law {class_name!r}; it has {', '.join(laws) or 'none'}.")
    # Now, while the file is what was run: later its source may be another's.
    definition_hash(found)
    return found


def _module_of(file: Path, content: bytes) -> ModuleType:
    """Run a file, once for each place and content: the same law is then one class, an edited one another."""
    digest = hashlib.sha256(str(file).encode() + b"\0" + content).hexdigest()
    name = f"bayescale_user_law_{file.stem}_{digest[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec  # a path that ends in .py always has one
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and inspect.getsource look the module up by name.
    sys.modules[name] = module
    try:
        # Not by the module's loader, which may take compiled code of the file as it was a moment ago.
        exec(compile(content, str(file), "exec", dont_inherit=True), vars(module))
    except Exception as error:
        del sys.modules[name]
        raise LawError(f"{file} cannot be run: {type(error).__name__}: {error}.") from error
    return module
