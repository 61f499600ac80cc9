"""What can go wrong with an account."""

from backend.core.errors import Conflict, Forbidden


class RegistrationClosed(Forbidden):
    """Registration is closed: ask an administrator for an account."""

    code = "registration_closed"


class EmailDomainNotAllowed(Forbidden):
    """Registration is limited to certain e-mail domains, and this is not one of them."""

    code = "email_domain_not_allowed"


class EmailTaken(Conflict):
    """An account with this e-mail address already exists."""

    code = "email_taken"


class LastAdmin(Conflict):
    """This is the only administrator: make somebody else an administrator first."""

    code = "last_admin"
