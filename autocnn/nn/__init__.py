"""From a configuration to a Keras model, optimizer, schedule, loss and augmentation."""
