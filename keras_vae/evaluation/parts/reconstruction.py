"""Reconstruction: squared error, norm and RMSE of test images."""

import numpy as np

from keras_vae.metrics import model_reconstruction_error


def results(evaluation):
    """Squared error, norm and RMSE per image, from the posterior mean and from one draw."""
    stack = evaluation.stack
    found = model_reconstruction_error(stack.encode, stack.decode, evaluation.test, evaluation.seed)
    means = {origin: {key: float(np.mean(values)) for key, values in part.items()} for origin, part in found.items()}
    names = {"squared_error": "squared error ||x - x_hat||^2", "l2": "norm ||x - x_hat||", "rmse": "RMSE per pixel"}
    rows = [[label, means["mean"][key], means["sample"][key]] for key, label in names.items()]
    return {
        "headline": [
            {"name": "squared error", "value": means["mean"]["squared_error"], "note": "per test image, posterior mean"}
        ],
        "tables": [
            {
                "title": "Reconstruction",
                "columns": ["mean over test images", "from the posterior mean", "from a draw z ~ q(z|x)"],
                "rows": rows,
                "note": "The papers' Rec. Err. is the norm for MNIST (Table 1) and the squared error for CelebA.",
            }
        ],
    }
