-- The vector tile of the living buildings; names those of one office's alone, where not the whole is seen.
with box as (
    -- the margin within the world: beyond 180° it would come back on the other side
    select ST_TileEnvelope(:z, :x, :y) as tile,
           ST_Transform(ST_Intersection(ST_TileEnvelope(:z, :x, :y, margin => 0.016), ST_TileEnvelope(0, 0, 0)), 4490) as ground
), shown as (
    select b.code, coalesce(e.stage, f.stage) as stage, round(f.area_m2::numeric, 2)::float8 as area_m2,
           case when :whole or b.office_id = :office then f.name end as name,
           ST_AsMVTGeom(ST_Transform(f.geom, 3857), box.tile, 4096, 64, true) as geom
    from box
    join footprint f on f.geom && box.ground and f.replaced_at is null
    join building b on b.id = f.building_id
    left join lateral stage_entered_last(b.id, cast(:stages as text[]), 'infinity', 'infinity') e on true
)
select ST_AsMVT(shown, 'buildings', 4096, 'geom') from shown where geom is not null
