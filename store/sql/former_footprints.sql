-- Which footprints of one space that hold no more touch some boxes, and held until a later day than a given one?
-- A version holds until the day of a later one of its building, or until its life ended; what was registered by mistake never did.
with near as materialized (
    select distinct footprint.id
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    join footprint on footprint.geom && ST_MakeEnvelope(w, s, e, n, 4490) and footprint.replaced_at is not null
)
select cast(f.building_id as text) as building_id, b.code, held.until, ST_AsBinary(f.geom) as geom
from near
join footprint f on f.id = near.id and f.space = :space
join building b on b.id = f.building_id
left join closure c on c.building_id = b.id and c.revoked_at is null
cross join lateral (
    select least(min(later.valid_from), c.closed_on) as until
    from footprint later
    where later.building_id = f.building_id and later.version > f.version
) held
where held.until > greatest(cast(:after as date), f.valid_from) and c.reason is distinct from 'mistaken'
order by held.until desc, b.code
