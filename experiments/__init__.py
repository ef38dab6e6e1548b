"""What can be asked of the model: a design (which points), runs (paired seeds), an executor (where), a store (what is
kept), an analysis. Each question is one file, one command of `letsdance`, one page of `report`.

| question | file |
|---|---|
| what did it come to, and why | outcomes, summary, reasons |
| do the patterns of the evidence hold | patterns |
| what differs between policies, on equal luck | paired, compare, windtunnel |
| how many runs are enough | precision |
| many runs at many points | design, plan, executors, store, sweep |
| what matters, and how much is luck | sensitivity, emulator |
| where does it hold, in plain words | discovery |
| where do starts lead, how long do they last | basins, boundaries, residence |
| what tips it, is there a way back, does it warn | tipping, early_warning |
| which levers, when, at what cost | search (portfolios, explore, success, finalists) |
| what if nobody knows the parameters | worlds; over_worlds, pathways, and tunnel_, map_, reasons_, search_worlds |
| which of it decides, and is worth knowing | moving, parts_of_luck, knowing |
| where does a case stand by what was seen | follow (particles, luck_paths), posterior |
| one past, several ways to go on | branch |
| the science of adopters | adopters/ |
| the model inside other tools | guests |
| what a run leaves on disk | folder |
"""
