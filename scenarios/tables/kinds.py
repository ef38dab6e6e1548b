"""The kinds of tables that are read, each declared once: its columns, their other words in four languages, and ranges.

A `Kind` is what a header is recognised by, what rows are checked by (`rules`), and what a sentence about a column says.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Words that make a column of years something else than the year of adoption.
NOT_TIME = frozenset(("birth", "born", "founded", "founding", "survey", "interview", "census", "geboorte", "geboortejaar",
                      "geburt", "geburtsjahr", "umfrage", "grundung", "grundungsjahr", "naissance", "fondation", "enquete",
                      "recensement"))


@dataclass(frozen=True)
class Field:
    """One column.

    type: 'id' (a name), 'text', 'word' (text that is no number), 'whole', 'count' (may have decimals, but likelier
    thousands) or 'number'. words: other words for it, first those that go before all others, in order, if several are
    there; `loose`: words of which only one may be there, which may also stand within a longer name (year in year_joined);
    of names the finest is taken; `begins`: how a longer name begins that no other column's word is. blank: may be left open
    in a row.
    """

    name: str
    type: str = "text"
    words: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    blank: bool = False
    example: str = "2004"
    dated: bool = False  # periods, which may be written as months, quarters or dates
    begins: tuple[str, ...] = ()
    sign: str = ""     # a column whose name, or each of whose cells, bears it can be no other

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.type in ("whole", "count", "number")


@dataclass(frozen=True)
class Kind:
    """One kind of table. needed: columns without which it is none; `one_of`: it needs one of them too."""

    name: str
    what: str                      # a table of ...
    needed: tuple[str, ...]
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    strict: bool = False           # a column that is nearly a known one is refused, not left aside
    across: str = ""               # what stands in cells where nodes or periods stand side by side (`wide`)

    def __getitem__(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns by their own names."""
        return tuple(field.name for field in self.fields)


