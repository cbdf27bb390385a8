"""What the tests of `transfer serve` share: a trained model, a server of it, and requests."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from tests.cli.transfer_case import SLOWER, TransferCase, write_image

COLOURS = {"red": (200, 40, 40), "blue": (40, 40, 200)}


class Server:
    """A `transfer serve` of this command line, from when it answers until the block ends."""

    def __init__(self, command, cwd, env):
        self.process = subprocess.Popen([*command, "--json", "--port", "0"], cwd=cwd, env=env, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.messages = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read_messages, daemon=True)
        self.reader.start()
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(60)
            raise AssertionError("the server ended: " + "".join(self.messages))
        self.ready = json.loads(line)
        self.address = self.ready["address"]
        self.port = int(re.search(r":(\d+)/$", self.address).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60 * SLOWER)
            finally:
                self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def read_messages(self):
        for line in self.process.stderr:
            with self.changed:
                self.messages.append(line)
                self.changed.notify_all()

    def wait_for_message(self, *parts):
        """The first message that names all `parts`."""
        def found():
            return [line for line in self.messages if all(part in line for part in parts)]
        with self.changed:
            if not self.changed.wait_for(found, 60 * SLOWER):
                raise AssertionError(f"no message with {parts}: {''.join(self.messages)}")
            return found()[0]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60 * SLOWER)

    def ask(self, method, path, body=None, **headers):
        """(status, header fields, body) of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60 * SLOWER)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def get(self, path, **headers):
        status, _, body = self.ask("GET", path, **headers)
        return status, json.loads(body)

    def post(self, path, body, **headers):
        status, _, answer = self.ask("POST", path, body, **headers)
        return status, json.loads(answer)

    def post_form(self, path, files, **headers):
        """`files`: names and bytes."""
        body, kind = form_of(files)
        return self.post(path, body, Content_Type=kind, **headers)

    def stop(self):
        """The exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60 * SLOWER)


def form_of(files):
    """A body of multipart/form-data, and its Content-Type."""
    parts = [f'--boundary\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
             for name, content in files]
    return b"".join(parts) + b"--boundary--\r\n", "multipart/form-data; boundary=boundary"


class ServingCase(TransferCase):
    """Each class trains one model, `self.model`, of red and blue images; `self.image` is one of them."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="transfer-serve-")
        cls.addClassCleanup(folder.cleanup)
        trainer = cls("make_data")
        trainer.folder = Path(folder.name)
        trainer.make_data(per_class=25)  # fewer validation images tell no unknown ones
        trainer.train()
        cls.model = trainer.folder / "run"
        cls.image_file = trainer.folder / "data/val/red/0.png"
        cls.image = cls.image_file.read_bytes()

    def serve(self, *arguments, model=None):
        models = [] if model is False else ["--model", model or self.model]
        return Server(self.command("serve", *models, *arguments), self.folder, self.environment())

    def images(self, count):
        """Names and bytes of images in both colours."""
        files = []
        for i in range(count):
            path = self.folder / f"image {i}.png"
            write_image(path, COLOURS["red" if i % 2 == 0 else "blue"], seed=i)
            files.append((path.name, path.read_bytes()))
        return files

    def predicted(self, name, *arguments):
        """What `transfer predict` says of an image in the test's folder, without its path."""
        top = [] if "--top" in arguments else ["--top", "1000"]
        done = self.run_transfer("predict", "--model", self.model, name, "--json", "--threads", "1", *top, *arguments)
        found = json.loads(done.stdout)[0]
        del found["path"]
        return found


def open_files_of(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))
