"""The docstring of every public name has an example, and what it says is what comes out."""

import doctest

import pytest

import icp_engine


@pytest.mark.parametrize("name", icp_engine.__all__)
def test_the_examples_of_a_public_name_run(name: str) -> None:
    thing = getattr(icp_engine, name)
    example = doctest.DocTestParser().get_doctest(thing.__doc__ or "", {}, name, None, 0)
    assert example.examples, f"{name} has no example in its docstring"
    report: list[str] = []
    doctest.DocTestRunner().run(example, out=report.append)
    assert not report, "".join(report)
