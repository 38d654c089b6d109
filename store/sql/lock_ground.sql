-- Hold the ground under the boxes of a delivery until the transaction ends.
select lock_ground(
    cast(:west as float8[]), cast(:south as float8[]), cast(:east as float8[]), cast(:north as float8[])
)
