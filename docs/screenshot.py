"""Make the picture of the page: `python docs/screenshot.py`. It needs Chromium and the extras draw and test."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import circuitgrad
from circuitgrad.report.drawing.model import drawing
from circuitgrad.report.page.page import page

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests"))

from browser import chromium, look, screenshot  # noqa: E402

CIRCUIT = ROOT / "circuits" / "neuron.yaml"
PICTURE = ROOT / "docs" / "page.png"
WIDTH, HEIGHT = 1280, 900


def picture() -> bytes:
    """Return what a browser shows of the neuron's page after a run, at the first gate of the backward pass, as PNG."""
    from selenium.webdriver.support.ui import WebDriverWait

    circuit = circuitgrad.load(CIRCUIT)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        file = Path(folder) / "neuron.html"
        file.write_text(page(circuit, drawing(circuit)), encoding="utf-8")
        look(browser, WIDTH, HEIGHT)
        browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        browser.get(file.as_uri())
        run = browser.find_element("id", "climb-run")
        run.click()
        WebDriverWait(browser, 60).until(lambda _: run.text == "Run")
        for button in ("to-backward", "step-on"):
            browser.find_element("id", button).click()
        browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
        return screenshot(browser)


if __name__ == "__main__":
    PICTURE.write_bytes(picture())
    print(f"wrote {PICTURE.relative_to(ROOT)}")
