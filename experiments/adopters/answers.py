"""Answers in words, and who gives them, in English, Dutch, German and French: the language of surveys, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from letsdance.scenarios.tables.marks import BLANK

#: Who answered.
ROLES: Mapping[str, tuple[str, ...]] = {
    "citizen": ("citizen", "citizens", "resident", "residents", "inhabitant", "inhabitants", "the public", "burger",
                "burgers", "inwoner", "inwoners", "bewoner", "bewoners", "bürger", "bürgerin", "bürgerinnen",
                "bürgerinnen und bürger", "einwohner", "einwohnerin", "einwohnerinnen", "bewohner", "bewohnerin",
                "bevölkerung", "citoyen", "citoyenne", "citoyens", "citoyennes", "habitant", "habitante", "habitants",
                "administré", "administrés"),
    "official": ("official", "officials", "government", "government official", "public official", "local government",
                 "civil servant", "civil servants", "public servant", "policy officer", "municipality", "councillor",
                 "councillors", "councilor", "council member", "alderman", "mayor", "politician", "ambtenaar",
                 "ambtenaren", "overheid", "gemeente", "medewerker", "beleidsmedewerker", "bestuurder", "bestuurders",
                 "raadslid", "raadsleden", "wethouder", "burgemeester", "politicus", "beamter", "beamte", "beamtin",
                 "verwaltung", "gemeinde", "angestellter", "angestellte", "mitarbeiter", "mitarbeiterin", "mitarbeitende",
                 "bürgermeister", "bürgermeisterin", "gemeinderat", "gemeinderätin", "stadtrat", "stadträtin",
                 "ratsmitglied", "dezernent", "dezernentin", "politiker", "politikerin", "fonctionnaire", "fonctionnaires",
                 "agent", "agente", "agents", "agent public", "administration", "commune", "mairie", "maire", "élu",
                 "élue", "élus", "conseiller", "conseillère", "conseiller municipal", "conseillère municipale", "adjoint",
                 "adjointe"),
}
#: Words that strengthen an answer at either end.
_VERY = {"helemaal": ("geheel", "volledig", "totaal", "zeer", "sterk", "volkomen", "heel", "erg"),
         "strongly": ("completely", "totally", "fully", "entirely"), "very": ("extremely",),
         "somewhat": ("slightly", "a little", "a bit", "rather"), "een beetje": ("enigszins", "deels", "eerder"),
         "sehr": ("äußerst", "ausgesprochen"), "très": ("extrêmement",)}
_MIDDLE = ("neutral", "neither agree nor disagree", "neither", "neutraal", "niet eens, niet oneens",
           "niet eens niet oneens", "niet eens en niet oneens", "noch eens, noch oneens", "noch eens noch oneens",
           "niet mee eens, niet mee oneens", "niet mee eens en niet mee oneens", "niet eens/niet oneens",
           "niet mee eens/niet mee oneens", "undecided", "neutre", "weder noch", "teils, teils", "teils/teils",
           "teils teils", "unentschieden", "unentschlossen", "ni d'accord ni en désaccord", "ni d'accord, ni en désaccord",
           "ni d'accord ni pas d'accord")
_AGREE = (
    ("strongly disagree", "helemaal oneens", "helemaal mee oneens", "helemaal niet mee eens", "sd",
     "stimme überhaupt nicht zu", "stimme gar nicht zu", "trifft überhaupt nicht zu", "trifft gar nicht zu",
     "pas du tout d'accord", "tout à fait en désaccord", "fortement en désaccord"),
    ("disagree", "oneens", "mee oneens", "niet mee eens", "d", "stimme nicht zu", "trifft nicht zu", "pas d'accord",
     "en désaccord"),
    (*_MIDDLE, "n"),
    ("agree", "eens", "mee eens", "a", "stimme zu", "trifft zu", "d'accord"),
    ("strongly agree", "helemaal eens", "helemaal mee eens", "sa", "stimme voll und ganz zu", "stimme voll zu",
     "stimme völlig zu", "trifft voll und ganz zu", "trifft voll zu", "tout à fait d'accord", "fortement d'accord"),
)
_LITTLE = (
    ("somewhat disagree", "een beetje oneens", "een beetje mee oneens", "stimme eher nicht zu", "trifft eher nicht zu",
     "plutôt pas d'accord", "plutôt en désaccord"),
    ("somewhat agree", "een beetje eens", "een beetje mee eens", "stimme eher zu", "trifft eher zu", "plutôt d'accord"),
)
#: Scales of answers in words: levels from least to most, each with the words for it.
SCALES: tuple[tuple[tuple[str, ...], ...], ...] = (
    _AGREE, (_AGREE[0], _LITTLE[0], _MIDDLE, _LITTLE[1], _AGREE[4]),
    (*_AGREE[:2], _LITTLE[0], _MIDDLE, _LITTLE[1], *_AGREE[3:]),
    (
        ("strongly disagree",),
        ("tend to disagree",),
        ("tend to agree",),
        ("strongly agree",),
    ),
    (
        ("helemaal niet bereid", "zeer onbereid", "very unwilling", "not at all willing", "überhaupt nicht bereit",
         "gar nicht bereit", "pas du tout disposé", "pas du tout prêt"),
        ("unwilling", "onbereid", "niet bereid", "not willing", "nicht bereit", "pas disposé", "pas prêt"),
        ("neutral", "neutraal", "neutre"),
        ("willing", "bereid", "bereit", "disposé", "prêt"),
        ("very willing", "zeer bereid", "sehr bereit", "très disposé", "tout à fait prêt"),
    ),
    (
        ("definitely not", "zeker niet", "auf keinen fall", "sicher nicht", "certainement pas"),
        ("probably not", "waarschijnlijk niet", "wahrscheinlich nicht", "probablement pas"),
        ("maybe", "perhaps", "misschien", "vielleicht", "peut-être"),
        ("probably", "probably yes", "waarschijnlijk wel", "wahrscheinlich", "wahrscheinlich ja", "probablement"),
        ("definitely", "definitely yes", "zeker wel", "auf jeden fall", "sicher", "certainement"),
    ),
    (
        ("very unlikely", "zeer onwaarschijnlijk", "sehr unwahrscheinlich", "très improbable", "très peu probable"),
        ("unlikely", "onwaarschijnlijk", "unwahrscheinlich", "improbable", "peu probable"),
        ("neutral", "neutraal", "neither", "neutre", "weder noch"),
        ("likely", "waarschijnlijk", "wahrscheinlich", "probable"),
        ("very likely", "zeer waarschijnlijk", "sehr wahrscheinlich", "très probable"),
    ),
    (
        ("very dissatisfied", "zeer ontevreden", "sehr unzufrieden", "très insatisfait"),
        ("dissatisfied", "ontevreden", "unzufrieden", "insatisfait"),
        ("neutral", "neutraal", "neither", "neutre", "weder noch", "teils, teils", "ni satisfait ni insatisfait"),
        ("satisfied", "tevreden", "zufrieden", "satisfait"),
        ("very satisfied", "zeer tevreden", "sehr zufrieden", "très satisfait"),
    ),
    (
        ("very low", "zeer laag", "sehr niedrig", "très faible"),
        ("low", "laag", "niedrig", "faible"),
        ("middle", "medium", "gemiddeld", "mittel", "moyen"),
        ("high", "hoog", "hoch", "élevé"),
        ("very high", "zeer hoog", "sehr hoch", "très élevé"),
    ),
    (
        ("very little", "zeer weinig", "sehr wenig", "très peu"),
        ("little", "weinig", "wenig", "peu"),
        ("neutral", "neutraal", "some", "enige", "mittelmäßig", "moyennement"),
        ("much", "a lot", "veel", "viel", "beaucoup"),
        ("very much", "zeer veel", "sehr viel", "énormément"),
    ),
    (
        ("not at all", "helemaal niet"),
        ("a little", "een beetje"),
        ("somewhat", "enigszins"),
        ("very", "erg"),
        ("extremely", "helemaal"),
    ),
    (
        ("überhaupt nicht", "gar nicht", "pas du tout"),
        ("wenig", "ein wenig", "kaum", "peu", "un peu"),
        ("mittelmäßig", "teilweise", "moyennement"),
        ("ziemlich", "überwiegend", "assez", "plutôt"),
        ("sehr", "äußerst", "völlig", "voll und ganz", "très", "tout à fait", "extrêmement"),
    ),
    (
        ("no trust at all", "none at all", "helemaal geen vertrouwen", "helemaal geen", "überhaupt kein vertrauen",
         "gar kein vertrauen", "pas du tout confiance"),
        ("not very much trust", "not very much", "weinig vertrouwen", "niet zo veel vertrouwen", "weinig",
         "nicht sehr viel vertrauen", "wenig vertrauen", "pas très confiance", "peu confiance", "plutôt pas confiance"),
        ("quite a lot of trust", "quite a lot", "tamelijk veel vertrouwen", "redelijk veel vertrouwen", "tamelijk veel",
         "ziemlich viel vertrauen", "assez confiance", "plutôt confiance"),
        ("a great deal of trust", "a great deal", "heel veel vertrouwen", "zeer veel vertrouwen", "heel veel",
         "sehr viel vertrauen", "tout à fait confiance", "très confiance"),
    ),
    (
        ("tend not to trust", "eerder geen vertrouwen", "vertraue eher nicht", "eher kein vertrauen"),
        ("tend to trust", "eerder wel vertrouwen", "vertraue eher", "eher vertrauen"),
    ),
    (
        ("never", "nooit", "nie", "jamais"),
        ("rarely", "seldom", "zelden", "selten", "rarement"),
        ("sometimes", "soms", "manchmal", "parfois"),
        ("often", "vaak", "oft", "häufig", "souvent"),
        ("always", "altijd", "immer", "toujours"),
    ),
    (
        ("no", "nee", "nein", "non"),
        ("maybe", "perhaps", "misschien", "deels", "vielleicht", "teilweise", "peut-être"),
        ("yes", "ja", "oui"),
    ),
    (
        ("false",),
        ("true",),
    ),
)
#: What is no answer; also two of them with a stroke between.
NONE = BLANK | {
    "don't know", "i don't know", "dont know", "do not know", "i do not know", "dk", "no answer", "no opinion", "refused",
    "refuse", "refusal", "skipped", "prefer not to say", "prefer not to answer", "not applicable", "weet niet",
    "weet ik niet", "weet het niet", "ik weet het niet", "geen mening", "geen antwoord", "wil niet zeggen",
    "wil ik niet zeggen", "zeg ik liever niet", "liever niet", "weigert", "geweigerd", "niet ingevuld", "overgeslagen",
    "niet van toepassing", "?", "", "weiß nicht", "weiss nicht", "ich weiß nicht", "ich weiss nicht", "keine meinung",
    "keine antwort", "möchte ich nicht sagen", "verweigert", "nicht zutreffend", "trifft nicht auf mich zu",
    "ne sait pas", "je ne sais pas", "nsp", "nspp", "ne se prononce pas", "sans opinion", "sans avis", "pas d'avis",
    "pas de réponse", "sans réponse", "refus", "ne souhaite pas répondre", "non concerné", "sans objet"}
NUMBERED = re.compile(r"\(?(-?\d+)\)?\s*[.:=()–-]?\s*(?=[^\W\d_])")  # a number before a word: 1. Strongly disagree


def worded(answer: str) -> str:
    """An answer in words without the number before it, or a full stop behind it, and with the usual word for very."""
    word = NUMBERED.sub("", answer, count=1).rstrip(".!)") if not answer.replace(".", "").isdigit() else answer
    word = re.sub(r"\s*/\s*", "/", word)
    for usual, others in _VERY.items():
        for other in others:
            if word.startswith(f"{other} "):
                return f"{usual} {word.removeprefix(other).strip()}"
    return word


__all__ = ["NONE", "NUMBERED", "ROLES", "SCALES", "worded"]
