"""The page Town: what it shows is what the model holds; and in a browser, what a person sees and does."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import axe_finds_no_serious_fault, browser_type_launch_args, drawn, fits, redrawn, sized, visit  # noqa: F401  (fixtures)
from PIL import Image
from playwright.sync_api import expect

from letsdance import scenarios
from letsdance.dashboards import charts_town, told
from letsdance.dashboards.compute import Stopped, Token
from letsdance.dashboards.pages import town
from letsdance.dashboards.state import View, from_link, to_link
from letsdance.params import Refused
from letsdance.scenarios import Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation import simulate
from letsdance.simulation.model import CoCreationModel
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import STAGES
from letsdance.words import Text

POLICY = Policy.of("lone_ranger", quarters=24).with_use("lever", None, Use("FRCS", 4, None, 1.0))
VIEW = View("town", POLICY, seed=3)
TEXT = Text("en")


@pytest.fixture(scope="module")
def small():
    run = town.Run.of(VIEW, "small", Token())
    return run, town.film(run, True)


def model_at(quarter, policy=POLICY):
    """The small world, stepped to a quarter by Mesa's own step."""
    model = CoCreationModel(policy.scenario(), rng=3, municipalities=6, citizens=10)
    for _ in range(quarter):
        model.step()
    return model


def percent(values):
    return [round(100 * float(v)) for v in values]


# ---------------------------------------------------------------- the film

def test_the_film_of_the_small_world_is_the_models_agents(small):
    shown = small[1].shown
    assert (shown["names"], shown["size"]) == ([f"M{m}" for m in range(1, 7)], [10] * 6)
    for quarter in (0, 1, 9, 24):
        model = model_at(quarter)
        assert shown["w"][quarter] == percent(c.willingness for c in model.citizens)
        assert shown["uses"][quarter] == "".join(str(c.uses) for c in model.citizens)
        assert shown["G"][quarter] == percent(g.willingness for g in model.governments)
        assert [STAGES[int(s)] for s in shown["stage"][quarter]] == [g.stage for g in model.governments]
        assert [REGIMES[int(r)] for r in shown["regime"][quarter]] == [g.regime for g in model.governments]
        running = {(g.row, i.id): sorted(c.row for c in i.members) for g in model.governments for i in g.initiatives}
        filmed = {(one["m"], one["id"]): [who for q, who in one["members"] if q <= quarter][-1]
                  for one in shown["initiatives"]
                  if one["launched"] <= quarter and (one["ended"] is None or quarter < one["ended"])}
        assert filmed == running
    assert shown["ties"][0] == [c.row for c in model_at(0).citizens[0].neighbors]
    assert shown["peers"][2] == [g.row for g in model_at(0).governments[2].neighbors]
    assert len(json.dumps(shown, allow_nan=False)) < 60_000


def test_the_film_of_the_full_world_is_the_tables_of_simulate():
    film = town.film(town.Run.of(VIEW, "full", Token()), False)
    table = simulate(POLICY.scenario(), runs=1, seed=3).municipalities
    for quarter, rows in table.groupby("quarter"):
        assert film.shown["C"][quarter] == np.rint(100 * rows["citizens_willingness"]).astype(int).tolist()
        assert [REGIMES[int(r)] for r in film.shown["regime"][quarter]] == rows["regime"].tolist()
        assert [STAGES[int(s)] for s in film.shown["stage"][quarter]] == rows["stage"].tolist()
        assert film.shown["projects"][quarter] == rows["projects"].tolist()
    k = list(town.HAPPENS).index("successes")
    both = table["supported_successes"] + table["solo_successes"]
    assert film.counts[:, :, k].ravel().tolist() == both.tolist()


def test_lives_are_the_initiatives_table_of_simulate(small):
    table = simulate(town.Run.of(VIEW, "small", Token()).policy.scenario(), runs=1, seed=3).initiatives
    shown = small[1].shown
    got = sorted((shown["names"][one["m"]], one["launched"], one["size"], one["service"] or -1, one["ended"] or -1)
                 for one in shown["initiatives"])
    ends = [table[name].fillna(-1).astype(int) for name in ("service_from", "ended")]
    assert got == sorted(zip(table["municipality"], table["launched"], table["size"], *ends, strict=True))


