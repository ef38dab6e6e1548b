"""Lessons: every claim is an experiment that holds on fresh seeds, every sentence rests on one, every language says it."""

from __future__ import annotations

import io
import json
import re
import tomllib
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
from browser import browser_type_launch_args  # noqa: F401  (fixture)
from scipy import stats

from letsdance.experiments import lessons, patterns
from letsdance.experiments.lessons import Bench, conduct, measure, own_arm
from letsdance.params import Refused
from letsdance.report.lesson import PLAN, glass, plan, render, titled
from letsdance.room import agenda as agendas
from letsdance.room import faces, minutes
from letsdance.room.inputs import HOST, Input
from letsdance.room.lesson import agenda as for_a_class
from letsdance.room.runs import Answers
from letsdance.room.state import Room
from letsdance.scenarios.lessons import Claim, load, names, read
from letsdance.words import Text, languages

#: Seeds on which no lesson was written.
FRESH, RUNS = 77_001, 20
ASKED = ("Why did more invitations not help?", "Who adopts after the law?", "What does blame cost?",
         "Can Wasteland be left by one side?", "Does one burst of training last?", "Why do the late come late?",
         "Chance: the same town with other luck", "Adopted but not used")


@cache
def conducted(name):
    return conduct(load(name), RUNS, FRESH)


def source(name):
    return files("letsdance.scenarios.lessons").joinpath(f"{name}.toml").read_text(encoding="utf-8")


# ---------------------------------------------------------------- what is claimed

@pytest.mark.parametrize("name", names())
def test_every_claim_holds_on_fresh_seeds(name):
    found = conducted(name)
    failed = [f"{claim}: {one.verdict.demand}, measured {one.verdict.effect}" for claim, one in found.claims.items()
              if not one.verdict.holds]
    assert not failed
    assert found.holds


def test_a_claim_that_is_turned_round_fails():
    """A check that cannot fail says nothing: the same experiments, asked for the other direction."""
    found = conducted("blame")
    bench = Bench(found.lesson, RUNS, FRESH)
    bench._kept = {(arm, False): result for arm, result in found.results.items()}
    other = {"rises": "falls", "falls": "rises"}
    turned = [claim.model_copy(update={"demand": other[claim.demand]}) for claim in found.lesson.claim
              if claim.demand in other and not claim.off]
    assert len(turned) > 4
    assert not any(measure(bench, claim).verdict.holds for claim in turned)


def test_the_answer_of_the_prediction_is_not_always_the_same_choice():
    assert len({load(name).predict.answer for name in names()}) > 1


def test_the_eight_questions_are_asked():
    assert [load(name).title.en for name in names()] == list(ASKED)
    assert all(15 <= load(name).minutes <= 45 for name in names())


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize(("change", "said"), [
    (("claims = [\"L\"]\nen = \"With hard", "en = \"With hard"), "must name either the claims that it rests on, or a"),
    (("claims = [\"L\"]\nen", "claims = [\"nobody\"]\nen"), "is no number of a claim that its sentence names"),
    (("{L.before} to", "{L.befor} to"), "the same numbers in braces"),
    (('source = "S47"', 'source = "S999"'), "no line 'S999' of the evidence"),
    (('of = "blame"', 'of = "blam"'), "names 'blam', which is no arm"),
    (('outcome = "L@60"', 'outcome = "LL@60"'), "there is no outcome 'LL'"),
    (('parameter = "chi"', 'parameter = "chii"'), "there is no parameter 'chii'"),
    (("minutes = 30", "minutes = 5"), "minutes: 5 cannot stand here"),
    (("minutes = 30", "minuts = 30"), "minuts: there is no such entry"),
    (("answer = 2", "answer = 9"), "the answer of \\[predict\\] is none of its choices"),
    (('policy = "chi=4"', 'policy = "chy=4"'), "there is no parameter 'chy'"),
    (("nl = \"Met", "Nl! = \"Met"), "is not valid TOML"),
    (('start = "dead_horse"', 'start = "heaven"'), "start: 'heaven' cannot stand here"),
    (('rule = "stocks.next_risk_culture"', 'rule = "stocks.nothing"'), "there is no rule 'stocks.nothing'"),
])
def test_what_is_wrong_in_a_lesson_is_one_sentence(change, said):
    text = source("blame")
    assert change[0] in text

    def taken_up():
        made = read("blame", "blame.toml", text.replace(*change, 1))
        lessons.check(made)
        glass(made, Text())

    with pytest.raises(Refused, match=said):
        taken_up()


