"""The dashboard without a browser: state, links, files, computation, charts, sentences, texts, components."""

from __future__ import annotations

import ast
import base64
import json
import math
import re
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from string import Formatter

import numpy as np
import pytest
import solara
from hypothesis import given, settings
from hypothesis import strategies as some
from ipywidgets import Widget
from solara.server import cdn_helper

from letsdance import scenarios
from letsdance.dashboards import app, budget, charts, compute, parts, sentences
from letsdance.dashboards.pages import explore
from letsdance.dashboards.session import Session
from letsdance.dashboards.state import (
    View,
    between,
    check_link,
    from_file,
    from_link,
    other_version,
    price,
    to_file,
    to_link,
)
from letsdance.experiments import cards
from letsdance.params import PARAMETERS, PROFILES, Refused
from letsdance.report import words
from letsdance.scenarios import LEVERS, SHOCKS, STARTS, Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation import simulate
from letsdance.words import KINDS, TEXTS, Text, catalogue, declared, languages, missing

DASHBOARDS = Path(app.__file__).parent


# ---------------------------------------------------------------- the view, its link and its file

def uses(known, most=3):
    """Uses of different names, so that none overlaps itself."""
    one = some.builds(Use, some.sampled_from(sorted(known)), some.integers(1, 60),
                      some.none() | some.integers(1, 400), some.floats(0, 1.5))
    if known is SHOCKS:  # a shock without a duration takes its usual one
        one = one.filter(lambda use: use.duration is not None or not SHOCKS[use.name]["duration"])
    return some.lists(one, max_size=most, unique_by=lambda use: use.name).map(tuple)


@some.composite
def policies(draw):
    readable = some.characters(exclude_categories=("C", "Zl", "Zp"))  # what commands a screen is refused
    policy = Policy.of(draw(some.sampled_from(STARTS)), draw(some.text(readable, max_size=12)),
                    draw(some.sampled_from(sorted(PROFILES))),
                    draw(some.sampled_from([(), ("denmark",), ("romania", "mental_health", "sticky")])),
                    quarters=draw(some.integers(60, 400)), levers=draw(uses(LEVERS)), shocks=draw(uses(SHOCKS)))
    for name in draw(some.lists(some.sampled_from(sorted(PARAMETERS)), max_size=4, unique=True)):
        low, high = PARAMETERS[name].range
        value = draw(some.integers(int(low), int(high))) if PARAMETERS[name].whole else draw(some.floats(low, high))
        policy = policy.with_parameter(name, value)
    return policy


views = some.builds(
    View, some.sampled_from(app.PAGES), policies(), some.integers(0, 2**53 - 1), some.integers(20, 300),
    some.sampled_from(["start", "levers"]) | policies(), some.booleans(), some.lists(policies(), max_size=3).map(tuple),
    some.sampled_from(["", "name,citizens\nÅsh,25\nBirch,40\n"]),
    some.dictionaries(some.sampled_from(["town.quarter", "map.grid"]), some.text(max_size=8)).map(
        lambda own: tuple(sorted(own.items()))),
    some.sampled_from(["en", "nl"]), some.sampled_from(["auto", "light", "dark"]), some.booleans())


def test_another_start_keeps_title_and_changes_but_not_the_place():
    policy = Policy.of("wasteland", title="Ours").with_parameter("C0", 0.3).with_parameter("k", 1.4).with_use(
        "lever", None, Use("FRCS", 3))
    moved = policy.with_start("dead_horse")
    assert (moved.start, moved.title, moved.levers, moved.value("k")) == ("dead_horse", "Ours", policy.levers, 1.4)
    assert [moved.value(name) for name in ("C0", "G0")] == [Policy.of("dead_horse").value(name) for name in ("C0", "G0")]


@given(views)
@settings(max_examples=80)
def test_a_link_restores_everything(view):
    assert from_link(to_link(view), view.page) == view


@given(views)
@settings(max_examples=40)
def test_a_file_restores_everything_and_is_a_scenario(view):
    text = to_file(view)
    assert from_file("mine.toml", text) == view
    assert scenarios.read("mine", "mine.toml", text).values() == view.policy.scenario().values()


def test_a_file_edited_by_hand_counts():
    text = to_file(View("explore", Policy.of("wasteland").with_parameter("k", 1.5), seed=7)).replace("k = 1.5", "k = 0.5")
    view = from_file("mine.toml", text)
    assert (view.policy.value("k"), view.seed, view.policy.start) == (0.5, 7, "wasteland")


def test_a_plain_scenario_file_opens():
    text = "[start]\nC = 0.8\nG = 0.3\n[parameters]\nk = 1.0\n"
    view = from_file("mine.toml", text)
    assert (view.page, view.policy.start) == ("explore", "lone_ranger")
    assert [view.policy.value(name) for name in ("C0", "G0", "k")] == [0.8, 0.3, 1.0]
    assert view.policy.scenario().values() == scenarios.read("m", "m", text).values()


@pytest.mark.parametrize(("query", "said"), [
    ("policy=lone_ranjer", "Did you mean lone_ranger"),
    ("policy=lone_ranger~kk=1", "left out: 'kk=1'."),
    ("policy=lone_ranger~k=9", "left out: 'k=9'."),
    ("policy=lone_ranger~k=x", "left out: 'k=x'."),
    ("policy=lone_ranger~FRCSS@1", "Did you mean FRCS"),
    ("policy=lone_ranger~FRCS@99", "left out: 'FRCS@99'."),
        ("policy=lone_ranger~context=stick", "left out: 'context=stick'"),
    ("policy=lone_ranger~quarters=3", "left out: 'quarters=3'."),
    ("seed=-1", "seed must be"), ("seed=a", "whole number"), ("runs=3", "from 20 to 300"),
    ("lang=xx", "Known: en, de, fr, nl"), ("theme=drak", "Did you mean dark"), ("ref=nothing", "no start"),
    ("places=%%%", "cannot be unpacked"), ("langs=nl", "Did you mean lang"), ("x" * 70_000, "longer than"),
])
def test_a_broken_link_is_refused_in_a_sentence_and_the_rest_is_shown(query, said):
    with pytest.raises(Refused, match=re.escape(said)):
        from_link(query)
    view, problems = check_link(f"{query}&projector=1" if len(query) < 1000 else query)
    assert len(problems) == 1
    assert view.projector == (len(query) < 1000)
    assert view.policy == Policy.of()


