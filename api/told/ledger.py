"""What is told of the ledger, certificates, packages, statistics, and of who may come in."""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from api.told.parts import Box, Fault, Geometry, Office, Text, Told

__all__ = [
    "AuditRows",
    "CellStatistics",
    "CertificateRecord",
    "CertificateVerification",
    "Consistency",
    "Head",
    "Keys",
    "LedgerEvents",
    "LedgerKeys",
    "NewKeyIssued",
    "NewSubscriptionOpened",
    "OfficeRecord",
    "Offices",
    "Proof",
    "Session",
    "Statistics",
    "Subscriptions",
    "TakenPackage",
    "UserRegistered",
    "Users",
]


class Session(Told):
    """Who is calling, for which office, and the box around everything stored."""

    office: Office
    actor: str
    role: str
    version: str
    extent: Box | None


class Head(Told):
    """The newest signed head; of an empty ledger, its size alone."""

    size: int
    root: str | None
    signed_at: datetime | None
    key: str | None
    note: str | None


class LedgerKeys(Told):
    """The public keys that sign the heads, the newest last."""

    keys: list[str]


class Consistency(Told):
    """The proof that a newer ledger is an older one, grown."""

    since: Annotated[int, Field(alias="from")]
    to: int
    from_root: str
    to_root: str
    proof: list[str]


class LedgerEvents(Told):
    """Events as canonical JSON, whose bytes are the leaves."""

    events: list[str]
    next: int | None


class Proof(Told):
    """The proof that an event is in the ledger; the event itself to whom may read it."""

    leaf_hash: str
    event: str | None
    index: int
    size: int
    proof: list[str]
    head: str


class PresentState(Told):
    """What the register says of a certified building today."""

    version: int
    fingerprint: str
    stage: str
    closed_as: str | None
    is_current: bool


class CertificateRecord(Told):
    """What the ledger says of a certificate."""

    verdict: Literal["genuine", "false"]
    differences: list[str]
    event: dict[str, Any] | None
    proof: list[str] | None
    head: str | None
    present: PresentState | None


class CertificateCheck(Told):
    """One of the checks of a certificate."""

    code: str
    name: Text
    passed: bool | None
    faults: list[Fault]


class CertificateVerification(Told):
    """What a certificate's file says of itself, and whether it holds."""

    verdict: Literal["genuine", "consistent", "false"]
    code: Any
    version: Any
    stage: Any
    office: Any
    issued_at: Any
    event: Any
    key: Any
    checks: list[CertificateCheck]
    in_ledger: bool
    present: PresentState | None
    is_kept: bool


class PackageRow(Told):
    """What became of an event of a package."""

    seq: int
    subject: str
    kind: NotRequired[str]
    outcome: Literal["taken", "known", "refused"]
    fault: NotRequired[Fault]


class TakenPackage(Told):
    """What became of a package."""

    sha256: str
    signer: str
    subject: str | None
    after: int
    to: int
    taken: int
    known: int
    refused: int
    results: list[PackageRow]


class Subscription(Told):
    """A subscription, and how much it is owed."""

    id: str
    label: str
    url: str
    recorded_at: datetime
    ended_at: datetime | None
    waiting: int
    delivered_to: int | None
    last_answer: str | None


class Subscriptions(Told):
    """The office's subscriptions, the oldest first."""

    subscriptions: list[Subscription]
    next: str | None


class NewSubscriptionOpened(Told):
    """A subscription, with the secret that signs: told this once."""

    id: str
    label: str
    url: str
    secret: str


class OfficeStatistics(Told):
    """The buildings of an office."""

    code: str
    name: Text
    division: str | None
    buildings: int
    living: int
    area_m2: float


class MonthCount(Told):
    """How many there were in a month (UTC)."""

    month: str
    name: str | None
    number: int


class Statistics(Told):
    """Buildings by office, and what came to be month by month."""

    offices: list[OfficeStatistics]
    registered: list[MonthCount]
    closed: list[MonthCount]
    entered: list[MonthCount]
    uploaded: list[MonthCount]
    reviewed: list[MonthCount]


class CellProperties(Told):
    """The buildings in an H3 cell."""

    h3: str
    buildings: int
    area_m2: float


class CellFeature(Told):
    """An H3 cell as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry
    properties: CellProperties


class CellStatistics(Told):
    """The H3 cells in which buildings stand."""

    type: Literal["FeatureCollection"]
    features: list[CellFeature]


class OfficeRecord(Told):
    """An office."""

    office: str
    name_zh: str
    name_en: str
    division: str | None


class Offices(Told):
    """Offices by their codes."""

    offices: list[OfficeRecord]
    next: str | None


class _Access(Told):
    id: int
    office: str
    role: str
    label: str
    division: str | None


class KeyRecord(_Access):
    """An API key; the key itself is stored nowhere."""

    recorded_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None
    holds: bool


class Keys(Told):
    """API keys, the newest first."""

    keys: list[KeyRecord]
    next: int | None


class NewKeyIssued(_Access):
    """A key as it was issued: the key itself, once."""

    expires_at: datetime | None
    key: str | None


class UserRecord(_Access):
    """A person."""

    recorded_at: datetime
    revoked_at: datetime | None
    issuer: str
    subject: str
    holds: bool


class Users(Told):
    """People, the newest first."""

    users: list[UserRecord]
    next: int | None


class UserRegistered(_Access):
    """A person as they were registered."""

    issuer: str
    subject: str


class AuditRow(Told):
    """A refusal or a restricted read, and how often it happened."""

    id: int
    office: str | None
    actor: str | None
    role: str | None
    action: str | None
    route: str
    outcome: Literal["unknown", "forbidden", "hidden", "read"]
    reason: str | None
    place: str | None
    times: int
    recorded_at: datetime


class AuditRows(Told):
    """What is on record, the newest first."""

    rows: list[AuditRow]
    next: int | None
