"""Networks of other people's kinds, through the commands: one message for one fault, and models that run."""

import torch

from tests.cli.transfer_case import FIXTURES, TransferCase

FOREIGN = FIXTURES / "foreign"
AWKWARD = FIXTURES / "awkward"


class ForeignNetworks(TransferCase):
    def test_a_wrong_size_is_told_alike_by_every_command_and_the_remedy_works(self):
        self.make_data()
        network = ("--backbone", FOREIGN / "for_one_size.pt")
        data = (*network, "--data", "data")
        parts = ("for_one_size.pt", "224x224", "'hidden'", "data.input_size=32", "mat1 and mat2")
        self.refused("inspect", *network, expect=4, parts=parts)
        self.refused("lr-find", *data, expect=4, parts=parts)
        self.refused(*data, "--out", "run", "--strategy", "fine-tune", "--set", "head.start=random", expect=4, parts=parts)
        self.run_transfer(*data, "--out", "run", "--strategy", "freeze-conv", "--set", "data.input_size=32")

    def test_batches_of_one_are_refused_before_anything_is_written(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", FOREIGN / "one_by_one_traced.pt", "--strategy", "retrain", "--out",
                     "run", "--set", "train.batch_size=1", "--set", "data.input_size=24", expect=2,
                     parts=("train.batch_size", "train.batch_norm=frozen"))

    def test_half_precision_is_said_and_leaves_a_model_that_predicts(self):
        self.make_data()
        done = self.run_transfer("--data", "data", "--backbone", FOREIGN / "casts_to_half.pt", "--out", "run", "--set",
                                 "data.input_size=24")
        self.assert_names(done.stderr, "casts_to_half.pt", "float16", "float32")
        self.run_transfer("predict", "--model", "run/model.pt", next((self.folder / "data").glob("**/*.png")))
        images = torch.zeros(2, 3, 24, 24)
        self.assertEqual(torch.jit.load(str(self.folder / "run/model.pt")).predict(images).dtype, torch.float32)

    def test_a_network_that_views_its_map_trains_and_predicts(self):
        self.make_data()
        self.run_transfer("--data", "data", "--backbone", AWKWARD / "views_map.pt", "--out", "run", "--strategy",
                          "fine-tune", "--set", "train.epochs=1", "--set", "data.input_size=24")
        self.run_transfer("predict", "--model", "run/model.pt", next((self.folder / "data").glob("**/*.png")))

    def test_layers_without_a_derivative_are_refused_and_the_remedy_works_in_silence(self):
        self.make_data()
        options = ("--data", "data", "--out", "run", "--set", "data.input_size=24")
        self.refused(*options, "--backbone", AWKWARD / "encoder_traced.pt", "--strategy", "fine-tune", expect=4,
                     parts=("encoder_traced.pt", "_transformer_encoder_layer_fwd", "freeze-conv"))
        done = self.run_transfer(*options, "--backbone", AWKWARD / "quantised_recurrent.pt", "--strategy", "freeze-conv")
        self.assertNotIn("Quantizer", done.stderr)
