"""The catalogue of scaling laws: one file per paper, listed in ``CATALOGUE``."""

from bayescale.laws.annealing import Annealing
from bayescale.laws.base import Law
from bayescale.laws.broken import BNSL1, BNSL2, BNSL1Error, BNSL2Error
from bayescale.laws.catalogue import CATALOGUE, find_law
from bayescale.laws.chance_curves import M4, M4Error
from bayescale.laws.chinchilla import Chinchilla
from bayescale.laws.chinchilla_variants import ChinchillaOuter, ChinchillaTied
from bayescale.laws.critical_batch import critical_batch, least_compute, least_steps
from bayescale.laws.data_constrained import DataConstrained
from bayescale.laws.deepseek import DeepSeekBatch, DeepSeekData, DeepSeekModel, DeepSeekRate
from bayescale.laws.definition import definition_hash
from bayescale.laws.describe import formula, law_record
from bayescale.laws.downstream import DownstreamAccuracy, DownstreamError
from bayescale.laws.experts import ExpertsGranularity, ExpertsJoint
from bayescale.laws.farseer import Farseer
from bayescale.laws.isoflop import IsoFLOP, IsoFLOPValley
from bayescale.laws.kaplan import KaplanND, KaplanNDFloor
from bayescale.laws.kaplan_single import KaplanC, KaplanD, KaplanN, KaplanNS
from bayescale.laws.learning_curves import M2, M3, M1Error, M2Error, M3Error
from bayescale.laws.loss_to_loss import LossOffset, LossToLoss
from bayescale.laws.loss_to_loss_joint import LossToLossJoint
from bayescale.laws.mixing import DataMixing, mixing_law
from bayescale.laws.overtraining import Overtraining
from bayescale.laws.precision import PostTrainingQuantisation, Precision
from bayescale.laws.references import citation
from bayescale.laws.routing import Routing
from bayescale.laws.schedule import cosine_schedule, schedule_areas
from bayescale.laws.step_law import StepLawBatch, StepLawBatchND, StepLawRate
from bayescale.laws.step_law_surface import StepLaw, StepLawND
from bayescale.laws.token_offset import ChinchillaEmbedding, ChinchillaOffset, ChinchillaOffsetEmbedding
from bayescale.laws.transfer import EffectiveTransfer

__all__ = [
    "BNSL1",
    "BNSL2",
    "CATALOGUE",
    "M2",
    "M3",
    "M4",
    "Annealing",
    "BNSL1Error",
    "BNSL2Error",
    "Chinchilla",
    "ChinchillaEmbedding",
    "ChinchillaOffset",
    "ChinchillaOffsetEmbedding",
    "ChinchillaOuter",
    "ChinchillaTied",
    "DataConstrained",
    "DataMixing",
    "DeepSeekBatch",
    "DeepSeekData",
    "DeepSeekModel",
    "DeepSeekRate",
    "DownstreamAccuracy",
    "DownstreamError",
    "EffectiveTransfer",
    "ExpertsGranularity",
    "ExpertsJoint",
    "Farseer",
    "IsoFLOP",
    "IsoFLOPValley",
    "KaplanC",
    "KaplanD",
    "KaplanN",
    "KaplanND",
    "KaplanNDFloor",
    "KaplanNS",
    "Law",
    "LossOffset",
    "LossToLoss",
    "LossToLossJoint",
    "M1Error",
    "M2Error",
    "M3Error",
    "M4Error",
    "Overtraining",
    "PostTrainingQuantisation",
    "Precision",
    "Routing",
    "StepLaw",
    "StepLawBatch",
    "StepLawBatchND",
    "StepLawND",
    "StepLawRate",
    "citation",
    "cosine_schedule",
    "critical_batch",
    "definition_hash",
    "find_law",
    "formula",
    "law_record",
    "least_compute",
    "least_steps",
    "mixing_law",
    "schedule_areas",
]
