"""Where a page of a list stands among the others."""

from dataclasses import dataclass

import polars as pl

from icp_engine.api.listing import Listing
from icp_engine.web.asked import PER_PAGE, Asked


@dataclass(frozen=True, slots=True)
class Pager:
    """A page of a list.

    Attributes:
        total: rows on all pages together.
        page: the number of the page, from 1; the last one where a later one was asked for.
        first: the number of its first row, from 1.
        last: the number of its last row.
        before: the address of the page before it, if there is one.
        after: the address of the page after it, if there is one.
        beyond: whether a page was asked for that is not there.
    """

    total: int
    page: int
    first: int
    last: int
    before: str | None
    after: str | None
    beyond: bool


def pager(asked: Asked, total: int, page: int) -> Pager:
    """Return where a page stands; one beyond the last is the last."""
    pages = max(1, -(-total // PER_PAGE))
    number = min(page, pages)
    first = (number - 1) * PER_PAGE
    return Pager(
        total=total,
        page=number,
        first=min(first + 1, total),
        last=min(first + PER_PAGE, total),
        before=asked.url(page=str(number - 1) if number > 2 else None) if number > 1 else None,  # noqa: PLR2004
        after=asked.url(page=str(number + 1)) if number < pages else None,
        beyond=page > pages,
    )


def paged(listing: Listing, asked: Asked) -> tuple[pl.DataFrame, Pager]:
    """Return the rows of the page that is asked for, and where it stands: of the last where there are not so many."""
    rows, where = _page(listing, asked, asked.page)
    return (rows, where) if where.page == asked.page else _page(listing, asked, where.page)


def _page(listing: Listing, asked: Asked, number: int) -> tuple[pl.DataFrame, Pager]:
    page = listing.page(
        asked.wanted, asked.sort_by, descending=asked.descending, limit=PER_PAGE, offset=(number - 1) * PER_PAGE
    )
    return page.rows, pager(asked, page.total, asked.page)