def test_a_part_of_a_link_that_cannot_be_read_drops_only_that_part():
    query = ("policy=lone_ranger~title=Ours~zz=1~k=1.2~FRCS@8%2B20*1~FRCS@9~LEED@4~context=sticky~context=fluid~quarters=40"
             "&and=wasteland~k=nan~FAL@4*1&ref=dead_horse~x&seed=7&runs=9")
    view, problems = check_link(query)
    assert view.policy == Policy.of("lone_ranger", "Ours", context=("sticky",), quarters=40, parameters=(("k", 1.2),),
                                 levers=(Use("FRCS", 8, 20, 1.0),))
    assert view.others == (Policy.of("wasteland", levers=(Use("FAL", 4),)),)
    assert (view.reference, view.seed, view.runs) == (Policy.of("dead_horse"), 7, 20)
    parts = ("'context=fluid'", "'zz=1'", "'FRCS@9'", "'LEED@4'", "'k=nan'", "'x'", "runs must be")
    assert len(problems) == len(parts)
    for part, problem in zip(parts, problems, strict=True):
        assert part in problem
        assert "letsdance" not in problem
        assert "--" not in problem
        assert Text("nl").refused(problem) != problem


def test_a_table_that_unpacks_to_too_much_is_refused():
    import zlib
    from base64 import urlsafe_b64encode

    bomb = urlsafe_b64encode(zlib.compress(b"0" * 5_000_000)).decode()
    with pytest.raises(Refused, match="cannot be unpacked"):
        from_link(f"places={bomb}")


def test_another_version_is_told():
    assert other_version(to_link(View())) == []
    assert "version 0.0.9" in other_version("v=0.0.9")[0]


@given(policies(), policies(), some.floats(0, 1))
@settings(max_examples=40)
def test_between_two_policies_lies_a_policy(a, b, t):
    assert between(a, b, 0.0) == a
    assert between(a, b, 1.0) == b
    between(a, b, t).scenario()


def test_half_way_is_half_way():
    a = Policy.of().with_parameter("k", 0.5)
    b = a.with_parameter("k", 1.5).with_use("lever", None, Use("FRCS", 4, None, 1.0))
    middle = between(a, b, 0.5)
    assert middle.value("k") == 1.0
    assert middle.levers == (Use("FRCS", 4, None, 0.5),)


# ---------------------------------------------------------------- the session

def test_undo_redo_and_one_step_for_one_drag():
    session = Session(View(), [])
    for value in (0.8, 0.9, 1.0):
        session.attempt("parameter.k", lambda policy, value=value: policy.with_parameter("k", value), "parameter.k")
    session.let_go()
    session.attempt("parameter.k", lambda policy: policy.with_parameter("k", 1.1), "parameter.k")
    session.change(page="explore", language="nl")
    assert [view.policy.value("k") for view in session.trail.value.past] == [0.75, 1.0]
    session.undo()
    assert (session.view.value.policy.value("k"), session.view.value.language) == (1.0, "nl")
    session.undo()
    assert session.view.value.policy == Policy.of()
    session.undo()
    session.redo()
    session.redo()
    assert session.view.value.policy.value("k") == 1.1
    session.reset()
    assert session.view.value.policy == Policy.of()
    session.undo()
    assert session.view.value.policy.value("k") == 1.1


def test_what_is_refused_is_said_beside_its_cause_and_changes_nothing():
    session = Session(View(), [])
    session.attempt("parameter.k", lambda policy: policy.with_parameter("k", 9))
    assert "must lie from 0 to 2" in session.refused.value["parameter.k"]
    session.attempt("lever.FRCS", lambda policy: policy.with_use("lever", None, Use("FRCS", 99)))
    assert "after the horizon" in session.refused.value["lever.FRCS"]
    assert session.view.value == View()
    session.attempt("parameter.k", lambda policy: policy.with_parameter("k", 1))
    assert session.refused.value == {}


# ---------------------------------------------------------------- computation

def test_results_are_simulates_whatever_the_stages():
    view = View(policy=Policy.of("lone_ranger", quarters=12).with_use("lever", None, Use("FRCS", 2)), runs=50, seed=3)
    stages = list(compute.pairs(view, compute.Token()))
    assert [pair.result.runs for pair in stages] == [20, 40, 50]
    alone = simulate("lone_ranger", runs=50, quarters=12, seed=3, levers=["FRCS@2"])
    for name in ("C", "on", "T"):
        np.testing.assert_array_equal(stages[-1].result.rows[name], alone.rows[name])
        np.testing.assert_array_equal(stages[-1].reference.rows[name], alone.reference.rows[name])
        np.testing.assert_array_equal(stages[0].difference(name), (alone.rows[name] - alone.reference.rows[name])[:20])


def test_own_municipalities_run():
    view = View(policy=Policy.of("lone_ranger", quarters=8), places="name,citizens\nAsh,25\nBirch,50\n")
    pair = next(compute.pairs(view, compute.Token()))
    assert list(pair.result.places.names) == ["Ash", "Birch"]


def test_a_stopped_computation_ends():
    token = compute.Token()
    token.stop()
    with pytest.raises(compute.Stopped):
        next(compute.pairs(View(policy=Policy.of("lone_ranger", quarters=9)), token))


def test_the_last_change_wins_and_the_running_one_is_cancelled():
    shown, ended, begun = [], [], threading.Event()

    @solara.component
    def Asker(n):
        def job(token):
            if n == 1:
                begun.set()
                try:
                    token.sleep(20)
                except compute.Stopped:
                    ended.append(n)
                    raise
            yield n
        shown.append(compute.use_latest(job, [n]).value)
        solara.Text(str(n))

    _, rc = solara.render(Asker(1), handle_error=False)
    assert begun.wait(10)
    for n in (2, 3):
        rc.render(Asker(n))
    until = time.monotonic() + 10
    while shown[-1] != 3 and time.monotonic() < until:
        time.sleep(0.01)
    rc.close()
    assert shown[-1] == 3
    assert ended == [1]
    assert 1 not in shown


