"""Compiled loops do without a cache where there can be none."""

import numba
import numpy as np
import pytest

from geocode.compiled import as_texts, compiled


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_loop_runs_with_and_without_a_folder_for_the_cache(monkeypatch, is_sealed):
    def add_one(values):
        for i in range(values.size):
            values[i] += 1

    compile_with = numba.njit

    def njit(*args, **options):
        if is_sealed and options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return compile_with(*args, **{**options, "cache": False})

    monkeypatch.setattr(numba, "njit", njit)
    values = np.arange(3)
    compiled("void(i8[::1])")(add_one)(values)
    assert values.tolist() == [1, 2, 3]


def test_code_points_are_texts():
    assert as_texts(np.array([[0x843D, 0x56FE], [65, 66]], dtype=np.uint32)).tolist() == ["落图", "AB"]
    assert as_texts(np.empty((0, 5), dtype=np.uint32)).tolist() == []