def test_own_municipalities_are_the_full_world():
    view = View("town", POLICY, places="name,citizens\nÅsh,25\nBirch,40\n")
    assert town.film(town.Run.of(view, "full", Token()), False).shown["names"] == ["Åsh", "Birch"]
    assert town.film(town.Run.of(view, "small", Token()), True).shown["size"] == [10, 10]


def test_a_run_that_nobody_wants_stops():
    token = Token()
    token.stop()
    with pytest.raises(Stopped):
        town.film(town.Run.of(View("town", POLICY, seed=987), "small", token), True)


# ---------------------------------------------------------------- the story

def test_terms_are_why_with_and_without_the_lever(small):
    run = small[0]
    for key, kind, row in (("citizen.13", "citizen", 12), ("council.3", "council", 2)):
        seen = town.story(run, True, key, TEXT)
        for quarter in (1, 12, 24):
            for policy, side in ((POLICY, "rows"), (POLICY.without_policy(), "off")):
                model = model_at(quarter, policy)
                agent = (model.citizens if kind == "citizen" else model.governments)[row]
                for decision in seen["decisions"]:
                    why = agent.why(decision["name"])
                    assert decision[side][quarter - 1] == pytest.approx(list(why.values()), abs=6e-5)
        first = seen["decisions"][0]
        names = town.reasons(run, kind, row)["willingness"]["names"]
        drive = names.index("drive")
        for values in first["rows"]:  # reasons add up to what they call for
            assert sum(v for v, line in zip(values, first["lines"], strict=True) if not line["result"]) == pytest.approx(
                values[drive], abs=1e-3)
        assert seen["way"] == [quarter[row] for quarter in small[1].shown["w" if kind == "citizen" else "G"]]
        assert not seen["same"]
    assert town.story(run.without_policy(), True, "citizen.13", TEXT)["same"]


@pytest.mark.parametrize("seed", range(20))
def test_reasons_named_are_the_fewest_largest_that_make_up_half_of_their_side(seed):
    terms = {f"t{k}": float(v) for k, v in enumerate(np.random.default_rng(seed).normal(size=8))} | {"nil": 0.004}
    for sign, named in zip((1, -1), told.sides(terms), strict=True):
        mine = {name: sign * value for name, value in terms.items() if sign * value > 0.005}
        assert named == sorted(mine, key=mine.get, reverse=True)[:len(named)]
        assert sum(mine[name] for name in named) >= sum(mine.values()) / 2 - 1e-12
        assert sum(mine[name] for name in named[:-1]) < sum(mine.values()) / 2 or not mine


@pytest.mark.parametrize("language", ["en", "nl", "de", "fr"])
def test_sentences_of_a_decision_say_what_its_terms_say(small, language):
    run, text = small[0], Text(language)
    for key, kind, row in (("citizen.13", "citizen", 12), ("council.3", "council", 2)):
        seen = town.story(run, True, key, text)
        for decision in seen["decisions"]:
            name, why = decision["name"], town.reasons(run, kind, row)[decision["name"]]
            for values, near, said in zip(why["rows"], why["near"], decision["says"], strict=True):
                terms, whole = dict(zip(why["names"], values, strict=True)), " ".join(said)
                assert seen["title"] in said[0]
                assert "{" not in whole
                assert "story." not in whole
                if name == "use":
                    continue
                reasons = {one: value for one, value in terms.items() if one not in told.RESULTS}
                largest = max(reasons, key=lambda one: abs(reasons[one]))
                side = "for" if reasons[largest] > 0 else "against"
                assert text(f"story.{side}_{largest}", share=text.percent(near)) in whole
                if name == "willingness":
                    assert said[0] == text(
                        f"story.told_{'' if round(100 * terms['after']) >= 50 else 'un'}willing", who=seen["title"],
                        quarter=text.quarter(why["rows"].index(values) + 1), after=text.percent(terms["after"]),
                        before=text.percent(terms["before"]))
                    assert text.percent(terms["target"]) in said[-1]


def test_every_term_has_its_clause_in_every_language(small):
    for kind in ("citizen", "council"):
        for why in town.reasons(small[0], kind, 0).values():
            for name in {*why["names"]} - {*told.RESULTS, "exposure", "resources", "offered"}:
                for language in ("en", "nl", "de", "fr"):
                    for side in ("for", "against"):
                        assert Text(language)(f"story.{side}_{name}") != f"story.{side}_{name}"


