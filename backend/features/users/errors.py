"""What can go wrong with an account."""

from backend.core.errors import Conflict, Forbidden


class RegistrationClosed(Forbidden):
    """Registration is closed: ask an administrator for an account."""

    code = "registration_closed"


class EmailDomainNotAllowed(Forbidden):
    """Accounts are only for certain e-mail domains, and this is not one of them."""

    code = "email_domain_not_allowed"


class EmailTaken(Conflict):
    """There is already an account with this e-mail."""

    code = "email_taken"


class LastAdmin(Conflict):
    """Without this account nobody could administer the others."""

    code = "last_admin"
