-- Does a living footprint touch one of some boxes?
select exists (
    select
    from unnest(
        cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
    ) as box (w, s, e, n)
    cross join lateral (
        select id from footprint where geom && ST_MakeEnvelope(w, s, e, n, 4490) and replaced_at is null offset 0
    ) f
)