def plain_name(name: str) -> str:
    """A column's name without accents, capitals, signs and what stands in brackets: 'Aantal inwoners (2024)' ->
    aantal_inwoners."""
    outside = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", name)
    letters = unicodedata.normalize("NFKD", outside if outside.strip() else name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def tokens(name: str) -> frozenset[str]:
    """The words of a column's name; yearJoined has two."""
    return frozenset(plain_name(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).split("_"))


_PLACES = ("name", "naam", "municipality", "gemeente", "gemeentenaam", "place", "plaats", "town", "city", "stad", "state",
           "staat", "country", "land", "nation", "county", "province", "provincie", "region", "regio", "district", "unit",
           "entity", "case", "actor", "government", "overheid", "agency", "organisation", "organization", "organisatie",
           "org", "firm", "company", "bedrijf", "school", "hospital", "ziekenhuis", "household", "person",
           "persoon", "respondent", "farmer", "doctor", "woman", "member", "statenam", "abbreviation", "abb", "stateabb",
           "iso", "iso2", "iso3", "fips", "statefip", "geo", "code", "gemeinde", "gemeindename", "kommune", "stadt", "ort",
           "kreis", "landkreis", "kanton", "bundesland", "unternehmen", "schule", "krankenhaus", "behorde", "haushalt",
           "commune", "nom_de_la_commune", "nom", "ville", "pays", "departement", "canton", "lieu", "entreprise", "ecole",
           "hopital", "menage", "personne")
_YEARS = ("year", "jaar", "yr", "date", "datum", "period", "periode", "quarter", "kwartaal", "month", "maand", "week",
          "wave", "round", "jahr", "zeitraum", "quartal", "monat", "woche", "welle", "annee", "trimestre", "mois",
          "semaine", "vague")
_WHEN = ("toa", "time_of_adoption", "adoption_time", "adopted_at", "year_of_adoption", "adoption_year", "year_adopted",
         "yearadopted", "adopt_year", "adoptyear", "jaar_van_invoering", "invoeringsjaar", "time", "tijd",
         "einfuhrungsjahr", "jahr_der_einfuhrung", "adoptionsjahr", "beitrittsjahr", "zeitpunkt", "annee_d_adoption",
         "annee_de_l_adoption", "annee_d_introduction", "annee_de_mise_en_place", "date_d_adoption", "temps")
_ADOPTED = ("adoption", "joined", "accession", "ratified", "ratification", "enacted", "enactment", "introduced",
            "introduction", "implementation", "invoering", "ingevoerd", "toetreding", "einfuhrung", "eingefuhrt",
            "beitritt", "umsetzung", "adhesion", "mise_en_place")

TIMES = Kind("times", "times", ("node", "time"), (
    Field("node", "id", ("node", "id"), _PLACES),
    Field("time", "whole", _WHEN, (*_YEARS, *_ADOPTED), blank=True, dated=True),
    Field("adopted", "text", (), ("event", "status")),
    Field("category", "text", (), ("group", "groep", "gruppe", "groupe")),
    Field("innovativeness", "number", example="0.7")), across="adopted")
_ENDS = [("i", "j")[k - 1:k] + tuple(f"{word}{k}" for word in (
    "v", "x", "node", "node_", "unit", "state", "country", "id", "name")) for k in (1, 2)]
EDGES = Kind("edges", "edges", ("source", "target"), (
    Field("source", "id", ("source", "ego"), ("from", "van", "sender", "tail", "von", "quelle", *_ENDS[0])),
    Field("target", "id", ("target", "alter"), ("to", "naar", "receiver", "head", "nach", "ziel", "vers", "cible",
                                               *_ENDS[1])),
    Field("weight", "number", ("weight", "value", "gewicht", "strength", "poids", "starke"), low=0, example="1"),
    Field("period", "whole", ("period", "t", "time"), ("year", "quarter", "jaar", "wave", "jahr", "annee"))),
    across="weight")
#: What a column of how many people live there is called besides.
PEOPLE = ("inhabitants", "residents", "inwoners", "inwonertal", "aantal_inwoners", "bevolking", "einwohner",
          "einwohnerzahl", "bevolkerung", "habitants", "nombre_d_habitants")
#: What a column of shares from 0 to 1 is called.
SHARES = ("share", "fraction", "proportion", "aandeel", "fractie", "anteil", "part")
VALUES = ("new", "stock", "cumulative", "percent", "count")
COUNTS = Kind("counts", "counts", ("period",), (
    Field("unit", "id", ("unit",), (*_PLACES, "policy", "innovation")),
    Field("period", "whole", ("period", "t", "time"), _YEARS, dated=True),
    Field("new", "count", ("new",), ("sales", "adoptions", "new_adopters", "nieuw", "nieuwe", "neu", "neue", "nouveaux",
                                     "nouvelles"), low=0, example="13"),
    Field("stock", "count", ("stock", "active", "in_use", "in_gebruik", "bestand", "in_nutzung", "en_usage"), low=0,
          example="13"),
    Field("cumulative", "count", ("cumulative", "ever", "cum", "cumulatief", "kumuliert", "cumul"), low=0, example="13"),
    Field("percent", "number", ("percent", "percentage", "pct", "share_pct", "procent", "prozent", "pourcentage", *SHARES),
          low=0, high=100, example="13", sign="%"),
    Field("count", "count", ("count", "number", "aantal", "anzahl", "nombre", "effectif", "value", "obs_value", "waarde",
                              "wert", "valeur"),
          ("users", "adopters", "members", "gebruikers", "gebruik", "deelnemers", "nutzer", "nutzerinnen", "mitglieder",
           "utilisateurs", "usagers", "membres", "uptake"), low=0, example="13",
          begins=("number_of_", "count_of_", "aantal_", "anzahl_", "nombre_d", "zahl_der_")),
    Field("population", "whole", ("population", "at_risk"), PEOPLE, low=0, blank=True, example="2175"),
    Field("note", "text", ("note", "opmerking", "anmerkung", "bemerkung", "remarque"), blank=True)),
    one_of=VALUES, across="count")
HISTORIES = Kind("histories", "past adoption", ("t",), (
    Field("task_id", "id", ("task_id", "cascade", "task", "innovation", "policy", "unit"), _PLACES),
    Field("population", "whole", ("population", "at_risk"), ("market", *PEOPLE), low=1, high=1e9,
          example="2175"),
    Field("t", "whole", ("t", "time", "period"), _YEARS, low=0, high=1e9, dated=True),
    Field("new", "whole", ("new", "adoptions", "new_adopters", "sales"), low=0, high=1e9, example="13"),
    Field("cum", "whole", ("cum", "cumulative", "ever", "adopters"), low=0, high=1e9, example="13")), one_of=("new", "cum"))
ADOPTIONS = Kind("adoptions", "adoptions by unit", ("cascade", "unit", "time"), (
    Field("cascade", "id", ("cascade", "task_id", "policy", "innovation"),
          ("task", "law", "beleid", "gesetz", "loi", "politique")),
    Field("unit", "id", ("unit", "node", "id"), _PLACES),
    Field("time", "whole", ("time", *_WHEN, "t"), _YEARS, low=-1e6, high=1e6, blank=True, dated=True)),
    across="time")
POPULATION = Kind("population", "population", ("unit", "population"), (
    Field("unit", "id", ("unit",), _PLACES),
    Field("population", "whole", ("population", "at_risk"), ("citizens", *PEOPLE), low=1, example="2175")))


def municipalities(start: Sequence[str], symbols: Mapping[str, str]) -> Kind:
    """A table of municipalities: name, citizens and what is given of the start, shares from 0 to 1."""
    return Kind("municipalities", "municipalities", ("name", "citizens"), (
        Field("name", "id", ("name",), ("municipality", "gemeente", "gemeentenaam", "naam", "place", "plaats", "town",
                                        "city", "stad", "gemeinde", "gemeindename", "kommune", "stadt", "ort", "commune",
                                        "nom_de_la_commune", "nom", "ville")),
        Field("citizens", "whole", ("citizens",), ("population", "burgers", "burger", "citoyens", *PEOPLE), low=1,
              high=100_000_000, example="1250"),
        *(Field(name, "number", (name, *MEANING.get(name, ()),
                                 *(symbol for symbol, word in symbols.items() if word == name)), low=0, high=1, blank=True,
                example="0.6") for name in start)), strict=True)


#: Other words for the columns of a start.
MEANING: Mapping[str, tuple[str, ...]] = {
    "willingness": ("willingness_citizens", "citizens_willingness", "willing", "bereidheid", "bereidheid_burgers",
                    "bereidheid_inwoners", "bereid", "bereitschaft", "bereitschaft_der_burger", "burgerbereitschaft",
                    "volonte", "volonte_des_citoyens", "disposition_des_citoyens"),
    "government_willingness": ("willingness_government", "willingness_officials", "willingness_council",
                               "council_willingness", "bereidheid_overheid", "bereidheid_gemeente", "bereidheid_bestuur",
                               "bereidheid_gemeentebestuur", "bereidheid_ambtenaren", "bereitschaft_der_verwaltung",
                               "bereitschaft_der_gemeinde", "volonte_de_l_administration", "volonte_de_la_commune",
                               "volonte_du_gouvernement"),
    "trust": ("vertrouwen", "vertrouwen_in_de_overheid", "vertrouwen_overheid", "vertrauen", "vertrauen_in_die_verwaltung",
              "confiance", "confiance_dans_l_administration"),
    "social_capital": ("sociaal_kapitaal", "sociale_cohesie", "sozialkapital", "soziales_kapital", "capital_social"),
    "reputation": ("reputatie", "ruf"),
    "risk_culture": ("risicocultuur", "leercultuur", "risikokultur", "lernkultur", "culture_du_risque"),
    "capacity": ("capaciteit", "innovatievermogen", "innovatiecapaciteit", "kapazitat", "innovationskapazitat", "capacite",
                 "capacite_d_innovation"),
    "top_support": ("steun_top", "bestuurlijke_steun", "steun_van_de_top", "unterstutzung_der_spitze",
                    "soutien_de_la_direction"),
    "feedback": ("terugkoppeling", "verantwoording", "ruckmeldung", "retour"),
    "funding": ("financiering", "finanzierung", "financement"), "silo": ("silos", "verkokering"),
    "need": ("behoefte", "bedarf", "besoin"),
    "innovativeness": ("innovativiteit", "vernieuwingsgezindheid", "innovativitat", "innovativite"),
}
CITIZENS = Kind("citizens", "citizens", ("municipality",), (
    Field("municipality", "id", ("municipality", "gemeente", "gemeentenaam", "gemeinde", "commune"),
          ("place", "town", "city", "plaats", "stad", "woonplaats", "ort", "wohnort", "stadt", "ville")),
    Field("citizen", "id", ("citizen", "id", "person", "burger", "persoon", "respondent", "citoyen", "personne")),
    Field("willingness", "number", ("willingness", "w", *MEANING["willingness"]), low=0, high=1, blank=True, example="0.6"),
    Field("trust", "number", ("trust", "T", *MEANING["trust"]), low=0, high=1, blank=True, example="0.6"),
    Field("resources", "number", ("resources", "e", "hulpbronnen", "ressourcen", "ressources"), low=0, high=1, blank=True,
          example="0.5"),
    Field("disposition", "number", ("disposition", "d"), low=-5, high=5, blank=True, example="0.1")), strict=True)
SURVEY = Kind("survey", "answers", ("role", "willingness"), (
    Field("role", "word", ("role", "rol", "rolle", "respondent", "type_respondent", "functie", "funktion", "fonction",
                           "who", "wie", "qui"), ("group", "groep", "gruppe", "groupe")),
    Field("willingness", "number", ("willingness", *MEANING["willingness"], "answer", "antwoord", "antwort", "reponse",
                                     "score")),
    Field("municipality", "id", ("municipality", "gemeente", "gemeentenaam", "gemeinde", "commune"),
          ("place", "town", "name", "plaats", "woonplaats", "ort", "wohnort", "stadt", "ville"))))
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (TIMES, EDGES, COUNTS, HISTORIES, POPULATION, SURVEY)}


def may_be(column: str, field: Field) -> bool:
    """Whether a column's name holds a loose word of the field, and nothing that makes it something else."""
    said = tokens(column)
    return bool(said & set(field.loose)) and not (field.type == "whole" and said & NOT_TIME)


def asks(columns: Sequence[str]) -> bool:
    """Whether a header is one of answers: willingness, or a role that only answers have."""
    words = {plain_name(column) for column in columns}
    willing = "|".join(("willingness", *MEANING["willingness"]))
    return bool(words & {"role", "rol", "rolle"}) or any(re.match(rf"({willing})(_|\d|$)", word) for word in words)


__all__ = ["ADOPTIONS", "CITIZENS", "COUNTS", "EDGES", "HISTORIES", "KINDS", "MEANING", "NOT_TIME", "POPULATION", "SHARES",
           "SURVEY",
           "TIMES", "VALUES", "Field", "Kind", "asks", "may_be", "municipalities", "plain_name", "tokens"]
