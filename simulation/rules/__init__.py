"""The science: one file per mechanism, small pure scalar functions, each an equation with its source, no loop.

Each is callable by hand on plain numbers (`join_probability(w=.6, e=.3, load=0, p=defaults())`), and is the very
function that the engine compiles. `p` is a record of all parameters in force (`params.defaults()`).
"""
