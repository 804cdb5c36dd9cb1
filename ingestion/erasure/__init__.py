"""People who were erased: `sei erase-person` takes them out of the raw tables, and every later load
replaces them before a row is stored (docs/decisions/0027)."""

from ingestion.erasure.erased import Erased, Mark
from ingestion.erasure.person import Person, find, unerasable
from ingestion.erasure.replacing import Replacing
from ingestion.erasure.stored import count_rows, erase, read

__all__ = [
    "Erased",
    "Mark",
    "Person",
    "Replacing",
    "count_rows",
    "erase",
    "find",
    "read",
    "unerasable",
]
