"""What people write by hand to serve a model: a FastAPI app around a pipeline of transformers, one text at a time.

RUN=runs/mine python -m uvicorn --app-dir benchmarks serve_by_hand:app --port 8081
"""

import os
from typing import Any

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

app = FastAPI()
dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[os.environ.get("PRECISION", "fp32")]
classify = pipeline("text-classification", model=os.environ["RUN"], dtype=dtype)


class Body(BaseModel):
    inputs: str


@app.get("/health")
def health() -> None:
    pass


@app.post("/predict")
def predict(body: Body) -> Any:
    return classify(body.inputs, truncation=True)
