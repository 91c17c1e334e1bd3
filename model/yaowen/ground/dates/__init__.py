"""Dates to intervals of ISO 8601, each alone or in the order of its document."""

from yaowen.ground.dates.read import DateMention, date_mentions, read_date, read_dates
from yaowen.ground.dates.value import DateValue, Precision, Source

__all__ = ["DateMention", "DateValue", "Precision", "Source", "date_mentions", "read_date", "read_dates"]
