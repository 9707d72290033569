"""Print the test files of which a JUnit report says that something was skipped.

python scripts/skipped_files.py REPORT
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def skipped_files(report: Path) -> list[str]:
    """Return the files of skipped tests, sorted, relative to the folder that the tests were run in."""
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return sorted({_file(case) for case in cases if case.find("skipped") is not None})


def _file(case: ElementTree.Element) -> str:
    """Return the file of a test case, whose name is that of its module, and of its class where it has one."""
    module = case.get("classname") or case.get("name") or ""
    parts = module.split(".")
    found = [Path(*parts[:length]).with_suffix(".py") for length in range(len(parts), 0, -1)]
    return next((str(path) for path in found if path.is_file()), f"{module}, which is no file")


if __name__ == "__main__":
    print("\n".join(skipped_files(Path(sys.argv[1]))))
