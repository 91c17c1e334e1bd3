"""Mentions of places to national codes of divisions, by the names themselves and by the document they stand in."""

from yaowen.ground.places.document import ground_places
from yaowen.ground.places.evidence import place_hints
from yaowen.ground.places.names import Gazetteer, Match
from yaowen.ground.places.place import Candidate, Place

__all__ = ["Candidate", "Gazetteer", "Match", "Place", "ground_places", "place_hints"]
