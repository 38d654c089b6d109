-- The vector tile of the living buildings; names those of some offices' alone, where not the whole is seen.
with grid as (
    select ST_MakeEnvelope(:west, :south, :east, :north, :srid) as square
), box as (
    -- the margin within the grid: beyond 180° it would come back on the other side
    select ST_Transform(ST_TileEnvelope(:z, :x, :y, square), :drawn_in) as tile,
           ST_Transform(ST_Intersection(ST_TileEnvelope(:z, :x, :y, square, 0.016), square), 4490) as ground
    from grid
), shown as (
    select b.code, coalesce(e.stage, f.stage) as stage, round(f.area_m2 * 100) / 100 as area_m2,
           case when :whole or b.office_id = any(cast(:offices as integer[])) then f.name end as name,
           ST_AsMVTGeom(ST_Transform(f.geom, :drawn_in), box.tile, 4096, 64, true) as geom
    from box
    join footprint f on f.geom && box.ground and f.replaced_at is null
    join building b on b.id = f.building_id
    left join lateral stage_entered_last(b.id, cast(:stages as text[]), 'infinity', 'infinity') e on true
)
-- a feature too small to be drawn has no geometry there, and ST_AsMVT leaves it out; asking for it would cut each one twice
select ST_AsMVT(shown, 'buildings', 4096, 'geom') from shown
