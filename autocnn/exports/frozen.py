"""The network as one TensorFlow function, from which every other format is converted.

Its weights are constants of the graph. Converters that meet variables go wrong: TensorFlow's own
converter to LiteRT mixes up the constants of a `Normalization` layer with the weights, and tf2onnx
makes inputs of them. Both report success (docs/decisions/0048).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autocnn.errors import SettingsError
from autocnn.exports.quiet import quiet

if TYPE_CHECKING:
    from autocnn.models.network import Network

INPUT: Final = "image"
OUTPUT: Final = "probabilities"
SIGNATURE: Final = "serving_default"


def freeze(model: Network) -> Any:
    """A TensorFlow function of one signature: INPUT, any number of images, to OUTPUT.

    Input shape: (batch, height, width, channels), float32, 0-255. Output shape: (batch, classes).
    Raises: SettingsError if Keras runs on another backend; as `Network.build`.
    """
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise SettingsError(
            f"KERAS_BACKEND={backend}: all files but .keras and scripts are converted from a "
            "function of TensorFlow; run the same command with KERAS_BACKEND=tensorflow"
        )
    return _freeze(model.build(), model.image.shape)


def _freeze(network: Any, shape: tuple[int, int, int]) -> Any:
    import tensorflow as tf

    # The only public function that freezes is one of TensorFlow 1, and takes a session.
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((None, *shape), tf.float32, name=INPUT)]

    def run(image: Any) -> Any:
        return network(image, training=False)

    with quiet():
        traced = tf.function(run, input_signature=signature).get_concrete_function()
        constant = _without_gradients(convert_variables_to_constants_v2(traced))

    def serve(image: Any) -> dict[str, Any]:
        return {OUTPUT: constant(image)}

    return tf.function(serve, input_signature=signature)


def _without_gradients(frozen: Any) -> Any:
    """`frozen` without the names of gradients of its own, as SiLU has: they cannot be saved."""
    import tensorflow as tf

    graph = frozen.graph.as_graph_def()
    functions = [node for each in graph.library.function for node in each.node_def]
    for node in (*graph.node, *functions):
        node.attr.pop("_gradient_op_type", None)
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    return wrapped.prune(frozen.inputs[0].name, frozen.outputs[0].name)


def save_frozen(frozen: Any, folder: Path) -> None:
    """Write `frozen` as a SavedModel with the signature SIGNATURE; OSError if it cannot."""
    import tensorflow as tf

    module = tf.Module()
    module.serve = frozen
    with quiet():
        tf.saved_model.save(
            module, str(folder), signatures={SIGNATURE: frozen.get_concrete_function()}
        )
