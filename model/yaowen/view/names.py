"""The names of labels, event types and roles in both languages, and the column of each role (`names.toml`)."""

from typing import Any

from yaowen.data_files import toml_table
from yaowen.schema import TRIGGER_PREFIX


def _names() -> dict[str, Any]:
    return toml_table("yaowen.view", "names.toml")


def event_name(event_type: str) -> str:
    """An event type in both languages.

    >>> event_name("meeting")
    '会议 meeting'
    """
    return f"{_names()['events'][event_type]} {event_type}"


def role_name(role: str) -> str:
    """A role in both languages.

    >>> role_name("host")
    '主持 host'
    """
    return f"{_names()['roles'][role]} {role}"


def label_name(label: str) -> str:
    """A span label in both languages; a trigger with its event type.

    >>> label_name("DATE"), label_name("TRIGGER:talks")
    ('时间 date', '触发词 trigger: 会见 talks')
    """
    if label.startswith(TRIGGER_PREFIX):
        return f"{label_name('TRIGGER')}: {event_name(label.removeprefix(TRIGGER_PREFIX))}"
    return f"{_names()['labels'][label]} {label.lower()}"


def column_roles(column: str) -> tuple[str, ...]:
    """The roles that stand in a column of the event table (when, who, where, with), in the order they are shown.

    >>> column_roles("where")
    ('location', 'destination')
    """
    return tuple(_names()["columns"][column])
