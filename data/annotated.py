"""Our annotated news. What reads it is in the package, where users have it too: `yaowen.formats.annotated`."""

from yaowen.formats.annotated import (
    AnnotatedDocument,
    Event,
    Mark,
    Role,
    attempt,
    from_record,
    parse,
    read,
    to_record,
    write,
)

__all__ = ["AnnotatedDocument", "Event", "Mark", "Role", "attempt", "from_record", "parse", "read", "to_record", "write"]
