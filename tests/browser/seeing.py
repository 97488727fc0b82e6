"""What tests read off a page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page


def text(page: Page, selector: str) -> str:
    """The words that a person sees there, on one line."""
    return " ".join(page.locator(selector).inner_text().split())


def cells(page: Page, selector: str) -> list[list[str]]:
    """The body of a table, cell by cell."""
    found: list[list[str]] = page.locator(f"{selector} tbody").evaluate(
        "body => [...body.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return found


def call(page: Page, module: str, expression: str, argument: Any = None) -> Any:
    """A function of one of the page's own modules, run in the browser: `m` is the module."""
    script = f"""async (a) => {{
      const entry = document.querySelector('script[type=module]').src;
      const m = await import(new URL({module!r}, entry).href);
      const {{ formatter }} = await import(new URL('format.js', entry).href);
      const en = formatter('en-GB');
      return {expression};
    }}"""
    return page.evaluate(script, argument)


def drawn(page: Page, selector: str) -> list[list[Any]]:
    """The values of each series of a chart, as the chart library holds them."""
    script = """async (selector) => {
      const entry = document.querySelector('script[type=module]').src;
      const { echarts } = await import(new URL('vendor/echarts/index.js', entry).href);
      const chart = echarts.getInstanceByDom(document.querySelector(selector));
      return chart.getOption().series.map(
        (one) => one.data.map((item) => (item?.value !== undefined ? item.value : item)));
    }"""
    page.wait_for_selector(f"{selector} canvas")
    found: list[list[Any]] = page.evaluate(script, selector)
    return found
