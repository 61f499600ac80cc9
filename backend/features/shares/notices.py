"""The mail that tells a person that something was shared with them.

It goes to an address of the sharer's choice, so nothing that they typed stands in it: no name of a
file, none of their own. They are named by the address they have proved.
"""

from backend.features.mail.service import Mail
from backend.features.shares.schemas import ShareCreate
from backend.rules.access import SeenNode
from backend.rules.principal import Principal

ALLOWED = {
    "viewer": "You can see and download it.",
    "editor": "You can see, download and change it.",
    "owner": "You can see, change, share and delete it.",
}


def shared(
    public_url: str, sharer: Principal, node: SeenNode, new: ShareCreate, *, known: bool
) -> Mail:
    """The mail about a new share.

    Args:
        public_url: where the product is reached.
        sharer: who shares, and has proved their address.
        node: the file or folder.
        new: with whom and how.
        known: whether a verified account waits behind the address.
    """
    how = "Sign in to open it" if known else f"Register with this address ({new.email}) to open it"
    return Mail(
        to=new.email,
        subject=f"{sharer.email} shared a {node.kind} with you",
        text=(
            f"{sharer.email} shared a {node.kind} with you. {ALLOWED[new.role]}\n\n"
            f"{how}:\n\n{public_url}/\n\n"
            "If you do not know the sender, ignore this mail.\n"
        ),
        sender=str(sharer.user_id),
        about=str(node.id),
    )
