"""Which documents a person completes and signs, by jurisdiction, and what each part asks for.

A part is a file of the case, `human/NAME.md`. Names stay the same from one profile to the next, so
that a case that changes its forum keeps its files. Rules are paraphrased; where no text of a rule
was at hand, the part asks for its words and gives none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.case import Jurisdiction
from reports.model import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one person states in one place.

    Attributes:
        name: of its file in `human/`, without ending.
        title: as printed.
        asks: what it holds, for whoever writes it.
    """

    name: str
    title: str
    asks: str

    @property
    def file(self) -> str:
        """Relative to the case folder."""
        return f"human/{self.name}.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One item of a rule, and what answers it.

    Attributes:
        mark: `(i)`.
        asks: the item, in our words.
        parts: names of the parts that a person writes for it.
        held: headings of the document, by key, that are filled from the records.
    """

    mark: str
    asks: str
    parts: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One document.

    Attributes:
        rule: as printed.
        name: part of its file name.
        parts: that a person completes, in the order in which they are printed.
        needed: whether a final edition waits until each part is filled (R-071, R-090, R-136).
        elements: of the rule, for a report.
    """

    rule: str
    name: str
    parts: tuple[Part, ...] = ()
    needed: bool = False
    elements: tuple[Element, ...] = ()


def _part(name: str, title: str, asks: str) -> Part:
    return Part(name=name, title=title, asks=asks)


INSTRUCTIONS = _part(
    "report-instructions", "Questions asked and instructions",
    "Who instructed, when, which questions were put, and the substance of all facts and "
    "instructions given that matter to the opinions.",
)  # fmt: skip
QUALIFICATIONS = _part(
    "report-qualifications", "Qualifications",
    "Education, experience, accreditation, area of expertise.",
)  # fmt: skip
QUALIFICATIONS_FRCP = _part(
    QUALIFICATIONS.name, QUALIFICATIONS.title,
    f"{QUALIFICATIONS.asks[:-1]}; every publication of the previous 10 years "
    "(FRCP 26(a)(2)(B)(iv)).",
)  # fmt: skip
OPINIONS = _part(
    "report-opinions", "Opinions, with the basis and reasons for them",
    "Each opinion, and for each the findings of this report that it rests on and the reasoning "
    "from them. The findings are results of a computation; the opinions are the author's.",
)  # fmt: skip
CONCLUSIONS = _part("report-conclusions", "Summary of conclusions", "The conclusions, in short.")
USED = _part(
    "report-exhibits-used", "Exhibits that will be used",
    "Which exhibits will be used to summarize or support the opinions, by number.",
)  # fmt: skip
TESTIMONY = _part(
    "report-prior-testimony", "Testimony in the previous 4 years",
    "All cases in which the author testified as an expert at trial or by deposition during the "
    "previous 4 years; “none” if none.",
)  # fmt: skip
COMPENSATION = _part(
    "report-compensation", "Compensation",
    "What is paid for the study and for testimony, and by whom.",
)  # fmt: skip
LITERATURE = _part(
    "report-literature", "Literature and other material relied on",
    "Beyond the materials and methods that this report lists from the records.",
)  # fmt: skip
OWN = _part(
    "report-own-knowledge", "Facts within the author's own knowledge",
    "Which facts stated are within the author's own knowledge, and which are not.",
)  # fmt: skip
OTHERS = _part(
    "report-others", "Work and statements of other persons",
    "Who carried out any examination, measurement or test used here, or made a statement that is "
    "relied on: qualifications, experience, accreditation, whether supervised, whether with "
    "personal knowledge. Each statement begins with [other-person: NAME; QUALIFICATIONS]; “none” "
    "if there is none.",
)  # fmt: skip
RANGE = _part(
    "report-range-of-opinion", "Range of opinion",
    "Other views on these matters, who might hold them, and why the author prefers one. The "
    "alternatives listed from the records are candidates; the preference is the author's.",
)  # fmt: skip
QUALIFIED = _part(
    "report-qualified", "Qualification of opinions",
    "Opinions that cannot be given without qualification, and the qualification; questions "
    "outside the author's expertise.",
)  # fmt: skip
DUTY = _part(
    "report-duty", "Statement on the duty to the court",
    "That the author understands the duty to the court, has complied and will continue to comply.",
)  # fmt: skip
DUTY_CPR = _part(
    DUTY.name, DUTY.title,
    f"{DUTY.asks} Awareness of Part 35, its Practice Direction and the Guidance of 2014.",
)  # fmt: skip
TRUTH = _part(
    "report-declaration-of-truth", "Declaration of truth",
    "The same declaration of truth as a witness statement, in the words of the practice direction "
    "in force on the day of signature.",
)  # fmt: skip
UNDERMINING = _part(
    "report-notice-reliability", "Notice on reliability and credibility",
    "Of the party who serves: anything known that might reasonably be thought capable of "
    "undermining the reliability of the opinion or detracting from credibility or impartiality; "
    "how facts stated are admissible, where the report does not explain it.",
)  # fmt: skip

