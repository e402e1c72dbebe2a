"""The page in a real browser: files that are chosen or dropped, drawings, a refusal."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

pytest.importorskip("fastapi")

from autocnn.serve.address import LOCAL, open_socket
from autocnn.serve.app import build_app


@pytest.fixture
def address(model):
    """The address of a server in a thread of this process."""
    import uvicorn

    with open_socket("127.0.0.1", 0) as bound:
        server = uvicorn.Server(uvicorn.Config(build_app(model, LOCAL), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


def _draw_with_keys(page):
    """A line from the middle to the right border, two pixels of the network high."""
    page.get_by_role("button", name="Clear").click()
    page.locator("#draw").focus()
    for key in ("ArrowUp", " ", *["ArrowRight"] * 14):
        page.keyboard.press(key)
    assert page.locator("#pen").inner_text() == "The pen is down: arrows draw."
    assert page.locator("#cursor").is_visible()
    places = "[[200, 130], [200, 200], [100, 130]]"
    seen = f"{places}.map(([x, y]) => pen.getImageData(x, y, 1, 1).data[0])"
    assert page.evaluate(seen) == [255, 0, 0]
    page.keyboard.press("Enter")
    page.get_by_text("First guess: dark").wait_for()
    page.get_by_text("First guess: dark 100.0 %").wait_for(state="detached")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    assert page.locator("#pen").inner_text() == ""
    assert page.evaluate(seen) == [0, 0, 0]


def _drop(page, content):
    """A file that is dropped on the page is classified."""
    given = page.evaluate_handle(
        """bytes => { const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
        return data; }""",
        list(content),
    )
    for kind in ("dragover", "drop"):
        page.dispatch_event("#drop", kind, {"dataTransfer": given})
        if kind == "dragover":
            assert page.locator("#drop.over").count() == 1
    page.get_by_text("dropped.png").wait_for()
    first = page.locator("#guesses li").first
    assert first.inner_text().startswith("First guess: <script>alert(1)</script> 100.0")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_guesses(address, white, tmp_path, width, scheme):
    """A chosen file, a drawing and a text file have their answers; nothing leaves the machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Debian's chromium is not installed")
    seen: list[str] = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme
        ).new_page()
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("dialog", lambda dialog: seen.append(dialog.message))
        page.on("request", lambda request: seen.append(request.url))
        page.goto(address)
        file = {"name": "white.png", "mimeType": "image/png", "buffer": white}
        page.locator("#file").set_input_files([file])
        guesses = page.locator("#guesses li")
        guesses.first.wait_for()
        assert guesses.first.inner_text().startswith("First guess: <script>alert(1)</script> 100.0")
        page.get_by_role("button", name="Clear").click()
        page.get_by_role("button", name="Guess the drawing").click()
        page.get_by_text("First guess: dark 100.0 %").wait_for()  # the drawing is black
        box = page.locator("#draw").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 200, box["y"] + 200, steps=4)
        page.mouse.up()
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Guess the drawing").press("Enter")
        page.get_by_text("First guess: dark 100.0 %").wait_for(state="detached")
        guesses.first.wait_for()
        _draw_with_keys(page)
        page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
        _drop(page, white)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        file = {"name": "text.png", "mimeType": "image/png", "buffer": b"hello"}
        page.locator("#file").set_input_files([file])
        page.get_by_text("text.png: no image that can be recognised").wait_for()
        browser.close()
    urls = [text for text in seen if text.startswith(("http", "blob:", "data:"))]
    assert [url for url in urls if not url.startswith((address, "blob:", "data:"))] == []
    refusal = "Failed to load resource: the server responded with a status of 422"
    others = [text for text in seen if text not in urls and not text.startswith(refusal)]
    assert others == []
