"""Exports pretrained models of Python packages as TorchScript backbones for `transfer`."""
