"""The peer of bench/serve_vs_fastapi.py: a model file behind FastAPI, as many would write it.

Usage: MODEL=model.pt VARIANT=plain|frozen uvicorn fastapi_server:app --workers N
  plain   torch.jit.load, and nothing else
  frozen  torch.jit.freeze, channels-last weights and images, one thread a worker
"""

import asyncio
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy
import torch
from fastapi import FastAPI, UploadFile
from PIL import Image, ImageOps

VARIANT = os.environ["VARIANT"]
extra = {"transfer.json": ""}
model = torch.jit.load(os.environ["MODEL"], map_location="cpu", _extra_files=extra).eval()
classes = json.loads(extra["transfer.json"])["classes"]
about = json.loads(extra["transfer.json"])["preprocessing"]
height, width = about["input_size"]
unit = 255 if about.get("scale", "0-1") == "0-1" else 1
mean, std = (numpy.array(about[key], numpy.float32) * unit for key in ("mean", "std"))
if VARIANT == "frozen":
    torch.set_num_threads(1)
    network = torch.jit.freeze(model.to(memory_format=torch.channels_last))
else:
    network = model
pool = ThreadPoolExecutor(1)
app = FastAPI()


def pixels_of(content: bytes):
    """As Pillow does it fastest: JPEGs at a reduced size, the shorter side resized, the centre cropped."""
    image = Image.open(io.BytesIO(content))
    if VARIANT == "frozen":
        image.draft("RGB", (2 * about["resize"], 2 * about["resize"]))
    image = ImageOps.exif_transpose(image).convert("RGB")
    factor = about["resize"] / min(image.size)
    image = image.resize([max(round(side * factor), 1) for side in image.size], Image.Resampling.BILINEAR)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    pixels = (numpy.asarray(image.crop((left, top, left + width, top + height)), numpy.float32) - mean) / std
    return torch.from_numpy(pixels).permute(2, 0, 1).unsqueeze(0)


def classify(content: bytes):
    pixels = pixels_of(content)
    with torch.inference_mode():
        probabilities = network(pixels if VARIANT == "frozen" else pixels.contiguous()).softmax(1)[0]
    order = probabilities.argsort(descending=True).tolist()
    return [{"class": classes[i], "probability": float(probabilities[i])} for i in order]


@app.get("/healthz")
def health():
    return {"status": "ok"}


@app.post("/predict")
async def predict(image: UploadFile):
    content = await image.read()
    return {"top": await asyncio.get_running_loop().run_in_executor(pool, classify, content)}
