"""The benchmark of recorded curves: its pools, its policies, its searches and its tables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from autocnn.engines.recipes import WIDTHS, NetworkSize, TrainingSet, recipes_for
from autocnn.space.toml import load_space

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def scripts() -> Iterator[SimpleNamespace]:
    """The modules of the benchmark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import replay
        import replay_describe
        import replay_draws
        import replay_images
        import replay_policies
        import replay_pool
        import replay_priorband
        import replay_record
        import replay_report
        import replay_search
        import replay_surrogate

        yield SimpleNamespace(
            main=replay,
            describe=replay_describe,
            draws=replay_draws,
            images=replay_images,
            policies=replay_policies,
            pool=replay_pool,
            priorband=replay_priorband,
            record=replay_record,
            report=replay_report,
            search=replay_search,
            surrogate=replay_surrogate,
        )


def points(n: int) -> list[dict]:
    """Random points of the space `cnn`."""
    space, rng = load_space("cnn"), np.random.default_rng(0)
    return [space.sample(rng) for _ in range(n)]


def recorded(scripts, number: int = 0, **changes):
    """A training of four epochs: setup 1 s, tracing 2 s, then 1 s an epoch."""
    values = {
        "dataset": "digits",
        "n_train": 16,
        "n_validation": 100,
        "n_held_out": 100,
        "configuration": number,
        "origin": "random",
        "values": scripts.draws.to_text(points(number + 1)[number]),
        "horizon": 4,
        "seed": 0,
        "parameters": 10,
        "macs": 10,
        "failed": False,
        "build_cpu_s": 1.0,
        "build_wall_s": 1.0,
        "compiled": True,
        "epoch_cpu_s": [3.0, 1.0, 1.0, 1.0],
        "epoch_wall_s": [3.0, 1.0, 1.0, 1.0],
        "train_loss": [1.0] * 4,
        "val_accuracy": [0.25, 0.5, 0.75, 0.75],
        "val_loss": [1.0, 0.5, 0.5, 0.25],
        "held_accuracy": [0.25, 0.375, 0.5, 0.625],
        "ema_accuracy": None,
        "machine": "m",
    }
    return scripts.pool.Recorded(**values | changes)


def run_of(scripts, val: Sequence[float], seconds: float = 1.0, **changes):
    """A run with these validation accuracies, of so many seconds an epoch; held-out: 0.1 less."""
    values = np.array(val, dtype=float)
    cpu = seconds * np.arange(1, len(val) + 1)
    return scripts.surrogate.Run(values, 1 - values, values - 0.1, cpu, **changes)


def pool_of(scripts, curves: Sequence[dict[int, Sequence[float]]], origin: str = "random"):
    """A pool in which entry i has these curves by horizon, at a second an epoch."""
    entries = [
        scripts.surrogate.Entry(
            origin, point, {h: [run_of(scripts, val)] for h, val in curve.items()}
        )
        for point, curve in zip(points(len(curves)), curves, strict=True)
    ]
    return scripts.surrogate.SearchedPool(entries, scripts.surrogate.Encoder(load_space("cnn")))


def policy_of(scripts, *stages: tuple[int, float], **changes):
    """A policy without recipes and pruning that proposes at random."""
    parts = tuple(scripts.policies.Stage(horizon=h, share=s) for h, s in stages)
    values = {"name": "p", "stages": parts, "proposer": "random", "recipes": False}
    return scripts.policies.Policy(**values | {"pruner": "none"} | changes)


# --- pools ----------------------------------------------------------------------------------------


def test_a_pool_is_read_as_it_was_written(scripts, tmp_path):
    """Rows of all files come in the order of their keys; a new run has a new file."""
    rows = [recorded(scripts, 1), recorded(scripts, 0), recorded(scripts, 0, seed=1)]
    scripts.pool.write_rows(scripts.pool.next_file(tmp_path), rows[:1])
    second = scripts.pool.next_file(tmp_path)
    scripts.pool.write_rows(second, rows[1:])
    assert second.name == "0002.parquet"
    assert scripts.pool.read_pool(tmp_path) == [rows[1], rows[2], rows[0]]
    assert scripts.pool.read_pool(tmp_path / "absent") == []


