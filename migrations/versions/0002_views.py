"""SQL views for browsing.

Views hold no data: ``env.py`` makes those of the newest format after every upgrade, and takes the old ones away
before it, since tables can't be rebuilt under them. This revision only says since when they are there.

Revision 0002.
"""

from __future__ import annotations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Leave the tables as they are."""


def downgrade() -> None:
    raise NotImplementedError("stores are never downgraded: every upgrade leaves a backup copy")
