"""Compare: the numbers are those of experiments.compare and experiments.windtunnel; the page does what a person does."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import solara
from browser import axe_finds_no_serious_fault, browser_type_launch_args, drawn, fits, redrawn, sized, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import charts_compare as drawing
from letsdance.dashboards import compare_worlds as worlds_of
from letsdance.dashboards import compute
from letsdance.dashboards.pages import compare as page_of
from letsdance.dashboards.session import Session, provide
from letsdance.dashboards.state import View, from_file, from_link, to_file, to_link
from letsdance.experiments import worlds
from letsdance.experiments.compare import compare
from letsdance.experiments.knowing import knowing
from letsdance.experiments.paired import interval
from letsdance.experiments.windtunnel import wind_tunnel
from letsdance.params import Refused
from letsdance.report.worlds import knowing_sentences
from letsdance.scenarios import STARTS, Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation.run import simulate
from letsdance.words import Text

FREE = Policy.of(levers=(Use("FRCS"),))
BOTH = Policy.of(levers=(Use("FRCS"), Use("FAL")), title="Both")
VIEW = View("compare", FREE, others=(BOTH, Policy.of("wasteland", levers=(Use("MANDATE"),))))
EN = Text("en")


@pytest.fixture(scope="module")
def shown():
    return drawing.beside(VIEW, 20, compute.Token())


# ---------------------------------------------------------------- numbers against the experiments

def test_levels_and_differences_are_those_of_the_experiment(shown):
    found = compare({"start": "lone_ranger", "A": "FRCS", "B": "FRCS, FAL"}, start="lone_ranger", runs=20, seed=1)
    heads, rows = drawing.effects(shown, EN)
    assert [head.mark for head in heads] == ["", "A", "B", "C"]
    for outcome in ("lets_dance", "services", "late_adopter_gap"):
        row = next(row for row in rows if row.key == outcome)
        for k, name in ((1, "A"), (2, "B")):
            e = found.effect(name, outcome)
            unit, digits = (1, 1) if outcome == "services" else (100, 0)
            value = "+" * (e.difference.mean > 0) + EN.number(unit * e.difference.mean, digits)
            band = EN.band(unit * e.difference.low, unit * e.difference.high, digits)
            assert row.cells[k].small == f"{value} ({band})"
            assert row.cells[k].text.startswith(EN.number(unit * e.after, digits))
            assert row.cells[k].sure == (e.difference.low > 0 or e.difference.high < 0)
    points = next(row for row in rows if row.key == "points")
    assert points.cells[1].text == f"+{found.points('A'):.0f}" == "+180"


def test_the_headline_names_the_best_and_how_often_it_is_better(shown):
    said, notes = drawing.headline(shown, "lets_dance", EN)
    a, b = (shown.found.results[name].rows["lets_dance"][:, -1] for name in ("A", "B"))
    assert b.mean() > a.mean()
    before = shown.found.results["start"].rows["lets_dance"][:, -1]
    ten = "nearly all" if b.mean() >= 0.95 else f"{10 * b.mean():.0f} of 10"
    spent = sum(shown.found.points(name) for name in "B")
    assert said.startswith(f"B Both ({spent:.0f} points) does best. Municipalities in Let's dance: {ten} by quarter 60, "
                           "year 15, ")
    limited, _ = drawing.headline(shown, "lets_dance", EN, limit=10)
    assert limited.startswith(f"B Both ({spent:.0f} points, {spent - 10:.0f} over the limit of 10) does best. ")
    assert f"in {(b > before).sum()} of 20 runs" in said
    e = interval(b - before)
    assert f"+{100 * e.mean:.0f}\u00a0points ({100 * e.low:.0f}–{100 * e.high:.0f})" in said
    assert "20 runs on equal luck" in notes[-1]


def test_a_best_policy_that_is_not_clearly_better_is_said_to_be_close():
    twin = drawing.beside(replace(VIEW, others=(replace(FREE, levers=(Use("FRCS"), Use("MEAS"))),)), 20, compute.Token())
    assert drawing.best(twin, "lets_dance") == ("A", "B")  # counting indicators moves nothing
    assert "A and B" in drawing.headline(twin, "lets_dance", EN)[0]
    near = drawing.beside(replace(VIEW, others=(replace(FREE, levers=(Use("FRCS", strength=0.99),)),)), 20, compute.Token())
    assert "is not clearly better than" in drawing.headline(near, "lets_dance", EN)[1][0]


def test_less_is_better_where_it_is():
    law = drawing.beside(replace(VIEW, others=(Policy.of(levers=(Use("MANDATE"),)),)), 20, compute.Token())
    gaps = {name: law.found.results[name].late_adopter_gap()[:, -1].mean() for name in ("start", "A", "B")}
    assert gaps["B"] < gaps["start"]
    assert drawing.best(law, "late_adopter_gap")[0] == "B"


def test_fates_are_counted_run_by_run(shown):
    before, after = (shown.found.results[name] for name in ("start", "A"))
    changed = (before.regime[:, -1] != after.regime[:, -1]).sum(1)
    gained = (after.ever[:, -1] & ~before.ever[:, -1]).sum(1)
    _, rows, says = drawing.fates(shown, EN)
    cells = {row.key: row.cells[0] for row in rows}
    assert cells["changed"].text == f"{changed.mean():.0f}"
    e = interval(changed)
    assert cells["changed"].small == EN.band(e.low, e.high)
    assert cells["gained"].text == f"{gained.mean():.0f}"
    total = sum(float(row.cells[0].text) for row in rows if " to " in row.key)
    assert abs(total - changed.mean()) <= 2  # each is rounded
    assert "of 40 municipalities" in says


def test_cost_is_points_over_the_effect(shown):
    cost = shown.found.cost_per_effect("A", "lets_dance")
    said = drawing.cost_of("A", shown, "lets_dance", EN)
    assert said.startswith("Costs 180 budget points more over 60 quarters (15 years).")
    effect = shown.found.paired("A", "lets_dance")[:, -1].mean()
    assert f"That is {180 / effect / 100:.1f} " in said
    assert cost.points == 180


def test_curves_are_the_runs_means_and_the_table_says_the_same(shown):
    chart = drawing.over_time(shown, "lets_dance", EN, False)
    for name in ("A", "B", "C", "start"):
        np.testing.assert_allclose(chart.data[name], 100 * shown.found.results[name].rows["lets_dance"].mean(0), atol=0.051)
    columns, rows = chart.table()
    assert columns[1] == "A Free-range civil servants: mean (%)"
    assert rows[-1][1] == EN.number(100 * shown.found.results["A"].rows["lets_dance"][:, -1].mean())
    apart = drawing.over_time(shown, "lets_dance", EN, True)
    np.testing.assert_allclose(apart.data["A"], 100 * shown.found.paired("A", "lets_dance").mean(0), atol=0.051)
    assert "start" not in apart.data


@pytest.mark.parametrize("outcome", drawing.OUTCOMES)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_outcome_is_drawn_and_said_in_both_languages(shown, outcome, language):
    done = page_of.draw(shown, outcome, Text(language), False, "q")
    chart = done.charts[0]
    axis = chart.option["yAxis"]
    means = np.array([v for name in ("A", "B", "C", "start") for v in chart.data[name] if v is not None], float)
    assert axis["min"] <= means.min()
    assert means.max() <= axis["max"]
    assert done.headline.endswith(".")
    assert all(says.endswith(".") for says, _ in done.says.values())


def test_the_wind_tunnel_is_that_of_the_experiment():
    view = View(policy=FREE)
    cells = [cell for cell in drawing.tunnel_cells(FREE) if cell[0][0] == "wasteland" and cell[0][1] in ("none", "scandal")]
    theirs = wind_tunnel(Policy(title="p", levers=FREE.levers), starts="wasteland", shocks="scandal", runs=20, quarters=60)
    for cell, pair in cells:
        for mine, one in zip(pair, theirs.values[cell], strict=True):
            result = compute.simulated(mine, view.seed, 20, compute.Token())
            np.testing.assert_array_equal(result.rows["lets_dance"][:, -1], one)


def tunnel_of(gain):
    """A tunnel whose cells have a known effect: gain(start, shock)."""
    rng = np.random.default_rng(3)
    base = rng.uniform(0.3, 0.4, 20)
    return drawing.Tunnel("q", {cell: (base, base + gain(*cell)) for cell, _ in drawing.tunnel_cells(FREE)}, "lets_dance")


def test_tunnel_rows_shade_help_and_harm_and_frame_the_worst():
    jitter = np.tile([-0.01, 0.01], 10)
    tunnel = tunnel_of(lambda start, shock: jitter + (
        0.4 if start == "lets_dance" else -0.2 if shock == "scandal" else 0.0))
    _, rows = drawing.tunnel_rows(tunnel, EN)
    by = {row.key: dict(zip(STARTS, row.cells, strict=True)) for row in rows}
    assert len(rows) == 13
    assert by["crisis"]["lets_dance"].shade == 100
    assert by["scandal"]["wasteland"].shade == -50
    assert by["crisis"]["wasteland"].shade == 0
    framed = [(key, start) for key, cells in by.items() for start, cell in cells.items() if cell.framed]
    assert len(framed) == 1
    assert framed[0][0] == "scandal"
    says = drawing.tunnel_says(tunnel, "A", EN)
    assert "clearly helps in 13 of 52 situations, harms in 3, and makes no clear difference in 36" in says
    tiny = tunnel_of(lambda start, shock: 0.003)  # sure, and nothing as it is written
    assert "clearly helps in 0 of 52" in drawing.tunnel_says(tiny, "A", EN)
    assert not any(cell.shade or cell.sure for row in drawing.tunnel_rows(tiny, EN)[1] for cell in row.cells)
    part = drawing.Tunnel("q", dict(list(tunnel.values.items())[:7]), "lets_dance")
    assert drawing.tunnel_says(part, "A", EN) == "7 of 52 situations so far."
    assert drawing.tunnel_rows(part, EN)[1][12].cells[0].text == "…"


def test_the_tunnel_comes_in_turns_and_can_be_stopped():
    view, policy = View(policy=FREE), replace(FREE, quarters=8)
    first = page_of.tunnel(policy, view, "lets_dance", compute.Token(), "q", 0.0)
    assert not first.values
    turns = (page_of.tunnel(policy, view, "lets_dance", compute.Token(), "q", 0.2) for _ in range(100))
    some = next(turn for turn in turns if turn.values)  # on a loaded machine a turn may end before its first cell
    again = page_of.tunnel(policy, view, "C", compute.Token(), "q", 0.0)  # every outcome of a cell is kept
    assert list(again.values) == list(some.values)
    stopped = compute.Token()
    stopped.stop()
    with pytest.raises(compute.Stopped):
        page_of.tunnel(replace(policy, quarters=9), view, "lets_dance", stopped, "q")
    with pytest.raises(Refused):
        list(drawing.tunnel_cells(Policy.of(shocks=(Use("scandal", 4, 1),), parameters=(("C0", 0.4),))))


def test_the_wind_tunnel_runs_where_long_jobs_do(monkeypatch):
    where = []

    def noted(*asked):
        where.append(threading.current_thread().name)
        raise Refused("enough.")

    @solara.component
    def Person():
        session = solara.use_memo(lambda: Session(View(policy=FREE).put(**{"policies.tunnel": "A"}), []), [])
        provide(session)
        page_of.TunnelOf(session)

    monkeypatch.setattr(page_of, "tunnel", noted)
    _, rc = solara.render(Person(), handle_error=False)
    until = time.monotonic() + 20
    while not where and time.monotonic() < until:
        time.sleep(0.01)
    rc.close()
    assert where[0].startswith("letsdance-long")


def test_over_worlds_each_world_is_the_scenario_with_its_values():
    view = View(policy=replace(FREE, quarters=12), others=(Policy.of("wasteland", quarters=12, levers=(Use("MANDATE"),)),))
    found = worlds_of.over_worlds(view, "30", "services", compute.Token(), "q")
    assert found.complete
    assert found.tried == ("A", "B")
    for w in (0, 37):
        world = worlds.rows(found.found.table)[w]
        for k, story in enumerate(found.found.scenarios.values()):
            alone = simulate(worlds.put(story, world), runs=worlds_of.RUNS, seed=view.seed + w * worlds_of.RUNS)
            np.testing.assert_array_equal(found.found.values[k, w], alone.rows["services"][:, -1])
    gain = found.found.values[1] - found.found.values[0]
    better = float((gain.mean(axis=1) > 0).mean())
    said = worlds_of.says(found, "services", EN)
    assert "is better than Lone Ranger as it stands in " in said
    heads, rows = worlds_of.rows(found, "services", EN)
    assert [row.key for row in rows] == ["start", "A", "B"]
    assert all(len(row.cells) == len(heads) for row in rows)
    assert rows[1].cells[2].text == EN.percent(better)
    assert rows[1].cells[1].text == drawing.gained(float(gain.mean()), "services", EN)


def test_what_it_is_worth_to_know_is_what_the_report_says_of_the_same_runs():
    view = View(policy=replace(FREE, quarters=12), others=(replace(BOTH, quarters=12),))
    found = worlds_of.over_worlds(view, "ranges", "services", compute.Token(), "q")
    told = worlds_of.weighed(found, EN).worth
    plain = knowing(found.found)
    assert told.perfect == plain.perfect
    pd.testing.assert_frame_equal(told.table.drop(columns="switch"), plain.table.drop(columns="switch"))
    assert told.best == drawing.named(plain.best, found.policies, EN)
    said = worlds_of.worth(told, EN)
    assert said == " ".join(knowing_sentences(told, EN))
    assert told.best in said
    assert worlds_of.worth(told, Text("nl")) != said


def test_what_it_is_worth_to_know_is_reckoned_once_for_all_who_ask(monkeypatch):
    reckoned = []
    monkeypatch.setattr(compute, "_drawn", compute.Kept(64, lambda answer: 1))
    monkeypatch.setattr(worlds_of, "knowing", lambda found: reckoned.append(found) or knowing(found))
    view = View(policy=replace(FREE, quarters=9)).put(**{worlds_of.ASKED: "30"})
    *_, first = worlds_of.answers(view, EN, compute.Token())
    *_, again = worlds_of.answers(view, EN, compute.Token())
    assert first.worth is again.worth is not None
    assert again.question == worlds_of.question_of(view)
    assert len(reckoned) == 1


def test_over_worlds_comes_in_turns_is_kept_and_can_be_stopped():
    view = View(policy=replace(FREE, quarters=9))
    some = worlds_of.over_worlds(view, "ranges", "C", compute.Token(), "q", 0.0)
    assert not some.complete
    stopped = compute.Token()
    stopped.stop()
    again = worlds_of.over_worlds(view, "ranges", "G", compute.Token(), "q", 0.0)  # every outcome of a world is kept
    assert again.found.worlds == some.found.worlds
    with pytest.raises(compute.Stopped):
        worlds_of.over_worlds(view, "ranges", "C", stopped, "q")
    alike = worlds_of.over_worlds(View(policy=Policy.of("wasteland", quarters=8)), "30", "C", compute.Token(), "q")
    assert worlds_of.says(alike, "C", EN) == EN("compare.worlds_nothing")
    many = Policy.of("lone_ranger", levers=(Use("FRCS"),), parameters=(("citizens", 5_000.0), ("municipalities", 400.0)))
    with pytest.raises(Refused, match="is more than a page computes"):
        worlds_of.over_worlds(View(policy=many), "30", "C", compute.Token(), "q")
    assert worlds_of.asked(View().put(**{worlds_of.ASKED: "5000"})) == ""


def test_the_start_that_is_compared_with_has_as_many_citizens():
    view = View(policy=FREE.with_parameter("municipalities", 12))
    found = drawing.beside(view, 20, compute.Token())
    assert len(found.found.results["start"].places) == len(found.found.results["A"].places) == 12
    assert found.found.results["start"].scenario.levers == ()


def test_another_start_is_said_to_be_part_of_the_difference(shown):
    notes = drawing.headline(shown, "lets_dance", EN)[1]
    assert notes[0] == "C: from another start, which is part of the difference."


def test_policies_with_other_citizens_are_refused():
    with pytest.raises(Refused, match="same number of municipalities"):
        drawing.beside(replace(VIEW, others=(FREE.with_parameter("municipalities", 12),)), 20, compute.Token())


# ---------------------------------------------------------------- the order of policies

def test_orders_keep_letters_and_a_link_and_a_file_restore_them():
    view = VIEW
    assert drawing.lineup(view) == ((FREE, *VIEW.others), 0)
    view = page_of.ordered(view, {"do": "choose", "letter": "B"})
    assert drawing.lineup(view) == ((FREE, *VIEW.others), 1)
    assert view.policy == BOTH
    view = page_of.ordered(view, {"do": "against", "name": "C"})
    view = page_of.ordered(view, {"do": "outcome", "name": "T"})
    view = page_of.ordered(view, {"do": "name", "letter": "A", "title": "  Out of the   office "})
    assert drawing.lineup(view)[0][0].title == "Out of the office"
    view = view.put(**{"policies.tunnel": "C"})
    assert from_link(to_link(view), "compare") == view
    assert from_file("x.toml", to_file(view)) == view
    fewer = page_of.ordered(view, {"do": "remove", "letter": "A"})
    assert drawing.lineup(fewer)[0] == VIEW.others
    assert fewer.policy == BOTH
    assert (drawing.against(fewer), fewer.get("policies.tunnel")) == ("B", "B")
    gone = page_of.ordered(fewer, {"do": "remove", "letter": "B"})
    assert (drawing.lineup(gone), drawing.against(gone), gone.get("policies.tunnel")) == (((BOTH,), 0), "start", "")
    assert page_of.ordered(gone, {"do": "remove", "letter": "A"}) == gone
    full = page_of.ordered(VIEW, {"do": "add"})
    assert drawing.lineup(full)[1] == 3
    assert page_of.ordered(full, {"do": "add"}) == full
    assert page_of.ordered(full, {"do": "choose", "letter": "Z"}) == full


def test_a_link_that_says_nonsense_about_the_policies_is_read_as_usual():
    view = from_link("policies.at=seven&policies.against=Q&policies.outcome=luck", "compare")
    assert drawing.lineup(view) == ((Policy.of(),), 0)
    assert (drawing.against(view), drawing.outcome_of(view)) == ("start", "lets_dance")


# ---------------------------------------------------------------- in the browser

def cards(page):
    return page.locator("[data-policy]")


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_policies_side_by_side(visit, size):  # noqa: F811
    page = visit("/compare", size)
    before = drawn(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("same citizens and the same luck")
    page.get_by_role("button", name="Add a policy").click()
    added = redrawn(page, before)
    expect(cards(page)).to_have_count(2)
    if size == "phone":
        page.get_by_role("button", name="Change its levers").click()
        page.locator(".ld-levers > summary", has_text="People").click()
    page.get_by_role("switch", name="Free-range civil servants").click()
    after = redrawn(page, added)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(
        r"B Free-range civil servants \(180 points\) does best\. Municipalities in Let's dance: "
        r"\d of 10 .*, \+\d+\spoints \(\d+–\d+\) "
        r".*in \d+ of 20 runs\."))
    expect(page.locator("[data-policy=B] .lc-cost")).to_contain_text("180 budget points")
    expect(page.locator("[data-table=effects] [data-row=points]")).to_contain_text("+180")
    fits(page)
    name = page.get_by_label("Name of policy B")
    name.fill("Out of the office")
    name.press("Enter")
    named = redrawn(page, after)
    expect(page.get_by_role("heading", level=1)).to_contain_text("B Out of the office (180 points) does best")
    page.get_by_label("Compared with").select_option("B")
    against = redrawn(page, named)
    expect(page.locator("[data-policy=B] .lc-reference")).to_have_text("reference")
    page.get_by_role("button", name="Remove policy A").click()
    redrawn(page, against)
    expect(cards(page)).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(cards(page)).to_have_count(2)
    fits(sized(page, "projector"))


def test_the_wind_tunnel_fills_and_a_link_restores_it(visit):  # noqa: F811
    page = visit("/compare?policy=lone_ranger~quarters=8")
    drawn(page)
    page.get_by_role("button", name="Try A").click()
    expect(page.get_by_role("alert")).to_contain_text("Policy A has no lever")
    page.get_by_role("switch", name="Legal obligation").click()
    page.wait_for_function("document.querySelector('[data-table=wind_tunnel]')?.dataset.shown", timeout=60_000)
    table = page.locator("[data-table=wind_tunnel]")
    expect(table).to_contain_text(re.compile(r"clearly helps in \d+ of 52 situations"))
    assert table.locator("td").count() == 52
    assert table.locator("td.lc-framed").count() == 1
    with page.expect_download() as download:
        table.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "wind_tunnel.csv"
    said = table.locator(".lc-sentence").inner_text()
    page.locator("#worlds").get_by_role("button", name="Within 30 % of what is assumed").click()
    page.wait_for_function("document.querySelector('[data-table=worlds]')?.dataset.shown", timeout=60_000)
    expect(page.locator("[data-table=worlds] .lc-sentence")).to_contain_text("of 60 worlds")
    other = visit(page.url.partition("/compare")[1] + page.url.partition("/compare")[2])
    expect(other.locator("[data-table=wind_tunnel] .lc-sentence")).to_have_text(said)
    expect(other.locator("[data-table=worlds] .lc-sentence")).to_have_text(
        page.locator("[data-table=worlds] .lc-sentence").inner_text())
    axe_finds_no_serious_fault(page)
    page.get_by_role("button", name="Nederlands").click()
    expect(page.get_by_role("button", name="Beproef A")).to_be_visible()
    expect(page.locator("[data-table=wind_tunnel] .lc-sentence")).to_contain_text("helpt duidelijk in")
    for english in ("Outcome", "policy", "Wind tunnel", "reference", " of the ", "quarter", "clearly"):
        expect(page.locator("body")).not_to_contain_text(english, use_inner_text=True)


def test_a_card_leads_to_its_wind_tunnel(visit):  # noqa: F811
    page = visit("/compare?policy=lone_ranger~quarters=8~FRCS@1*1")
    page.get_by_role("button", name="Wind tunnel: policy A").click()
    table = page.locator("[data-table=wind_tunnel]")
    expect(table).to_be_in_viewport()
    expect(page.get_by_role("button", name="Try A")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("location.search.includes('policies.tunnel=A')")


@pytest.mark.parametrize("path", ["/compare", "/late_adopters"])
@pytest.mark.parametrize(("query", "says"), [
    ("policy=&seed=x&runs=0&ref=~", True), ("policy=%00~~%3D&and=%F0%9F%92%83&policies.at=%C2%B2&policies.tunnel=Z", True),
    ("policy=lone_ranger~municipalities=1~citizens=1~quarters=8~FRCS@8*0&ref=wasteland~profile=telework&diff=1", False)])
def test_a_strange_link_breaks_nothing(visit, path, query, says):  # noqa: F811
    page = visit(f"{path}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert (page.get_by_role("alert").count() > 0) == says
    assert page.locator("[data-chart] canvas").count() > 0
