"""`bertft predict` by a run folder or by a service: a room of its own, as both ways build on what `predict.py` has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertft.jobs.requests import PredictRequest
from bertft.remote import is_address

if TYPE_CHECKING:
    from bertft.jobs.predicting.predict import Predicted


def predict_file(request: PredictRequest) -> Predicted:
    """Ask the run or the service that the request names."""
    if is_address(request.run):
        from bertft.jobs.predicting.predict_served import predict_served

        return predict_served(request)
    from bertft.jobs.predicting.predict import predict

    return predict(request)
