"""How findings read in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from cli.console import out, speak, square_metres
from geocode import Text

__all__ = ["brief", "measures", "print_findings"]

_OUTCOMES = {
    "fail": Text("不符合", "fail"),
    "fail_within_accuracy": Text("精度内不符", "fail within accuracy"),
    "manual": Text("人工判断", "manual"),
    "not_evaluated": Text("未评估", "not evaluated"),
    "not_applicable": Text("不适用", "not applicable"),
    "pass": Text("符合", "pass"),
}
_STYLES = {"fail": "red", "fail_within_accuracy": "yellow", "manual": "yellow", "not_evaluated": "dim"}
_BREAKS = ("fail", "fail_within_accuracy")
_COUNTED = (
    ("not_evaluated", Text("{n} 项未评估", "{n} not evaluated")),
    ("manual", Text("{n} 项须人工核查", "{n} to check by hand")),
)
# of a number without a unit nothing is said
_UNITS = {"1": "", "m": " m", "m2": " m²", "deg": "°", "dB": " dB"}


def brief(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return the findings of one building: a line for what fails, with its measures, then how many rules say what.

    A rule about several layers counts once, as the worst of what it says.
    """
    words = [
        f"[{_STYLES[found['outcome']]}]{found['rule']}[/] {escape(speak(found['title']))} {escape(measures(found))}".strip()
        for found in findings
        if found["outcome"] in _BREAKS
    ]
    order = list(_OUTCOMES)
    worst: dict[str, str] = {}
    for found in findings:
        worst[found["rule"]] = min(worst.get(found["rule"], order[-1]), found["outcome"], key=order.index)
    outcomes = list(worst.values())
    passed = outcomes.count("pass") + outcomes.count("not_applicable")
    counts = [Text(f"{passed} 项符合", f"{passed} pass")]
    for outcome, text in _COUNTED:
        if count := outcomes.count(outcome):
            counts.append(Text(text.zh.format(n=count), text.en.format(n=count)))
    return "\n".join([*words, f"[dim]{', '.join(map(speak, counts))}[/]"])


def measures(found: Mapping[str, Any]) -> str:
    """Return what a finding has measured: ground as area and width, else the number, what is required, and the margin."""
    if found["area_m2"]:
        return f"{square_metres(found['area_m2'])} m² × {found['width_m']:.3f} m"
    if found["measured"] is None:
        return "" if found["margin_m"] is None else f"{found['margin_m']:+.3f} m"
    unit = _UNITS.get(found["unit"], f" {found['unit']}")
    told = f"{found['measured']:.3f}{unit}"
    if found["required"] is None:
        return told
    margin = found["margin"]
    asked = f"{told} / {found['required']:.3f}{unit}"
    return asked if margin is None else f"{asked} ({margin:+.3f}{unit})"


def print_findings(
    code: str, findings: Sequence[Mapping[str, Any]], attributes: Mapping[str, Any] | None = None
) -> None:
    """Print every finding of one footprint, worst first, under what is known of it."""
    known = ", ".join(f"{name} = {value}" for name, value in (attributes or {}).items())
    table = Table(title=f"{code}  {known}".rstrip(), title_justify="left", box=None, header_style="bold")
    for title in (
        Text("规则", "rule"),
        Text("图层", "layer"),
        Text("结论", "outcome"),
        Text("内容", "what"),
        Text("量测", "measure"),
        Text("依据", "basis"),
    ):
        table.add_column(speak(title))
    order = list(_OUTCOMES)
    for found in sorted(findings, key=lambda each: order.index(each["outcome"])):
        outcome = found["outcome"]
        style = _STYLES.get(outcome, "green")
        basis = "; ".join(f"{basis['doc']} {basis.get('article', '')}".strip() for basis in found["basis"])
        advice = speak(Text("(建议)", " (advice)")) if found["advisory"] else ""
        said = [measures(found), speak(found["reason"]) if found["reason"] else ""]
        table.add_row(
            found["rule"],
            found["layer"]["code"],
            f"[{style}]{speak(_OUTCOMES[outcome])}[/]",
            escape(speak(found["title"]) + advice),
            escape("\n".join(filter(None, said))),
            escape(basis),
        )
    out.print(table)