_GENERAL = (
    Element(mark="1", asks="Questions and instructions", parts=(INSTRUCTIONS.name,),
            held=("given",)),
    Element(mark="2", asks="Summary of conclusions", parts=(CONCLUSIONS.name,)),
    Element(mark="3", asks="Qualifications of the author", parts=(QUALIFICATIONS.name,)),
    Element(mark="4", asks="Evidence considered, coverage and gaps",
            held=("materials", "coverage", "unavailable")),
    Element(mark="5", asks="Method and validation", held=("method", "validation")),
    Element(mark="6", asks="Findings", held=("findings",)),
    Element(mark="7", asks="Opinions", parts=(OPINIONS.name,)),
    Element(mark="8", asks="Alternatives and counter-evidence",
            parts=(RANGE.name,), held=("alternatives", "counter")),
    Element(mark="9", asks="Limits", parts=(QUALIFIED.name,), held=("limits",)),
)  # fmt: skip
_FRCP = (
    Element(mark="(i)", asks="All opinions, with the basis and reasons for them",
            parts=(OPINIONS.name,), held=("findings", "alternatives", "counter")),
    Element(mark="(ii)", asks="Facts or data considered in forming them",
            held=("given", "materials", "coverage", "unavailable")),
    Element(mark="(iii)", asks="Exhibits that will be used to summarize or support them",
            parts=(USED.name,), held=("exhibits",)),
    Element(mark="(iv)", asks="Qualifications, with publications of the previous 10 years",
            parts=(QUALIFICATIONS.name,)),
    Element(mark="(v)", asks="Cases testified in during the previous 4 years",
            parts=(TESTIMONY.name,)),
    Element(mark="(vi)", asks="Compensation for study and testimony",
            parts=(COMPENSATION.name,)),
)  # fmt: skip
_CPR = (
    Element(mark="3.2(1)", asks="Qualifications", parts=(QUALIFICATIONS.name,)),
    Element(mark="3.2(2)", asks="Literature or other material relied on",
            parts=(LITERATURE.name,), held=("materials", "method")),
    Element(mark="3.2(3)", asks="Substance of all facts and instructions material to the opinions",
            parts=(INSTRUCTIONS.name,), held=("given", "coverage", "unavailable")),
    Element(mark="3.2(4)", asks="Which facts are within the expert's own knowledge",
            parts=(OWN.name,), held=("findings",)),
    Element(mark="3.2(5)", asks="Who carried out examinations and tests, their qualifications, "
            "whether supervised", parts=(OTHERS.name,), held=("method", "validation")),
    Element(mark="3.2(6)", asks="Range of opinion, with reasons for the expert's own",
            parts=(RANGE.name, OPINIONS.name), held=("alternatives", "counter")),
    Element(mark="3.2(7)", asks="Summary of conclusions", parts=(CONCLUSIONS.name,)),
    Element(mark="3.2(8)", asks="Qualification, where no opinion can be given without one",
            parts=(QUALIFIED.name,), held=("limits",)),
    Element(mark="3.2(9)", asks="Duty to the court understood and complied with; awareness of "
            "Part 35, the Practice Direction and the 2014 Guidance", parts=(DUTY.name,)),
)  # fmt: skip
_CRIM = (
    Element(mark="19.4(a)", asks="Qualifications, relevant experience and accreditation",
            parts=(QUALIFICATIONS.name,)),
    Element(mark="19.4(b)", asks="Literature or other information relied on",
            parts=(LITERATURE.name,), held=("materials", "method")),
    Element(mark="19.4(c)", asks="Substance of all facts given that are material to the opinions",
            parts=(INSTRUCTIONS.name,), held=("given", "coverage", "unavailable")),
    Element(mark="19.4(d)", asks="Which facts are within the expert's own knowledge",
            parts=(OWN.name,), held=("findings",)),
    Element(mark="19.4(e)", asks="Representations by other persons that are relied on: who, "
            "qualifications, personal knowledge", parts=(OTHERS.name,)),
    Element(mark="19.4(f)", asks="Range of opinion, with reasons for the expert's own",
            parts=(RANGE.name, OPINIONS.name), held=("alternatives", "counter")),
    Element(mark="19.4(g)", asks="Qualification, where no opinion can be given without one",
            parts=(QUALIFIED.name,), held=("limits",)),
    Element(mark="19.4(h)", asks="Information needed to decide whether the opinion is sufficiently "
            "reliable", held=("method", "validation", "reliability")),
    Element(mark="19.4(i)", asks="Summary of conclusions", parts=(CONCLUSIONS.name,)),
    Element(mark="19.4(j)", asks="Duty to the court understood and complied with",
            parts=(DUTY.name,)),
    Element(mark="19.4(k)", asks="The same declaration of truth as a witness statement",
            parts=(TRUTH.name,)),
    Element(mark="19.3(3)(c)", asks="Notice of what might undermine reliability or credibility, "
            "and how facts stated are admissible", parts=(UNDERMINING.name,),
            held=("reliability", "counter")),
)  # fmt: skip

