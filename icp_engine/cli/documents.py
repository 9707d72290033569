"""Answers of the workbench: as text, as JSON, and as a page."""

from pathlib import Path
from typing import TYPE_CHECKING

from icp_engine.cli import options, show

if TYPE_CHECKING:
    from icp_engine.report.document import Document


def print_document(document: "Document", *, as_json: bool, html: Path | None) -> None:
    """Print an answer, and write it as a page where one is wanted.

    Raises:
        InputError: the page cannot be written there.
    """
    from icp_engine.report.document import document_content, document_text

    if html is not None:
        with options.extra("charts"):
            from icp_engine.report.render import document_page
        write_page(document_page(document), html)
    if as_json:
        show.emit(document_content(document))
    else:
        show.say(document_text(document, show.width()))
    if html is not None:
        show.say(f"Page: {html}", err=True)


def write_page(page: str, path: Path) -> None:
    """Write a page to a file of the user's choice.

    Raises:
        InputError: the file cannot be written, or stands in a published run.
    """
    from icp_engine.errors import InputError
    from icp_engine.warehouse.switch import check_outside

    check_outside(path)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another --html.") from error
