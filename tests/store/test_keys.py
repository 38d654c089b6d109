"""Keys that are drawn here: UUIDs that sort as they were drawn, and are nobody else's."""

from uuid import RFC_4122, UUID

from store.keys import draw_key


def test_keys_sort_as_they_were_drawn_and_are_all_others():
    keys = [draw_key() for _ in range(10_000)]
    assert len(set(keys)) == len(keys)
    # the clock is not finer than that: neighbours of one moment are in any order
    assert sorted(keys, key=lambda key: key[:18]) == keys
    assert all(str(UUID(key)) == key and UUID(key).version == 7 and UUID(key).variant == RFC_4122 for key in keys)


def test_keys_of_one_moment_differ(monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_795_000_000_123_456_789)
    keys = {draw_key() for _ in range(1_000)}
    assert len(keys) == 1_000
    (moment,) = {key[:18] for key in keys}
    # 0x01a1ee565e7b milliseconds and 0x74f of 4096 parts of one
    assert moment == "01a1ee56-5e7b-774f"
