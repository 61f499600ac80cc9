"""Errors in plain words: what happened, and what to do next."""

from typing import Any

from backend.core.errors import ApiError

_ASK = "Ask the sender for a new one."
_LINK_FAILURES = {
    "link_not_found": (
        "broken",
        "This link does not work",
        f"It may be incomplete or mistyped, or its target may have been removed. {_ASK}",
    ),
    "link_expired": ("clock", "This link has expired", f"It was valid for a limited time. {_ASK}"),
    "link_revoked": (
        "broken",
        "This link was revoked",
        "The person who created it has revoked it. Contact them if you still need the file.",
    ),
    "downloads_exhausted": (
        "check",
        "No downloads left",
        f"This link has reached its maximum number of downloads. {_ASK}",
    ),
    "invalid_email_token": (
        "clock",
        "This link no longer works",
        "It has already been used or has expired. Request a new e-mail and use the latest one.",
    ),
}
_OTHER_FAILURES = {
    404: ("broken", "Not found", "What you are looking for is no longer available here."),
    422: ("broken", "That did not work", "The address or the form is not valid."),
    429: ("clock", "Too many attempts", "Wait a few minutes, then try again."),
    503: ("clock", "Back in a moment", "A service we depend on is not responding. Try again soon."),
}
_UNKNOWN = ("broken", "Something went wrong", "This is not your fault. Try again in a moment.")


def explain(error: ApiError) -> dict[str, Any]:
    """The symbol, heading and text for an error."""
    by_status = _OTHER_FAILURES.get(error.status, _UNKNOWN)
    symbol, heading, text = _LINK_FAILURES.get(error.code, by_status)
    return {"symbol": symbol, "heading": heading, "text": text}