REPORT = Form(
    rule="Expert report", name="expert-report", needed=True, elements=_GENERAL,
    parts=(INSTRUCTIONS, CONCLUSIONS, QUALIFICATIONS, OPINIONS, RANGE, QUALIFIED),
)  # fmt: skip
FRCP = Form(
    rule="FRCP 26(a)(2)(B)", name="expert-report-frcp-26", needed=True, elements=_FRCP,
    parts=(INSTRUCTIONS, CONCLUSIONS, OPINIONS, USED, QUALIFICATIONS_FRCP, TESTIMONY, COMPENSATION),
)  # fmt: skip
CPR = Form(
    rule="CPR 35", name="expert-report-cpr-35", needed=True, elements=_CPR,
    parts=(INSTRUCTIONS, CONCLUSIONS, QUALIFICATIONS, LITERATURE, OWN, OTHERS, OPINIONS, RANGE,
           QUALIFIED, DUTY_CPR),
)  # fmt: skip
CRIM = Form(
    rule="CrimPR 19.4", name="expert-report-crimpr-19", needed=True, elements=_CRIM,
    parts=(INSTRUCTIONS, CONCLUSIONS, QUALIFICATIONS, LITERATURE, OWN, OTHERS, OPINIONS, RANGE,
           QUALIFIED, DUTY, TRUTH, UNDERMINING),
)  # fmt: skip

