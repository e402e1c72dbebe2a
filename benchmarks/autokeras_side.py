"""AutoKeras as a side of `time_to_accuracy.py`.

It needs an environment of its own, with `pip install autokeras keras==3.10.0 tensorflow==2.19.1`
and this checkout on the PYTHONPATH: AutoKeras 3.0.0 fails with Keras 3.15.

`autokeras.ImageClassifier` as its guide uses it, on autocnn's split: batches of 32, training until
the validation loss has not fallen for ten epochs, the classifier's own order of networks. Beside
that only the objective is set, the validation accuracy, which is what all sides are kept by.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def search_networks(
    data: Any, folder: Path, seed: int, offer: Callable[[float, Callable[[Path], None]], None]
) -> None:
    """Search until `offer`, which is called after each epoch, raises."""
    import autokeras
    import keras

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]  # untyped
        def __deepcopy__(self, memo: Any) -> Watch:  # Keras Tuner copies the callbacks of a trial
            return self

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            offer(float(logs["val_accuracy"]), self.model.save)

    classifier = autokeras.ImageClassifier(
        objective="val_accuracy", directory=folder, max_trials=10**6, seed=seed
    )
    classifier.fit(
        *_arrays(data.train, data.n_classes),
        validation_data=_arrays(data.validation, data.n_classes),
        callbacks=[Watch()],
        verbose=2,
    )


def load_network(file: Path) -> Callable[[Any], Any]:
    """The network in a file that `search_networks` has kept: images to probabilities."""
    import autokeras
    import keras

    model = keras.models.load_model(file, custom_objects=autokeras.CUSTOM_OBJECTS, compile=False)

    def predict(images: Any) -> Any:
        return model.predict(images, verbose=0)

    return predict


def _arrays(part: Any, n_classes: int) -> tuple[Any, Any]:
    import keras

    copied = part.copy()
    return copied.images, keras.utils.to_categorical(copied.labels, n_classes)