def asker(job, *pool):
    """A component that asks `job` once, and what it was shown so far."""
    shown = []

    @solara.component
    def Asker():
        answer = compute.use_latest(job, [], *pool)
        shown.append(answer.refused or answer.value)
        solara.Text(str(answer.value))

    _, rc = solara.render(Asker(), handle_error=False)
    return rc, shown


def wait_for(true, seconds=10):
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    assert true()


def test_long_jobs_do_not_hold_up_a_slider_and_take_turns():
    here, go, order = threading.Event(), threading.Event(), []
    queue = compute.Queue("test", 1)  # new: one turn in eight is a finer answer's, counted from the queue's first

    def long(name):
        def job(token):
            assert here.wait(20)  # until all have asked
            order.append(f"{name} coarse")
            yield "coarse"
            assert go.wait(20)
            order.append(f"{name} fine")
            yield "fine"
        return asker(job, queue)

    def slider(token):
        yield "moved"

    people = [long(name) for name in "abcd"]  # more than there are threads for sliders
    quick, shown = asker(slider)
    wait_for(lambda: shown[-1] == "moved")
    assert not here.is_set()
    here.set()
    wait_for(lambda: len(order) == 4)  # everybody's first answer while nobody's second one is ready
    go.set()
    wait_for(lambda: all(said[-1] == "fine" for _, said in people))
    assert order == [f"{name} {what}" for what in ("coarse", "fine") for name in "abcd"]
    for rc in (quick, *(rc for rc, _ in people)):
        rc.close()


def test_a_long_job_waits_for_sliders_between_two_slices(monkeypatch):
    monkeypatch.setattr(compute, "_POLITE", 20.0)
    sliding, asked, went_on, overtaken = (threading.Event() for _ in range(4))

    def slider(token):
        sliding.set()
        assert asked.wait(20)
        if went_on.wait(0.2):
            overtaken.set()
        yield "moved"

    def long(token):
        assert sliding.wait(20)
        asked.set()
        compute.give_way()
        went_on.set()
        yield "done"

    one, other = asker(long, compute.LONG), asker(slider)
    wait_for(lambda: one[1][-1] == "done" and other[1][-1] == "moved")
    assert not overtaken.is_set()
    for rc, _ in (one, other):
        rc.close()


def test_a_job_may_be_refused_after_an_answer():
    def job(token):
        yield 1
        raise Refused("no further.")

    rc, shown = asker(job)
    wait_for(lambda: shown[-1] == "no further.")
    rc.close()


def test_a_refusal_is_delivered_as_a_sentence():
    said = []

    @solara.component
    def Asker():
        def job(token):
            raise Refused("not like this.")
            yield
        said.append(compute.use_latest(job, []).refused)
        solara.Text("")

    _, rc = solara.render(Asker(), handle_error=False)
    until = time.monotonic() + 10
    while not said[-1] and time.monotonic() < until:
        time.sleep(0.01)
    rc.close()
    assert said[-1] == "not like this."


# ---------------------------------------------------------------- charts and sentences

@pytest.fixture(scope="module")
def pair():
    view = View(policy=Policy.of().with_use("lever", None, Use("FRCS", 8)).with_use("lever", None, Use("FAL", 8)))
    return next(compute.pairs(view, compute.Token()))


def test_bands_are_the_quantiles_of_runs(pair):
    data = charts.willingness(pair, Text("en")).data
    values = 100 * pair.result.rows["G"]
    low, high = np.quantile(values, [0.1, 0.9], axis=0)
    np.testing.assert_allclose(data["G.low"], low, atol=0.06)
    np.testing.assert_allclose(np.add(data["G.low"], data["G.high"]), high, atol=0.12)
    np.testing.assert_allclose(data["G"], values.mean(0), atol=0.06)
    np.testing.assert_allclose(data["G.other"], 100 * pair.reference.rows["G"].mean(0), atol=0.06)


def test_an_axis_of_shares_is_written_up_to_100_though_a_ratio_may_pass_it(pair):
    """The poorest quarter may take part more than its share; trust cannot."""
    text = Text("en")

    def axis(ratio):
        rows = pair.result.rows.copy()
        rows["representativeness"] = ratio
        told = replace(pair, result=replace(pair.result, rows=rows), reference=replace(pair.reference, rows=rows))
        chart = charts.equity(told, text)
        assert chart.sentence.endswith(f"poorest's part {text.percent(ratio)}; 100 % is fair.")
        return chart.option["yAxis"]["max"], chart.option.get("_most")

    assert axis(0.8) == (100, None)
    assert axis(1.1) == (125, 100)
    assert axis(1.6) == (175, 100)


def test_a_curve_without_any_value_has_no_label_at_its_end(pair):
    nothing, late = np.full((3, 5), np.nan), np.full((3, 5), np.nan)
    late[:, 4] = 0.5
    curves = [charts.Curve(name, name, "ink", values) for name, values in (("nothing", nothing), ("late", late))]
    chart = charts.lines("x", "x", "x.", curves, Text("en"))
    labelled = {one["id"] for one in chart.option["series"] if "endLabel" in one}
    assert labelled == {"late"}
    assert chart.data["nothing"] == [None] * 5
    policy = Policy.of("wasteland", quarters=12).with_parameter("C0", 0.04).with_parameter("G0", 0.05)
    for answer in (pair, next(compute.pairs(View(policy=policy), compute.Token()))):
        for difference in (False, True):
            for chart in explore.draw(answer, Policy.of(), Text("en"), difference, "q").charts:
                for one in chart.option["series"]:
                    valued = any(v is not None for v in chart.data.get(one["id"], []))
                    assert valued or "endLabel" not in one, (chart.name, one["id"])


def test_a_difference_is_taken_run_by_run(pair):
    data = charts.willingness(pair, Text("en"), difference=True).data
    difference = 100 * (pair.result.rows["G"] - pair.reference.rows["G"])
    np.testing.assert_allclose(data["G.low"], np.quantile(difference, 0.1, axis=0), atol=0.06)
    assert "G.other" not in data


def test_categories_are_the_tables(pair):
    data = charts.categories(pair, Text("en")).data
    frame = pair.result.adopters.query("view == 'ex_ante' and category == 'laggards'")
    np.testing.assert_allclose(data["laggards"], 100 * frame.groupby("quarter")["ever_adopted"].mean(), atol=0.06)


