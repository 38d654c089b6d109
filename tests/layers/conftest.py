"""What the tests of this room share."""

import pytest
from hypothesis import settings

from layers.errors import RefusedFile
from layers.reading import read_delivery

# the machine may be busy: a law is about results, not about time
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def refusal():
    """Return a function that reads a file which must be refused, and gives the refusal."""

    def read(path, **options):
        with pytest.raises(RefusedFile) as caught:
            read_delivery(path, **options)
        return caught.value

    return read