@pytest.mark.parametrize("name", names())
def test_a_sentence_of_the_model_names_its_claim(name):
    """Whatever asserts must rest on a claim or a source (`Sentence` refuses others). What only tells a story or asks speaks
    neither of the model nor of what it found."""
    lesson = load(name)
    free = [lesson.story, lesson.predict.ask, *(one.ask for one in (*lesson.whatif, *lesson.check))]
    for told in free:
        assert not re.search(r"\bthe (model|runs?|experiment) (shows?|says?|finds?|found)\b|\{|\bon average\b", told.en)
    assert all(one.claims or one.source for one in lesson.sentences())
    assert {*lesson.predict.claims} <= {claim.name for claim in lesson.claim}


@pytest.mark.parametrize("language", languages())
def test_every_lesson_is_told_in_every_language(language):
    text = Text(language)
    for name in names():
        lesson, found = load(name), conducted(name)
        for told in lesson.texts():
            assert language in told.languages(), (name, told.en)
        said = [found.said(one, text) for one in lesson.sentences()]
        assert not [one for one in said if re.search(r"[{}]|\bnan\b|(number|lesson)\.\w", one)], name
        if language != "en":
            assert sum(one.said(language) == one.en for one in lesson.texts()) <= 3  # a name may be alike


def test_of_ten_never_says_none_or_all_where_it_is_not_so():
    said = {share: Text().of_ten(share) for share in (0.0, 0.001, 0.05, 0.44, 0.45, 0.951, 1.0)}
    assert list(said.values()) == [f"{n} of 10 municipalities" if isinstance(n, int) else n for n in (
        0, "fewer than 1 of 10 municipalities", 1, 4, 5, "nearly all municipalities", 10)]


def test_numbers_in_sentences_are_those_measured():
    found = conducted("wasteland")
    both = found.claims["both_g"]
    mean = float(found.results["both"].rows["lets_dance"][:, 60].mean())
    assert both.after == pytest.approx(mean)
    assert both.shown("after", Text()) == Text().percent(mean)
    assert both.shown("change", Text("de")) == Text("de").points(
        mean - float(found.results["government"].rows["lets_dance"][:, 60].mean()))


# ---------------------------------------------------------------- how it is measured

def test_a_category_is_measured_as_the_patterns_do():
    found = conducted("law")
    for arm in ("free", "law"):
        ours = lessons._of(found.results[arm], "laggards: ever_adopted@60")
        assert ours == pytest.approx(patterns.ever_adopted(found.results[arm], 4, by=60))


def test_together_is_fishers_interval_of_the_correlation():
    rng = np.random.default_rng(3)
    a = rng.normal(size=20)
    b = 0.7 * a + rng.normal(size=20)
    ours, theirs = lessons._together(a, b).effect, stats.pearsonr(a, b)
    assert (ours.mean, ours.low, ours.high) == pytest.approx((theirs.statistic, *theirs.confidence_interval(0.95)))
    assert not lessons._together(a, rng.normal(size=20)).holds
    assert not lessons._together(a, np.ones(20)).holds


def test_a_lessons_runs_are_those_that_anybody_can_make():
    from letsdance.simulation.run import simulate

    mine = simulate("dead_horse", runs=RUNS, seed=FRESH, quarters=60, parameters={"chi": 4})
    assert np.array_equal(mine.rows["L"], conducted("blame").results["blame"].rows["L"])


def test_a_class_moves_only_what_the_lesson_lets_it():
    lesson, text = load("blame"), Text()
    assert own_arm(lesson, {"chi": 2.0}, ("FAL@8",), text).policy == "chi=2, FAL@8"
    with pytest.raises(Refused, match="does not move k; it moves chi, phi, FAL"):
        own_arm(lesson, {"k": 1.0}, (), text)
    with pytest.raises(Refused, match=r"chi is moved from 0\.5 to 6 in this lesson, not to 8"):
        own_arm(lesson, {"chi": 8.0}, (), text)


@pytest.mark.parametrize("name", names())
def test_the_plan_fills_the_lesson_and_the_glass_box_is_the_rule_that_runs(name):
    lesson, text = load(name), Text()
    told = plan(lesson, text)
    assert (len(told), sum(minutes for minutes, _ in told)) == (len(PLAN), lesson.minutes)
    box = glass(lesson, text)
    assert f"def {lesson.glass.rule.partition('.')[2]}(" in box.code
    assert box.equation


# ---------------------------------------------------------------- a class in a room

@pytest.mark.parametrize("name", names())
def test_a_lesson_is_an_agenda_for_a_class_in_every_language(name):
    found = conducted(name)
    for language in languages():
        text = Text(language)
        made = for_a_class(found, text)
        assert [step.kind for step in made.step] == ["join", "choose", "chosen", "chosen", "end"]
        assert made.step[1].choices == tuple(one.said(language) for one in found.lesson.predict.choices)
        assert [made.step[2].told, made.step[3].told] == [
            tuple(found.said(one, text) for one in part) for part in (found.lesson.happened, found.lesson.why)]
        assert made.minutes == pytest.approx(found.lesson.minutes + 4)
        assert agendas.parsed(agendas.written(made, text), "copy").step[1].choices == made.step[1].choices