def test_the_best_epoch_of_equal_ones_has_the_lower_loss(scripts):
    """Epochs 3 and 4 have 0.75; a failed training scores nothing."""
    assert scripts.pool.best_epoch_of(recorded(scripts)) == 3
    assert scripts.pool.best_score(recorded(scripts)) == 0.75
    assert scripts.pool.best_score(recorded(scripts, failed=True)) == 0.0


@pytest.mark.parametrize(
    ("number", "done", "left"),
    [
        (1, set(), [(4, 0), (12, 0)]),
        (5, {(5, 4, 0)}, [(4, 1), (12, 0), (12, 1)]),
        (1, {(1, 4, 0), (1, 12, 0)}, []),
    ],
)
def test_every_fifth_configuration_is_trained_twice(scripts, number, done, left):
    """What is on record is not trained again."""
    assert scripts.record.missing(number, (4, 12), done) == left


def test_a_pool_of_other_images_is_refused(scripts):
    """Trainings on different images do not compare."""
    sizes = scripts.images.Sizes(train=17, validation=100, held_out=100)
    data = SimpleNamespace(name="digits")
    with pytest.raises(SystemExit, match="give another --folder"):
        scripts.record.check_sizes([recorded(scripts)], SimpleNamespace(data=data, sizes=sizes))


def test_digits_leave_two_halves(scripts):
    """1,797 - 1,000 = 797 images: 398 each; other data sets keep the wanted sizes."""
    wanted = scripts.images.Sizes(train=1000)
    found = scripts.images.fit_sizes("digits", wanted)
    assert (found.train, found.validation, found.held_out) == (1000, 398, 398)
    assert scripts.images.fit_sizes("cifar10", wanted) == wanted


def test_configurations_are_drawn_in_turn_and_once(scripts):
    """Recipes, then two random ones, two mutants and one of TPE; the same in two pieces."""
    images = scripts.images.load_images("digits", scripts.images.Sizes(train=100))
    size = NetworkSize(filters=8, batch_size=32)
    draws, again = (scripts.draws.Draws.of(images.data, size, 0, 2.0) for _ in range(2))
    drawn = [draws.draw(number, []) for number in range(len(draws.recipes) + 5)]
    kinds = [d.origin.partition(":")[0] for d in drawn[len(draws.recipes) :]]
    assert kinds == ["random", "mutant", "random", "mutant", "tpe"]
    assert len({draws.space.config(d.values) for d in drawn}) == len(drawn)
    assert again.draw(9, []) == drawn[9]


