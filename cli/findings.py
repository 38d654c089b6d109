"""How findings read in a terminal."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from cli.console import out, speak
from geocode import Text

__all__ = ["brief", "print_findings"]

_OUTCOMES = {
    "fail": Text("不符合", "fail"),
    "fail_within_accuracy": Text("精度内不符", "fail within accuracy"),
    "manual": Text("人工判断", "manual"),
    "not_evaluated": Text("未评估", "not evaluated"),
    "not_applicable": Text("不适用", "not applicable"),
    "pass": Text("符合", "pass"),
}
_STYLES = {"fail": "red", "fail_within_accuracy": "yellow", "manual": "yellow", "not_evaluated": "dim"}


def brief(findings: list[dict[str, Any]]) -> str:
    """Return the findings of one building in a line: what fails, with its measures, then how many rules pass."""
    broken = [found for found in findings if found["outcome"] in {"fail", "fail_within_accuracy", "manual"}]
    words = [
        f"[{_STYLES[found['outcome']]}]{found['rule']}[/] {escape(speak(found['title']))} {measures(found)}".strip()
        for found in broken
    ]
    passed = sum(found["outcome"] in {"pass", "not_applicable"} for found in findings)
    unknown = sum(found["outcome"] == "not_evaluated" for found in findings)
    counts = speak(Text(f"{passed} 项符合", f"{passed} pass"))
    if unknown:
        counts += speak(Text(f",{unknown} 项无数据", f", {unknown} without data"))
    return "\n".join([*words, f"[dim]{counts}[/]"])


def measures(found: dict[str, Any]) -> str:
    """Return the area and the width of a finding."""
    if found["area_m2"] is None:
        return ""
    return f"{found['area_m2']:.2f} m² × {found['width_m']:.3f} m"


def print_findings(code: str, findings: list[dict[str, Any]]) -> None:
    """Print every finding of one footprint, worst first."""
    table = Table(title=code, title_justify="left", box=None, header_style="bold")
    for title in (
        Text("规则", "rule"),
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
        said = speak(found["reason"]) if found["reason"] else measures(found)
        table.add_row(
            found["rule"],
            f"[{style}]{speak(_OUTCOMES[outcome])}[/]",
            escape(speak(found["title"]) + advice),
            escape(said),
            escape(basis),
        )
    out.print(table)
