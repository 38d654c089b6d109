"""A certificate made for the tests, in a ledger of its own."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import shapely
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.certificates.content import (
    CertificateContent,
    CertifiedName,
    CertifiedRelation,
    CertifiedStage,
    content_sha256,
)
from registry.certificates.extracts import draw_extract
from registry.certificates.records import certificate_record
from registry.ledger.events import NewEvent, chain_events
from registry.ledger.heads import sign_head, verifying_key
from registry.ledger.tree import Frontier, hash_range, inclusion_ranges

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"office".ljust(32, b"."))
KEY = verifying_key(PRIVATE)
OTHER_KEY = verifying_key(Ed25519PrivateKey.from_private_bytes(b"forger".ljust(32, b".")))
ISSUED_AT = datetime(2026, 11, 22, 7, 15, tzinfo=UTC)
L_SHAPE = shapely.Polygon(
    [(0, 0), (42, 4), (40.6, 18), (16, 15.7), (14.5, 31), (-3, 29.4)], [[(3, 4), (8, 4), (8, 9), (3, 9)]]
)


def made_content(**changes: Any) -> dict[str, Any]:
    """Return a certificate's content."""
    footprint = shapely.transform(L_SHAPE, lambda xy: np.add(xy, (544_000, 4_856_000)))
    neighbour = shapely.box(543_960, 4_856_000, 543_988, 4_856_012)
    said: dict[str, Any] = {
        "code": "4E7U5-CKJ1H-E0A",
        "kind": "building",
        "name": "滨江花园 3 号楼",
        "version": 3,
        "fingerprint": sha256(b"geometry").hexdigest(),
        "stage": "completion_survey",
        "stage_name": {"zh": "竣工测量", "en": "Completion survey"},
        "area_m2": 789.42,
        "plane": "EPSG:4551",
        "plane_area_m2": 789.58,
        "perimeter_m": 139.304,
        "centroid": (126.5501234, 43.8412345),
        "stages": [
            CertifiedStage("design", "设计", "Design", "2024-03-12"),
            CertifiedStage("completion_survey", "竣工测量", "Completion survey", "2026-10-30", "2026-竣测-0087"),
        ],
        "names": [CertifiedName("ubid", "通用建筑标识", "UBID", "8FHHV872+2CM-10-13-11-14", computed=True)],
        "predecessors": [CertifiedRelation("4E7U5-CKJ1H-D0B", "rebuilt")],
        "extract": draw_extract(footprint, np.array([neighbour], dtype=object)),
        "office": {"zh": "吉林市测绘院", "en": "Jilin City Institute of Surveying and Mapping"},
        "actor": "desk 2",
        "issued_at": f"{ISSUED_AT:%Y-%m-%dT%H:%M:%SZ}",
    }
    return CertificateContent(**{**said, **changes}).as_json()


def made_record(
    content: dict[str, Any] | None = None, *, kind: str = "certificate_issued", before: int = 6
) -> dict[str, Any]:
    """Return a certificate's record, its event among some others in a signed ledger."""
    content = content or made_content()
    told = {name: content[name] for name in ("code", "version", "fingerprint", "stage")}
    common = {"subject": "building/4E7U5CKJ1HE0A", "office_id": 1, "actor": "desk 2", "occurred_at": ISSUED_AT}
    issue = NewEvent(kind=kind, body={**told, "content_sha256": content_sha256(content)}, **common)
    events = [*[NewEvent(kind="registered", **common)] * before, issue, NewEvent(kind="revised", **common)]
    pairs = chain_events(events, size=0, previous=None, recorded_at=ISSUED_AT, offices={1: "jl"})
    chained = [event for _, event in pairs]
    frontier, nodes = Frontier(), {}
    for place, each in enumerate(chained):
        nodes[0, place] = each.leaf_hash
        nodes |= {(node.level, node.position): node.hash for node in frontier.append(each.leaf_hash)}
    proof = [hash_range(leaves, nodes.__getitem__).hex() for leaves in inclusion_ranges(before, frontier.size)]
    head = sign_head(frontier.size, frontier.root(), signed_at=ISSUED_AT, private=PRIVATE)
    return certificate_record(content, event=chained[before].canonical, proof=proof, head=head.note, key=str(KEY))