@pytest.mark.slow
@pytest.mark.training
def test_a_pool_is_recorded_in_pieces(scripts, tmp_path):
    """One configuration a run; the curves are whole, and a shared program changes nothing."""
    command = "record --dataset digits --train 64 --horizons 1 2 --n 2 --limit 1 --folder"
    for _ in range(2):
        run = [sys.executable, "replay.py", *command.split(), str(tmp_path)]
        done = subprocess.run(run, cwd=BENCHMARKS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    rows = scripts.pool.read_pool(tmp_path)
    keys = [(0, 1, 0), (0, 1, 1), (0, 2, 0), (0, 2, 1), (1, 1, 0), (1, 2, 0)]
    assert [row.key for row in rows] == keys
    assert [row.compiled for row in rows] == [True, False, False, False, True, False]
    for row in rows:
        curves = (row.val_accuracy, row.held_accuracy, row.epoch_cpu_s, row.epoch_wall_s)
        assert {len(curve) for curve in curves} == {row.horizon}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001.parquet", "0002.parquet"]


@pytest.mark.training
def test_a_shared_program_trains_as_one_of_its_own(scripts, tmp_path):
    """The second training of a program has the curve that it has alone."""
    from autocnn.keras_startup import load_keras
    from autocnn.trial import TrialJob

    load_keras()
    from autocnn.train.backend import find_device

    images = scripts.images.load_images("digits", scripts.images.Sizes(train=64))
    size = NetworkSize(filters=8, batch_size=16)
    draws = scripts.draws.Draws.of(images.data, size, 0, 2.0)
    config = draws.space.config(draws.draw(3, []).values)  # with dropout

    def job(horizon: int, seed: int) -> TrialJob:
        return TrialJob(
            number=0,
            config=config,
            seed=seed,
            horizon=horizon,
            last_epoch=horizon,
            precision="float32",
            folder=tmp_path / f"{horizon} {seed}",
        )

    shared, own = (scripts.record.Program(images, find_device()) for _ in range(2))
    shared.train(job(1, 1))
    (second, *_), (alone, *_) = shared.train(job(2, 2)), own.train(job(2, 2))
    assert second.held == alone.held
    for mine, other in zip(second.curve, alone.curve, strict=True):
        expected = pytest.approx((other.train_loss, other.val_loss), rel=1e-5)  # sums are rounded
        assert (mine.train_loss, mine.val_loss) == expected


# --- the searched pool ----------------------------------------------------------------------------


def test_each_run_pays_for_the_build_and_the_tracing(scripts):
    """Build 1 s and tracing 3 - 1 = 2 s, then a second an epoch; without compiling 1 s an epoch."""
    rows = [recorded(scripts), recorded(scripts, seed=1, compiled=False, epoch_cpu_s=[1.0] * 4)]
    (entry,) = scripts.surrogate.build_entries(rows)
    assert [run.cpu.tolist() for run in entry.runs[4]] == [[4, 5, 6, 7]] * 2
    (free,) = scripts.surrogate.build_entries(rows, compile_share=0.0)
    assert free.runs[4][0].cpu.tolist() == [1, 2, 3, 4]


def test_a_failed_run_costs_its_time_until_it_failed(scripts):
    """Two whole epochs and a failed one: 1 + 2 + 3 s; the accuracy of later epochs is 0."""
    curves = {name: [0.5, 0.5] for name in ("train_loss", "val_accuracy", "val_loss")}
    row = recorded(scripts, failed=True, held_accuracy=[0.5, 0.5], epoch_cpu_s=[3, 1, 1], **curves)
    (entry,) = scripts.surrogate.build_entries([row])
    run = entry.run(4, 0)
    assert run.failed
    assert run.seconds == 6
    assert run.val.tolist() == [0.5, 0.5, 0, 0]


def test_a_configuration_without_all_horizons_is_left_out(scripts):
    """The last configuration of a piece may lack its longest training."""
    names = ("val_accuracy", "val_loss", "held_accuracy", "epoch_cpu_s")
    long = recorded(scripts, 0, horizon=2, **{name: [0.5, 0.5] for name in names})
    rows = [recorded(scripts, 0), long, recorded(scripts, 1)]
    assert len(scripts.surrogate.build_entries(rows[::2])) == 2
    cut = scripts.surrogate.build_entries(rows)
    assert [sorted(entry.runs) for entry in cut] == [[2, 4]]


def test_distance_counts_ordered_choices_by_their_gap(scripts):
    """Of the seven choices of `filters` 8 and 16 are one of six steps apart; optimizers differ."""
    encoder = scripts.surrogate.Encoder(load_space("cnn"))
    images = TrainingSet(shape=(8, 8, 1), n=1000)
    point = dict(recipes_for(images, NetworkSize(filters=8))[0].point_in(encoder.space))
    others = [point | {"filters": 8}, point | {"optimizer": "muon"}, point | {"filters": 16}]
    vectors = np.array([encoder.vector(other) for other in others])
    found = encoder.distances(vectors, vectors[2])
    assert found.tolist() == pytest.approx(
        [1 / 6, 1 + abs(WIDTHS.index(point["filters"]) - 1) / 6, 0]
    )


def test_the_nearest_unused_configuration_is_given(scripts):
    """Its own configuration comes first, then another one."""
    pool = pool_of(scripts, [{4: [0.1] * 4}] * 3)
    is_used = np.zeros(3, dtype=bool)
    assert pool.nearest(pool.entries[1].point, is_used) == 1
    is_used[1] = True
    assert pool.nearest(pool.entries[1].point, is_used) != 1


def test_a_forest_adds_configurations_with_whole_runs(scripts):
    """A third of them is random; all have curves of every horizon, within 0 and 1."""
    curves = [{1: [0.1 * i], 4: [0.1 * i, 0.5, 0.6, 0.7]} for i in range(9)]
    pool = scripts.surrogate.enlarge(pool_of(scripts, curves), 6, np.random.default_rng(0))
    assert [entry.origin for entry in pool.entries[9:]] == ["random", "mutant", "mutant"] * 2
    for entry in pool.entries[9:]:
        assert {h: len(runs[0].val) for h, runs in entry.runs.items()} == {1: 1, 4: 4}
        assert all(0 <= run.held[i] <= 1 for (run,) in entry.runs.values() for i in (0, -1))
        assert (np.diff(entry.run(4, 0).cpu) >= 0).all()


# --- policies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "others", "score", "is_pruned"),
    [
        ("halving", [], 0.5, False),
        ("halving", [0.9, 0.5, 0.5], 0.8, True),  # a quarter of four: the best one
        ("halving", [0.9, 0.5, 0.5], 0.88, False),  # within sqrt(0.9 * 0.1 / 100) = 0.03
        ("median", [0.9, 0.5, 0.5], 0.1, False),  # too few others
        ("median", [0.9, 0.5, 0.6, 0.7], 0.64, True),
        ("median", [0.9, 0.5, 0.6, 0.7], 0.66, False),
        ("none", [0.9] * 9, 0.1, False),
    ],
)
def test_pruners_compare_at_the_rung(scripts, rule, others, score, is_pruned):
    """The rung is at a quarter of the horizon, rounded up."""
    assert scripts.policies.PRUNERS[rule](others, score, 100) is is_pruned
    assert [scripts.policies.rung_of(horizon) for horizon in (3, 4, 12, 27)] == [1, 1, 3, 7]


