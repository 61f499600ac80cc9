"""E-mail addresses: one normalized form for each mailbox."""

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254
"""Characters (RFC 5321, 4.5.3.1.3, without the angle brackets)."""


class InvalidEmail(ValueError):
    """The address cannot receive mail; the message says why."""


def normalize_email(raw: str) -> str:
    """Return `raw` in lower case, with its domain in ASCII (IDNA).

    Only the syntax is checked (RFC 5321, at most 254 characters): querying DNS would make
    registration depend on it. Local parts must be ASCII, since few servers accept others (RFC
    6531).

    Raises:
        InvalidEmail: it is not an address, or its domain is reserved for special use.
    """
    # 64 KB of anything take 40 ms to validate, during which nobody else is served.
    if len(raw) > MAX_LENGTH:
        raise InvalidEmail(f"must have at most {MAX_LENGTH} characters")
    try:
        parsed = validate_email(raw, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise InvalidEmail(str(error)) from error
    return (parsed.ascii_email or parsed.normalized).lower()


def email_domain(email: str) -> str:
    """The part after the @ of a normalized address."""
    return email.rpartition("@")[2]
