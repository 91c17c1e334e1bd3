"""The labels, event types and roles that yaowen reads (annotation guidelines, sections 1, 2 and 4), as data."""

from types import MappingProxyType
from typing import Final

SCHEMA: Final = "yaowen/1"

ENTITY_LABELS: Final = (
    "OFFICIAL", "PERSON", "POSITION", "ORGANIZATION", "LOCATION", "DATE", "QUANTITY", "MEASURE",
)  # fmt: skip
TRIGGER_TYPES: Final = (
    "meeting", "talks", "inspection", "directive", "establishment",
    "appointment", "dismissal", "incident", "deployment", "issuance",
)  # fmt: skip
RESPONSE: Final = "response"  # the event type whose anchor is a MEASURE instead of a trigger
EVENT_TYPES: Final = (*TRIGGER_TYPES, RESPONSE)

TRIGGER_PREFIX: Final = "TRIGGER:"
SPAN_LABELS: Final = (*ENTITY_LABELS, *(TRIGGER_PREFIX + t for t in TRIGGER_TYPES))

PEOPLE: Final = ("OFFICIAL", "PERSON")
BODIES: Final = ("ORGANIZATION", "LOCATION")

# event type -> role -> labels of the spans that can fill it
ROLES: Final = MappingProxyType({
    "meeting": {
        "host": PEOPLE + BODIES, "attendee": PEOPLE + BODIES, "speaker": PEOPLE + BODIES, "organizer": BODIES,
        "date": ("DATE",), "location": ("LOCATION", "ORGANIZATION"),
    },
    "talks": {"participant": PEOPLE + BODIES, "date": ("DATE",), "location": ("LOCATION", "ORGANIZATION")},
    "inspection": {
        "inspector": PEOPLE + BODIES, "companion": PEOPLE + BODIES,
        "date": ("DATE",), "location": ("LOCATION", "ORGANIZATION"),
    },
    "directive": {
        "issuer": PEOPLE + BODIES, "recipient": PEOPLE + BODIES, "date": ("DATE",), "measure": ("MEASURE",),
    },
    "establishment": {
        "body": BODIES, "founder": PEOPLE + BODIES, "date": ("DATE",), "location": ("LOCATION",),
    },
    "appointment": {
        "appointee": PEOPLE, "position": ("POSITION",), "body": BODIES, "date": ("DATE",),
    },
    "dismissal": {"person": PEOPLE, "position": ("POSITION",), "body": BODIES, "date": ("DATE",)},
    "incident": {"date": ("DATE",), "location": ("LOCATION", "ORGANIZATION"), "quantity": ("QUANTITY",)},
    "deployment": {
        "sender": PEOPLE + BODIES, "member": PEOPLE + BODIES, "destination": BODIES,
        "date": ("DATE",), "quantity": ("QUANTITY",),
    },
    "issuance": {"issuer": PEOPLE + BODIES, "date": ("DATE",)},
    "response": {
        "measure": ("MEASURE",), "actor": PEOPLE + BODIES, "date": ("DATE",),
        "location": ("LOCATION", "ORGANIZATION"), "quantity": ("QUANTITY",),
    },
})  # fmt: skip


def trigger_label(event_type: str) -> str:
    """The span label of a trigger.

    >>> trigger_label("meeting")
    'TRIGGER:meeting'
    """
    return TRIGGER_PREFIX + event_type


def anchor_type(label: str) -> str | None:
    """The event type that a span of this label can anchor, or None.

    >>> anchor_type("TRIGGER:talks"), anchor_type("MEASURE"), anchor_type("DATE")
    ('talks', 'response', None)
    """
    if label.startswith(TRIGGER_PREFIX):
        return label.removeprefix(TRIGGER_PREFIX)
    return RESPONSE if label == "MEASURE" else None
