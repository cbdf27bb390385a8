"""`transfer explain` and `transfer neighbours`: what they draw, print and refuse."""

import json
import random
import shutil
import unittest

from PIL import Image

from tests.cli.transfer_case import TransferCase

SIDE = 32
PATCH = 10
CELL = 4  # pixels of a cell of the small network's map


def textured(kind: str, generator: random.Random) -> tuple:
    """A picture of noise with a patch, stripes or checks, at a random place; and the patch's left and top."""
    image = Image.frombytes("RGB", (SIDE, SIDE), bytes(generator.randint(90, 160) for _ in range(3 * SIDE * SIDE)))
    left, top = generator.randrange(SIDE - PATCH), generator.randrange(SIDE - PATCH)
    for y in range(PATCH):
        for x in range(PATCH):
            on = (x // 2 + (y // 2 if kind == "checks" else 0)) % 2
            image.putpixel((left + x, top + y), (255, 120, 0) if on else (0, 0, 255))
    return image, left, top


class ExplainTest(TransferCase):
    def write_task(self) -> dict:
        """Images in which only the patch tells the class. Returns its place by path."""
        generator = random.Random(4)
        places = {}
        for split, count in (("train", 100), ("val", 20)):
            for kind in ("checks", "stripes"):
                folder = self.folder / "task" / split / kind
                folder.mkdir(parents=True)
                for i in range(count):
                    image, left, top = textured(kind, generator)
                    image.save(folder / f"{i}.png")
                    places[f"task/{split}/{kind}/{i}.png"] = (left, top)
        return places

    def test_the_map_lies_on_the_patch_that_tells_the_class(self) -> None:
        places = self.write_task()
        self.run_transfer("--data", "task", "--backbone", "tiny", "--strategy", "retrain", "--from-scratch", "--epochs", "14",
                          "--lr", "0.01", "--set", "augment.preset=none", "--output", "run")
        accuracy = json.loads((self.folder / "run/summary.json").read_text())["val"]["accuracy"]
        self.assertGreater(accuracy, 0.95, "the network must have learnt the task")
        done = self.run_transfer("explain", "--model", "run", "task/val", "--output", "maps", "--json")
        images = json.loads(done.stdout)["images"]
        self.assertEqual(len(images), 40)
        shares, hits = [], 0
        for image in images:
            left, top = places[image["path"]]
            weights = [(value, (column + 0.5) * CELL, (row + 0.5) * CELL)
                       for row, values in enumerate(image["map"]) for column, value in enumerate(values)]
            inside = sum(value for value, x, y in weights
                         if left - CELL <= x <= left + PATCH + CELL and top - CELL <= y <= top + PATCH + CELL)
            shares.append(inside / sum(value for value, _, _ in weights))
            _, x, y = max(weights)
            half = CELL / 2  # the cell reaches so far from its middle
            hits += left - half <= x <= left + PATCH + half and top - half <= y <= top + PATCH + half
        self.assertGreaterEqual(sum(shares) / len(shares), 0.8)
        self.assertGreaterEqual(hits / len(images), 0.95)

    def test_pictures_have_names_of_their_own_and_replace_nothing(self) -> None:
        self.make_data()
        self.train()
        for folder in ("one", "ürlaub"):
            (self.folder / folder).mkdir()
            shutil.copy(self.folder / "data/val/red/0.png", self.folder / folder / "a b\nc.png")
        (self.folder / "one/torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        done = self.run_transfer("explain", "--model", "run", "one", "ürlaub", "--output", "maps", "--class", "blue")
        self.assert_names(done.stderr, "1 of 3 images", "torn.png")
        self.assertEqual(sorted(path.name for path in (self.folder / "maps").iterdir()),
                         ["a b\nc-2-map.png", "a b\nc-map.png"])
        self.assertEqual(len(done.stdout.splitlines()), 2)
        for line in done.stdout.splitlines():
            self.assert_names(line, ": blue 0.", "-map.png")
        with Image.open(self.folder / "maps/a b\nc-map.png") as picture:
            self.assertEqual(picture.size, (2 * 320 + 8, 320))
        before = (self.folder / "maps/a b\nc-map.png").read_bytes()
        done = self.run_transfer("explain", "--model", "run", "one", "--output", "maps", expect=6)
        self.assert_names(self.message(done), "exists already", "--overwrite")
        self.run_transfer("explain", "--model", "run", "one", "--output", "maps", "--overwrite", "--class", "blue")
        self.assertEqual((self.folder / "maps/a b\nc-map.png").read_bytes(), before, "the same again")

    def test_what_cannot_be_explained_is_refused(self) -> None:
        self.make_data()
        self.train()
        (self.folder / "taken").write_text("a file")
        for status, parts, arguments in (
            (2, ("did you mean 'blue'?",), ("--class", "bluee")),
            (2, ("no stage 'trunk.block.1'", "did you mean"), ("--cam-stage", "trunk.block.1")),
            (2, ("gradcam",), ("--method", "gradcamm")),
            (6, ("taken",), ("--output", "taken")),
        ):
            output = () if "--output" in arguments else ("--output", "maps")
            done = self.run_transfer("explain", "--model", "run", "data/val", *output, *arguments, expect=status)
            self.assert_names(self.message(done), *parts)
            self.assertFalse((self.folder / "maps").exists(), arguments)
        done = self.run_transfer("explain", "--model", "missing.pt", "data/val", "--output", "maps", expect=4)
        self.assert_names(self.message(done), "missing.pt")
        done = self.run_transfer("explain", "--model", "run", "nowhere.png", "--output", "maps", expect=3)
        self.assert_names(self.message(done), "nowhere.png")
        self.assertFalse((self.folder / "maps").exists(), "an empty folder is left")


class NeighboursTest(TransferCase):
    def test_an_image_is_most_like_itself(self) -> None:
        self.make_data()
        self.train()
        shutil.copy(self.folder / "data/train/red/3.png", self.folder / "query.png")
        (self.folder / "data/train/red/4.png").write_bytes(b"torn")
        done = self.run_transfer("neighbours", "--model", "run", "--data", "data", "query.png", "data/val/blue", "--json",
                                 "--count", "4", "--output", "sheet.png", "--output", "same.json")
        images = json.loads(done.stdout)
        self.assertEqual((self.folder / "same.json").read_text(), done.stdout)
        self.assertEqual(len(images), 9)
        first = images[0]["neighbours"][0]
        self.assertEqual((images[0]["path"], first["path"], first["truth"]),
                         ("query.png", "data/train/red/3.png", "red"))
        self.assertAlmostEqual(first["similarity"], 1, places=4)
        self.assertEqual([one["same"] for one in images[0]["neighbours"]], [True, False, False, False])
        predicted = json.loads(self.run_transfer("predict", "--model", "run", "query.png", "--json").stdout)[0]
        self.assertEqual(images[0]["class"], predicted["class"])
        self.assertAlmostEqual(images[0]["probability"], predicted["probability"], places=4)
        text = self.run_transfer("neighbours", "--model", "run", "--data", "data", "query.png").stdout.splitlines()
        self.assertRegex(text[0], r"^query\.png: predicted red \d+\.\d\d %$")
        self.assertRegex(text[1], r"red  data/train/red/3\.png  \(the same image\)$")
        for image in images:
            similarities = [neighbour["similarity"] for neighbour in image["neighbours"]]
            self.assertEqual(len(similarities), 4)
            self.assertEqual(similarities, sorted(similarities, reverse=True))
            self.assertTrue(all("/train/" in neighbour["path"] for neighbour in image["neighbours"]))
            self.assertNotIn("data/train/red/4.png", [neighbour["path"] for neighbour in image["neighbours"]])
        with Image.open(self.folder / "sheet.png") as sheet:
            self.assertGreater(sheet.width, 5 * 168)

    def test_images_that_were_held_out_are_no_training_images(self) -> None:
        self.make_data(splits=("",), per_class=10)
        self.train()
        held_out = {line.split(",")[0] for line in (self.folder / "run/predictions_val.csv").read_text().splitlines()[1:]}
        self.assertEqual(len(held_out), 4)
        shutil.copy(self.folder / "run/model.pt", self.folder / "alone.pt")
        query = min(held_out)
        for model, is_known in (("run", True), ("run/model.pt", True), ("alone.pt", False)):
            done = self.run_transfer("neighbours", "--model", model, "--data", "data", query, "--json", "--count", "20")
            shown = {one["path"] for one in json.loads(done.stdout)[0]["neighbours"]}
            self.assertEqual(len(shown & held_out), 0 if is_known else 4, model)
            self.assertEqual("may be among those shown" in done.stderr, not is_known)

    def test_what_has_no_neighbours_is_refused(self) -> None:
        self.make_data()
        self.train()
        self.make_data(root="other", classes=("red", "green"))
        query = "data/val/red/0.png"
        for status, parts, arguments in (
            (4, ("tiny", "training images"), ("--model", "tiny", "--data", "data", query)),
            (3, ("green",), ("--model", "run", "--data", "other", query)),
            (3, ("nowhere",), ("--model", "run", "--data", "nowhere", query)),
            (3, ("gone.png", "none of the 1 image can be read"), ("--model", "run", "--data", "data", "gone.png")),
            (2, (".png", ".json"), ("--model", "run", "--data", "data", query, "--output", "x.html")),
            (6, ("no/such",), ("--model", "run", "--data", "data", query, "--output", "no/such/x.json")),
        ):
            done = self.run_transfer("neighbours", *arguments, expect=status)
            self.assert_names(self.message(done), *parts)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