def test_those_nearby_are_said_as_they_were_a_quarter_before(small):
    before = model_at(11)
    citizen, use = (town.reasons(small[0], "citizen", 12)[name]["near"][11] for name in ("willingness", "use"))
    assert citizen == pytest.approx(np.mean([one.willingness for one in before.citizens[12].neighbors]))
    assert use == pytest.approx(np.mean([one.uses for one in before.citizens[12].neighbors]))
    peers = town.reasons(small[0], "council", 2)["willingness"]["near"][11]
    assert peers == pytest.approx(np.mean([one.willingness for one in before.governments[2].neighbors]))


def test_a_term_of_a_mechanism_is_named_as_such():
    terms = {"leaning": 0.1, "my_term": 0.9, "drive": 1.0, "target": 0.7, "noise": 0.0, "before": 0.5, "after": 0.6}
    said = told.decided("willingness", "Ann", 4, terms, 0.5, 0, TEXT)
    assert said[1] == "That is mostly because “my term” speaks for it."


def test_a_quarter_is_written_with_its_year():
    assert [TEXT.quarter(q) for q in (0, 1, 4, 5, 60)] == ["0", "1 (year 1)", "4 (year 1)", "5 (year 2)", "60 (year 15)"]


def test_what_a_citizen_did_is_what_the_agents_show(small):
    run, film = small
    seen = town.story(run, True, "citizen.13", TEXT)
    inside = [{(i.government.row, i.id) for i in model_at(q).citizens[12].initiatives} for q in range(25)]
    numbers = {(one["m"], one["id"]): one["number"] for one in film.shown["initiatives"]}
    changes = sorted((q, f"initiative.{numbers[one]}") for q in range(1, 25) for one in inside[q] ^ inside[q - 1])
    assert sorted((event[0], event[2]) for event in seen["events"] if len(event) == 3) == changes
    assert [q for q, *_ in seen["events"]] == sorted(q for q, *_ in seen["events"])
    near = {f"citizen.{c.row + 1}" for c in model_at(0).citizens[12].neighbors}
    assert {key for key, _ in seen["near"]} == near | {"council.2"}
    assert seen["title"] == "Citizen 3 of M2"
    for q in range(25):
        part = ("waits", "takes part in one initiative", "takes part in two initiatives")[len(inside[q])]
        assert f" {part} and " in seen["doing"][q]


def test_joining_leaving_and_the_end_are_told_apart():
    life = {"members": [[2, [4, 5]], [5, [5]]], "ended": 9}
    assert town.joinings(life, 4) == [(2, "joined"), (5, "left")]
    assert town.joinings(life, 5) == [(2, "joined"), (9, "ended")]
    assert town.joinings(life | {"ended": None}, 5) == [(2, "joined")]
    assert town.joinings(life, 6) == []


def test_an_initiative_says_what_became_of_its_call_without_the_lever(small):
    run, film = small
    other = {(one["m"], one["id"]) for one in town.film(run.without_policy(), True).shown["initiatives"]}
    for one in film.shown["initiatives"]:
        said = " ".join(town.story(run, True, f"initiative.{one['number']}", TEXT)["facts"])
        assert ("came to nothing" in said) == ((one["m"], one["id"]) not in other)


@pytest.mark.parametrize(("key", "said"), [("citizen.61", "it has 60"), ("citizen.x", "no citizen 'x'"), (
    "counsil.1", "Did you mean council"), ("initiative.0", "no initiative '0'")])
def test_nobody_is_refused_in_a_sentence(small, key, said):
    with pytest.raises(Refused, match=re.escape(said)):
        town.check_shown(key, small[1].shown)


# ---------------------------------------------------------------- what is taken away

def test_tables_are_those_of_simulate_for_this_run(small):
    run = small[0]
    wanted = simulate(run.policy.scenario(), runs=1, seed=3)
    for name, frame in (("municipalities", wanted.municipalities), ("initiatives", wanted.initiatives)):
        got = pd.read_parquet(io.BytesIO(town.made(run, True, 12, name, "parquet", TEXT).content))
        pd.testing.assert_frame_equal(got, frame, check_categorical=False, check_dtype=False)
        csv = town.made(run, True, 12, name, "csv", TEXT)
        assert (csv.name, len(pd.read_csv(io.BytesIO(csv.content)))) == (f"town-{name}.csv", len(frame))
    with pytest.raises(Refused, match="Did you mean initiatives"):
        town.made(run, True, 12, "initiative", "csv", TEXT)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("world", town.WORLDS)
