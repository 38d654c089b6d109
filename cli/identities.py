"""`luotu office`, `luotu key`, `luotu user`, `luotu audit`: who may come in, and who was turned away."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import typer

from cli.console import notes, out, print_json, speak, table_of
from cli.desk import at_desk
from cli.forms import TableForm
from geocode import Text
from workflows.auditing import MOST_ROWS, read_audit
from workflows.identities import Access, add_user, end_key, end_user, issue_access, read_keys, read_users
from workflows.offices import open_office, read_offices, rename_office

__all__ = ["audit", "key", "office", "user"]

office = typer.Typer(help="Offices: add, list, set.", no_args_is_help=True)
key = typer.Typer(help="API keys: issue, list, revoke.", no_args_is_help=True)
user = typer.Typer(help="People whom an identity provider names: add, list, revoke.", no_args_is_help=True)
Office = Annotated[str, typer.Argument(help="Short code of the office; this machine's own is local")]
Role = Annotated[
    Literal["surveyor", "planner", "registrar", "auditor", "admin"], typer.Option(help="What it may do: docs/access.md")
]
Label = Annotated[str, typer.Option(help="What stands in the register for whoever it is; no person's name")]
District = Annotated[
    str | None, typer.Option(metavar="DIGITS", help="The district that it is bound to: 22, 2202 or 220202")
]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As list prints it")]
English = Annotated[str | None, typer.Option(help="Its name in English")]
Division = Annotated[str | None, typer.Option(metavar="DIGITS", help="Code of the division it works in, six digits")]


@office.command("add")
def add_office(
    code: Annotated[str, typer.Argument(help="Short code; it never changes")],
    name: Annotated[str, typer.Argument(help="Name")],
    *,
    name_en: English = None,
    division: Division = None,
) -> None:
    """Add an office."""
    with at_desk() as desk:
        told = open_office(
            desk.database, code, name_zh=name, name_en=name_en, division=division, principal=desk.principal
        )
    _print_offices([told], "table")


@office.command("list")
def list_offices(*, form: TableForm = "table") -> None:
    """List the offices."""
    with at_desk() as desk:
        found = read_offices(desk.database, principal=desk.principal)
    _print_offices(found, form)


@office.command("set")
def set_office(
    code: Office,
    *,
    name: Annotated[str | None, typer.Option(help="Another name")] = None,
    name_en: English = None,
    division: Division = None,
) -> None:
    """Change an office's names or division; `luotu db extent` sets where it works."""
    said = {"name_zh": name, "name_en": name_en, "division": division}
    wanted = {column: value for column, value in said.items() if value is not None}
    with at_desk() as desk:
        told = rename_office(desk.database, code, wanted, principal=desk.principal)
    _print_offices([told], "table")


@key.command()
def issue(
    code: Office,
    *,
    role: Role = "surveyor",
    label: Label = "key",
    district: District = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="After how many days it ends; never")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="End the office's other keys of the role and label")
    ] = False,
) -> None:
    """Issue an API key and print it: the only time that it is seen."""
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    access = Access(office=code, role=role, label=label, division=district)
    with at_desk() as desk:
        told = issue_access(desk.database, access, principal=desk.principal, expires_at=expires_at, replace=replace)
    typer.echo(told["key"])
    until = (told["expires_at"] or "–")[:10]
    notes([Text(f"密钥 {told['id']},有效期至 {until}", f"key {told['id']}, until {until}")])


@key.command("list")
def list_keys(*, form: TableForm = "table") -> None:
    """List the keys, the newest first; the keys themselves are stored nowhere."""
    with at_desk() as desk:
        found = read_keys(desk.database, principal=desk.principal)
    _print_access(found, form, (Text("有效期至", "until"), "expires_at"))


@key.command("revoke")
def revoke_key(number: Number) -> None:
    """Revoke a key: from the next request on it is unknown."""
    with at_desk() as desk:
        end_key(desk.database, number, principal=desk.principal)
    notes([Text(f"密钥 {number} 已撤销。", f"Key {number} is revoked.")])


