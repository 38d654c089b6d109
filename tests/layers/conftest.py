"""What the tests of this room share."""

import subprocess
import sys
from pathlib import Path

import pytest

from layers.errors import RefusedFile
from layers.reading import read_delivery


@pytest.fixture(scope="session")
def gdal_files(tmp_path_factory):
    """Return a folder of files that GDAL has written, in a process where it has all its drivers."""
    folder = tmp_path_factory.mktemp("gdal")
    program = Path(__file__).with_name("gdal_program.py")
    subprocess.run([sys.executable, str(program), str(folder)], check=True, timeout=120)
    return folder


@pytest.fixture
def refusal():
    """Return a function that reads a file which must be refused, and gives the refusal."""

    def read(path, **options):
        with pytest.raises(RefusedFile) as caught:
            read_delivery(path, **options)
        return caught.value

    return read