def test_a_picture_shows_what_the_film_holds_and_how_it_was_made(world, language):
    run, text = town.Run.of(VIEW, world, Token()), Text(language)
    shown = town.film(run, world == "small").shown
    svg = xml.etree.ElementTree.fromstring(town.made(run, world == "small", 12, "picture", "svg", text).content)
    words = [" ".join(one.itertext()).strip() for one in svg.iter() if one.tag.endswith("}text")]
    assert [name for name in shown["names"] if name in words] == shown["names"]
    assert "".join(words).replace(" ", "").count(charts_town.sentence(shown, 12, text).replace(" ", "")) == 1
    if world == "small":
        assert sorted(word for word in words if word.isdecimal()) == sorted(map(str, shown["G"][12]))
        for k, future in enumerate(REGIMES):
            assert words.count(text(f"curve.{future}")) == shown["regime"][12].count(str(k))
    origin = json.loads(next(one.text for one in svg.iter() if one.tag.endswith("}metadata")))
    assert (origin["seed"], origin["quarter"]) == (3, 12)
    again = simulate(scenarios.read("again", "again.toml", origin["scenario"]), runs=1, seed=origin["seed"])
    assert len(again.places) == len(shown["names"])
    png = Image.open(io.BytesIO(town.made(run, world == "small", 12, "picture", "png", text).content)).convert("RGB")
    assert png.width == 2 * float(svg.get("width"))
    assert len(png.quantize(64).getcolors()) > 10  # not one blank ground


def test_many_municipalities_are_drawn_as_squares():
    names = 700
    shown = {"people": False, "names": [f"A{k}" for k in range(names)], "G": [[60] * names], "C": [[40] * names],
             "regime": ["2" * names], "stage": ["3" * names]}
    sheet = charts_town.picture(shown, 0, "all", TEXT)
    assert "700" in sheet.summary
    assert sheet.height < 700
    assert ">A5<" not in sheet.svg().replace(" ", "")


# ---------------------------------------------------------------- in a browser

LINK = "/town?policy=lone_ranger~FRCS@4*1&town.at-quarter=12"


#: Municipalities of one's own, more than the small world holds.
OWN = "name,citizens\n" + "".join(f"{name},{citizens}\n" for name, citizens in (
    ("Zuidwijk aan Zee", 60), ("Oude Haven", 40), ("Nieuwerkerk aan den IJssel", 50), ("'s-Hertogenbosch", 90), ("Loo", 25),
    ("Hoogkerk", 45), ("Ü", 20), ("De Meent", 35)))


def frames(page, seconds=2.0):
    """Pictures a second that differ from the one before, as the browser shows them."""
    return page.evaluate("""(seconds) => new Promise((done) => {
        let seen = 0, last = '', began = 0;
        const look = (time) => {
            began = began || time;
            const now = [...document.querySelectorAll('.tw-citizen .tw-dot')].map(one => one.getAttribute('r')).join();
            if (now !== last) { seen += 1; last = now; }
            if (time - began < 1000 * seconds) requestAnimationFrame(look); else done((1000 * (seen - 1)) / (time - began));
        };
        requestAnimationFrame(look); })""", seconds)


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_play_step_back_and_click_a_citizen(visit, size):
    page = visit(LINK, size)
    at = page.locator(".tw-now")
    expect(at).to_have_text("Quarter 12 (year 3) of 60")
    page.get_by_role("button", name="One quarter on").click()
    page.get_by_role("button", name="One quarter on").click()
    page.get_by_role("button", name="One quarter back").click()
    expect(at).to_have_text("Quarter 13 (year 4) of 60")
    page.wait_for_function("location.search.includes('town.at-quarter=13')")
    page.locator("[data-agent='citizen.7'] .tw-dot").click()
    story = page.get_by_role("complementary", name="Its story")
    expect(story.get_by_role("heading", name="Citizen 7 of M1")).to_be_visible()
    seen = town.story(town.Run.of(from_link(LINK.partition("?")[2]), "small", Token()), True, "citizen.7", TEXT)
    for said in (seen["doing"][13], *seen["decisions"][0]["says"][12]):
        expect(story).to_contain_text(said.replace("\u00a0", " "))
    story.get_by_text("The terms behind it").click()
    expect(story.locator("caption")).to_have_text("What counted in quarter 13 (year 4)")
    expect(story.get_by_role("columnheader", name="same luck, lever off")).to_be_visible()
    expect(story.get_by_role("row", name="neighbours' willingness")).to_be_visible()
    page.get_by_label("Quarters a second").select_option("16")
    page.get_by_role("button", name="Play").click()
    expect(at).to_have_text("Quarter 60 (year 15) of 60")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    fits(page)
    fits(sized(page, "projector"))


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
@pytest.mark.parametrize("language", ["en", "de"])
def test_in_large_type_the_town_and_its_player_fit_on_one_screen_and_are_no_smaller(visit, size, language):
    page = visit(f"{LINK}&projector=1&lang={language}")  # with a lever: what it costs and its name stand above
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for shown in (".tw-svg", ".tw-player"):
        expect(page.locator(shown)).to_be_in_viewport(ratio=1)
    apart = page.evaluate("""() => [...document.querySelectorAll('.tw-player, .tw-more, .tw-svg')].map((one) => {
        const { left, top, right, bottom } = one.getBoundingClientRect(); return [left, top, right, bottom]; })""")
    town, player, more = apart
    assert town[3] <= player[1] + 1
    assert player[2] <= more[0] + 1
    assert town[3] - town[1] >= 0.4 * size[1]
    inner = page.evaluate("Math.max(...[...document.querySelectorAll('.tw-player > *')].map((one) => "
                          "one.getBoundingClientRect().right))")
    assert inner <= more[0] + 1
    scale = "document.querySelector('.tw-svg').getScreenCTM().a"  # pixels a unit of the drawing
    large = page.evaluate(scale)
    page.locator(".ld-projector").click()
    page.wait_for_function("!document.documentElement.classList.contains('ld-projector-on')")
    assert large >= page.evaluate(scale)


