"""The ledger: the events of before are carried over into the chain, in their order."""

from itertools import groupby
from operator import attrgetter
from typing import Any

from alembic import op
from sqlalchemy import Connection, Row, text

from registry.ledger.events import NewEvent, chain_events, digest
from registry.ledger.tree import Frontier
from store.migrations.beside import run_statements

revision = "0003"
down_revision = "0002"

# what the rows say that the events of before did not, under the columns' names; a footprint's last value is what it delivered
_BEFORE = """
    select e.kind, b.code, e.building_id::text, e.office_id, e.actor, e.occurred_at, e.recorded_at, e.body,
           f.salt, f.attributes,
           case when e.kind in ('registered', 'revised') then jsonb_build_object(
               'building', b.code, 'kind', b.kind, 'part_of', null, 'facility_class', b.facility_class,
               'upload', f.upload_id, 'fingerprint', f.fingerprint, 'name', f.name, 'h3', f.h3, 'area_m2', f.area_m2, 'plane', f.plane, 'plane_area_m2', f.plane_area_m2,
               'perimeter_m', f.perimeter_m, 'valid_from', f.valid_from, 'space', f.space, 'height_m', f.height_m,
               'axis', null, 'width_m', f.width_m)
           else jsonb_build_object(
               'building', b.code, 'source', a.source, 'valid_from', a.valid_from, 'unit', null, 'check_variant', a.check_variant)
           end as said
    from event_before e
    join building b on b.id = e.building_id
    left join footprint f on f.building_id = e.building_id and f.version = (e.body ->> 'version')::integer
    left join lateral (
        select source, valid_from, check_variant from alias
        where building_id = e.building_id and scheme = e.body ->> 'scheme' and value = e.body ->> 'value'
        order by id limit 1
    ) a on true
    order by e.seq
"""

_EVENT = """
    insert into event (seq, building_id, office_id, occurred_at, recorded_at, canonical, leaf_hash)
    values (:seq, :building, :office, :at, :then, :canonical, :leaf_hash)
"""
_NODE = "insert into ledger_node (level, position, hash) values (:level, :position, :hash)"


def upgrade() -> None:
    """Run the statements beside this file, and chain the events there are."""
    connection = op.get_bind()
    run_statements(__file__)
    _carry_over(connection)
    connection.execute(text("drop table event_before"))
    connection.execute(text("create index event_building on event (building_id, seq)"))


def _carry_over(connection: Connection) -> None:
    offices = {row.id: row.code for row in connection.execute(text("select id, code from office"))}
    before = connection.execute(text(_BEFORE)).all()
    frontier, previous = Frontier(), None
    for recorded_at, rows in groupby(before, key=attrgetter("recorded_at")):
        events = map(_as_new, rows)
        chained = chain_events(events, size=frontier.size, previous=previous, recorded_at=recorded_at, offices=offices)
        for new, each in chained:
            previous = each.leaf_hash
            said = {"building": new.building_id, "office": new.office_id, "at": new.occurred_at, "then": recorded_at}
            connection.execute(text(_EVENT), {**said, **each._asdict()})
            for node in frontier.append(previous):
                connection.execute(text(_NODE), node._asdict())


def _as_new(row: Row[Any]) -> NewEvent:
    """Return an event of before with all that its row says."""
    body = {**row.said, **row.body}
    if row.salt is not None:
        body["attributes"] = digest(row.attributes, row.salt)
    return NewEvent(
        kind=row.kind,
        subject=f"building/{row.code}",
        building_id=row.building_id,
        office_id=row.office_id,
        actor=row.actor,
        occurred_at=row.occurred_at,
        body=body,
    )