def test_a_class_answers_unseen_and_unnamed_until_all_are_in():
    room, answers = Room("CLASS", for_a_class(conducted("law"), Text())), Answers()
    said = iter(range(1, 1000))

    def say(who, kind, **value):
        n = next(said)
        room.take(Input(who, f"input-{n:04d}", kind, value, float(n)))

    def screen():
        return faces.projector(room, answers, 0.0, "http://10.0.0.1:8770/join/CLASS")

    asks = room.agenda.step[1]
    for k in range(4):
        say(f"pupil-{k}", "join", nick="Somebody's name")
    assert "Somebody" not in repr(room.people)
    assert 'name="nick"' not in faces.phone(room, answers, "new", 0.0, "fresh-id-12", "/in")
    say(HOST, "go", to=1)
    with pytest.raises(Refused, match="a whole number from 1 to"):
        say("pupil-0", "pick", choice=len(asks.choices) + 1)
    for k, choice in enumerate((1, 2, 2)):
        say(f"pupil-{k}", "pick", choice=choice, why="because")
    assert "<meter" not in screen()
    say("pupil-3", "pick", choice=asks.answer)
    picked = [1, 2, 2, asks.answer]
    counts = [picked.count(n) for n in range(1, len(asks.choices) + 1)]
    assert [int(n) for n in re.findall(r"<meter[^>]* value=\"(\d+)\"", screen())] == counts
    assert "✓" not in screen(), "what is borne out is not shown yet"
    say(HOST, "go", to=2)
    assert screen().count("✓") == 1
    for told in room.agenda.step[2].told:
        assert faces.Markup.escape(told) in screen()
    wrong = next(k for k in range(3) if picked[k] != asks.answer)
    own = faces.phone(room, answers, f"pupil-{wrong}", 0.0, "fresh-id-12", "/in")
    assert faces.Markup.escape(asks.choices[picked[wrong] - 1]) in own
    say(HOST, "go", to=0)
    for face in (screen(), faces.phone(room, answers, "new", 0.0, "fresh-id-12", "/in"),
                 faces.host(room, answers, 0.0, "", "fresh-id-12")):
        assert "ickname" not in face, "nobody is asked for one, and nobody has a role or a table"
        assert 'name="source"' not in face


@pytest.mark.parametrize("language", languages())
def test_the_minutes_of_a_class_say_what_it_was_asked_thought_and_was_told(language):
    import docx
    import pptx

    text, found = Text(language), conducted("law")
    room = Room("CLASS", for_a_class(found, text), language=language)
    asks = room.agenda.step[1]
    picked = [1, 2, 2, asks.answer]
    told = [(f"p{k}", "join", {}) for k in range(4)] + [(HOST, "go", {"to": 1})]
    told += [(f"p{k}", "pick", {"choice": choice, "why": ""}) for k, choice in enumerate(picked)]
    for n, (who, kind, value) in enumerate([*told, (HOST, "go", {"to": 2})]):
        room.take(Input(who, f"input-{n:04d}", kind, value, float(n)))
    said = minutes.made(room, Answers(), 0.0)
    assert said.question == [asks.says]
    for k, one in enumerate(asks.choices, 1):
        assert said.predictions[k - 1].startswith(
            text.labelled(one, text("minutes.of_class", n=picked.count(k), all=4))), "of each how many"
    assert [one.endswith("✓") for one in said.predictions] == [k == asks.answer for k in range(1, len(asks.choices) + 1)]
    assert said.headline == list(room.agenda.step[2].told)
    forms = {kind: minutes.written(room, Answers(), kind, 0.0)[0] for kind in minutes.KINDS}
    page = forms["html"].decode()
    assert all(str(faces.Markup.escape(one)) in page for one in (*said.question, *said.predictions, *said.headline))
    assert "<table" not in page
    assert len(pptx.Presentation(io.BytesIO(forms["pptx"])).slides) == 3
    assert not docx.Document(io.BytesIO(forms["docx"])).tables
    assert asks.choices[0] in forms["csv"].decode("utf-8-sig").replace('""', '"')


