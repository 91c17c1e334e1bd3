"""The tables of divisions and townships, and the program that made them."""

from data.divisions import Row, division_rows, kept, of_one_line
from tests.test_places import grounded
from yaowen.ground.places.table import Division, divisions, townships


def test_every_township_is_in_a_county_of_the_table_or_a_city_without_counties():
    known = divisions().by_code
    codes = [code for found in townships().values() for code in found]
    assert len(codes) > 40_000
    strange = {code[:6] for code in codes if code[:6] not in known and f"{code[:4]}00" not in known}
    assert strange == set()


def test_a_division_bears_a_name_in_the_years_of_the_table():
    division = Division("320312", "铜山县", "county", "320300", 1980, 2009)
    assert [division.bears(year) for year in (1970, 1980, 2010, 2011)] == [False, True, True, False]


def test_the_generator_keeps_one_row_a_name():
    def record(year, name, code):
        county = {"county_name": name, "county_adcode": code, "county_id": "320312"}
        return {"year": str(year), "rank": "3", "city_name": "徐州市", "city_id": "320300", "province_id": "320000"} | county

    rows = division_rows(
        [record(2008, "铜山县", "320323"), record(2009, "铜山县", "320323"), record(2010, "铜山区", "320312")]
    )
    assert rows == [
        Row("320312", "铜山区", 2010, 2010, "320312", "320300"),
        Row("320312", "铜山县", 2008, 2009, "320323", "320300"),
    ]
    assert list(kept(rows)) == rows
    assert [row.line(2010) for row in rows] == [
        "320312\t铜山区\t2010\t\t\t320300",
        "320312\t铜山县\t2008\t2009\t320323\t320300",
    ]


def test_the_generator_leaves_out_what_codes_given_anew_have_led_elsewhere():
    city = Row("510781", "江油市", 1988, 2024, "510781", "510700")
    before = Row("510781", "江油县", 1980, 1987, "510721", "510700")
    elsewhere = Row("510781", "万县", 1980, 1991, "512221", "511200")
    moved = Row("130684", "新城县", 1980, 1992, "132425", "132400")
    rows = [city, before, Row("130684", "高碑店市", 1993, 2024, "130684", "130600"), moved]
    assert list(of_one_line([city, before, elsewhere, *rows[2:]])) == rows
    assert grounded("万县").adcode != "510781"
    assert grounded("垫江县").adcode == "500231"
    assert grounded("忠县").score == 1
