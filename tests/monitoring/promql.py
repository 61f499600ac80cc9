"""Which metrics and labels a PromQL expression names; promtool judges its grammar."""

import re

GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
MATCHERS = re.compile(r"\{([^}]*)\}")
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def _bare(expression: str) -> str:
    """Without strings, which may hold braces of their own."""
    return re.sub(r"\"[^\"]*\"|'[^']*'", '""', expression)


def metrics_used(expression: str) -> set[str]:
    """The names of metrics, recorded ones too."""
    text = GROUPING.sub(" ", MATCHERS.sub(" ", _bare(expression)))
    text = re.sub(r"\[[^\]]*\]|\boffset\s+\w+", " ", text)
    names = re.findall(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)\b(?!\s*\()", text)
    return set(names) - WORDS - {name for name in names if name in {"by", "without", "on"}}


def labels_used(expression: str) -> set[str]:
    """The labels that matchers and groupings name."""
    text = _bare(expression)
    matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", " ".join(MATCHERS.findall(text)))
    grouped = re.findall(r"\w+", " ".join(GROUPING.findall(text)))
    return set(matched) | set(grouped)
