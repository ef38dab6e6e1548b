"""The page of reasons over worlds."""

from __future__ import annotations

from letsdance.experiments.reasons_worlds import Explained
from letsdance.report.study import Section, Study
from letsdance.report.style import ENGLISH
from letsdance.words import Text


def reasons_study(found: Explained, text: Text = ENGLISH) -> Study:
    """Where most municipalities end, in how many worlds, and the same of what moved them."""
    asked, ends, *why = found.said(text)
    return Study(text("report.search_in_worlds"), ends, [asked], [Section(text("report.reasons"), why)],
                 [text("report.worlds_width")], text("report.of_the_model"), text)


__all__ = ["reasons_study"]
