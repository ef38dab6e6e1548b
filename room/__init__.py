"""A workshop in a room: `letsdance workshop`. What people decide together, on one screen and many phones.

    agenda.py     which steps, how long, with what: TOML files in agendas/, their texts in words/
    state.py      what a room is: inputs in, state out; no clock, no file, no network
    store.py      its memory: every input in SQLite before it is answered
    runs.py       what its questions come to: computed once, equal luck for all tables
    draw.py       its pictures, as SVG
    faces.py      its three faces (projector, host, phone) as HTML; templates/, assets/
    server.py     the door, the routes, who may do what
    rehearsal.py  simulated participants
    minutes.py    what is handed over: a page, a document, slides, a table

An input goes server -> store -> state; a face is drawn from state and answers; nothing else is shared.
"""
