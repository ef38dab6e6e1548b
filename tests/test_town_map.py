"""Own municipalities on a map: what is read of a stranger's geometry, where it is drawn, and what a person sees of it."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import ast
import json
import re
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest
from browser import axe_finds_no_serious_fault, browser_type_launch_args, visit, wait_until  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import atlas, charts_town
from letsdance.dashboards.compute import Token
from letsdance.dashboards.pages import data, town
from letsdance.dashboards.state import View, from_file, from_link, to_file, to_link
from letsdance.params import Refused
from letsdance.scenarios import Use, maps
from letsdance.scenarios.policy import Policy
from letsdance.scenarios.tables import Upload
from letsdance.simulation.municipalities import from_text
from letsdance.words import Text, catalogue, languages

TEXT = Text("en")


def geojson(*features):
    """A file of (properties, type, coordinates)."""
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": told, "geometry": kind and {"type": kind, "coordinates": where}}
        for told, kind, where in features]}).encode()


def square(x, y, size=1.0):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def drawn(names, *features):
    return maps.drawn(names, maps.read(geojson(*features), "m.geojson"), "m.geojson")


def corners(outline, m):
    return {tuple(corner) for ring in outline.rings[m] for corner in ring.tolist()}


# ---------------------------------------------------------------- what is refused

SOMEWHERE = geojson(({"n": "Ash"}, "Point", [4.0, 52.5])).decode()


@pytest.mark.parametrize(("content", "says"), [
    ("{", "cannot be read as JSON"), ("[" * 100_000, "cannot be read as JSON"), ("\x00", "cannot be read as JSON"),
    ('{"type": "Topology"}', "TopoJSON"), ('{"type": "FeatureCollection", "features": []}', "must be a FeatureCollection"),
    ("[1]", "must be a FeatureCollection"), ('{"type": "Feature"}', "must be a FeatureCollection"),
    (SOMEWHERE.replace("4.0", "NaN"), "feature 1: a coordinate is nan"),
    (SOMEWHERE.replace("4.0", "1e999"), "feature 1: a coordinate is inf"),
    (SOMEWHERE.replace("52.5", "-2e8"), "feature 1: a coordinate is -2e+08, which is no place"),
    (SOMEWHERE.replace("4.0", '"4"'), "feature 1: this is no Feature"), (SOMEWHERE.replace("4.0, ", ""), "no Feature"),
    (SOMEWHERE.replace("Point", "Sphere"), "feature 1: this is no Feature"),
    (geojson(({"n": "Ash"}, None, 0)).decode(), "nothing to draw"),
    (geojson(*[({}, None, 0)] * 20_001).decode(), "more than 20,000 features"),
    (geojson(*[({"n": "x"}, "Polygon", [square(0, 0)] * 10_001)] * 2).decode(), "more than 20,000 rings"),
    (" " * 5_000_001, "larger than 5 MB")], ids=lambda value: value[:20] if len(value) < 200 else "")
def test_what_is_no_map_is_refused_in_one_sentence(content, says):
    with pytest.raises(Refused) as no:
        maps.read(content.encode(), "m.geojson")
    assert says in str(no.value)
    assert str(no.value).startswith("m.geojson")


def test_what_cannot_be_drawn_is_refused_and_what_is_drawn_is_bounded():
    with pytest.raises(Refused, match="more than 40,000 corners however coarsely"):
        drawn(["Ash"], ({"n": "Ash"}, "Polygon", [[[0, 0], [1, 1]] * 25_000]))
    with pytest.raises(Refused, match=r"no municipality .* the table has 'Ash', the file 'Elm'"):
        drawn(["Ash"], ({"n": "Elm"}, "Point", [0, 0]))
    turn = np.linspace(0, 2 * np.pi, 60_000)
    wheel = np.column_stack([np.cos(turn), np.sin(turn)]).round(6).tolist()
    fine = drawn(["Ash"], ({"n": "Ash"}, "Polygon", [wheel])).shapes.rings[0][0]
    assert 1000 < len(fine) <= maps.MOST_POINTS  # a round shape stays round
    assert np.hypot(*(fine - 1000).T) == pytest.approx(1000, abs=3)
    inside = drawn(["Ash"], ({"n": "Ash", "deep": [[[{}]]], "long": "x" * 999, "on": True}, "Point", [0, 0, 7]))
    assert (inside.by, inside.shapes) == ("n", None)


@pytest.mark.parametrize("language", languages()[1:])
def test_all_that_a_map_can_refuse_has_its_words(language):
    tree = ast.parse(Path(maps.__file__).read_text(encoding="utf-8"))
    said = {node.args[0].value for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused"}
    assert len(said) > 8
    assert said <= catalogue(language)["refused"].keys()


# ---------------------------------------------------------------- whose shape is whose

def test_names_and_codes_are_matched_as_tables_write_them():
    names = ["'s-Hoek", "Zürich", "Bergen", "Ash Down", "Nowhere"]
    written = ["’s‑Hoek", "ZURICH", "Bergen", "bergen", "Ash  Down"]
    found = drawn(names, *(({"id": k, "naam": name}, "Point", [k, 0]) for k, name in enumerate(written)),
                  ({"id": 6, "naam": None}, "LineString", [[0, 0], [1, 1]]))
    assert (found.by, found.lost, found.spare, found.left) == ("naam", ("Nowhere",), ("bergen",), 1)
    assert atlas.said(found, TEXT) == (
        "4 of 5 municipalities are on the map, found by “naam”. Not found, and drawn below it: Nowhere (1). In the file, "
        "but not in your table: bergen (1). Left out, since they are neither outlines nor points: 1.")
    by_code = drawn(["101", "102"], *(({"code": code, "naam": "A"}, "Point", [code, 0]) for code in (101.0, 102.0)))
    assert (by_code.by, by_code.lost) == ("code", ())
    many = drawn([f"T{k}" for k in range(9)], ({"n": "T0"}, "Point", [0, 0]))
    assert "T1, T2, T3, T4, T5, … (8)" in atlas.said(many, TEXT)


def test_a_kind_before_a_name_is_no_other_name_and_what_is_not_found_is_guessed_at():
    names = ["Gemeente Ash", "Elm", "Stad Birch", "Den Haag", "Noordwijkerhout", "Bergen"]
    written = ["Ash", "Gemeente Elm", "Birch", "'s-Gravenhage", "Noordwijkerhoud", "Bergen (L.)", "Bergen (NH.)"]
    found = drawn(names, *(({"naam": name}, "Polygon", [square(2 * k, 0)]) for k, name in enumerate(written)))
    assert found.lost == ("Den Haag", "Noordwijkerhout", "Bergen")
    assert found.guesses[:2] == ("", "Noordwijkerhoud")
    assert found.spare == ("'s-Gravenhage", "Noordwijkerhoud", "Bergen (L.)", "Bergen (NH.)")
    said = atlas.said(found, TEXT)
    assert "Noordwijkerhout, perhaps “Noordwijkerhoud”" in said
    assert "'s-Gravenhage" in said, "what no spelling tells stands among the rest"
    assert len(found.shapes.rings) == 6, "the rest is drawn"
    assert len({tuple(found.shapes.rings[k][0][0]) for k in range(3)}) == 3


@pytest.mark.parametrize("crs", [None, "urn:ogc:def:crs:EPSG::28992", "urn:ogc:def:crs:EPSG::32631"])
def test_a_national_grid_in_metres_is_drawn_true_whatever_it_is_called(crs):
    """RD New and UTM: a square of 10 km stays a square, the north is at the top; crs: a member of older files, or none."""
    for east, north in ((150_000, 460_000), (650_000, 5_770_000)):
        content = json.loads(geojson(*(({"n": name}, "Polygon", [square(east + dx, north + dy, 1e4)])
                                       for name, dx, dy in (("SW", 0, 0), ("NE", 1e4, 1e4)))))
        content |= {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
        found = maps.drawn(["SW", "NE"], maps.read(json.dumps(content).encode(), "rd.geojson"), "rd.geojson")
        assert found.shapes.box == (2000, 2000)
        assert corners(found.shapes, 0) == {(0, 1000), (1000, 1000), (1000, 2000), (0, 2000)}
        assert corners(found.shapes, 1) == {(1000, 0), (2000, 0), (2000, 1000), (1000, 1000)}
        assert found.far == ()


# ---------------------------------------------------------------- where it is drawn

def test_shapes_keep_their_borders_and_the_north_is_at_the_top():
    island = [square(0, 0), square(0.25, 0.25, 0.5)[::-1]]  # Ash lies around Elm
    within = [[square(0.25, 0.25, 0.5)], [square(0.9999999, 0, 1e-7)]]
    found = drawn(["Ash", "Birch", "Elm", "Gone"], ({"n": "Ash"}, "Polygon", island),
                  ({"n": "Birch"}, "Polygon", [square(0, 1)]), ({"n": "Elm"}, "MultiPolygon", within))
    shapes = found.shapes
    assert shapes.box[0] == 2000
    assert corners(shapes, 0) & corners(shapes, 1) == {(0, 2000), (2000, 2000)}
    assert corners(shapes, 2) == set(map(tuple, shapes.rings[0][1].tolist()))  # and its speck is gone
    assert shapes.names[1][1] < shapes.names[0][1] < shapes.names[3][1]  # Birch is north of Ash, Gone below all
    assert min(y for _, y in corners(shapes, 3)) > max(y for _, y in corners(shapes, 0))
    assert shapes.paths[1] == "M2000 2000l0 -2000 -2000 0 0 2000z"


def test_degrees_are_drawn_true_in_the_middle_and_metres_as_they_are():
    def ratio(shape):
        box = drawn(["Ash"], ({"n": "Ash"}, "Polygon", [shape])).shapes.box
        return box[0] / box[1]

    assert ratio(square(5, 59.5)) == pytest.approx(np.cos(np.radians(60)), rel=0.01)
    assert ratio(square(100_000, 400_000, 50_000)) == 1
    across = [[179.5, 0], [-179.5, 0], [-179.5, 1], [179.5, 1], [179.5, 0]]  # both sides of the 180th meridian
    assert ratio(across) == pytest.approx(1, rel=0.01)


def test_what_lies_across_an_ocean_stands_below_at_the_same_scale_and_is_named():
    land = [({"n": f"L{k}"}, "Polygon", [square(2 * (k % 3), 44 + 2 * (k // 3), 2)]) for k in range(9)]
    islands = [({"n": "Near"}, "Polygon", [square(8, 42)]), ({"n": "Tropic"}, "Polygon", [square(-61, 0)]),
               ({"n": "South"}, "Polygon", [square(55, -21)]), ({"n": "South 2"}, "Polygon", [square(57, -21)])]
    names = [told["n"] for told, *_ in land + islands]
    found = drawn(names, *land, *islands)
    assert found.far == ("Tropic", "South", "South 2")  # two degrees of sea are no ocean
    assert "Drawn below, at the same scale, though they lie far away: Tropic, South, South 2 (3)" in atlas.said(found, TEXT)
    sides = {name: np.ptp(np.concatenate(found.shapes.rings[m]), axis=0) for m, name in enumerate(names)}
    for name, latitude in (("Tropic", 0.5), ("South", -20.5)):
        wide, high = sides[name]
        assert high == pytest.approx(sides["Near"][1], abs=2)  # the same scale
        assert wide / high == pytest.approx(np.cos(np.radians(latitude)), rel=0.02)  # true where it lies
    tops = {name: min(y for _, y in corners(found.shapes, m)) for m, name in enumerate(names)}
    foot = max(y for m, name in enumerate(names) if name not in found.far for _, y in corners(found.shapes, m))
    assert min(tops[name] for name in found.far) > foot
    assert found.shapes.names[names.index("South 2")][0] > found.shapes.names[names.index("South")][0]
    alone = drawn(names[:10], *land, *islands[:1])  # what is not moved is drawn as ever
    assert alone.far == ()
    assert np.array_equal(alone.shapes.rings[9][0] * 1.0, found.shapes.rings[9][0])
    spread = drawn(list("ABC"), *(({"n": name}, "Polygon", [square(3 * k, 3 * k, 0.1)]) for k, name in enumerate("ABC")))
    assert spread.far == ()  # three towns of a country are its map
    metres = drawn(list("AB"), *(({"n": name}, "Polygon", [square(x, 0, 1e5)]) for name, x in (("A", 2e5), ("B", 2e6))))
    assert metres.far == ("B",)


def test_squares_lie_where_municipalities_do_and_each_has_its_own():
    rng = np.random.default_rng(1)
    places = np.where(rng.random((200, 1)) < 0.02, np.nan, rng.random((200, 2)) ** 3)
    laid = maps.squares(places)
    assert len({names[:2] for names in laid.names}) == 200
    at, known = np.array(laid.names)[:, :2], np.isfinite(places[:, 0])
    for axis in (0, 1):
        assert np.corrcoef(np.argsort(np.argsort(places[known, axis])), at[known, axis])[0, 1] > 0.9
    assert at[~known, 1].min() > at[known, 1].max()
    assert len(set(maps.squares(np.full((7, 2), np.nan)).names)) == 7
    assert len(set(maps.squares(np.zeros((7, 2))).names)) == 7


def test_coordinates_of_a_table_go_with_its_municipalities():
    table = "gemeente;inwoners;Lengtegraad;breedtegraad\nAsh;1200;4,5;52,25\nBirch;300;;51\nElm;900;5,5;51,75\n"
    draft = data.opened(Upload("t.csv", table.encode()))
    view, *_ = data.started(draft, View("town"))
    assert view.places == "name,citizens,longitude,latitude\nAsh,1200,4.5,52.25\nBirch,300,,51\nElm,900,5.5,51.75\n"
    assert from_text(view.places).names == ("Ash", "Birch", "Elm")
    for again in (from_link(to_link(view), "town"), from_file("t.toml", to_file(view))):
        assert again.places == view.places
    at = maps.placed(view.places)
    told = np.array([[4.5, -52.25], [np.nan, np.nan], [5.5, -51.75]])
    assert at == pytest.approx(told * (np.cos(np.radians(52)), 1), nan_ok=True)
    assert maps.placed("name,citizens\nAsh,10\n") is None


# ---------------------------------------------------------------- the small town, and a picture

OWN = "name,citizens,willingness\n" + "".join(f"Town {k},{100 + k},0.{k + 10}\n" for k in range(9))


def test_the_small_town_is_named_after_the_largest_own_municipalities_and_those_of_levers():
    view = View("town", Policy.of(quarters=8).with_use("lever", None, Use("FRCS", 2, None, 1.0, "Town 1")), places=OWN)
    run = town.Run.of(view, "small", Token())
    shown = town.film(run, True).shown
    assert shown["names"] == ["Town 1", "Town 4", "Town 5", "Town 6", "Town 7", "Town 8"]
    assert shown["size"] == [10] * 6
    given = run.towns().given["willingness"]
    assert given.tolist() == [0.11, 0.14, 0.15, 0.16, 0.17, 0.18]
    assert town.film(town.Run.of(view, "full", Token()), False).shown["names"] == [f"Town {k}" for k in range(9)]


@pytest.mark.parametrize("colour", town.COLOURS)
def test_a_picture_of_the_map_has_each_municipality_in_its_colour(colour):
    names = [f"Town {k}" for k in range(9)]
    outline = drawn(names, *(({"n": name}, "Polygon", [square(k % 3, k // 3)]) for k, name in enumerate(names))).shapes
    run = town.Run.of(View("town", Policy.of(quarters=8), places=OWN), "full", Token())
    shown = town.film(run, False).shown
    made = town.made(run, False, 8, "picture", "svg", TEXT, outline, colour)
    svg = xml.etree.ElementTree.fromstring(made.content)
    filled = re.findall(r"fill: ?(#[0-9a-f]{6})", made.content.decode())
    for m in range(9):
        assert charts_town._said(shown, 8, m, colour) in filled
    words = {" ".join(one.itertext()).strip() for one in svg.iter() if one.tag.endswith("}text")}
    assert set(names) <= words


# ---------------------------------------------------------------- in a browser

def test_a_map_is_opened_told_walked_and_kept(visit, tmp_path):
    places = "name,citizens\n" + "".join(f"Town {k},12\n" for k in range(10))
    path = tmp_path / "own.geojson"
    path.write_bytes(geojson(*(({"naam": f"TOWN {k}"}, "Polygon", [square(5 + k % 3, 50 + k // 3)]) for k in range(9))))
    own = (("town.at-quarter", "8"), ("town.which-world", "full"))
    view = View("town", Policy.of("dead_horse", quarters=8), places=places, own=own)
    page = visit(f"/town?{to_link(view)}")
    shown = town.film(town.Run.of(view, "full", Token()), False).shown
    expect(page.locator(".tw-tile")).to_have_count(10)
    chooser = page.locator(".tw-bring input")
    bad = tmp_path / "bad.geojson"
    bad.write_bytes(path.read_bytes().replace(b"[5, 50]", b"[5, NaN]"))
    chooser.set_input_files(str(bad))
    expect(page.get_by_role("alert")).to_have_text(re.compile("bad.geojson, feature 1: a coordinate is nan"))
    chooser.set_input_files(str(path))
    expect(page.locator(".tw-map path")).to_have_count(10)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".tw-drawing .tw-note")).to_have_text(re.compile(r"^9 of 10 municipalities.*Town 9 \(1\)"))
    expect(page.locator(".tw-mapnames text")).to_have_count(9)  # the lost one is too small for its name

    page.locator("[data-agent='council.5']").focus()  # the middle one
    tip = page.locator(".tw-tip")
    expect(tip.locator("b")).to_have_text("Town 4")
    assert tip.locator("em").all_inner_texts()[1:3] == [f"{shown[name][8][4]} %" for name in ("C", "G")]
    page.keyboard.press("ArrowRight")
    expect(tip.locator("b")).to_have_text("Town 5")
    page.keyboard.press("ArrowUp")
    expect(tip.locator("b")).to_have_text("Town 8")
    page.keyboard.press("Enter")
    expect(page.locator(".tw-story h2")).to_have_text("Council of Town 8")
    assert page.locator(".tw-map path[tabindex='0']").count() == 1  # one stop of the Tab key

    page.get_by_label("Colour says").select_option("G")
    page.wait_for_function("location.search.includes('town.colours-say=G')")
    paints = page.locator(".tw-map path")
    wait_until(page, lambda: (len(set(paints.evaluate_all("all => all.map(one => getComputedStyle(one).fill)"))) == 1)
               == (len(set(shown["G"][8])) == 1))
    axe_finds_no_serious_fault(page)
    page.get_by_role("button", name="Squares").click()
    page.wait_for_function("location.search.includes('town.drawn-as=squares')")
    assert "GeoJSON" not in page.url
    page.reload()
    expect(page.locator(".tw-map path")).to_have_count(10)  # the tab kept it
    page.get_by_role("button", name="Put it away").click()
    expect(page.locator(".tw-drawing .tw-note")).to_have_text(re.compile("^A map with your municipalities"))
    expect(page.locator(".tw-map path")).to_have_count(10)  # squares in the order of the table
    page.reload()
    expect(page.locator(".tw-map path")).to_have_count(10)
    expect(page.get_by_role("button", name="Map", exact=True)).to_have_count(0)
