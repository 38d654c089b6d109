"""Who asks: the one place that turns a key, or its absence, into a principal."""

from dataclasses import dataclass

from geocode import Text
from store.database import Connection, Database, transaction
from store.offices import add_key, find_key, have_office
from workflows.errors import NotAllowedError

__all__ = ["LOCAL_OFFICE", "LOCAL_ROLE", "Principal", "find_principal", "issue_key", "resolve_principal"]

# of no office, and so of nobody's own
_PUBLIC_OFFICE_ID = 0
# nobody's key has it
LOCAL_ROLE = "local"
LOCAL_OFFICE = {"code": "local", "name_zh": "本机测绘单位(示例)", "name_en": "Local survey office (demonstration)"}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, for which office, in which role."""

    office_id: int
    office: Text
    actor: str
    role: str


def resolve_principal(connection: Connection, *, key: str | None, local: bool, public: bool = False) -> Principal:
    """Return who asks.

    Parameters
    ----------
    key
        The API key that came with the request, if one did.
    local
        Whether a caller without a key may be the local demonstration office.
    public
        Whether one who is neither is the public.

    Raises
    ------
    NotAllowedError
        The key is unknown or revoked, or there is none and the caller is neither local nor the public.
    """
    if key is not None:
        found = find_key(connection, key)
        if found is None:
            raise NotAllowedError(
                Text("密钥无效或已撤销。", "The key is unknown or revoked."),
                Text("向管理员索取新的密钥。", "Ask the administrator for a new one."),
            )
        return Principal(found.id, Text(found.name_zh, found.name_en), found.label, found.role)
    if not local and public:
        return Principal(_PUBLIC_OFFICE_ID, Text("公众", "The public"), "public", "public")
    if not local:
        raise NotAllowedError(
            Text("需要密钥。", "A key is needed."),
            Text("在请求头 Authorization: Bearer 中附上密钥。", "Send it as “Authorization: Bearer …”."),
        )
    office = have_office(connection, **LOCAL_OFFICE)
    return Principal(office.id, Text(office.name_zh, office.name_en), "local", LOCAL_ROLE)


def find_principal(database: Database, *, key: str | None, local: bool, public: bool = False) -> Principal:
    """Return who asks, as `resolve_principal`, in a transaction of its own."""
    with transaction(database) as connection:
        return resolve_principal(connection, key=key, local=local, public=public)


def issue_key(database: Database, *, office: str, name: str, role: str, label: str) -> str:
    """Return a new key for an office, adding the office if it is not there yet."""
    with transaction(database) as connection:
        row = have_office(connection, code=office, name_zh=name, name_en=name)
        return add_key(connection, office_id=row.id, role=role, label=label)
