"""`transfer serve` answers: predictions as predict gives them, explanations, what it says of itself."""

import base64
import importlib.util
import io
import json
import shutil
import unittest

from PIL import Image

from tests.cli.serving_case import ServingCase


class Serve(ServingCase):
    def test_predictions_are_those_of_predict(self):
        files = self.images(6)
        with self.serve() as server:
            status, found = server.post_form("/predict", files)
            self.assertEqual((status, found["model"]), (200, "run"))
            self.assertEqual([image.pop("name") for image in found["images"]], [name for name, _ in files])
            for (name, content), image in zip(files, found["images"]):
                expected = self.predicted(name)
                self.assertEqual({row["class"] for row in image["top"]}, {"red", "blue"})
                self.assertEqual(image.keys(), expected.keys())
                self.assertEqual([row["class"] for row in image["top"]], [row["class"] for row in expected["top"]])
                for one, other in zip(image["top"], expected["top"]):
                    self.assertAlmostEqual(one["probability"], other["probability"], places=6)
                status, alone = server.post("/predict?top=1", content, Content_Type="image/png")
                self.assertEqual((status, len(alone["images"][0]["top"])), (200, 1))
                self.assertEqual(alone["images"][0].pop("name"), "image")
                self.assertEqual(alone["images"][0], self.predicted(name, "--top", "1"), "a single image: every digit")

    def test_the_body_may_be_sent_without_a_type(self):
        with self.serve() as server:
            for kind in ("application/x-www-form-urlencoded", "application/octet-stream", "image/webp"):
                status, found = server.post("/predict", self.image, Content_Type=kind)
                self.assertEqual((status, found["images"][0]["class"]), (200, "red"), kind)

    def test_a_broken_image_among_others_has_an_error_of_its_own(self):
        with self.serve() as server:
            status, found = server.post_form("/predict", [("a.png", self.image), ("b.png", self.image[:200]), ("c.txt", b"text")])
        self.assertEqual(status, 200)
        self.assertEqual([image.get("class") for image in found["images"]], ["red", None, None])
        self.assertEqual([image.get("status") for image in found["images"]], [None, 400, 415])
        self.assertIn("b.png", found["images"][1]["error"])

    def test_rejection_and_sets_are_those_of_predict(self):
        name, content = self.images(1)[0]
        with self.serve("--reject", "--tta", "flip") as server:
            found = server.post("/predict", content)[1]["images"][0]
        del found["name"]
        expected = self.predicted(name, "--reject", "--tta", "flip")
        self.assertEqual(found, expected)
        self.assertIn(found["known"], ("yes", "no"))

    def test_an_image_unlike_all_others_is_none_of_these(self):
        buffer = io.BytesIO()
        Image.effect_noise((64, 64), 120).convert("RGB").save(buffer, "PNG")
        (self.folder / "noise.png").write_bytes(buffer.getvalue())
        expected = self.predicted("noise.png", "--reject")
        with self.serve("--reject") as server:
            found = server.post("/predict", buffer.getvalue())[1]["images"][0]
        self.assertEqual((found["class"], found["known"]), (expected["class"], expected["known"]))

    def test_explanations_are_pictures(self):
        with self.serve() as server:
            status, headers, picture = server.ask("POST", "/explain", self.image)
            self.assertEqual((status, headers["Content-Type"]), (200, "image/jpeg"))
            self.assertEqual(max(Image.open(io.BytesIO(picture)).size), 448)
            status, found = server.post("/explain?class=blue&method=layercam", self.image, Accept="application/json")
            self.assertEqual((status, found["output"], found["method"]), (200, "blue", "layercam"))
            kind, content = found["overlay"].split(",")
            self.assertEqual(kind, "data:image/jpeg;base64")
            self.assertEqual(Image.open(io.BytesIO(base64.b64decode(content))).format, "JPEG")
            status, found = server.post("/explain?format=json", self.image)
            done = self.run_transfer("explain", "--model", self.model, self.image_file, "--output", "maps", "--json")
            expected = json.loads(done.stdout)
            self.assertEqual((found["output"], found["stage"]), (expected["images"][0]["output"], expected["stage"]))
            self.assertAlmostEqual(found["value"], expected["images"][0]["value"], places=6)

    def test_explanations_can_be_left_out(self):
        with self.serve("--no-explain") as server:
            status, found = server.post("/explain", self.image)
            self.assertEqual(status, 404)
            self.assertIn("--no-explain", found["error"]["message"])
            self.assertFalse(server.get("/model")[1]["explains"])

    def test_what_it_says_of_its_models(self):
        with self.serve() as server:
            status, model = server.get("/model")
            self.assertEqual((status, model["name"], model["classes"]), (200, "run", ["blue", "red"]))
            self.assertEqual(model["preprocessing"]["height"], 32)
            summary = json.loads((self.model / "summary.json").read_text())
            self.assertEqual(model["metrics"]["val"]["accuracy"], summary["val"]["accuracy"])
            self.assertNotIn("confusion_matrix", model["metrics"]["val"])
            self.assertTrue(model["explains"])
            self.assertEqual(server.get("/models")[1]["models"], [model])

    def test_several_models(self):
        shutil.copy(self.model / "model.pt", self.folder / "other.pt")
        with self.serve("--model", f"second={self.folder / 'other.pt'}", model=f"first={self.model}") as server:
            self.assertEqual(server.ready["models"], ["first", "second"])
            self.assertEqual(server.post("/predict", self.image)[1]["model"], "first")
            self.assertEqual(server.post("/predict?model=second", self.image)[1]["model"], "second")
            self.assertEqual(server.get("/model?model=second")[1]["file"], "other.pt")
            status, found = server.post("/predict?model=secnd", self.image)
            self.assertEqual(status, 404)
            self.assertIn("second", found["error"]["message"])

    def test_health_metrics_and_page(self):
        with self.serve() as server:
            self.assertEqual(server.get("/healthz"), (200, {"status": "ok"}))
            self.assertEqual(server.get("/readyz"), (200, {"status": "ready"}))
            server.post("/predict", self.image)
            status, headers, text = server.ask("GET", "/metrics")
            self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
            self.assertIn(b'transfer_requests_total{route="/predict",status="200"} 1\n', text)
            self.assertIn(b"transfer_batch_images_sum 1\n", text)
            status, headers, page = server.ask("GET", "/")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            self.assertIn(b"default-src 'none'", page)
            status, headers, body = server.ask("HEAD", "/")
            self.assertEqual((status, int(headers["Content-Length"]), body), (200, len(page), b""))

    def test_openapi_document_names_every_route(self):
        with self.serve() as server:
            status, document = server.get("/openapi.json")
            self.assertEqual((status, document["openapi"]), (200, "3.1.0"))
            for path, methods in document["paths"].items():
                self.assertNotEqual(server.ask("GET", path)[0], 404, path)
                for method in ("get", "post"):
                    if method not in methods:
                        self.assertEqual(server.ask(method.upper(), path)[0], 405, path)

    @unittest.skipUnless(importlib.util.find_spec("openapi_spec_validator"), "needs openapi-spec-validator from PyPI")
    def test_openapi_document_is_valid(self):
        from openapi_spec_validator import validate
        with self.serve() as server:
            validate(server.get("/openapi.json")[1])

    def test_batches_of_small_images_are_put_together(self):
        files = self.images(12)
        with self.serve("--threads", "1", "--batch", "4", "--batch-wait", "50") as server:
            self.assertEqual(server.post_form("/predict", files)[0], 200)
            text = server.ask("GET", "/metrics")[2].decode()
        self.assertIn("transfer_batch_images_sum 12\n", text)
        self.assertIn("transfer_batch_images_count 3\n", text)


if __name__ == "__main__":
    unittest.main()