def test_the_density_of_tpe_counts_cells(scripts):
    """Two of three seen values are in the cell of 0.0: (1 + 2) / (3 + 4 + 1 cells of inactive)."""
    seen, wanted = np.array([[0.0], [0.1], [1.0]]), np.array([[0.0], [1.0], [0.5]])
    found = np.exp(scripts.policies.log_density(seen, wanted))
    assert found.tolist() == pytest.approx([3 / 8, 2 / 8, 1 / 8])


@pytest.mark.parametrize("proposer", ["random", "evolution", "tpe", "mix:0.5", "priorband:0.2"])
def test_proposers_give_every_configuration_once(scripts, proposer):
    """Until all are used; the recipes come first, in their order."""
    pool = pool_of(scripts, [{4: [0.1] * 4}] * 8)
    known = scripts.policies.Known(pool, np.random.default_rng(0), [5, 3], np.zeros(8, dtype=bool))
    policy = policy_of(scripts, (4, 1.0), proposer=proposer, recipes=True)
    given = []
    while (entry := scripts.policies.propose(policy, known)) is not None:
        given.append(entry)
        known.scored.append((entry, 0.1 * entry))
    assert given[:2] == [5, 3]
    assert sorted(given) == list(range(8))


@pytest.fixture
def encoder(scripts) -> SimpleNamespace:
    """Of two numbers and of a choice of three."""
    return SimpleNamespace(is_ordered=np.array([True, True, False]), n_choices=np.array([0, 0, 3]))


def test_the_density_around_a_centre_is_normal_for_numbers(scripts, encoder):
    """A gap of a deviation costs 1/2, another choice log 4, and so does a parameter of one only."""
    centre = np.array([0.5, 0.5, 1.0])
    found = [
        scripts.priorband.log_likelihood(encoder, centre, np.array(vector))
        for vector in ([0.5, 0.5, 1.0], [0.75, 0.5, 1.0], [0.5, 0.5, 2.0], [0.5, -1.0, 1.0])
    ]
    assert found == pytest.approx([0.0, -0.5, -np.log(4), -np.log(4)])


def test_evidence_moves_draws_from_the_prior_to_the_best_trial(scripts, encoder):
    """Worked by hand: the best third is the best trial, a deviation of 2 from the only recipe."""
    prior, best = np.array([[0.0, 0.5, 0.0]]), np.array([0.5, 0.5, 0.0])
    share = scripts.priorband.incumbent_share(encoder, prior, [best, prior[0], prior[0]])
    assert share == pytest.approx(1 / (1 + np.exp(-2)))


def test_a_draw_near_a_centre_leaves_what_is_not_drawn_anew(scripts, encoder):
    """Share 0 is the centre itself; inactive parameters stay so; choices stay in their range."""
    rng, centre = np.random.default_rng(0), np.array([0.5, -1.0, 2.0])
    same = scripts.priorband.perturbed(encoder, centre, 0.0, rng)
    assert same.tolist() == centre.tolist()
    drawn = np.array([scripts.priorband.perturbed(encoder, centre, 1.0, rng) for _ in range(500)])
    assert set(drawn[:, 1]) == {-1.0}
    assert (drawn[:, 2] == 2.0).mean() == pytest.approx(4 / 6, abs=0.06)
    assert set(drawn[:, 2]) == {0.0, 1.0, 2.0}
    assert drawn[:, 0].std() == pytest.approx(0.25, abs=0.03)


