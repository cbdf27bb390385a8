"""What `transfer serve` refuses: at its start with an exit status, and of requests with an HTTP status."""

import io
import json
import socket
import struct
import unittest
import zlib

import torch
from PIL import Image

from tests.cli.serving_case import ServingCase, form_of
from tests.cli.transfer_case import FIXTURES

TOKEN = "0123456789abcdef0123456789abcdef"


def png_of_size(width, height):
    """A PNG whose header claims so many pixels, with bytes for none of them."""
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


class StartOfServe(ServingCase):
    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused("serve", "--model", self.model, "--port", port, expect=2, parts=[str(port), "another"])

    def test_an_address_of_another_machine(self):
        self.refused("serve", "--model", self.model, "--host", "192.0.2.1", "--port", "0", expect=2, parts=["192.0.2.1"])
        self.refused("serve", "--model", self.model, "--host", "no.such.host.invalid", expect=2, parts=["--host", "127.0.0.1"])

    def test_files_that_are_no_models(self):
        (self.folder / "text.pt").write_text("text")
        self.refused("serve", "--model", "text.pt", expect=4, parts=["text.pt"])
        self.refused("serve", "--model", "missing.pt", expect=4, parts=["missing.pt"])
        self.refused("serve", "--model", FIXTURES / "tiny.pt", expect=4, parts=["tiny.pt", "class names"])

    def test_a_model_of_a_newer_version(self):
        extra = {"transfer.json": ""}
        module = torch.jit.load(str(self.model / "model.pt"), _extra_files=extra)
        about = {**json.loads(extra["transfer.json"]), "format_version": 99}
        module.save(str(self.folder / "newer.pt"), _extra_files={"transfer.json": json.dumps(about)})
        self.refused("serve", "--model", "newer.pt", expect=4, parts=["newer.pt", "99"])

    def test_two_models_of_one_name(self):
        self.refused("serve", "--model", self.model, "--model", self.model, expect=2, parts=["--model", "run"])

    def test_weak_tokens(self):
        token = self.folder / "token"
        for text, mode, part in (("short\n", 0o600, "16"), (TOKEN, 0o644, "chmod"), ("", 0o600, "16")):
            token.write_text(text)
            token.chmod(mode)
            self.refused("serve", "--model", self.model, "--token-file", "token", expect=2, parts=["token", part])
        self.refused("serve", "--model", self.model, "--token-file", "none", expect=2, parts=["none"])

    def test_everyone_is_let_in_with_a_warning_only(self):
        with self.serve("--host", "0.0.0.0") as server:
            server.wait_for_message("warning", "--token-file")
            self.assertEqual(server.get("/healthz")[0], 200)


