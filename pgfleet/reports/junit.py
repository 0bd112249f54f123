"""A JUnit report for CI systems: suites of cases that pass, fail, end in an error, or are skipped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from xml.etree import ElementTree

from pgfleet.hidden_characters import show_hidden


class Ending(StrEnum):
    """How a case ended that did not pass; the values are the names of the elements."""

    FAILURE = "failure"
    """Something is wrong."""
    ERROR = "error"
    """It is unknown whether something is wrong."""
    SKIPPED = "skipped"
    """It was not selected, or does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; `message` and `lines` say why it did not pass."""

    name: str
    ending: Ending | None = None
    kind: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The cases of one tenant or ring; `notes` are no faults."""

    name: str
    cases: tuple[Case, ...]
    notes: tuple[str, ...] = ()


def report(title: str, suites: Iterable[Suite], *, started_at: datetime, finished_at: datetime) -> str:
    """The report as XML; `title` prefixes the class of every case, so that reports of several environments differ."""
    root = ElementTree.Element("testsuites", name=show_hidden(title))
    found = [each for each in suites if each.cases]
    _count(root, [case for suite in found for case in suite.cases], (finished_at - started_at).total_seconds())
    for suite in found:
        _append_suite(root, suite, title, started_at)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _append_suite(root: ElementTree.Element, suite: Suite, title: str, started_at: datetime) -> None:
    element = ElementTree.SubElement(root, "testsuite", name=show_hidden(suite.name))
    element.set("timestamp", f"{started_at:%Y-%m-%dT%H:%M:%S}")
    _count(element, suite.cases, sum(each.seconds for each in suite.cases))
    for case in suite.cases:
        _append_case(element, case, f"{title}.{suite.name}")
    if suite.notes:
        ElementTree.SubElement(element, "system-out").text = _joined(suite.notes)


def _append_case(suite: ElementTree.Element, case: Case, class_name: str) -> None:
    element = ElementTree.SubElement(suite, "testcase", name=show_hidden(case.name), classname=show_hidden(class_name))
    element.set("time", f"{case.seconds:.3f}")
    if case.ending:
        outcome = ElementTree.SubElement(element, case.ending, message=show_hidden(case.message))
        outcome.text = _joined(case.lines) or None
        if case.ending is not Ending.SKIPPED:
            outcome.set("type", case.kind or case.ending)


def _count(element: ElementTree.Element, cases: Iterable[Case], seconds: float) -> None:
    endings = [each.ending for each in cases]
    plurals = {Ending.FAILURE: "failures", Ending.ERROR: "errors", Ending.SKIPPED: "skipped"}
    element.set("tests", str(len(endings)))
    for ending, name in plurals.items():
        element.set(name, str(endings.count(ending)))
    element.set("time", f"{seconds:.3f}")


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(map(show_hidden, lines))
