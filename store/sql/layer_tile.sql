-- The vector tile of one layer: the features that hold on a day, of the edition in effect and those that it rests on.
with grid as (
    select ST_MakeEnvelope(:west, :south, :east, :north, :srid) as square
), box as (
    -- the margin within the grid: beyond 180° it would come back on the other side
    select ST_TileEnvelope(:z, :x, :y, square) as tile,
           ST_Transform(ST_Intersection(ST_TileEnvelope(:z, :x, :y, square, 0.016), square), 4490) as ground
    from grid
), chain as (
    select edition_chain(:edition) as ids
), shown as (
    select f.id, f.name, f.class_code, ST_AsMVTGeom(ST_Transform(f.geom, :srid), box.tile, 4096, 64, true) as geom
    from box cross join chain
    join feature f on f.geom && box.ground and f.edition_id = any(chain.ids)
    where (f.valid_from is null or f.valid_from <= cast(:as_of as date))
      and (f.valid_to is null or cast(:as_of as date) < f.valid_to)
      and not exists (
          select from feature_end ended where ended.feature_id = f.id and ended.edition_id = any(chain.ids)
      )
)
-- a feature too small to be drawn has no geometry there, and ST_AsMVT leaves it out; asking for it would cut each one twice
select ST_AsMVT(shown, :layer, 4096, 'geom') from shown
