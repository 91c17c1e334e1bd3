"""Spans that mean something: what is read from a date, a place, an office; each part is usable alone."""
