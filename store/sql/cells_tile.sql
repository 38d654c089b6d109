-- The vector tile of some H3 cells: how many living buildings stand in each, and on how much ground. Empty cells are left out.
with box as (
    select ST_TileEnvelope(:z, :x, :y, ST_MakeEnvelope(:west, :south, :east, :north, :srid)) as tile
), cell as (
    select h3, low, high, ST_Transform(ST_GeomFromWKB(outline, 4490), :srid) as geom
    from unnest(cast(:cells as text[]), cast(:lows as text[]), cast(:highs as text[]), cast(:outlines as bytea[]))
        as cell (h3, low, high, outline)
), shown as (
    select cell.h3, counted.buildings, counted.area_m2, ST_AsMVTGeom(cell.geom, box.tile, 4096, 64, true) as geom
    from box
    cross join cell
    cross join lateral (
        -- what stands in a cell is one range of an index, which holds all that is asked
        select count(*) as buildings, round(sum(f.area_m2)) as area_m2
        from footprint f
        where f.h3 between cell.low and cell.high and f.replaced_at is null
    ) as counted
    where counted.buildings > 0
)
select ST_AsMVT(shown, 'cells', 4096, 'geom') from shown
