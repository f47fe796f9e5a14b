"""Session store: one SQLite file. The only room that speaks SQL; knows nothing of kernels, capture or planning."""

from ensession.store.check import check_store, hurt_states
from ensession.store.copying import copy_store
from ensession.store.exporting import Exporter
from ensession.store.files import FileTable, InputFile
from ensession.store.history import HistoryReader
from ensession.store.importing import Importer
from ensession.store.log import ExecutionLog
from ensession.store.modules import ModuleTable
from ensession.store.reading import PayloadReader
from ensession.store.refs import MAIN, RefTable
from ensession.store.repairing import Salvage, repair_store
from ensession.store.seals import SealTable
from ensession.store.store import Store
from ensession.store.words import WordTable

__all__ = [
    "MAIN",
    "ExecutionLog",
    "Exporter",
    "FileTable",
    "HistoryReader",
    "Importer",
    "InputFile",
    "ModuleTable",
    "PayloadReader",
    "RefTable",
    "Salvage",
    "SealTable",
    "Store",
    "WordTable",
    "check_store",
    "copy_store",
    "hurt_states",
    "repair_store",
]
