"""Measure what ships as experiments/robust.json: `python -m benchmarks.robust --minutes 3` until it says that it is done.

Each call does what it can in that time and goes on where the last one stopped; several may run at once, each with a part of
the worlds (`--part 1 --of 2`). When all worlds of all designs are there, the file is written, with version, commit and
seeds. After a change of the sources that moves no number, `--renew 8` does so many worlds of each design again and takes
the rest over where all come out the same.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from letsdance import __version__
from letsdance.experiments import folder, robust
from letsdance.experiments.worlds import Worlds


def main() -> None:
    """Do some worlds; write the file when all are there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("--of", type=int, default=1)
    parser.add_argument("--place", type=Path, default=Path(".robust"))
    parser.add_argument("--least", type=int, help="write the file with so many worlds of each design, done or not")
    parser.add_argument("--renew", type=int, help="do so many worlds again, and take the rest over if they are the same")
    asked = parser.parse_args()
    asked.place.mkdir(exist_ok=True)
    if asked.renew:
        for file in sorted(asked.place.glob("*-*.jsonl")):
            print(f"{file.name}: worlds {robust.renew(file, asked.renew)} come out as they did")
    # time in proportion to worlds, so that both designs grow
    for design, worlds in ({} if asked.renew else robust.DESIGNS).items():
        file = asked.place / f"{design.rstrip('%')}-{asked.part}.jsonl"
        seconds = 60.0 * asked.minutes * worlds / sum(robust.DESIGNS.values())
        robust.check(Worlds(worlds, design), file, seconds=seconds, part=(asked.part, asked.of))
    counts, whole = {}, {}
    for design, worlds in robust.DESIGNS.items():
        files = sorted(asked.place.glob(f"{design.rstrip('%')}-*.jsonl"))
        if not files:
            continue
        whole[design] = asked.place / f"{design.rstrip('%')}.jsonl"
        robust.together(files, whole[design])
        counts[design] = (len(robust.read(whole[design])[1]), worlds)
    print(", ".join(f"{design}: {done} of {worlds} worlds" for design, (done, worlds) in counts.items()))
    if len(counts) == len(robust.DESIGNS) and all(
            done == worlds or (asked.least is not None and done >= asked.least) for done, worlds in counts.values()):
        commit = (folder.git_state() or {}).get("commit", "")
        said = robust.to_json(whole, __version__, commit)
        path = Path(robust.__file__).parent / "robust.json"
        lines = ",\n".join(f"  {json.dumps(id)}: {json.dumps(entry)}" for id, entry in said["claims"].items())
        head = {key: value for key, value in said.items() if key != "claims"}
        path.write_text(json.dumps(head, indent=1)[:-2] + f',\n "claims": {{\n{lines}\n }}\n}}\n', encoding="utf-8")
        print(f"{path} is written.")


if __name__ == "__main__":
    main()
