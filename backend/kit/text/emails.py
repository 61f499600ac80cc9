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


DOTS_IGNORED = frozenset({"gmail.com", "googlemail.com"})
"""Domains where `a.da@` and `ada@` are one mailbox (https://support.google.com/mail/answer/7436150).

Elsewhere two spellings may be two people (RFC 5321, 2.3.11), so no other domain is listed.
"""


def mailbox(email: str) -> str:
    """What counts as one recipient when mails are counted; never an address to send to.

    A tag after `+` (RFC 5233) is cut off in every domain, because most servers deliver all tags to
    one mailbox; where they do not, people whose addresses differ only in it share a limit.

    Args:
        email: a normalized address.
    """
    local, _, domain = email.rpartition("@")
    name = local.partition("+")[0] or local
    return f"{name.replace('.', '') if domain in DOTS_IGNORED else name}@{domain}"
