"""What a mention of a place is grounded to."""

from dataclasses import dataclass
from typing import Any, Literal

How = Literal["name", "part", "level", "context", "none"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A division that a mention can mean, and how much speaks for it among the others (they add up to 1)."""

    adcode: str
    full_name: str
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """A mention's division or country; nothing but candidates where the text does not decide, and then `reason` says why.

    `how`: "name", the mention is the division's name; "part", the name is part of it (三亚市人民医院); "level", a bare level
    word that the document completes (市委); "context", no name, but the document is about the division (a village).
    """

    adcode: str | None = None
    name: str | None = None
    full_name: str | None = None
    level: str | None = None
    score: float = 0.0
    how: How = "none"
    iso: str | None = None
    facility: str | None = None
    town: str | None = None
    town_code: str | None = None
    former: str | None = None
    candidates: tuple[Candidate, ...] = ()
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.adcode is not None and not (len(self.adcode) == 6 and self.adcode.isdigit()):
            raise ValueError(f"adcode {self.adcode!r}: a division's code is six digits")
        if self.adcode is None and self.iso is None and self.reason is None:
            raise ValueError("a place without a division or country must say why in `reason`")

    def to_dict(self) -> dict[str, Any]:
        """For the record: without what is empty; `adcode` always.

        >>> Place(adcode="460200", name="三亚市", full_name="海南省三亚市", level="city", score=1.0, how="name").to_dict()
        {'adcode': '460200', 'name': '三亚市', 'full_name': '海南省三亚市', 'level': 'city', 'score': 1.0, 'how': 'name'}
        """
        fields = ("name", "full_name", "level", "score", "how", "iso", "facility", "town", "town_code", "former", "reason")
        shown: dict[str, Any] = {"adcode": self.adcode}
        for field in fields:
            value = getattr(self, field)
            if value is not None:
                shown[field] = round(value, 3) if field == "score" else value
        if self.candidates:
            shown["candidates"] = [
                {"adcode": c.adcode, "full_name": c.full_name, "score": round(c.score, 3)} for c in self.candidates
            ]
        return shown
