"""Fixtures that many test files share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real public data is not here: no ../shared/data beside the checkout")
    return SHARED_DATA
