"""E-mail addresses: one spelling for each mailbox."""

from email_validator import EmailNotValidError, validate_email


class InvalidEmail(ValueError):
    """The address cannot receive mail; the message says why."""


def normalize_email(raw: str) -> str:
    """Return `raw` in lower case, its domain in ASCII (IDNA).

    Only the syntax is checked (RFC 5321, at most 254 characters): asking the DNS would make
    registration depend on it. Local parts are ASCII, since few servers take others (RFC 6531).

    Raises:
        InvalidEmail: not an address, or one in a domain reserved for special use.
    """
    try:
        parsed = validate_email(raw, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise InvalidEmail(str(error)) from error
    return (parsed.ascii_email or parsed.normalized).lower()


def email_domain(email: str) -> str:
    """The part after the @ of a normalized address."""
    return email.rpartition("@")[2]