def test_every_chart_has_a_sentence_a_table_and_strict_json_that_is_small(pair):
    total = 0
    for language in ("en", "nl"):
        text = Text(language)
        for chart in explore.draw(pair, Policy.of(), text, False, "q").charts:
            columns, rows = chart.table()
            assert chart.sentence.endswith(".")
            assert rows
            assert all(len(row) == len(columns) for row in rows)
            assert {one["id"] for one in chart.option["series"]} - {"corners"} == set(chart.data)
            total += len(json.dumps(chart.data, allow_nan=False))
            json.dumps(chart.option, allow_nan=False)
    assert total / 2 < 40_000


def test_only_numbers_change_from_answer_to_answer(pair):
    """What the browser rebuilds charts for must stay as it is while a slider moves."""
    view = View(policy=replace(pair.policy, levers=(Use("FRCS", 8, None, 0.5), Use("FAL", 8))))
    other = next(compute.pairs(view, compute.Token()))
    for difference in (False,):
        a, b = (explore.draw(p, Policy.of(), Text("en"), difference, "q").charts for p in (pair, other))
        assert [chart.option for chart in a] == [chart.option for chart in b]
        assert all(one.data != two.data for one, two in zip(a, b, strict=True))


def test_the_headline_says_what_was_counted(pair):
    said, notes = sentences.headline(pair, Policy.of(), Text("en"))
    difference = (pair.result.rows["lets_dance"] - pair.reference.rows["lets_dance"])[:, -1]
    # 3 and 2 points a quarter, from quarter 8 on
    assert said.startswith("Free-range civil servants and feedback, accountability and learning (265 points): after 15 ")
    after, before = (float(one.rows["lets_dance"][:, -1].mean()) for one in (pair.result, pair.reference))
    ten = "nearly all" if after > 0.95 else f"{10 * after:.0f} of 10"
    assert f"(60 quarters) {ten} municipalities are in Let's dance, {10 * before:.0f} of 10 in the reference" in said
    assert f"more in {(difference > 0).sum()} of 20 runs" in said
    assert notes[0].startswith(f"Difference: +{100 * difference.mean():.0f} points (")
    from scipy import stats

    low, high = stats.t.interval(0.95, 19, difference.mean(), stats.sem(difference))
    assert f"({100 * low:.0f}–{100 * high:.0f})" in notes[0]
    assert any("20 runs" in note for note in notes)


def test_the_headline_says_what_it_cost_of_what_and_that_the_start_still_leads():
    view = View(policy=Policy.of().with_use("lever", None, Use("FRCS")))  # 3 points in each of 60 quarters
    pair = next(compute.pairs(view, compute.Token()))
    for limit, says in ((0, "(180 points): "), (200, "(180 of 200 points): "), (180, "(180 of 180 points): "),
                        (150, "(180 points, 30 over the limit of 150): ")):
        said, _ = sentences.headline(pair, Policy.of(), Text("en"), limit=limit)
        assert said.startswith(f"Free-range civil servants {says}after 15 years (60 quarters) ")
    leading = float(pair.result.rows["lone_ranger"][:, -1].mean())
    assert leading == max(float(pair.result.rows[name][:, -1].mean()) for name in STARTS)
    for language, says in (("en", "Lone Ranger still leads: {n} of 10 municipalities."),
                           ("nl", "Lone Ranger overheerst nog: {n} van de 10 gemeenten."),
                           ("de", "Lone Ranger überwiegt weiterhin: {n} von 10 Gemeinden."),
                           ("fr", "Lone Ranger domine encore\u202f: {n} communes sur 10.")):
        said, _ = sentences.headline(pair, Policy.of(), Text(language))
        assert said.endswith(says.format(n=f"{10 * leading:.0f}")), said


def test_a_target_is_counted_run_by_run_and_what_suffers_is_what_clearly_lost_a_tenth(pair):
    ends = pair.result.rows["lets_dance"][:, -1]
    middle = math.ceil(10 * float(np.median(ends)))  # some runs reach it, some do not
    for of_ten in (1, middle, 10):
        target = budget.Target("lets_dance", of_ten)
        number = sum(share >= of_ten / 10 for share in ends.tolist())
        assert budget.reached(pair, target, Text("en")).startswith(f"reached in {number} of 20 runs; on average ")
    assert budget.reached(pair, budget.Target("", 9), Text("en")) == ""
    worse = replace(pair.result, rows=pair.result.rows.copy())
    lowered = {"T": 0.5, "S": 0.8, "K": 0.95}  # parts of the reference's: trust loses most, capacity less than a tenth
    for name in cards.MEASURES:
        worse.rows[name][:] = pair.reference.rows[name] * lowered.get(name, 1.0)
    before, now = ([float(one.rows[name][:, -8:].mean()) for name in ("T", "S")] for one in (pair.reference, worse))
    said = sentences.suffers(replace(pair, result=worse), Text("en"))
    assert said == (f"trust in government {100 * now[0]:.0f}\u00a0% (reference {100 * before[0]:.0f}\u00a0%) and "
                    f"social capital {100 * now[1]:.0f}\u00a0% (reference {100 * before[1]:.0f}\u00a0%)")
    for name in ("T", "S"):
        worse.rows[name][:] = pair.reference.rows[name]
    assert sentences.suffers(replace(pair, result=worse), Text("en")) == "nothing by a tenth or more"


def test_a_target_that_a_link_says_wrongly_is_none():
    assert budget.Target.of(View().put(**{"goal.what": "<script>", "goal.share": "11"})) == budget.Target("", 9)
    assert budget.Target.of(View().put(**{"goal.what": "on", "goal.share": "4"})) == budget.Target("on", 4)
    assert budget.limit_of(View().put(**{"budget.limit": "1e9"})) == 0


def test_two_shares_never_read_alike_in_a_headline():
    en = Text("en")
    assert sentences.told_apart("lets_dance", 0.4, 0.15, en) == ("4 of 10 municipalities are in Let's dance", "2 of 10")
    assert sentences.told_apart("on", 0.18, 0.16, en) == ("18\u00a0% of municipalities have it in use", "16\u00a0%")
    assert sentences.told_apart("on", 0.174, 0.168, en) == ("17.4\u00a0% of municipalities have it in use", "16.8\u00a0%")
    assert sentences.told_apart("T", 0.4, 0.3, en) == ("trust in government 40\u00a0%", "30\u00a0%")


