#!/usr/bin/env python3
"""Takes pictures of mails as they look at a desk and on a telephone, in light and in the dark.

    python3 benches/mail/pictures.py data/mail/*.eml --into pictures

Reads .eml files (as `mail.transport = "file"` writes them), .html and the tests' .snap files. Needs chromium with its
chromedriver; the browser can reach nothing.
"""
import argparse
import base64
import email
import email.policy
import json
import pathlib
import subprocess
import tempfile
import time
import urllib.request

WIDTHS = {"desk": 800, "telephone": 390}
SCHEMES = ("light", "dark")


def html_of(path):
    if path.suffix == ".eml":
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        return mail.get_body(("html",)).get_content()
    text = path.read_text(encoding="utf-8")
    return text.split("---\n", 2)[2] if path.suffix == ".snap" else text


class Browser:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.call("GET", "/status")
                break
            except OSError:
                time.sleep(0.1)
        arguments = ["--headless=new", "--no-sandbox", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"]
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}}
        self.session = "/session/" + self.call("POST", "/session", wanted)["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.base + path, method=method, data=data, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["value"]

    def devtools(self, command, **parameters):
        body = {"cmd": command, "params": parameters}
        return self.call("POST", self.session + "/goog/cdp/execute", body)

    def picture(self, file, width, scheme):
        is_small = width < 500
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=is_small)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("POST", self.session + "/url", {"url": file.as_uri()})
        height = self.devtools("Page.getLayoutMetrics")["cssContentSize"]["height"]
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    def close(self):
        self.call("DELETE", self.session)
        self.driver.terminate()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("mails", nargs="+", type=pathlib.Path)
    arguments.add_argument("--into", type=pathlib.Path, default=pathlib.Path("pictures"))
    arguments.add_argument("--port", type=int, default=9515)
    wanted = arguments.parse_args()
    wanted.into.mkdir(parents=True, exist_ok=True)
    browser = Browser(wanted.port)
    try:
        for mail in wanted.mails:
            with tempfile.TemporaryDirectory() as folder:
                page = pathlib.Path(folder) / "mail.html"
                page.write_text(html_of(mail), encoding="utf-8")
                for place, width in WIDTHS.items():
                    for scheme in SCHEMES:
                        target = wanted.into / f"{mail.stem}-{place}-{scheme}.png"
                        target.write_bytes(browser.picture(page, width, scheme))
                        print(target)
    finally:
        browser.close()


if __name__ == "__main__":
    main()