def test_a_film_plays_at_ten_frames_a_second_or_more(visit):
    page = visit(LINK)
    page.get_by_role("button", name="Play").click()
    assert frames(page) >= 10


def test_the_picture_says_what_the_page_says(visit):
    """In both worlds of one's own municipalities, one of which has a lever of its own."""
    policy = Policy.of("lone_ranger", quarters=24).with_use("lever", None, Use("FRCS", 4, None, 1.0, "Ü"))
    for world, seen in (("small", ".tw-svg"), ("full", ".tw-tiles")):
        view = View("town", policy, seed=3, places=OWN).put(**{town.QUARTER: 12, town.WORLD: world})
        page = visit(f"/town?{to_link(view)}")
        page.locator(seen).wait_for()
        shown = town.film(town.Run.of(view, world, Token()), world == "small").shown
        expect(page.locator(".tw-sentence")).to_have_text(charts_town.sentence(shown, 12, TEXT))
        if world == "small":
            assert page.locator(".tw-words").evaluate_all("all => all.map(one => one.dataset.place)") == shown["names"]
            for size in ("projector", "laptop", "phone"):  # a name and the future beside it do not touch
                sized(page, size)
                page.wait_for_function("""() => [...document.querySelectorAll('.tw-words')].every((one) =>
                    one.querySelector('.tw-name').getBoundingClientRect().right
                    < one.querySelector('.tw-regime').getBoundingClientRect().left)""")
        else:
            expect(page.locator(".tw-tile b")).to_have_text(shown["names"])
        assert ("Loo" in shown["names"]) == (world == "full"), "the smallest has no room, but the one with a lever has"
        assert "Ü" in shown["names"]
        expect(page.locator(".ld-budget")).to_contain_text(f"{63 / 8:.1f} points in all")  # 3 in 21 quarters, 1 of 8


def test_picture_and_table_are_downloaded(visit):
    page = visit(LINK)

    def take(name):
        page.get_by_role("button", name="Download").press("Enter")
        with page.expect_download() as download:
            page.get_by_role("button", name=name).press("Enter")
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    page.get_by_role("button", name="One quarter on").click()
    name, content = take("Picture of this quarter, SVG")
    assert (name, xml.etree.ElementTree.fromstring(content).tag[-3:]) == ("town-quarter-13.svg", "svg")
    name, content = take("Picture of this quarter, PNG")
    assert (name, Image.open(io.BytesIO(content)).format) == ("town-quarter-13.png", "PNG")
    name, content = take("Every municipality and quarter, Parquet")
    assert (name, len(pd.read_parquet(io.BytesIO(content)))) == ("town-municipalities.parquet", 6 * 61)


