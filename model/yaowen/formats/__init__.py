"""Annotated documents: how they are read, checked and written."""
