"""What is shown live: the dashboard (`letsdance dashboard`), and Mesa's own page (solaraviz.py).

How a page is written
---------------------
A page is one file, pages/<name>.py, with a Solara component `Page()`; its name stands in app.PAGES (a page whose file
is not there is not listed, one that fails says so) and its title in the files of words/ as page.<name>. Only the first
page is loaded before the server answers, so what a page imports does not slow the start. It reads like this:

    @solara.component
    def Page() -> None:
        session = use_session()                        # session.py: this browser page's state, nobody else's
        view, text = session.view.value, session.text  # reading .value subscribes the component

        def job(token):                                # runs in a thread: no widgets in here
            for pair in compute.pairs(view, token):    # 20 runs first, then more
                yield charts.willingness(pair, text)

        answer = compute.use_latest(job, [view.question(), view.language])
        if answer.value is None:
            Waiting(answer.refused)
        else:
            Figure(answer.value, charts.key_of(view.question()))

State (state.py). `View` is one immutable value that says what is on screen; `Policy` a start and its changes. Change
it by `session.change(policy=...)`, or `session.attempt("parameter.k", lambda policy: policy.with_parameter("k", 1.2))`,
which says what is refused beside its cause (`session.refused.value["parameter.k"]`). What a page keeps of itself goes
in by `session.keep({"town.quarter": 4})` (names with a dot), comes back by `view.get("town.quarter", "0")`, and is then in
links and files too. Further policies: `view.others`; own municipalities: `view.places`, a CSV. State in a module, or in
`use_state`, is not in the link: only for what nobody wants restored, such as an opened explanation.

Computation (compute.py). `use_latest` shows the newest answer; older jobs stop at `token.check()`, so check between
slices of some 30 ms; jobs of seconds go to the pool `LONG`. `simulated` and `results` keep what ran before, for all
sessions.

Charts (charts.py). A function result -> `Chart`: `lines` for curves over quarters with bands, `plane` for ways over
the plane. Colours are names ("--lets_dance", "--ink", "--line") that CSS defines for light and dark (charts.css_colours,
assets/custom.css); sizes are for a laptop and grow in projector mode. `Figure` adds sentence, table and downloads.
Data go by series id, rounded; keep `option` equal from answer to answer, so that only numbers are sent.

What is refused is written where it is checked, in English; [refused] in a language's file (words/) has
its words, and `text.refused(error)` finds them. `session.refuse`, `use_latest` and notices do so by themselves.

Texts (words/). Every text has a key and stands in each language's file; `text("key", name=...)`. Titles of levers,
shocks, parameters and starts: `text.title("lever", "FRCS")`. Numbers: `text.percent`, `text.number`, `text.band`.
Sentences made from runs: sentences.py.

Controls in the browser are Vue 2 templates in assets/ (`parts.vue`): one component for many controls loads much faster
than a widget each, and lists and dicts that `parts.vue` sends are not walked by Solara at every render (which took
longer than twenty runs). Names that ipyvue and ipywidgets use (data, methods, events, css, template, layout,
tooltip) cannot be names of arguments. Native elements (button, input, details) bring the keyboard with
them; every one needs a text or an aria-label.
"""
