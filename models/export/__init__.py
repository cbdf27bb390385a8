"""Turns pretrained models of Python packages into TorchScript backbones for `transfer`."""
