"""What the stories share: an installation of their own, and how large they are told."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from installation import Installation

from store.cluster import remove_cluster


@pytest.fixture
def installation() -> Iterator[Installation]:
    """Return an installation of the story's own, served."""
    with TemporaryDirectory(prefix="luotu-story-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        # PostgreSQL's own user must reach its files
        home.chmod(0o755)
        story = Installation(home)
        try:
            story.start()
            yield story
        finally:
            story.kill_worker()
            story.kill_server()
            remove_cluster(story.cluster)
