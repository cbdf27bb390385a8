"""Grad-CAM, LayerCAM and Eigen-CAM by hooks in eager PyTorch and NumPy, as their papers define them (Selvaraju et al.
2017; Jiang et al. 2021; Muhammad and Yeasin 2020): of the small CNN, and of a transformer and a network with channels
last, which are written as TorchScript."""

from pathlib import Path
from typing import Callable, Dict

import numpy
import torch
from torch import nn

from tests.fixtures.tiny_backbone import INPUT_SIZE, TinyBackbone, seeded

IMAGES = 6
WIDTH = 12
GRID = 8

Tensors = Dict[str, torch.Tensor]


class Block(nn.Module):
    """Attention of one head and a layer on every token, [N,T,C] → [N,T,C]."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.layer = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        attention = (q @ k.transpose(-2, -1) * 2).softmax(-1)
        return x + self.layer(torch.relu(attention @ v))


class Transformer(nn.Module):
    """A class token in front of 8x8 patches; the classifier reads it alone."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.first, self.second, self.third = Block(), Block(), Block()
        self.fc = nn.Linear(WIDTH, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(x.shape[0], -1, -1), patches], 1)
        return self.fc(self.third(self.second(self.first(tokens)))[:, 0])


class Mixing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.layer(x)) * x.mean((1, 2), keepdim=True)


class ChannelsLast(nn.Module):
    """Activations [N,H,W,C], as Swin's."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 4, 4)
        self.first, self.second = Mixing(), Mixing()
        self.fc = nn.Linear(WIDTH, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.second(self.first(self.patches(x).permute(0, 2, 3, 1))).mean((1, 2)))


def eigen_cam(activations: torch.Tensor) -> torch.Tensor:
    maps = []
    for activation in activations.double().numpy():
        channels, height, width = activation.shape
        positions = activation.reshape(channels, -1).T
        direction = numpy.linalg.svd(positions, full_matrices=False)[2][0]
        projected = positions @ direction
        maps.append(numpy.maximum(projected * (1 if projected.sum() >= 0 else -1), 0).reshape(height, width))
    return torch.from_numpy(numpy.stack(maps)).float()


def maps_at(network: nn.Module, stage: str, images: torch.Tensor, outputs: torch.Tensor,
            grid: Callable[[torch.Tensor], torch.Tensor]) -> Tensors:
    """`METHOD` [N,h,w] of each method; `grid` turns the stage's output into [N,C,h,w]."""
    kept = {}
    handle = network.get_submodule(stage).register_forward_hook(lambda _, __, output: kept.update(output=output))
    scores = network(images).gather(1, outputs[:, None]).sum()
    handle.remove()
    gradients = grid(torch.autograd.grad(scores, kept["output"])[0])
    activations = grid(kept["output"].detach())
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    return {
        "gradcam": (weights * activations).sum(1).clamp_min(0),
        "layercam": (gradients.clamp_min(0) * activations).sum(1).clamp_min(0),
        "eigencam": eigen_cam(activations),
    }


def write_activation_maps(folder: Path) -> None:
    """Writes `transformer.pt`, `channels_last.pt` and `maps.pt`: `images`, `outputs` [N], and `NETWORK_STAGE_METHOD`."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    networks = {"tiny": seeded(TinyBackbone), "transformer": Transformer().eval(), "channels_last": ChannelsLast().eval()}
    images = torch.randn(IMAGES, 3, INPUT_SIZE, INPUT_SIZE)
    outputs = torch.tensor([0, 3, 9, 1, 5, 7])
    results = {"images": images, "outputs": outputs}
    grids = {
        "tiny": lambda x: x,
        "transformer": lambda x: x[:, 1:].transpose(1, 2).reshape(len(x), -1, GRID, GRID),
        "channels_last": lambda x: x.permute(0, 3, 1, 2),
    }
    stages = {"tiny": ("blocks.0", "blocks.1"), "transformer": ("first", "second"), "channels_last": ("second",)}
    for name, network in networks.items():
        results[f"{name}_largest"] = network(images).argmax(1)
        for stage in stages[name]:
            for method, maps in maps_at(network, stage, images, outputs, grids[name]).items():
                results[f"{name}_{stage}_{method}"] = maps
        if name != "tiny":
            torch.jit.script(network).save(str(folder / f"{name}.pt"))
    torch.save(results, folder / "maps.pt")
