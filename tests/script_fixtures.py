"""Plans of trainings for the tests of scripts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from export_fixtures import CONFIGS, CONTRACT, SPEC

from autocnn.data.value_range import EIGHT_BITS
from autocnn.exports.script_text import script_text
from autocnn.models.script_plan import ScriptPlan
from autocnn.models.trained import TrainedModel
from autocnn.nn.model import build_model
from autocnn.space.config import Block, Dense, Optimizer, TrialConfig

AIRBENCH94 = TrialConfig(
    architecture="airbench94",
    head="global_max",
    logits_bias=False,
    logits_scale=0.125,
    optimizer=Optimizer(name="nesterov", learning_rate=0.1, momentum=0.85, weight_decay=0.001),
)
NETWORKS = {
    **CONFIGS,
    "separable": TrialConfig(
        blocks=(Block(filters=(4,), convolution="separable", padding="valid", dropout=0.1),),
        logits_bias=False,
        logits_scale=0.5,
    ),
    "mlp": TrialConfig(dense=(Dense(units=5, normalisation="batch", dropout=0.2),)),
    "residual": TrialConfig(
        blocks=(
            Block(filters=(3, 3), residual=True, normalisation="batch"),  # 3 channels: no bypass
            Block(filters=(5, 4), residual=True, normalisation="batch", stride=2),
            Block(filters=(4,), residual=True, pool="max"),
        ),
        head="global_average",
    ),
    "airbench94": AIRBENCH94,
}
PLAN = ScriptPlan(
    config=CONFIGS["unit"],
    image=SPEC,
    value_range=EIGHT_BITS,
    trial=7,
    keras_dataset=None,
    epochs=2,
    schedule_epochs=3,
    class_weights=False,
    score="The search measured 99.00 %.",
)


def plan_of(**changes):
    """PLAN with these changes of its configuration."""
    return replace(PLAN, config=replace(PLAN.config, **changes))


def plan_for(name):
    """PLAN of one of NETWORKS; airbench94 has images of 12x12, which outlast its pooling."""
    image = replace(SPEC, shape=(12, 12, 3)) if name == "airbench94" else SPEC
    return replace(PLAN, config=NETWORKS[name], image=image)


def trained(plan):
    """A network of the plan without any default weight, and its contract."""
    rng = np.random.default_rng(3)
    initial = build_model(plan.config, plan.image, seed=3).get_weights()
    weights = tuple(w if w.ndim > 1 else rng.uniform(0.1, 0.6, w.shape) for w in initial)
    contract = replace(CONTRACT, image_shape=plan.image.shape)
    names = contract.class_names
    model = TrainedModel(config=plan.config, image=plan.image, class_names=names, weights=weights)
    return model, contract


def run(plan):
    """The names that the program of the plan defines."""
    names = {"__name__": "exported"}
    exec(compile(script_text(plan, CONTRACT), "script", "exec"), names)
    return names