@pytest.mark.parametrize("name", names())
def test_a_class_reads_all_that_a_lesson_says_on_its_screen(name, browser):
    page, found = browser.new_page(), []
    for language in languages():
        text = Text(language)
        room = Room("CLASS", for_a_class(conducted(name), text), language=language)
        for step in (1, 2, 3):
            room.control = replace(room.control, at=step, shown=True)
            for size in ((1366, 768), (1920, 1080)):
                page.set_viewport_size({"width": size[0], "height": size[1]})
                inside = faces.projector(room, Answers(), 0.0, "http://192.168.178.123:8770/join/CLASS")
                page.set_content(faces.page("projector", inside, room, "n", "", "", "Let’s Dance"))
                cut = page.evaluate("""Math.max(...[document.documentElement, ...document.querySelectorAll('section')].map(
                    (one) => Math.max(one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth)))""")
                if cut > 1:
                    found.append((language, step, size, cut))
    page.close()
    assert found == []


# ---------------------------------------------------------------- paper and the command

@pytest.mark.parametrize("language", languages())
def test_a_worksheet_has_room_to_write_and_no_answers(language):
    text, lesson, found = Text(language), load("law"), conducted("law")
    sheet, copy = render(lesson, text), render(lesson, text, found)
    assert sheet == render(lesson, text)
    answer = found.said(lesson.whatif[0].answer, text)
    for told in (lesson.title, lesson.story, lesson.predict.ask, *(one.ask for one in lesson.check)):
        from markupsafe import escape
        assert str(escape(told.said(language))) in sheet
    assert 'class="lines"' in sheet
    assert str(escape(answer)) in copy
    assert str(escape(answer)) not in sheet
    assert "<pre>" not in sheet
    for page in (sheet, copy):
        assert "http" not in re.sub(r"data:[^)]*", "", page).replace("http-equiv", "")
        assert f'<html lang="{language}">' in page
    gap = titled("late_adopter_gap@60", text)
    assert str(escape(gap)) in copy
    assert (gap == titled("late_adopter_gap@60", Text("en"))) == (language == "en")


@pytest.mark.parametrize("name", names())
def test_a_worksheet_is_one_sheet_of_two_sides_in_every_language(name, browser, tmp_path):
    """The class's, and the teacher's copy, which says most in German or French."""
    found, page = conducted(name), browser.new_page()
    for language in languages():
        for kind, measured in (("class", None), ("teacher", found)):
            sheet = tmp_path / f"{kind}-{language}.html"
            sheet.write_text(render(load(name), Text(language), measured), encoding="utf-8")
            page.goto(sheet.as_uri())
            printed = page.pdf(prefer_css_page_size=True, print_background=True)
            assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 2, (kind, language)
    page.close()


def test_the_command_lists_tells_and_prints(letsdance, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = letsdance("lesson", "--json")
    assert (code, err) == (0, "")
    assert [one["name"] for one in json.loads(out)] == list(names())
    code, out, err = letsdance("lesson", "training", "--runs", "4", "--guess", "1", "--language", "nl", "--set", "phi=0.5")
    assert (code, err) == (0, "")
    for said in (load("training").title.said("nl"), "U dacht: Bij de grote ronde", "Uw eigen instelling", "Glazen doos"):
        assert said in out
    assert load("training").check[0].answer.said("nl")[:20] not in out
    for words in ((), ("--teacher", "--runs", "4")):
        assert letsdance("lesson", "training", "--worksheet", f"{len(words)}.html", *words)[0] == 0
    assert len((tmp_path / "3.html").read_text("utf-8")) > len((tmp_path / "0.html").read_text("utf-8"))
    code, out, err = letsdance("lesson", "training", "--worksheet", "0.html")
    assert code == 2
    assert "--overwrite" in err


def test_the_check_ends_in_one_where_a_claim_fails(letsdance, tmp_path):
    own = tmp_path / "mine.toml"
    told = source("training").replace('demand = "rises"', 'demand = "falls"', 1)
    own.write_text(told, encoding="utf-8")
    assert tomllib.loads(told)
    code, out, _ = letsdance("lesson", str(own), "--check", "--runs", "4", "--json")
    assert code == 1
    assert [one["claim"] for one in json.loads(out) if not one["holds"]] == ["at_once"]


@pytest.mark.parametrize(("words", "said"), [
    (("lesson", "lawn"), "there is no lesson 'lawn'. Did you mean law?"),
    (("lesson", "law", "--language", "xx"), "there is no language 'xx'"),
    (("lesson", "law", "--guess", "7"), "--guess must be a number from 1 to 3"),
    (("lesson", "--teacher"), "name a lesson too"),
    (("lesson", "law", "--lever", "TRAIN@8"), "this lesson does not move TRAIN"),
    (("lesson", "nowhere.toml"), "there is no file nowhere.toml"),
    (("lesson", "law", "--check", "--runs", "1"), "runs (20 or more for a verdict)"),
])
def test_what_cannot_be_is_one_sentence(letsdance, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = letsdance(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_claim_needs_what_it_is_held_against():
    with pytest.raises(ValueError, match="needs `against`"):
        Claim(name="a", of="x", outcome="T@60", demand="rises")
