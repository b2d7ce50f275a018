"""Headless Chromium: pictures of a page, and what its scripts find out about it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import msgspec
from PIL import Image

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--force-device-scale-factor=1",
)  # fmt: skip
_NARROWEST = 500  # Chromium makes no narrower window
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


class Browser:
    """Starts Chromium anew for each question, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def picture(self, page: Path, width: int, height: int, *, dark: bool = False) -> Image.Image:
        """What a window of that size shows, with three colours per pixel."""
        file = self._new("picture.png")
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        shown = self._framed(page, width, height)
        window = max(width, _NARROWEST)
        self._run(scheme, f"--window-size={window},{height}", f"--screenshot={file}", shown)
        with Image.open(file) as image:
            return image.convert("RGB").crop((0, 0, width, height))

    def asked(self, page: Path, width: int, script: str) -> object:
        """What `script`, the body of a function, returns on the page in a window of that width.

        The page's policy allows no script but its own, so that a copy without it is asked.
        """
        text, cut = _POLICY.subn("", page.read_text(encoding="utf-8"))
        assert cut == 1
        answer = f"parent.postMessage(JSON.stringify((() => {{ {script} }})()), '*')"
        end = text.rindex("</body>")
        copy = self._new("asked.html")
        copy.write_text(f"{text[:end]}<script>{answer}</script>{text[end:]}", encoding="utf-8")
        dom = self._run(f"--window-size={width},900", "--dump-dom", self._framed(copy, width, 900))
        found = re.search(r'<meta name="answer" content="([0-9a-f]*)">', dom)
        assert found is not None, dom[:2000]
        return msgspec.json.decode(bytes.fromhex(found[1]))

    def dom(self, page: Path) -> str:
        """The page as it is after its own script ran."""
        return self._run("--dump-dom", str(page.as_uri()))

    def _framed(self, page: Path, width: int, height: int) -> str:
        """A page that shows another one in a frame of that width, and keeps what it answers."""
        outer = self._new("frame.html")
        outer.write_text(
            f"""<!doctype html><meta charset="utf-8"><body style="margin:0"><script>
            addEventListener("message", (event) => {{
                const bytes = [...new TextEncoder().encode(event.data)];
                const meta = document.createElement("meta");
                meta.name = "answer";
                meta.content = bytes.map((one) => one.toString(16).padStart(2, "0")).join("");
                document.head.append(meta);
            }});
            </script><iframe src="{page.as_uri()}"
            style="display:block;border:0;width:{width}px;height:{height}px"></iframe>"""
        )
        return outer.as_uri()

    def _run(self, *words: str) -> str:
        assert CHROMIUM is not None
        profile = self._new("profile")
        done = subprocess.run(
            [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}", *words],
            capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _new(self, name: str) -> Path:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder / name
