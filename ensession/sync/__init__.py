"""Exchange between copies of a store: only what the other one lacks travels, and nothing that comes in is believed."""

from ensession.sync.address import Address, parse_address
from ensession.sync.remote import Reach, existing, existing_or_new, open_source
from ensession.sync.serving import serve
from ensession.sync.transfer import Transferred, require_complete, transfer

__all__ = [
    "Address",
    "Reach",
    "Transferred",
    "existing",
    "existing_or_new",
    "open_source",
    "parse_address",
    "require_complete",
    "serve",
    "transfer",
]