class RequestsToServe(ServingCase):
    def check(self, answer, status, *parts):
        self.assertEqual(answer[0], status, answer)
        self.assertEqual(answer[1]["error"]["status"], status)
        for part in parts:
            self.assertIn(part, answer[1]["error"]["message"])

    def test_bodies_that_are_no_images(self):
        with self.serve() as server:
            self.check(server.post("/predict", b"text"), 415, "image")
            self.check(server.post("/predict", b""), 400, "no body")
            self.check(server.post("/predict", self.image[:100]), 400)
            self.check(server.post("/explain", b"text"), 415)
            self.check(server.post_form("/predict", [("a", b"text"), ("b", b"text")]), 415, "2 images")
            self.check(server.post("/predict", b"text", Content_Type="multipart/form-data"), 400, "boundary")
            body, kind = form_of([("a.png", self.image)])
            self.check(server.post("/predict", body[:-20], Content_Type=kind), 400)
            self.check(server.post_form("/explain", [("a", self.image), ("b", self.image)]), 400, "2 files")
            self.assertEqual(server.post("/predict", self.image)[0], 200)

    def test_decompression_bombs(self):
        with self.serve("--max-image-bytes", "1000000") as server:
            self.check(server.post("/predict", png_of_size(40000, 40000)), 413, "pixels")
            self.check(server.post("/explain", png_of_size(40000, 40000)), 413)
            buffer = io.BytesIO()
            Image.new("RGB", (2000, 2000)).save(buffer, "PNG")
            self.check(server.post("/predict", buffer.getvalue()), 413, "2000 x 2000")
            self.assertEqual(server.post("/predict", self.image)[0], 200)

    def test_bodies_that_are_too_large(self):
        with self.serve("--max-body-bytes", "5000", "--max-images", "2") as server:
            self.check(server.post("/predict", bytes(5001)), 413, "5000")
            chunks = iter([bytes(3000), bytes(3000)])
            self.check(server.post("/predict", chunks), 413, "5000")
            self.check(server.post_form("/predict", [("a", b"1"), ("b", b"2"), ("c", b"3")]), 413, "2 files")

    def test_paths_methods_and_parameters(self):
        with self.serve() as server:
            self.check(server.get("/predictt"), 404, "/predict")
            self.check(server.get("/predict"), 405, "POST")
            self.assertEqual(server.ask("GET", "/predict")[1]["Allow"], "POST")
            self.assertEqual(server.ask("DELETE", "/model")[1]["Allow"], "GET, HEAD")
            self.check(server.post("/predict?model=none", self.image), 404, "run")
            for path in ("/predict?top=0", "/predict?top=x", "/predict?topp=1", "/explain?method=x", "/explain?format=png",
                         "/predict?top=%zz"):
                self.check(server.post(path, self.image), 400)
            self.check(server.post("/explain?class=green", self.image), 404, "green")

    def test_the_token_is_asked_for(self):
        token = self.folder / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        with self.serve("--token-file", "token") as server:
            for path in ("/", "/healthz", "/readyz", "/openapi.json"):
                self.assertEqual(server.ask("GET", path)[0], 200, path)
            for path in ("/model", "/models", "/metrics"):
                self.check(server.get(path), 401, "Bearer")
                self.assertEqual(server.ask("GET", path, Authorization=f"Bearer {TOKEN}")[0], 200)
            for path in ("/predict", "/explain"):
                self.check(server.post(path, self.image), 401)
                self.check(server.post(path, self.image, Authorization="Bearer " + TOKEN[1:]), 401)
                self.assertEqual(server.ask("POST", path, self.image, Authorization=f"Bearer {TOKEN}")[0], 200)
            self.assertIn("WWW-Authenticate", server.ask("GET", "/model")[1])

    def test_more_images_than_may_wait(self):
        with self.serve("--queue", "3") as server:
            status, headers, body = server.ask("POST", "/predict", self.form(4), Content_Type="multipart/form-data; boundary=boundary")
            self.check((status, json.loads(body)), 429)
            self.assertEqual(headers["Retry-After"], "1")
            self.assertEqual(server.ask("POST", "/predict", self.form(2), Content_Type="multipart/form-data; boundary=boundary")[0], 200)

    def form(self, count):
        return form_of([(f"{i}.png", self.image) for i in range(count)])[0]

    def test_answers_that_take_too_long(self):
        buffer = io.BytesIO()
        Image.new("RGB", (5000, 5000)).save(buffer, "PNG")
        with self.serve("--threads", "1", "--timeout", "1") as server:
            self.check(server.post_form("/predict", [(f"{i}.png", buffer.getvalue()) for i in range(60)]), 504, "--timeout")
            self.assertEqual(server.get("/healthz")[0], 200)
            while server.post("/predict", self.image)[0] != 200:
                pass  # the image that was begun is finished first

    def test_what_is_no_http(self):
        with self.serve() as server:
            for sent, status in ((b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nA: " + b"x" * 20000 + b"\r\n\r\n", b"431")):
                with server.connect() as client:
                    client.sendall(sent)
                    self.assertEqual(client.recv(1000).split()[1], status)
            self.assertEqual(server.get("/healthz")[0], 200)


if __name__ == "__main__":
    unittest.main()
