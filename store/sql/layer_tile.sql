-- The vector tile of one layer: the features that hold on a day, of the edition in effect and those that it rests on.
with box as (
    -- the margin within the world: beyond 180° it would come back on the other side
    select ST_TileEnvelope(:z, :x, :y) as tile,
           ST_Transform(ST_Intersection(ST_TileEnvelope(:z, :x, :y, margin => 0.016), ST_TileEnvelope(0, 0, 0)), 4490) as ground
), chain as (
    select edition_chain(:edition) as ids
), shown as (
    select f.id, f.name, f.class_code, ST_AsMVTGeom(ST_Transform(f.geom, 3857), box.tile, 4096, 64, true) as geom
    from box cross join chain
    join feature f on f.geom && box.ground and f.edition_id = any(chain.ids)
    where (f.valid_from is null or f.valid_from <= cast(:as_of as date))
      and (f.valid_to is null or cast(:as_of as date) < f.valid_to)
      and not exists (
          select from feature_end ended where ended.feature_id = f.id and ended.edition_id = any(chain.ids)
      )
)
select ST_AsMVT(shown, :layer, 4096, 'geom') from shown where geom is not null