def test_no_change_and_no_effect_are_said_as_such(pair):
    bare = next(compute.pairs(View(), compute.Token()))
    said, notes = sentences.headline(bare, Policy.of(), Text("en"))
    assert said == "Lone Ranger as it stands: in 20 of 20 runs most municipalities are still there in quarter 60, year 15."
    assert "Nothing is changed" in notes[0]
    own = View(places="name,citizens,C\nA,30,0.2\nB,30,0.2\nC,30,0.2\n")
    said, _ = sentences.headline(next(compute.pairs(own, compute.Token())), Policy.of(), Text("en"), 3)
    assert said == ("Lone Ranger with your 3 municipalities as it stands: in 20 of 20 runs most municipalities are in "
                    "Wasteland by quarter 60, year 15.")
    own = View(places="name,citizens,C,G\nA,30,0.1,0.1\nB,30,0.1,0.1\nC,30,0.9,0.9\nD,30,0.9,0.9\n")
    split = next(compute.pairs(own, compute.Token()))
    assert all(split.result.rows[name][:, -1].max() <= 0.5 for name in STARTS)
    said, _ = sentences.headline(split, Policy.of(), Text("en"), 4)
    share = max(split.result.rows[name][:, -1].mean() for name in STARTS)
    assert f"the largest group of municipalities, {100 * share:.0f}\u00a0%, is in Let's dance" in said
    assert said.endswith("it is the majority in 0 of 20 runs.")
    measured = next(compute.pairs(View(policy=Policy.of().with_use("lever", None, Use("MEAS"))), compute.Token()))
    said, _ = sentences.headline(measured, Policy.of(), Text("en"))
    assert said == ("Indicators counted (60 points): no clear difference by quarter 60, year 15. Lone Ranger still leads: "
                    "8 of 10 municipalities.")


def test_a_lever_in_one_of_ones_own_municipalities_costs_its_part_wherever_points_are_told():
    """A quarter of 3 points in 20 quarters, since it acts in one of four municipalities."""
    places = "name,citizens\nAsh,30\nBirch,40\nÜ,20\nLoo,10\n"
    policy = Policy.of("lone_ranger", quarters=24).with_use("lever", None, Use("FRCS", 1, 20, 1.0, "Ü"))
    view = View(policy=policy, places=places, runs=20)
    assert price(policy, places) == (15.0, (15.0,))
    pair = next(compute.pairs(view, compute.Token()))
    assert " (15 points)" in sentences.headline(pair, view.reference_policy(), Text("en"))[0]
    assert " (15 points), from " in words.headline({"it": pair.result})
    with pytest.raises(Refused, match="no municipality 'Ü' here"):
        price(policy)


def test_a_policy_that_is_kept_as_the_reference_is_not_called_the_start_as_it_stands():
    policy = Policy.of("dead_horse").with_parameter("k", 1.5).with_use("lever", None, Use("CB"))
    kept = next(compute.pairs(View(policy=policy, reference=policy), compute.Token()))
    assert kept.same
    said, notes = sentences.headline(kept, policy, Text("en"))
    assert said == ("Community building and interdependence at 1.5 (was 0.75) (240 points): in 20 of 20 runs most "
                    "municipalities are in Let's dance by quarter 60, year 15.")
    assert "compared with" in notes[0]


def test_cards_count_what_they_say():
    found = compute.results({name: Policy.of(name) for name in STARTS}, View(), compute.Token())
    rows = found["dead_horse"].rows
    dead = rows["dead_calls"].sum() / rows["government_calls"].sum()
    card = words.card("dead_horse", found, Text("en"))
    each = rows["dead_calls"].sum(1) / rows["government_calls"].sum(1)
    low, high = 100 * np.quantile(each, [0.1, 0.9])
    assert card["fails"] == (f"Citizens stay away: {100 * dead:.0f}\u00a0% ({low:.0f}–{high:.0f}) of the government's "
                             f"calls are answered by nobody.")
    alone = [found["lone_ranger"].rows[f"launched_{kind}"].sum() for kind in ("solo", "joint")]
    assert words.card("lone_ranger", found, Text("en"))["fails"].startswith(
        f"The government stays away: {100 * alone[0] / sum(alone):.0f}\u00a0% (")
    stayed = (rows["dead_horse"][:, -1] > 0.5).sum()
    assert f"in {stayed} of 20 runs" in card["leads"]
    for name in STARTS:
        for language in ("en", "nl"):
            assert all(value.endswith(".") for value in words.card(name, found, Text(language)).values())


# ---------------------------------------------------------------- texts

@pytest.mark.parametrize("language", languages()[1:])
def test_a_language_has_every_text_and_the_same_names_to_fill_in(language):
    told = catalogue(language)
    assert not list(missing(language))
    for table in TEXTS:
        english = catalogue("en")[table]
        assert told[table].keys() == english.keys()
        for key, text in told[table].items():
            assert text, key
            assert sorted(set(re.findall(r"{(\w+)", text))) == sorted(set(re.findall(r"{(\w+)", english[key]))), key
    for kind in KINDS:
        assert {n: set(e) for n, e in told[kind].items()} == {n: set(e) for n, e in declared(kind).items()}, kind
        assert all(all(entry.values()) for entry in told[kind].values()), kind