# --- searches -------------------------------------------------------------------------------------


def play(scripts, policy, curves, budget: float, **changes):
    """One search on a pool of these curves."""
    task = scripts.search.Task(
        pool=pool_of(scripts, curves), budget=budget, seed=0, n_validation=100, **changes
    )
    return scripts.search.search(policy, task)


def test_one_horizon_keeps_the_time_of_the_refit(scripts):
    """Of 12 s the refit keeps 4, so two trials of 4 s are trained; the best one wins."""
    curves = [{4: [0.1, 0.2, 0.3, value]} for value in (0.5, 0.5)]
    outcome = play(scripts, policy_of(scripts, (4, 1.0)), curves, 12)
    assert (outcome.n_trials, outcome.spent) == (2, 8)
    assert (outcome.val, outcome.held) == (0.5, pytest.approx(0.4))


def test_a_refit_ends_at_the_best_epoch_or_at_the_last(scripts):
    """Epoch 3 has 0.6 and the last one 0.5; the held-out part has 0.1 less."""
    for best_epoch, held in ((True, 0.5), (False, 0.4)):
        policy = policy_of(scripts, (4, 1.0), best_epoch=best_epoch)
        outcome = play(scripts, policy, [{4: [0.1, 0.2, 0.6, 0.5]}], 8)
        assert outcome.held == pytest.approx(held)


def test_a_trial_that_the_time_cuts_counts_with_what_it_had(scripts):
    """Of 7 s the refit keeps 4: three epochs are left of the only trial."""
    outcome = play(scripts, policy_of(scripts, (4, 1.0)), [{4: [0.1, 0.2, 0.3, 0.5]}], 7)
    assert (outcome.val, outcome.held) == (0.3, pytest.approx(0.2))


def test_the_best_of_a_short_horizon_are_trained_on_the_long_one(scripts):
    """The search has 8 s: four of 1 s, then one of 4 s, which is the best of the short ones."""
    curves = [{1: [value], 4: [0, 0, 0, 1 - value]} for value in (0.2, 0.4, 0.3, 0.1, 0.1)]
    policy = policy_of(scripts, (1, 0.5), (4, 0.5))
    outcome = play(scripts, policy, curves[:4], 12)
    assert (outcome.n_trials, outcome.n_promoted, outcome.spent) == (4, 1, 8)
    assert outcome.val == pytest.approx(0.6)


def test_without_time_for_the_long_horizon_the_refit_is_its_first_training(scripts):
    """Of 7 s the refit keeps 4: three short trials, none longer; the refit's last epoch counts."""
    curves = [{1: [0.4], 4: [0, 0, 0, 0.9]}] * 4
    outcome = play(scripts, policy_of(scripts, (1, 0.5), (4, 0.5)), curves, 7)
    assert outcome.n_promoted == 0
    assert np.isnan(outcome.val)
    assert outcome.held == pytest.approx(0.8)


def test_a_pruned_trial_takes_its_time_until_the_rung_and_cannot_win(scripts):
    """Rung 1 of 4: the poor trial takes 1 s. None is pruned before another one is complete."""
    curves = [{4: [0.9, 0.9, 0.9, 0.9]}, {4: [0.1, 0.1, 0.1, 0.95]}]
    policy = policy_of(scripts, (4, 1.0), pruner="halving")
    spent = set()
    for seed in range(10):
        task = scripts.search.Task(
            pool=pool_of(scripts, curves), budget=12, seed=seed, n_validation=10_000
        )
        outcome = scripts.search.search(policy, task)
        spent.add((outcome.n_pruned, outcome.spent, outcome.val))
    assert spent == {(1, 5, 0.9), (0, 8, 0.95)}  # the poor one came second, or first


# --- tables ---------------------------------------------------------------------------------------


