-- All that is known of one building on a day, as known at a time.
with moment as (
    select cast(:as_of as date) as day, cast(:known_at as timestamptz) as known_at,
           -- when a name or a share ended is told by the day alone
           least(cast(:as_of as date), cast(cast(:known_at as timestamptz) as date)) as last_day
)
select
    b.code, b.kind, b.facility_class, whole.code as part_of, b.office_id, o.name_zh, o.name_en, cast(b.id as text) as building_id,
    f.version, f.stage, f.name, f.h3, f.area_m2, f.plane, f.plane_area_m2, f.perimeter_m, f.height_m, f.width_m, f.space,
    f.attributes, f.valid_from, f.recorded_at, ST_AsBinary(f.geom) as geom,
    c.reason, c.closed_on,
    (
        select coalesce(jsonb_agg(jsonb_build_object(
            'scheme', a.scheme, 'value', a.value, 'source', a.source, 'unit', u.number,
            'valid_from', a.valid_from, 'valid_to', case when a.valid_to <= cast(m.known_at as date) then a.valid_to end
        ) order by a.id), '[]')
        from alias a left join unit u on u.id = a.unit_id
        where a.building_id = b.id and a.recorded_at <= m.known_at and a.valid_from <= m.day
    ) as aliases,
    (
        select coalesce(jsonb_agg(jsonb_build_object(
            'stage', s.stage, 'occurred_on', s.occurred_on, 'certificate', s.certificate, 'height_m', s.height_m,
            'floor_area_m2', s.floor_area_m2, 'recorded_at', s.recorded_at
        ) order by s.occurred_on, s.id), '[]')
        from stage_entry s
        where s.building_id = b.id and s.recorded_at <= m.known_at and s.occurred_on <= m.day
          and coalesce(s.withdrawn_at > m.known_at, true)
    ) as stages,
    (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', p.id, 'code', p.code, 'name', p.name, 'valid_from', pb.valid_from, 'valid_to', pb.valid_to
        ) order by pb.id), '[]')
        from project_building pb join project p on p.id = pb.project_id
        where pb.building_id = b.id and pb.recorded_at <= m.known_at and pb.valid_from <= m.day
          and coalesce(pb.valid_to > m.last_day, true)
    ) as projects,
    (
        select count(*) from unit u
        where u.building_id = b.id and u.recorded_at <= m.known_at and u.valid_from <= m.day
          and coalesce(u.valid_to > m.last_day, true)
    ) as units,
    (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', e.kind, 'actor', e.actor, 'body', e.canonical::jsonb -> 'body', 'occurred_at', e.occurred_at, 'recorded_at', e.recorded_at
        ) order by e.seq), '[]')
        from (
            select * from event
            where building_id = b.id and recorded_at <= m.known_at and cast(occurred_at as date) <= m.day
            order by seq desc
            limit :most_events
        ) e
    ) as events
from moment m
join building b on b.id = cast(:building as uuid)
join office o on o.id = b.office_id
left join building whole on whole.id = b.part_of
join lateral (
    select * from footprint
    where building_id = b.id and recorded_at <= m.known_at and valid_from <= m.day
    order by version desc
    limit 1
) f on true
left join lateral (
    select reason, closed_on from closure
    where building_id = b.id and recorded_at <= m.known_at and closed_on <= m.day and coalesce(revoked_at > m.known_at, true)
    order by id desc
    limit 1
) c on true