def asked():
    """Keys that the code asks for: in calls of a text, anywhere as a literal, and patterns of those it builds."""
    called, literal, built = set(), set(), set()
    house = DASHBOARDS.parent
    for path in (*DASHBOARDS.rglob("*.py"), *(house / "room").glob("*.py"), house / "words" / "__init__.py",
                 house / "experiments" / "lessons.py", *(house / "report").glob("*.py"),
                 *(house / "commands").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literal.add(node.value)
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(
                    node.args[0].value, str):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                called |= {node.args[0].value} if name == "text" else set()
            if isinstance(node, ast.JoinedStr):
                pattern = "".join(re.escape(v.value) if isinstance(v, ast.Constant) else r"\w+" for v in node.values)
                if re.match(r"\w+\\\.", pattern):
                    built.add(pattern)
    for path in DASHBOARDS.glob("assets/*.vue"):
        source = path.read_text(encoding="utf-8")
        called |= set(re.findall(r"texts\['(\w+\.\w+)'\]", source))
        built |= {re.escape(stem) + r"\w+" for stem in re.findall(r"texts\['(\w+\.\w*)' \+", source)}
    for path in (house / "room" / "templates").glob("*.j2"):
        source = path.read_text(encoding="utf-8")
        called |= set(re.findall(r't\("((?:room|minutes|shell)\.[\w.]+\w)"[,)]', source))
        literal |= set(re.findall(r'"((?:room|minutes)\.[\w.]+\w)"', source))
        built |= {re.escape(stem) + r"\w+" for stem in re.findall(r't\("(room\.\w+[._])" \+', source)}
    for path in (house / "report").glob("*.j2"):
        called |= set(re.findall(r'text\("(\w+\.\w+)"', path.read_text(encoding="utf-8")))
    return called, literal | called, built


def test_no_text_is_missing_and_none_is_left_over():
    known = {key for table in TEXTS for key in catalogue("en")[table]}
    called, literal, built = asked()
    assert len(called) > 100
    assert not called - known
    unused = {key for key in known - literal if not any(re.fullmatch(pattern, key) for pattern in built)}
    assert not {key for key in unused if not key.startswith("page.")}
    assert {f"page.{name}" for name in (*app.PAGES, app.LAB)} == {key for key in known if key.startswith("page.")}


def one_or_other(said):
    """The expressions of which one is what is said."""
    return [*one_or_other(said.body), *one_or_other(said.orelse)] if isinstance(said, ast.IfExp) else [said]


def refusals(path):
    """The templates of every `Refused(...)` and `Said(...)` in a file; none is a sentence filled in already."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args
             and getattr(n.func, "id", getattr(n.func, "attr", "")) in ("Refused", "Said", "Invalid")]
    first = [one for call in calls for one in one_or_other(call.args[0])]
    first += [word.value for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "idle"
              for word in n.keywords]  # why an option would do nothing
    assert not [path.name for one in first if isinstance(one, ast.JoinedStr)], "write a template and its values"
    return {said for one in first if isinstance(one, ast.Constant) and (said := one.value)
            and not re.fullmatch(r"data\.\w+", said)}


#: Where something is refused.
FOLDERS = ("params", "scenarios", "simulation", "experiments", "report", "dashboards", "room", "commands")


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_refused_is_a_template_and_values(folder):
    for path in DASHBOARDS.parent.joinpath(folder).rglob("*.py"):
        for template in refusals(path):
            assert all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(template)
                       if "{" in template), template


@pytest.mark.parametrize("language", languages()[1:])
def test_all_that_can_be_refused_has_its_words(language):
    known = catalogue(language)["refused"]
    wanted = {template for folder in (*FOLDERS, "words") for path in DASHBOARDS.parent.joinpath(folder).rglob("*.py")
              for template in refusals(path)} - {""}
    assert len(wanted) > 800
    assert not wanted - known.keys(), f"these lack their words in {language}.toml, [refused]"
    assert known.keys() == catalogue(languages()[-1])["refused"].keys()  # what one language says, all say
    for template, said in known.items():
        names = set(re.findall(r"{(\w+)", template))
        assert set(re.findall(r"{(\w+)", said)) <= names, said
        assert not re.search(r"{\w+[!:]", said), said  # values come as the template writes them
        assert names - set(re.findall(r"{(\w+)", said)) <= {"error"}, said


@pytest.mark.parametrize("make", [
    lambda: Policy.of().with_parameter("kk", 1), lambda: Policy.of().with_parameter("k", 9),
    lambda: Policy.of().with_parameter("k", "x"), lambda: Policy.of().with_parameter("citizens", 10.5),
    lambda: Policy.parse("lone_ranjer"), lambda: Policy.parse("wasteland~FRCZ@8"), lambda: Policy.parse("wasteland~F~R"),
    lambda: Policy.parse("wasteland~profile=tele"), lambda: Policy.parse("wasteland~context=x"),
    lambda: Policy.parse("wasteland~quarters=2"), lambda: Policy.parse("wasteland~FRCS@99"),
    lambda: Policy.parse("wasteland~FRCS@2+9~FRCS@4+9"), lambda: Policy.parse("wasteland~FRCS@0"),
    lambda: Policy.parse("wasteland~austerity@2+0"), lambda: Policy.parse("wasteland~FRCS@2*9"),
    lambda: from_link("lang=xx"), lambda: from_link("seed=x"), lambda: from_link("seed=-1"), lambda: from_link("runs=1"),
    lambda: from_link("poli=1"), lambda: from_link("places=abc"), lambda: from_link("x" * 99, longest=9),
    lambda: from_file("x.toml", ""), lambda: from_file("x.toml", "a b"), lambda: from_file("x.toml", "[start]\nC = 7"),
    lambda: from_file("x.toml", "[start]\nD = 7"), lambda: from_file("x.toml", "sart = 1"),
    lambda: from_file("x.toml", "start = 1"), lambda: from_file("x.toml", "[start]"),
    lambda: from_file("x.toml", "title = 1"), lambda: from_file("x.toml", "levers = 1"),
    lambda: from_file("x.toml", "[[levers]]"), lambda: from_file("x.toml", "[[levers]]\nstart = 2"),
    lambda: compute.municipalities("a"), lambda: compute.municipalities('name,citizens\n"a'),
    lambda: compute.municipalities("name,citizens\na,b"), lambda: compute.municipalities("name,citizens\na,0"),
    lambda: compute.municipalities("name,citizens\n"),
    lambda: compute.municipalities("name,citizens\na,5\na,6"), lambda: compute.municipalities("name,nmae\na,5")])
def test_what_is_refused_reads_well_in_dutch(make):
    with pytest.raises(Refused) as refused:
        make()
    english, dutch = str(refused.value), Text("nl").refused(refused.value)
    assert Text("en").refused(english) == english
    assert dutch != english
    assert not re.search(r"\b(the|there|must|is no|not|from|line|mean|Known|See|lever|shock|needs)\b",
                         re.sub(r"'[^']*'|`[^`]*`|\[.*?\]|Bekend: .*", "", dutch)), dutch
    if "TOML" not in english:  # where the reader of TOML speaks English, only the place is kept
        for quoted in re.findall(r"'[^']*'", english):
            assert quoted in dutch


def test_a_refusal_in_dutch_names_title_unit_place_and_the_nearest_name():
    text = Text("nl")
    with pytest.raises(Refused) as refused:
        from_file("x.toml", "[start]\nC = 0.5\n[parameters]\ncitizens = 0.5\n")
    assert text.refused(refused.value) == (
        "x.toml, regel 4: citizens (burgers per gemeente) moet van 1 tot 10.000.000 liggen (burgers), niet 0,5.")
    with pytest.raises(Refused) as refused:
        Policy.parse("wasteland~FRCSS@8")
    assert text.refused(refused.value) == (
        "er is geen beleidsknop, schok of beginpunt 'FRCSS'. Bedoelt u FRCS? Zie `letsdance show levers`; een parameter "
        "schrijft u NAAM=WAARDE.")
    assert text.refused("Iets anders.") == "Iets anders."


@pytest.mark.parametrize(("value", "digits", "en", "nl"), [
    (1234.5, 1, "1,234.5", "1.234,5"), (-0.04, 1, "0.0", "0,0"), (-3, 0, "−3", "−3"), (float("nan"), 1, "–", "–")])
def test_numbers_are_written_as_each_language_writes_them(value, digits, en, nl):
    assert (Text("en").number(value, digits), Text("nl").number(value, digits)) == (en, nl)


def test_every_slider_has_named_bands_that_cover_its_range():
    listed = [name for names in explore.SLIDERS.values() for name in names]
    for row in parts.parameter_rows(listed, explore.SLIDERS, Text("nl")):
        bands = row["bands"]
        assert len(bands) > 1, row["name"]
        assert (bands[0]["low"], bands[-1]["high"]) == (row["low"], row["high"])
        assert all(a["high"] == b["low"] for a, b in pairwise(bands))
        usual = PARAMETERS[row["name"]].default
        here = next(band["title"] for band in bands if band["low"] <= usual <= band["high"])
        assert here in ("gewoon", "midden", "gemengd"), row["name"]


def test_the_plane_is_written_in_per_cent(pair):
    chart = charts.plane_of(pair, Text("nl"))
    C, G = (round(100 * float(pair.result.rows[name][:, -1].mean())) for name in ("C", "G"))
    assert chart.sentence.startswith(f"Burgers eindigen op {C}\u00a0%, overheden op {G}\u00a0%.")
    assert chart.table()[1][0][3:] == [f"{C}\u00a0%", f"{G}\u00a0%"]
    assert np.max(chart.data["shown.way"]) <= 1.0


def test_other_citizens_are_said_not_to_share_luck():
    view = View(policy=Policy.of("lone_ranger", quarters=8).with_parameter("municipalities", 12.0))
    notes = sentences.headline(next(compute.pairs(view, compute.Token())), view.reference_policy(), Text("en"))[1]
    assert any("other citizens" in note for note in notes)
    assert not any("equal luck" in note for note in notes)


def test_short_numbers_keep_what_counts():
    assert [Text("en").short(v) for v in (0.75, 12.0, 100.0, 0.5, 1.25)] == ["0.75", "12", "100", "0.5", "1.25"]
    assert [Text("fr").price(v) for v in (0.72, 4.8, 60.0, 179.99999999, 1200.0)] == [
        "0,7", "4,8", "60", "180", "1\u202f200"]


# ---------------------------------------------------------------- components and command

def test_everything_that_can_be_set_is_explained_in_both_languages():
    for language in ("en", "nl"):
        text = Text(language)
        for kind, known in (("lever", LEVERS), ("shock", SHOCKS), ("parameter", PARAMETERS)):
            for name in known:
                html = parts.explained(f"{kind}.{name}", text)
                assert "<script" not in html
                assert len(html) > 60
    assert "citizen_reasons" in parts.explained("parameter.wS", Text("en"))
    assert "S122" in parts.explained("lever.FRCS", Text("en"))
    assert f"+{LEVERS['FRCS']['effects'][0]['add']:.2f}" in parts.explained("lever.FRCS", Text("en"))
    assert "government_reasons" in parts.explained("lever.FRCS", Text("en"))  # the equation that the lever moves


def _all(widget):
    yield widget
    for child in getattr(widget, "children", None) or []:
        if not isinstance(child, str):
            yield from _all(child)


def _find(box, trait):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = [w for w in _all(box) if trait in w.trait_names()]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(trait)


def test_a_page_shows_what_its_view_says_and_events_change_it():
    box, rc = solara.render(app.Shell(), handle_error=False)

    shell, cards = _find(box, "pages"), _find(box, "cards")
    assert [one["name"] for one in shell.pages.value] == [name for name in app.present() if name != app.LAB]
    assert [one["name"] for one in cards.cards.value] == ["lets_dance", "lone_ranger", "dead_horse", "wasteland"]
    cards.vue_chosen("wasteland")
    controls, bar = _find(box, "levers"), _find(box, "headline")
    assert controls.values.value["start"] == "wasteland"
    controls.vue_set({"name": "k", "value": 1.5, "done": True})
    assert controls.values.value["parameters"] == {"k": 1.5}
    controls.vue_set({"name": "k", "value": 99, "done": True})
    assert "must lie" in controls.refused.value["parameter.k"]
    used = {"name": "FRCS", "start": 4, "duration": None, "strength": 1}
    controls.vue_use({"kind": "lever", "at": None, "use": used, "done": True})
    assert controls.values.value["levers"] == [{"name": "FRCS", "start": 4, "duration": None, "strength": 1.0, "where": "",
                                                "whom": "", "share": 1.0}]
    out = {"name": "OUT", "start": 4, "duration": 8, "strength": 1, "where": "M1", "whom": "the poorest 25 %"}
    controls.vue_use({"kind": "lever", "at": None, "use": out, "done": True})
    assert controls.values.value["levers"][1]["whom"] == "the poorest quarter"
    assert controls.values.value["levers"][1]["share"] == pytest.approx(6 / 25 / 40)
    controls.vue_use({"kind": "lever", "at": 1, "use": out | {"whom": "the richest dog"}, "done": True})
    assert "cannot be read" in controls.refused.value["lever.OUT"]
    bar.vue_act("undo")
    assert "k=1.5~FRCS@4*1" in shell.link
    controls.vue_luck({"runs": 3})
    assert "whole number from 20" in controls.refused.value["luck"]
    controls.vue_luck({"seed": 5})
    assert "seed=5" in shell.link
    bar.vue_act("undo")
    bar.vue_act("undo")
    assert (controls.values.value["levers"], controls.values.value["parameters"]) == ([], {"k": 1.5})
    shell.vue_look({"language": "nl"})
    assert _find(box, "levers").starts.value[3]["title"] == "Niemandsland"
    shell.vue_opened({"name": "x.toml", "size": 10, "text": "[start]\nC = 9\n"})
    assert "x.toml, regel 2" in shell.notices.value[0]
    shell.vue_look({"language": "en"})
    assert "x.toml, line 2" in shell.notices.value[0]
    rc.close()


def test_the_server_fetches_nothing_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(cdn_helper.requests, "get", lambda *a, **k: pytest.fail("a request left the machine"))
    with pytest.raises(FileNotFoundError, match="nothing is fetched"):
        cdn_helper.get_path(tmp_path, "no-such-script@1.0.0/dist/main.js")


def test_a_page_that_fails_says_so_and_the_others_go_on(monkeypatch, caplog):
    @solara.component
    def Bad() -> None:
        raise ValueError("a fault in a page")

    @solara.component
    def Midway() -> None:
        """Its hooks have run when it fails: the sentence in its place has others, and solara counted them as one's."""
        solara.use_memo(lambda: 1, [])
        solara.use_state(0)
        with solara.Column():
            solara.Text("the half of a page")
            raise ValueError("a fault in a page")

    def texts(box):
        return [child for w in _all(box) for child in getattr(w, "children", None) or [] if isinstance(child, str)]

    real, sentence = app.component, Text()("shell.failed")
    for broken in (None, Bad, Midway):
        monkeypatch.setattr(app, "component", lambda name, broken=broken: broken if name == "map" else real(name))
        box, rc = solara.render(app.Shell(), handle_error=False)
        shell = next(w for w in _all(box) if "pages" in w.trait_names())
        shell.vue_go("map")
        assert sentence in texts(box)
        shell.vue_go("futures")
        assert sentence not in texts(box)
        assert Text()("futures.title") in texts(box)
        rc.close()
    assert "a fault in a page" in caplog.text


def test_a_page_whose_file_fails_is_logged_and_not_there(monkeypatch, caplog):
    def fails(name):
        raise SyntaxError(name)

    monkeypatch.setattr(app, "import_module", fails)
    assert app.component.__wrapped__("map") is None
    assert "the page map cannot be loaded" in caplog.text


def test_a_move_draws_the_page_once_its_answer_once_and_goes_only_through_what_they_touch(monkeypatch):
    """Forty people wait for it: eight times the whole page at each move took the server's whole core."""
    box, rc = solara.render(app.Shell(), handle_error=False)

    def quiet():
        until = time.monotonic() + 60
        while compute.QUICK.busy and time.monotonic() < until:
            time.sleep(0.02)
        return rc.render_count

    _find(box, "cards").vue_chosen("wasteland")
    controls = _find(box, "levers")
    controls.vue_set({"name": "k", "value": 1.5, "done": True})
    before, touched, real = quiet(), [], Widget.hold_sync
    monkeypatch.setattr(Widget, "hold_sync", lambda one: (touched.append(one), real(one))[1])
    widgets = len(list(_all(box)))
    controls.vue_set({"name": "k", "value": 1.6, "done": True})
    controls.vue_set({"name": "k", "value": 99, "done": True})  # refused
    after = quiet()
    rc.close()
    assert after - before <= 5  # the move, its answer, what was refused: 3, and 17 where each change is drawn by itself
    assert len(touched) < 2 * widgets  # 28 of 26; 100 where each drawing goes through all


# ---------------------------------------------------------------- charts are told what changed


def unpacked(sent):
    """As custom.js reads it."""
    if isinstance(sent, list):
        return sent
    whole = np.frombuffer(base64.b64decode(sent["whole"]), "<i2")
    none = "-" if sent["wide"] == 2 else None
    flat = [none if one == -32768 else int(one) / 10 ** sent["digits"] for one in whole]
    return flat if sent["wide"] == 1 else [list(pair) for pair in zip(flat[::2], flat[1::2], strict=True)]


_number = some.one_of(some.none(), some.integers(-400, 400), some.floats(),
                      some.floats(-400, 400).map(lambda v: round(v, 2)))


@given(some.one_of(some.lists(_number, max_size=40), some.lists(some.lists(some.one_of(some.just("-"), some.floats(
    -40, 40).map(lambda v: round(v, 3))), min_size=2, max_size=2), max_size=30), some.lists(some.one_of(
        some.booleans(), some.text(max_size=2), some.integers(), some.lists(some.integers(), max_size=3)), max_size=20)))
def test_packed_numbers_are_the_same_numbers(values):
    assert unpacked(charts.packed(values)) == values


def test_a_chart_is_told_only_the_series_that_changed_and_the_whole_where_it_missed_one(pair):
    view = View(policy=replace(pair.policy, parameters=(("k", 1.3),)))
    other = next(compute.pairs(view, compute.Token()))
    for one, two in zip(*(explore.draw(p, Policy.of(), Text("en"), False, "q").charts for p in (pair, other)), strict=True):
        told = charts.Told()
        first = told.change(one, "a")
        assert (first["since"], set(first["series"])) == (0, set(one.data))
        second = told.change(two, "b")
        assert second["since"] == first["at"]
        assert set(second["series"]) == {name for name in one.data if one.data[name] != two.data[name]}
        assert {name for name in one.data if name.endswith(".other")} & set(second["series"]) == set()
        held = {name: unpacked(values) for name, values in (first["series"] | second["series"]).items()}
        assert held == {name: values for name, values in two.data.items()}
        gone = told.change(replace(two, series={"new": [1]}), "c")["series"]
        assert gone == dict.fromkeys(two.data) | {"new": [1]}
        told.forget()
        assert told.change(two, "d")["since"] == 0
