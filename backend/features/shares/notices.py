"""The mail that tells a person what was shared with them.

It goes to an address of the sharer's choice, so it contains nothing that they typed: neither file
names nor their own name. They are identified by the address they have verified.
"""

from backend.features.mail.service import Mail
from backend.features.shares.schemas import ShareCreate
from backend.rules.access import SeenNode
from backend.rules.principal import Principal

ALLOWED = {
    "viewer": "You can view and download it.",
    "editor": "You can view, download and change it.",
    "owner": "You can view, change, share and delete it.",
}


def shared(
    public_url: str, sharer: Principal, node: SeenNode, new: ShareCreate, *, known: bool
) -> Mail:
    """The mail about a new share.

    Args:
        public_url: the product's public URL.
        sharer: who shares; they have verified their address.
        node: the file or folder.
        new: the recipient and the role.
        known: whether the address has a verified account.
    """
    how = "Sign in to open it" if known else f"Register with this address ({new.email}) to open it"
    return Mail(
        to=new.email,
        subject=f"{sharer.email} shared a {node.kind} with you",
        text=(
            f"{sharer.email} shared a {node.kind} with you. {ALLOWED[new.role]}\n\n"
            f"{how}:\n\n{public_url}/\n\n"
            "If you do not know the sender, ignore this e-mail.\n"
        ),
        sender=str(sharer.user_id),
        about=str(node.id),
    )