def test_by_keyboard_through_neighbours_and_time(visit):
    page = visit(LINK)
    page.get_by_label("Whose story").select_option("council.2")
    story = page.locator(".tw-story")
    expect(story.get_by_role("heading", name="Council of M2")).to_be_visible()
    story.get_by_role("button", name="To adopt it").press("Enter")
    story.get_by_text("The terms behind it").press("Enter")
    expect(story.get_by_role("row", name="obligation by law")).to_be_visible()
    story.get_by_role("button", name="Council of M1", exact=True).press("Enter")
    expect(story.get_by_role("heading", name="Council of M1")).to_be_visible()
    slider = page.get_by_role("slider", name="Quarter")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".tw-now")).to_have_text("Quarter 60 (year 15) of 60")
    view = page.url.partition("/town?")[2]
    page.wait_for_function("location.search.includes('town.at-quarter=60')")
    view = from_link(page.url.partition("/town?")[2], "town")
    assert (view.get(town.SHOWN), view.get(town.QUARTER)) == ("council.1", "60")
    expect(story.get_by_text("What happened so far")).to_be_visible()
    other = visit(page.url.partition(page.url.split("/town")[0])[2])  # the link restores quarter and story
    expect(other.locator(".tw-now")).to_have_text("Quarter 60 (year 15) of 60")
    expect(other.get_by_role("heading", name="Council of M1")).to_be_visible()


def test_the_map_of_municipalities_plays_and_tells(visit):
    page = visit("/town?policy=lone_ranger~LEAD@4*1&town.which-world=full", "phone")
    tile = page.locator("[data-agent='council.12']")
    before = tile.get_attribute("aria-label")
    assert before.startswith("M12: Lone Ranger")
    film = town.film(town.Run.of(from_link("policy=lone_ranger~LEAD@4*1"), "full", Token()), False).shown
    page.get_by_role("slider", name="Quarter").press("End")
    names = {"0": "Let's dance", "1": "Lone Ranger", "2": "Dead horse", "3": "Wasteland"}
    expect(tile).to_have_attribute("aria-label", re.compile(f"M12: {names[film['regime'][-1][11]]}, "))
    tile.click()
    expect(page.get_by_role("heading", name="Council of M12")).to_be_visible()
    expect(page.locator(".tw-events li").first).to_be_visible()


def test_a_lever_is_used_here_taken_out_and_undone(visit):
    page = visit("/town")
    before = drawn(page)
    page.get_by_label("Whose story").select_option("citizen.5")
    expect(page.get_by_text("No lever or shock is in use")).to_be_visible()
    page.get_by_label("Use a lever").select_option("LEAD")
    after = redrawn(page, before)
    expect(page.get_by_role("columnheader", name="same luck, lever off")).to_have_count(0)  # quarter 0: nothing decided
    page.get_by_role("button", name="One quarter on").click()
    page.get_by_text("The terms behind it").click()
    expect(page.get_by_role("columnheader", name="same luck, lever off")).to_be_visible()
    page.get_by_label("Use a lever").select_option("LEAD")
    expect(page.get_by_role("alert")).to_contain_text("twice at the same time")
    page.get_by_role("button", name="One quarter on").click()
    page.wait_for_function("location.search.includes('at-quarter=2')")  # time goes on; what was refused stays said
    expect(page.get_by_role("alert")).to_contain_text("twice at the same time")
    page.get_by_role("button", name="Take out").click()
    assert redrawn(page, after) == before
    page.get_by_role("button", name="Undo").click()
    assert redrawn(page, before) == after


def test_axe_finds_no_serious_fault_in_the_whole_world(visit):
    """The small world is looked at in tests/test_dashboard.py, and in the next test."""
    page = visit(f"{LINK}&town.which-world=full&town.who-is-told=council.2", "phone", color_scheme="light")
    expect(page.get_by_role("heading", name="Council of M2")).to_be_visible()
    page.get_by_role("button", name="Numbers").click()
    axe_finds_no_serious_fault(page)


def test_town_in_dutch_leaves_no_english_and_axe_finds_no_serious_fault(visit):
    page = visit(f"{LINK}&lang=nl&town.who-is-told=citizen.7", color_scheme="dark")
    expect(page.get_by_role("heading", name="Burger 7 van M1")).to_be_visible()
    page.get_by_role("button", name="Getallen").click()
    axe_finds_no_serious_fault(page)
    words = page.locator("body").inner_text()
    for english in ("Quarter", "Citizen", "council", "willing", "lever", " the ", "initiative "):
        assert english not in words, english
