"""Taking over an account from whoever registered it before its address was verified.

That may have been a stranger who hoped that the owner of the address would start to use it. The
files stay, but every access to them except the owner's ends (docs/decisions/0020).

    end_uploads    first: completing an upload locks the upload before the account's row
    end_access     last, once the sessions have ended: see `rules.account_lock`
"""

from uuid import UUID

from sqlalchemy import select

from backend.core.database.engine import Transaction
from backend.features.api_keys.service import revoke_keys
from backend.features.finalize import ending
from backend.features.links.service import revoke_links
from backend.features.shares.service import remove_shares
from backend.kit.vocabulary import UploadState
from backend.models import ApiKey, Grant, Link, Node, Upload
from backend.rules.account_lock import hold_shut
from backend.rules.actor import Actor


async def end_uploads(tx: Transaction, owner: Actor, user_id: UUID) -> None:
    """End every open upload into the account's space, whoever began it.

    Args:
        tx: must not have locked the account's row yet.
        owner: who verified the address.
        user_id: the account.
    """
    await ending.end_uploads(tx, owner, UploadState.ABORTED, Upload.space_id == user_id)


async def end_access(tx: Transaction, owner: Actor, user_id: UUID) -> None:
    """End the account's API keys, and every share, invitation, and link on its files.

    Args:
        tx: has ended the account's sessions; holds the account's lock from here on.
        owner: who verified the address.
        user_id: the account.
    """
    await hold_shut(tx, user_id)
    # Keys first, as everywhere: deleting one also locks the shares and links that it made.
    await revoke_keys(tx, owner, ApiKey.user_id == user_id)
    theirs = select(Node.id).where(Node.space_id == user_id)
    await remove_shares(tx, owner, Grant.node_id.in_(theirs))
    await revoke_links(tx, owner, Link.node_id.in_(theirs))