_REGULAR = (
    ("knowledge", "Knowledge", "How the person knows the way in which the records are made and "
     "kept."),
    ("made", "Made at or near the time, by or from someone with knowledge (803(6)(A))",
     "The facts from which this follows."),
    ("kept", "Kept in the course of a regularly conducted activity (803(6)(B))",
     "The facts from which this follows."),
    ("practice", "Making them was a regular practice (803(6)(C))",
     "The facts from which this follows."),
)  # fmt: skip
_DECLARANT = (
    "declarant", "Name, title, employer, relationship to the records",
    "Of the person who will sign.",
)  # fmt: skip


def _parts(prefix: str, *stated: tuple[str, str, str]) -> tuple[Part, ...]:
    return tuple(_part(f"{prefix}-{name}", title, asks) for name, title, asks in stated)


C11 = Form(
    rule="902(11)", name="certificate-902-11", parts=_parts("902-11", _DECLARANT, *_REGULAR),
)  # fmt: skip
C12 = Form(
    rule="902(12)", name="certificate-902-12",
    parts=_parts(
        "902-12", _DECLARANT, *_REGULAR,
        ("penalty", "Country of signature, and its penalty for a false certification",
         "The country in which it is signed, and the law of that country on which the manner of "
         "signing rests."),
    ),
)  # fmt: skip
C13 = Form(
    rule="902(13)", name="certificate-902-13", needed=True,
    parts=_parts(
        "902-13",
        ("declarant", "Name, title, employer, relationship to the process",
         "Of the person who will sign."),
        ("qualification", "Qualification to describe the process", "The basis of it."),
        ("input", "How input reached the process", "As the person knows it, beside what custody "
         "records below."),
        ("accuracy", "Why the result is accurate", "Tests and checks that the person knows of: "
         "which, when, by whom, with what result."),
        ("limits", "Limitations known to the person", "Beside those printed under Limits."),
    ),
)  # fmt: skip
C14 = Form(
    rule="902(14)", name="certificate-902-14",
    parts=_parts(
        "902-14",
        ("declarant", "Name, title, employer", "Of the person who will sign."),
        ("qualification", "Qualification to describe digital identification", "The basis of it."),
        ("copying", "Who copied the data", "Who, where, when, and whether the person was present."),
        ("comparison", "Comparison of digests", "By whom, when, with which program, with what "
         "result."),
    ),
)  # fmt: skip
MAP = Form(rule="FRE 702", name="rule-702-map")
NOTICE = Form(
    rule="Notice", name="notice",
    parts=(
        _part("notice-inspection", "Where and when the records may be inspected",
              "Place, times, contact; or how copies are sent."),
        _part("notice-service", "To whom and when notice is given", "Recipients and date."),
    ),
)  # fmt: skip
FOUNDATION = Form(rule="FRE 803(6)", name="foundation-facts")

CERTIFICATES = (C11, C12, C13, C14)
REPORTS = (REPORT, FRCP, CPR, CRIM)
US = (FRCP, MAP, C11, C12, C13, C14, NOTICE, FOUNDATION)
BY_PROFILE: Mapping[str | None, tuple[Form, ...]] = {
    "us-federal": US, "us-state": US, "uk-civil": (CPR,), "uk-criminal": (CRIM,),
    "eu": (REPORT,), None: (REPORT,),
}  # fmt: skip
ALL = (*REPORTS, *US[1:])


def chosen(jurisdiction: Jurisdiction, mode: Mode = Mode.FOR_EXPERT) -> tuple[Form, ...]:
    """Documents of the case's profile; without one, what belongs to no forum.

    Where no expert answers for the results there is no report of one (R-065).

    The foreign certificate stands beside the domestic one unless case.toml says that certificates
    are executed in the United States.
    """
    found = BY_PROFILE[jurisdiction.profile]
    return tuple(
        one for one in found
        if (one is not C12 or jurisdiction.executed_in_us is not True)
        and (one not in REPORTS or mode is Mode.FOR_EXPERT)
    )  # fmt: skip


def parts() -> Mapping[str, Part]:
    """Every part of every document, by name: title and file of a name are the same in all of them,
    what it asks is that of the last.
    """
    return {part.name: part for form in ALL for part in form.parts}
