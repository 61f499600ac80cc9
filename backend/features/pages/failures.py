"""Errors in words for people: what happened, and what to do now."""

from typing import Any

from backend.core.errors import ApiError

_ASK = "Ask the person who sent it for a new one."
_LINK_FAILURES = {
    "link_not_found": (
        "broken",
        "This link leads nowhere",
        f"It may be cut off or mistyped, or what it led to was removed. {_ASK}",
    ),
    "link_expired": ("clock", "This link has expired", f"It worked for a limited time. {_ASK}"),
    "link_revoked": (
        "broken",
        "This link was withdrawn",
        "The person who made it has ended it. Ask them if you still need the file.",
    ),
    "downloads_exhausted": (
        "check",
        "No downloads left",
        f"Every download this link allowed has been used. {_ASK}",
    ),
    "invalid_email_token": (
        "clock",
        "This link no longer works",
        "It was used already or is too old. Ask for a new mail and use the latest one.",
    ),
}
_OTHER_FAILURES = {
    404: ("broken", "Nothing here", "What you are looking for is not in this link any more."),
    422: ("broken", "That did not work", "The address is not one this page understands."),
    429: ("clock", "Too many attempts", "Wait a few minutes, then try again."),
    503: ("clock", "Back in a moment", "A service we depend on does not answer. Try again soon."),
}
_UNKNOWN = ("broken", "Something went wrong", "It is not your fault. Try again in a moment.")


def explain(error: ApiError) -> dict[str, Any]:
    """The symbol, heading and text for an error."""
    by_status = _OTHER_FAILURES.get(error.status, _UNKNOWN)
    symbol, heading, text = _LINK_FAILURES.get(error.code, by_status)
    return {"symbol": symbol, "heading": heading, "text": text}
