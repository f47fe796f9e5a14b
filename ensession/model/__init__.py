"""The words of the design as types: frozen records that all rooms of the package exchange.

Pure: no input or output, no clock, no logging, no pickle. Units are in the names (``_s`` seconds, ``n_bytes``
bytes); times of day are Unix seconds.
"""

from __future__ import annotations

from ensession.model.basic import (
    HIDDEN_PREFIX,
    PREVIEW_CHARS,
    BufferMode,
    Codec,
    Digest,
    Effect,
    ExecutionId,
    ExecutionKind,
    FileAccess,
    Fingerprint,
    KernelRunId,
    ModuleSource,
    NameWord,
    Outcome,
    Output,
    Problem,
    Seal,
    Summary,
    VersionId,
    Word,
)
from ensession.model.browsing import Hit, Place, QueryRows
from ensession.model.diffs import ChangeKind, StateDiff, ValueDiff, VariableDiff
from ensession.model.drafts import BindingDraft, ExecutionDraft, Recorded, VersionDraft
from ensession.model.environments import DifferenceKind, EnvironmentDifference
from ensession.model.graphs import (
    Fate,
    Graph,
    GraphExecution,
    GraphVersion,
    Plan,
    RestoreReport,
    Step,
    StepKind,
    VariableReport,
    why_never,
)
from ensession.model.payloads import BufferSource, PayloadSink, PayloadSource
from ensession.model.records import Binding, Environment, Execution, KernelRun, PayloadInfo, Ref, RefKind, Version

__all__ = [
    "HIDDEN_PREFIX",
    "PREVIEW_CHARS",
    "Binding",
    "BindingDraft",
    "BufferMode",
    "BufferSource",
    "ChangeKind",
    "Codec",
    "DifferenceKind",
    "Digest",
    "Effect",
    "Environment",
    "EnvironmentDifference",
    "Execution",
    "ExecutionDraft",
    "ExecutionId",
    "ExecutionKind",
    "Fate",
    "FileAccess",
    "Fingerprint",
    "Graph",
    "GraphExecution",
    "GraphVersion",
    "Hit",
    "KernelRun",
    "KernelRunId",
    "ModuleSource",
    "NameWord",
    "Outcome",
    "Output",
    "PayloadInfo",
    "PayloadSink",
    "PayloadSource",
    "Place",
    "Plan",
    "Problem",
    "QueryRows",
    "Recorded",
    "Ref",
    "RefKind",
    "RestoreReport",
    "Seal",
    "StateDiff",
    "Step",
    "StepKind",
    "Summary",
    "ValueDiff",
    "VariableDiff",
    "VariableReport",
    "Version",
    "VersionDraft",
    "VersionId",
    "Word",
    "why_never",
]
