-- The vector tile of the living buildings; names those of some offices' alone, where not the whole is seen.
-- Materialized: at the generic plan, the box would be computed for each building again.
with grid as (
    select ST_MakeEnvelope(:west, :south, :east, :north, :srid) as square
), box as materialized (
    -- the margin within the grid: beyond 180° it would come back on the other side
    select ST_Transform(ST_TileEnvelope(:z, :x, :y, square), :drawn_in) as tile,
           ST_Transform(ST_Intersection(ST_TileEnvelope(:z, :x, :y, square, 0.016), square), 4490) as ground
    from grid
), near as materialized (
    select f.building_id, f.stage, f.area_m2, f.name, f.geom
    from box join footprint f on f.geom && box.ground and f.replaced_at is null
), entry as (
    -- each half by an index that holds all that is asked: an entry would be a page read otherwise
    select e.building_id, e.id, e.stage, e.occurred_on, false as at_latest
    from near join stage_entry e on e.building_id = near.building_id
    where e.withdrawn_at is null and not e.attributes @> '{"at_latest": true}'
    union all
    select e.building_id, e.id, e.stage, e.occurred_on, true
    from near join stage_entry e on e.building_id = near.building_id
    where e.withdrawn_at is null and e.attributes @> '{"at_latest": true}'
), entered as (
    -- as stage_entered_last has it, of all at once
    select distinct on (building_id) building_id, stage
    from (select *, max(id) over (partition by building_id) as newest from entry) as e
    order by building_id, at_latest and id < newest, occurred_on desc, array_position(cast(:stages as text[]), stage) desc, id desc
), shown as (
    select b.code, coalesce(e.stage, f.stage) as stage, round(f.area_m2 * 100) / 100 as area_m2,
           case when :whole or b.office_id = any(cast(:offices as integer[])) then f.name end as name,
           ST_AsMVTGeom(ST_Transform(f.geom, :drawn_in), box.tile, 4096, 64, true) as geom
    from box
    cross join near f
    join building b on b.id = f.building_id
    left join entered e on e.building_id = f.building_id
)
-- a feature too small to be drawn has no geometry there, and ST_AsMVT leaves it out; asking for it would cut each one twice
select ST_AsMVT(shown, 'buildings', 4096, 'geom') from shown
