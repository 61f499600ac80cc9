"""Short texts people give things: display names, names of API keys."""

import unicodedata

MAX_LABEL_LENGTH = 100


class InvalidLabel(ValueError):
    """The text cannot be shown on one line; the message says why."""


def clean_label(raw: str) -> str:
    """Return `raw` in Unicode NFC without surrounding space.

    Raises:
        InvalidLabel: empty, longer than 100 characters, or with a control character: these could
            forge lines in logs and mails, and PostgreSQL stores no NUL.
    """
    label = unicodedata.normalize("NFC", raw).strip()
    if not 1 <= len(label) <= MAX_LABEL_LENGTH:
        raise InvalidLabel(f"must hold 1 to {MAX_LABEL_LENGTH} characters")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in label):
        raise InvalidLabel("must not hold control characters")
    return label
