"""What a certificate says: the state of a building at the moment of issue, as JSON of one form."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from registry.ledger.events import canonical_json

__all__ = ["FORMAT", "CertificateContent", "CertifiedName", "CertifiedRelation", "CertifiedStage", "content_sha256"]

FORMAT = "luotu-certificate/1"


@dataclass(frozen=True, slots=True)
class CertifiedStage:
    """A stage that the building has entered: its code and name, the day, the number of the certificate it was entered on."""

    code: str
    zh: str
    en: str
    occurred_on: str
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class CertifiedName:
    """Another name of the building: its scheme, what people call that, and whether it is computed from the footprint."""

    scheme: str
    zh: str
    en: str
    value: str
    computed: bool


@dataclass(frozen=True, slots=True)
class CertifiedRelation:
    """A building that stood there before, or came after: its code and how (rebuilt, split, merged)."""

    code: str
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateContent:
    """What a certificate says of a building.

    Attributes
    ----------
    code
        In its grouped form.
    kind
        ``building``, ``part`` or ``facility``.
    version, fingerprint
        Of the footprint: its current geometry version and that geometry's hash.
    stage, stage_name
        The stage that the building is at: its code, and what it is called (``zh, en``).
    area_m2, plane_area_m2, perimeter_m
        The area on the ellipsoid's scale at the centroid, which the code's size class is made of; area and perimeter in the
        plane. To the square centimetre and the millimetre, as printed.
    plane
        EPSG name of the Gauss–Krüger zone.
    centroid
        Longitude and latitude in EPSG:4490, degrees.
    closed
        The reason of the end of the building's life (``code, zh, en``) and the day (``closed_on``), None while it stands.
    extract
        As `draw_extract` returns it.
    office, actor
        Who issues: the office's names, and the person or program as its key is labelled.
    issued_at
        ISO 8601, UTC, to the second.
    """

    code: str
    kind: str
    name: str | None
    version: int
    fingerprint: str
    stage: str
    stage_name: dict[str, str]
    area_m2: float
    plane: str
    plane_area_m2: float
    perimeter_m: float
    centroid: tuple[float, float]
    stages: Sequence[CertifiedStage] = ()
    names: Sequence[CertifiedName] = ()
    predecessors: Sequence[CertifiedRelation] = ()
    successors: Sequence[CertifiedRelation] = ()
    closed: dict[str, str] | None = None
    extract: dict[str, Any] = field(default_factory=dict)
    office: dict[str, str]
    actor: str
    issued_at: str

    def as_json(self) -> dict[str, Any]:
        """Return the content as the PDF holds it."""
        lists = {
            name: [asdict(row) for row in getattr(self, name)]
            for name in ("stages", "names", "predecessors", "successors")
        }
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in lists and name != "centroid"}
        return {"format": FORMAT, **plain, **lists, "centroid": list(self.centroid)}


def content_sha256(content: dict[str, Any]) -> str:
    """Return the SHA-256 of a content's canonical JSON, which the ledger's event of the issue holds."""
    return sha256(canonical_json(content)).hexdigest()