def test_policies_cover_the_three_questions(scripts):
    """Horizons, proposers, pruners; one horizon first, and no name twice."""
    names = [policy.name for policy in scripts.report.all_policies([3, 9, 27])]
    assert names[0] == scripts.report.DEFAULT
    assert len(names) == len(set(names))
    assert {"horizons: 3 (50 %), 27 (50 %)", "proposer: tpe", "pruner: none"} <= set(names)
    assert all(
        sum(stage.share for stage in policy.stages) == pytest.approx(1)
        for policy in scripts.report.all_policies([3, 9, 27])
    )


def test_the_interval_is_over_pools(scripts):
    """Means of 1 and 3 points of two pools, whatever the number of searches."""
    differences, pools = np.array([0.0, 2.0, 3.0]), np.array([0, 0, 1])
    assert scripts.report.interval(differences, pools) == pytest.approx((1.05, 2.95))


def test_differences_are_those_of_the_same_searches(scripts):
    """Half a point better in each of two searches; one horizon has a dash."""
    rows = [
        {"dataset": "d", "model": "nearest", "time": 5.0, "pool": pool, "seed": pool}
        | {"policy": name, "held": 0.5 + pool / 10 + more, "val": 0.9}
        | {"n_trials": 4, "n_pruned": 1, "n_promoted": 0}
        for pool in (0, 1)
        for name, more in ((scripts.report.DEFAULT, 0.0), ("other", 0.005))
    ]
    best, default = scripts.report.compare(rows)
    assert (best.policy, default.policy) == ("other", scripts.report.DEFAULT)
    assert (best.difference, best.low, best.high) == pytest.approx((0.5, 0.5, 0.5))
    assert best.optimism == pytest.approx(34.5)
    lines = scripts.report.report(rows)
    assert lines[0].startswith("d, nearest, time of 5 typical trainings: 2 searches on 2")
    assert lines[4] == "| other | 55.50 | +0.50 (+0.50 to +0.50) | +34.50 | 4.0 | 1.0 | 0.0 |"
    assert lines[5].startswith("| one horizon | 55.00 | +0.00 (+0.00 to +0.00) |")
    assert scripts.report.compare(rows, against="other")[1].difference == pytest.approx(-0.5)
    with pytest.raises(SystemExit, match="not played; there are one horizon, other"):
        scripts.report.compare(rows, against="none")


def test_rungs_are_tried_with_short_trials_and_a_long_refit(scripts):
    """Of 4 epochs: 1 is today's rung, 2 and 3 are tried, and none; of 3 epochs 2, and none."""
    rungs = list(scripts.report._of_rungs([4, 12]))
    found = [
        scripts.policies.rung_of(4, p.first_rung) if p.pruner == "halving" else None for p in rungs
    ]
    assert found == [2, 3, None, None]
    assert {p.refit for p in rungs} == {12}
    names = [policy.name for policy in scripts.report._of_rungs([3, 9])]
    assert names[0] == "one horizon: 3, refit 9, rung 2"
    assert len(names) == 3


def test_a_folder_without_a_pool_is_named(scripts, tmp_path):
    """One line that says what makes one."""
    with pytest.raises(SystemExit, match=r"no recorded pool; `replay\.py record`"):
        scripts.main.pool_folders(tmp_path, None)


def test_seeds_deviate_by_their_pairs(scripts):
    """Held-out 0.625 and 0.425: a gap of 0.2, divided by the root of two."""
    pair = [recorded(scripts), recorded(scripts, seed=1, held_accuracy=[0.0, 0.0, 0.0, 0.425])]
    assert scripts.describe.seed_deviation(pair) == pytest.approx(0.2 / np.sqrt(2))


def test_early_epochs_are_ranked_against_the_end(scripts):
    """Whole short schedules have the order of the end, the first epochs the reverse."""
    rows = []
    for number in range(4):
        high, low = 0.5 + number / 10, 0.5 - number / 10
        names = ("val_accuracy", "val_loss", "epoch_cpu_s")
        short = {name: [high] for name in names} | {"held_accuracy": [0.0]}
        long = {name: [low, 0.9] for name in names} | {"held_accuracy": [0.0, high]}
        rows += [recorded(scripts, number, horizon=h, **c) for h, c in ((1, short), (2, long))]
    ((epochs, whole, part),) = scripts.describe.early_signs(rows)
    assert epochs == 1
    assert (whole, part) == (pytest.approx((1, 1)), pytest.approx((-1, -1)))
