"""What a process keeps of work that has ended: nothing."""

import gc
import weakref

import pytest

from workflows.this_process import keep_what_stands, leave_nothing


class Circle:
    """Something that names itself, which only Python's search for circles frees."""

    def __init__(self):
        self.own = self


@pytest.fixture
def unsearched():
    """Have nobody look for circles, as in the middle of a large delivery."""
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("unsearched")
def test_circles_of_work_that_has_ended_are_freed():
    seen = weakref.ref(Circle())
    assert seen() is not None
    leave_nothing()
    assert seen() is None


@pytest.mark.usefixtures("unsearched")
def test_what_stands_is_kept_and_not_searched_again():
    standing, waste = Circle(), weakref.ref(Circle())
    keep_what_stands()
    assert waste() is None
    assert gc.get_freeze_count() > 0
    assert standing not in gc.get_objects()
    leave_nothing()
    assert standing.own is standing
