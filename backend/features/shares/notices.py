"""The mail that tells a person what was shared with them."""

from typing import Any

from sqlalchemy.engine import Row

from backend.core.queue import Payload
from backend.features.shares.schemas import NewShare

ALLOWED = {
    "viewer": "You can see and download it.",
    "editor": "You can see, download and change it.",
    "owner": "You can see, change, share and delete it.",
}


def shared(public_url: str, sharer: str, node: Row[Any], new: NewShare, *, known: bool) -> Payload:
    """The payload of `mail.send` for a new share.

    Args:
        public_url: where the product is reached.
        sharer: the e-mail address of who shares.
        node: the file or folder.
        new: with whom and how.
        known: whether a verified account waits behind the address.
    """
    how = "Sign in to open it" if known else f"Register with this address ({new.email}) to open it"
    return {
        "to": new.email,
        "subject": f"{sharer} shared “{node.name}” with you",
        "text": (
            f"{sharer} shared the {node.kind} “{node.name}” with you. {ALLOWED[new.role]}\n\n"
            f"{how}:\n\n{public_url}/\n\n"
            "If you do not know the sender, ignore this mail.\n"
        ),
    }