@user.command()
def add(
    code: Office,
    subject: Annotated[str, typer.Argument(help="The claim sub of the person's tokens")],
    *,
    role: Role = "surveyor",
    label: Label = "user",
    district: District = None,
    issuer: Annotated[str, typer.Option(help="The claim iss; LUOTU_OIDC_ISSUER without it")] = "",
) -> None:
    """Register a person of an office by the name that the identity provider has for them."""
    access = Access(office=code, role=role, label=label, division=district)
    with at_desk() as desk:
        known = issuer or desk.settings.oidc_issuer
        told = add_user(desk.database, access, issuer=known, subject=subject, principal=desk.principal)
    notes([Text(f"用户 {told['id']} 已登记。", f"User {told['id']} is registered.")])


@user.command("list")
def list_users(*, form: TableForm = "table") -> None:
    """List the people, the newest first."""
    with at_desk() as desk:
        found = read_users(desk.database, principal=desk.principal)
    _print_access(found, form, (Text("用户标识", "subject"), "subject"))


@user.command("revoke")
def revoke_user(number: Number) -> None:
    """Revoke a user: from the next request on the person's tokens are nobody's."""
    with at_desk() as desk:
        end_user(desk.database, number, principal=desk.principal)
    notes([Text(f"用户 {number} 已撤销。", f"User {number} is revoked.")])


def audit(
    *,
    most: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="How many rows, the newest first")] = 50,
    before: Annotated[int | None, typer.Option(metavar="NUMBER", help="Those before a row")] = None,
    office: Annotated[str | None, typer.Option(help="Of callers of an office, by its code")] = None,
    role: Annotated[str | None, typer.Option(help="Of callers in a role")] = None,
    outcome: Annotated[
        Literal["unknown", "forbidden", "hidden", "read"] | None, typer.Option(help="What became of it")
    ] = None,
    form: TableForm = "table",
) -> None:
    """Show who was turned away, and who read what is restricted."""
    those = {"office": office, "role": role, "outcome": outcome}
    with at_desk() as desk:
        told = read_audit(desk.database, principal=desk.principal, before=before, most=most, **those)
    if form == "json":
        print_json(told)
        return
    table = table_of(
        (Text("编号", "number"), "right"),
        (Text("时间", "when"), "left"),
        (Text("单位", "office"), "left"),
        (Text("角色", "role"), "left"),
        (Text("标签", "label"), "left"),
        (Text("结果", "outcome"), "left"),
        (Text("请求", "request"), "left"),
        (Text("对象", "of"), "left"),
        (Text("次数", "times"), "right"),
    )
    for row in told["rows"]:
        said = (row["office"], row["role"], row["actor"], row["outcome"], row["route"], row["place"])
        table.add_row(str(row["id"]), row["recorded_at"][:19], *(each or "–" for each in said), str(row["times"]))
    out.print(table)


def _print_offices(found: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        print_json(found)
        return
    table = table_of(
        (Text("代码", "code"), "left"), (Text("名称", "name"), "left"), (Text("行政区划", "division"), "left")
    )
    for each in found:
        name = speak(Text(each["name_zh"], each["name_en"]))
        table.add_row(each["office"], name, each["division"] or "–")
    out.print(table)


def _print_access(found: list[dict[str, Any]], form: str, last: tuple[Text, str]) -> None:
    if form == "json":
        print_json(found)
        return
    title, column = last
    table = table_of(
        (Text("编号", "number"), "right"),
        (Text("单位", "office"), "left"),
        (Text("角色", "role"), "left"),
        (Text("标签", "label"), "left"),
        (Text("辖区", "district"), "left"),
        (Text("有效", "holds"), "left"),
        (title, "left"),
    )
    for each in found:
        holds = speak(Text("是", "yes") if each["holds"] else Text("否", "no"))
        said = (each["office"], each["role"], each["label"], each["division"] or "–", holds)
        table.add_row(str(each["id"]), *said, (each[column] or "–")[:40])
    out.print(table)
