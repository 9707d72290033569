"""Print the tests that a JUnit report says were skipped, as pytest takes them: files, or tests in them.

python scripts/skipped_tests.py REPORT
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

_NO_PARAMETERS = "[NOTSET]"  # what pytest calls a test for which there was nothing to try


def skipped_tests(report: Path) -> list[str]:
    """Return the skipped tests, sorted, relative to the folder that the tests were run in.

    Of a module that was skipped as a whole it is the file.
    """
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return sorted({_test(case) for case in cases if case.find("skipped") is not None})


def _test(case: ElementTree.Element) -> str:
    """Return a test: its class name is that of its module, and of its class where it has one."""
    module, name = case.get("classname") or "", case.get("name") or ""
    parts = (module or name).split(".")
    for length in range(len(parts), 0, -1):
        path = Path(*parts[:length]).with_suffix(".py")
        if path.is_file():
            inside = [*parts[length:], name.removesuffix(_NO_PARAMETERS)] if module else []
            return "::".join([str(path), *inside])
    return f"{module or name}, which is no file"


if __name__ == "__main__":
    print("\n".join(skipped_tests(Path(sys.argv[1]))))
