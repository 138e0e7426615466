"""Faust in batches: fast, and exact about offsets. Services need only the names exported here."""

from libs.runtime.faust_batch.app import BatchApp, batch_app
from libs.runtime.faust_batch.bulk import RecordTooLarge
from libs.runtime.faust_batch.record import Changes, Headers, Output, Record, StageResult, State
from libs.runtime.faust_batch.rounds import RoundLimits
from libs.runtime.faust_batch.settings import BatchSettings
from libs.runtime.faust_batch.stages import StageHandle, StageSpec, TopicMissing, stage
from libs.runtime.faust_batch.worker import run_worker

__all__ = [
    "BatchApp",
    "BatchSettings",
    "Changes",
    "Headers",
    "Output",
    "Record",
    "RecordTooLarge",
    "RoundLimits",
    "StageHandle",
    "StageResult",
    "StageSpec",
    "State",
    "TopicMissing",
    "batch_app",
    "run_worker",
    "stage",
]
