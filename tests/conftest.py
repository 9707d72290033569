"""Fixtures that many test files share."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import jsonschema_rs
import oracle
import polars as pl
import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
HOSTILE = (
    "<b>Bold</b> & Sons",
    "<script>alert('script')</script>",
    "</script><img src=x onerror=alert(1)>",
    "Very long name " * 20,
    "🦷 Zähne\nund mehr",
    "مركز الصحة",
    "%{y} {{ card }} $x$",
)
_STATES = """
AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR PA RI
SC SD TN TX UT VA VT WA WI WV WY
"""
STATES = _STATES.split()
BEST = {
    "segment_label": "Behavioral Health", "npi_count": 120, "site_count": 12, "denial_pressure": 9.0,
    "roi_readiness": 8.0, "pecos_enrolled": True, "aco_member": True, "allowed_amt": 1e6, "bene_count": 6000,
}  # fmt: skip

_MEMORY = Path("/dev/shm")
_ROOM = 8 << 30  # bytes; a run of the suite takes less than a tenth, since folders of tests that passed are removed


def pytest_configure() -> None:
    """Folders of the tests are kept in memory where there is room: a disk that is waited for proves nothing here."""
    if os.access(_MEMORY, os.W_OK) and min(shutil.disk_usage(_MEMORY).free, _available_memory()) >= _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def _available_memory() -> int:
    """Bytes that programs may take without swapping, the cache of files among them; 0 where nothing says so."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = dict(line.split(":", 1) for line in lines)
    return int(found.get("MemAvailable", "0 kB").split()[0]) << 10


@pytest.fixture(scope="session", autouse=True)
def sound_scorecards_satisfy_the_schema() -> Iterator[None]:
    """Whatever scorecard a test loads and the engine finds sound, its JSON Schema accepts too."""
    from icp_engine.scorecard import loader
    from icp_engine.scorecard.toml.schema import scorecard_schema

    validator, check = jsonschema_rs.Draft7Validator(scorecard_schema()), loader.check

    def checked(card: Any, notes: Any) -> None:
        check(card, notes)
        if not notes.problems:
            content = {key: value for key, value in card.content.items() if key != "extends"}
            assert [str(error) for error in validator.iter_errors(content)] == []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "check", checked)
        yield


@pytest.fixture(scope="session")
def java() -> str:
    """Java, with Spark for Python beside it."""
    found = shutil.which("java")
    if found is None:
        pytest.skip("Java is not installed: on Debian apt-get install openjdk-17-jre-headless")
    if shutil.which("bash") is None:
        pytest.skip("Spark starts its programs by bash, which is not here")
    pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install 'pyspark>=4.3,<5'")
    return found


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """An S3 server on this machine with a bucket, and the variables by which it is found."""
    import boto3
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        url = "http://{}:{}".format(*server.get_host_and_port())
        found = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
        }
        for name, value in {**found, "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        reset = Request(f"{url}/moto-api/reset", method="POST")
        urlopen(reset).close()  # what servers of other modules were told is there still
        client.create_bucket(Bucket="bucket")
        yield client
        client.close()
        server.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real public data is not here: no ../shared/data beside the checkout")
    return SHARED_DATA


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    """Writes a file of this name and text, and returns its path."""

    def written(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return written


@pytest.fixture(scope="session")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run publishes with charts and report, of clinics in every state; the best have names that are markup.

    Two rows are rejected, some values are invalid, others above their scale. Nothing may be written into it.
    """
    from icp_engine.pipeline.run import RunOptions, run

    folder, rng, rows = tmp_path_factory.mktemp("pictured"), random.Random(7), []
    for number in range(1_500):
        state = [*STATES, "PR", None][number % (len(STATES) + 2)]
        row = {**oracle.random_typed_clinic(rng), "clinic_id": f"c{number}", "state_code": state}
        rows.append(row | {"account_name": f"Group {int(rng.expovariate(0.02))}, Inc."})
    for number, name in enumerate(HOSTILE * 3):
        rows.append({**BEST, "clinic_id": f"<i>{number}&", "account_name": name, "state_code": STATES[number]})
    rows += [{"clinic_id": blank, "account_name": "Nobody"} for blank in (" ", None)]
    rows += [{"clinic_id": f"bad{number}", "npi_count": -1, "denial_pressure": 11.5} for number in range(9)]
    names = sorted({name for row in rows for name in row})
    table = {name: [row.get(name) for row in rows] for name in names}
    pl.DataFrame(table, strict=False, infer_schema_length=None).write_parquet(folder / "clinics.parquet")
    run([str(folder / "clinics.parquet")], folder / "out", RunOptions(format="parquet"))
    return folder / "out"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no browser is installed: none of " + ", ".join(BROWSERS))
    driver = pytest.importorskip("playwright.sync_api")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()
