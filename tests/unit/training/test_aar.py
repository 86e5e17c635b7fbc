"""Stage 2's parts between the pure functions: arms, advantages, the frozen policy, the critic, the direct gradient."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")

from tests import tiny_vlm
from tests.tiny_aar import tiny_config, tiny_query
from umed_core.config import AarConfig, JudgeConfig, PpoConfig, RewardConfig, load_aar_config
from umed_core.errors import ConfigError, ConsentNeeded, TrainingError
from umed_core.training import aar
from umed_core.training.aar_batches import PromptReader, query_batches
from umed_core.training.experience import Experience, reward_metrics, value_metrics
from umed_core.training.judges.choice import open_judge
from umed_core.training.judges.embedded import EmbeddedJudge
from umed_core.training.learner import build_learner
from umed_core.training.processes import open_accelerator
from umed_core.training.rewards import vision_relevance
from umed_core.training.rollout import Candidates, Vocabulary

NOWHERE = torch.zeros(0, dtype=torch.long)
RECIPES = Path(__file__).resolve().parents[3] / "assets" / "umed_assets" / "recipes"


@pytest.fixture(scope="module")
def init(tmp_path_factory):
    return tiny_vlm.save_medvint(tmp_path_factory.mktemp("models") / "grid", "grid")


def learner_of(init, tmp_path, **sections):
    config = tiny_config(init, tmp_path / "run", **sections)
    return build_learner(config, open_accelerator(config.run.precision)), config


# ---- the recipe


def test_the_defaults_are_the_papers():
    """Appendix C and Table 11: 8 candidates, .9, .9, batch 16, one epoch, gamma .99, c1 .5, c2 .5, c3 .01."""
    config = msgspec.convert({"model": {"init": "x"}, "data": {"sources": []}, "run": {"out": "y"}}, AarConfig)
    rollout, ppo = config.rollout, config.ppo
    assert (rollout.candidates, rollout.temperature, rollout.top_p) == (8, 0.9, 0.9)
    assert (config.optimizer.batch_size, config.optimizer.epochs, config.optimizer.learning_rate) == (16, 1, 1e-5)
    assert (ppo.gamma, ppo.c1, ppo.c2, ppo.c3) == (0.99, 0.5, 0.5, 0.01)
    assert (config.reward.arm, config.reward.floor) == ("full", 0)


def test_recipes_that_ship_load():
    assert load_aar_config(RECIPES / "smoke-aar.toml").model.init == "mini"
    assert load_aar_config(RECIPES / "mini-aar.toml").model.init == "umed-mini"
    with pytest.raises(ConfigError, match="init"):
        load_aar_config(RECIPES / "paper-aar.toml")
    paper = load_aar_config(RECIPES / "paper-aar.toml", ["model.init=somewhere"])
    fresh = msgspec.convert({"model": {"init": "x"}, "data": {"sources": []}, "run": {"out": "y"}}, AarConfig)
    assert (paper.rollout, paper.reward, paper.judge, paper.ppo, paper.optimizer) == (
        fresh.rollout, fresh.reward, fresh.judge, fresh.ppo, fresh.optimizer,
    )  # fmt: skip


@pytest.mark.parametrize("arm", ["sft-ppo", "no-alr", "no-vrr", "full"])
def test_an_arm_is_one_override(arm):
    assert load_aar_config(RECIPES / "smoke-aar.toml", [f"reward.arm={arm}"]).reward.arm == arm


@pytest.mark.parametrize(
    "sections",
    [
        {"ppo": {"minibatch_size": 4}},  # 2 queries x 3 candidates
        {"ppo": {"minibatch_size": 3}, "optimizer": {"micro_batch_size": 2}},
        {"reward": {"shuffle": True}, "ppo": {"vrr_gradient": 0.1}},
    ],
)
def test_sections_that_contradict_each_other_are_refused(init, tmp_path, sections):
    with pytest.raises(ConfigError):
        learner_of(init, tmp_path, **sections)


def test_a_judge_elsewhere_needs_consent_and_a_model(monkeypatch):
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with pytest.raises(ConfigError, match=r"judge\.model"):
        open_judge(JudgeConfig(kind="openai"))
    with pytest.raises(ConsentNeeded):
        open_judge(JudgeConfig(kind="openai", model="some", base_url="https://example.org/v1"))
    here = open_judge(JudgeConfig(kind="openai", model="some", base_url="http://127.0.0.1:9/v1"))
    assert not here.is_remote
    here.close()


# ---- rewards to advantages


@pytest.mark.parametrize(
    ("arm", "expected"),
    [("full", [1 + 0.5, 0.5 + 1]), ("no-alr", [0.5, 1]), ("no-vrr", [1, 0.5]), ("sft-ppo", [0, 0])],
)
def test_grounding_by_arm(arm, expected):
    """r_loc .8 and .4, r_att .1 and .2: over their maxima 1 and .5, .5 and 1."""
    g = aar._grounding(torch.tensor([0.8, 0.4]), torch.tensor([0.1, 0.2]), RewardConfig(arm=arm))
    torch.testing.assert_close(g, torch.tensor(expected).float())


def experience(r_llm=(0.0, 0.0), g=(0.0, 0.0), length=3, **over):
    mask = torch.ones(2, length, dtype=torch.bool)
    zeros, nothing = torch.zeros(2, length), torch.zeros(2)
    made = Experience(
        query=None, candidates=Candidates(torch.zeros(2, length, dtype=torch.long), mask), texts=("a", "b"),
        class_tokens=~mask, logprobs=zeros, ref_logprobs=zeros, values=zeros, r_llm=torch.tensor(r_llm),
        r_loc=nothing, r_att=nothing, grounding=torch.tensor(g),
    )  # fmt: skip
    return dataclasses.replace(made, **over)


def test_grounding_counts_against_its_own_query_alone():
    """c1 .5; one query has g 2 and 0, the other 1 and 1: +-.5 on each token there, nothing here."""
    first, second = aar._advantages([experience(g=(2.0, 0.0)), experience(g=(1.0, 1.0), length=1)], PpoConfig())[0]
    torch.testing.assert_close(first, torch.tensor([[0.5] * 3, [-0.5] * 3]))
    torch.testing.assert_close(second, torch.zeros(2, 1))


def test_as_a_reward_grounding_is_paid_at_the_last_token():
    """gamma and lambda 1, no critic: the return is r_llm + c1 g at every token. 1 + .5 * 2 and 0."""
    ppo = PpoConfig(gamma=1.0, gae_lambda=1.0, reward_path="reward")
    _, (returns,) = aar._advantages([experience(r_llm=(1.0, 0.0), g=(2.0, 0.0))], ppo)
    torch.testing.assert_close(returns, torch.tensor([[2.0] * 3, [0.0] * 3]))
    _, (returns,) = aar._advantages([experience(r_llm=(1.0, 0.0), g=(2.0, 0.0))], PpoConfig(gamma=1.0, gae_lambda=1.0))
    torch.testing.assert_close(returns, torch.tensor([[1.0] * 3, [0.0] * 3]))


def test_as_printed_grounding_moves_nothing():
    paid, unpaid = (
        aar._advantages([experience(r_llm=(1.0, 0.0), g=g)], PpoConfig(reward_path="printed"))
        for g in ((2.0, 0.0), (0.0, 0.0))
    )
    torch.testing.assert_close(paid[0][0], unpaid[0][0])
    torch.testing.assert_close(paid[1][0], unpaid[1][0])


def test_relevance_counts_against_all_queries_of_the_update():
    """A query whose answers are all good stands above one whose answers are all bad."""
    good, bad = aar._advantages([experience(r_llm=(1.0, 1.0)), experience()], PpoConfig(gamma=1.0, gae_lambda=1.0))[0]
    torch.testing.assert_close(good, torch.ones(2, 3), atol=1e-4, rtol=0)
    torch.testing.assert_close(bad, -torch.ones(2, 3), atol=1e-4, rtol=0)


def test_figures_of_an_update_by_hand():
    vocabulary = Vocabulary(torch.tensor([9]), torch.zeros(0, dtype=torch.long), 0)
    tokens = torch.tensor([[1, 9, 0], [1, 2, 3]])
    mask = torch.tensor([[True, True, False], [True] * 3])
    one = experience(
        r_llm=(1.0, 0.0), candidates=Candidates(tokens, mask), r_loc=torch.tensor([0.0, 0.5]),
        texts=("at [bbox_start] 0.1, 0.1, 0.2, 0.2 [bbox_end]", "nothing"), logprobs=mask * 0.2,
        class_tokens=torch.tensor([[True, False, False], [False] * 3]),
    )  # fmt: skip
    metrics = reward_metrics([one, experience()], vocabulary)
    assert metrics["r_llm"] == 0.25 and metrics["r_loc"] == 0.125
    assert metrics["zero_max_loc_share"] == 0.5 and metrics["zero_max_att_share"] == 1
    assert metrics["zero_variance_share"] == 0.5  # only the second pays both candidates alike
    assert metrics["parsable_share"] == 0.25 and metrics["ended_share"] == 0.25
    assert metrics["class_tokens"] == 0.25 and metrics["answer_tokens"] == (2.5 + 3) / 2
    assert metrics["kl"] == pytest.approx(0.2 * 5 / 11)
    assert metrics["kl_k3"] == pytest.approx((0.8187308 - 1 + 0.2) * 5 / 11, abs=1e-6)


def test_a_critic_that_knows_explains_all():
    returns = [torch.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])]
    assert value_metrics([experience(values=returns[0])], returns)["explained_variance"] == pytest.approx(1)
    assert value_metrics([experience()], returns)["explained_variance"] == pytest.approx(0)


# ---- who learns


@pytest.mark.parametrize("rank", [0, 2])
def test_stage_one_takes_the_policys_place_and_gives_it_back(init, tmp_path, rank):
    """With LoRA, too, it is what stage 1 left in all that is trained, MedVInt's connector included."""
    learner, config = learner_of(init, tmp_path, model={"lora": {"rank": rank}})
    query = tiny_query(learner.policy)
    candidates = Candidates(torch.tensor([[7, 8, 9], [10, 11, 12]]), torch.ones(2, 3, dtype=torch.bool))

    def told():
        with torch.no_grad():
            return aar._read(learner, query, candidates, config, NOWHERE).logprobs

    before = told()
    moved = [p for p in learner.policy.model.parameters() if p.requires_grad]
    with torch.no_grad():
        for parameter in moved:
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.05)
    after = told()
    assert (after - before).abs().max() > 1e-3
    with learner.stage_one.in_place():
        torch.testing.assert_close(told(), before, atol=0, rtol=0)
    torch.testing.assert_close(told(), after, atol=0, rtol=0)


def test_stage_one_goes_back_even_after_an_error(init, tmp_path):
    learner, _ = learner_of(init, tmp_path)
    first = next(p for p in learner.policy.model.parameters() if p.requires_grad)
    with torch.no_grad():
        first.add_(1.0)
    now = first.detach().clone()
    with pytest.raises(RuntimeError), learner.stage_one.in_place():
        raise RuntimeError
    assert torch.equal(first, now)


# ---- the update


@pytest.fixture
def update(init, tmp_path):
    """A learner, its recipe, and experiences whose answers name the class."""

    def make(**sections):
        learner, config = learner_of(init, tmp_path, **sections)
        reader = PromptReader(learner.policy)
        queries = next(query_batches(config, learner.policy, reader, 4, 0, learner.accelerator))
        experiences = [aar._explore(learner, query, EmbeddedJudge(), config, 1, n) for n, query in enumerate(queries)]
        return learner, config, experiences

    return make


def gradients(learner):
    found = {name: p.grad.clone() for name, p in learner.policy.model.named_parameters() if p.grad is not None}
    learner.policy.model.zero_grad()
    learner.value_head.zero_grad()
    return found


def passes(learner, config, experiences, advantages, returns):
    """All gradients of one minibatch, as `_learn` gathers them."""
    (minibatch,) = aar._minibatches(experiences, config, 1)
    tokens = sum(int(experiences[n].candidates.mask[rows].sum()) for n, rows in minibatch)
    drawn = sum(rows.stop - rows.start for _, rows in minibatch)
    for n, rows in minibatch:
        share = int(experiences[n].candidates.mask[rows].sum()) / tokens
        aar._pass(learner, experiences[n].query, experiences[n], advantages[n], returns[n], rows, share, drawn, config)
    return gradients(learner)


def test_passes_of_few_candidates_add_up_to_one_of_all(update):
    """Gradient accumulation changes memory and nothing else."""
    learner, config, experiences = update()
    experiences = [dataclasses.replace(e, grounding=torch.tensor([1.0, 0.0, 2.0])) for e in experiences]
    advantages, returns = aar._advantages(experiences, config.ppo)
    whole = passes(learner, config, experiences, advantages, returns)
    small = msgspec.structs.replace(config, optimizer=msgspec.structs.replace(config.optimizer, micro_batch_size=1))
    parts = passes(learner, small, experiences, advantages, returns)
    largest = max(float(g.abs().max()) for g in whole.values())
    assert largest > 0
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, atol=1e-5 * largest, rtol=1e-3)


def test_the_policy_gradient_is_that_of_the_chosen_tokens_by_their_advantage(update):
    """At ratio 1, without entropy or critic, the loss is -mean(A log p): checked against that sum, written out."""
    learner, config, experiences = update(ppo={"c2": 0.0, "c3": 0.0})
    experiences = [dataclasses.replace(e, grounding=torch.tensor([1.0, 0.0, 2.0])) for e in experiences]
    advantages, returns = aar._advantages(experiences, config.ppo)
    found = passes(learner, config, experiences, advantages, returns)
    tokens = sum(int(e.candidates.mask.sum()) for e in experiences)
    for e, advantage in zip(experiences, advantages, strict=True):
        now = aar._read(learner, e.query, e.candidates, config, NOWHERE)
        (-(now.logprobs * advantage).sum() / tokens).backward()
    expected = gradients(learner)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-6, rtol=1e-3)


def test_as_printed_the_grounding_rewards_have_no_gradient(update):
    learner, config, experiences = update(ppo={"reward_path": "printed"})
    found = []
    for g in ([1.0, 0.0, 2.0], [0.0, 0.0, 0.0]):
        told = [dataclasses.replace(e, grounding=torch.tensor(g)) for e in experiences]
        found.append(passes(learner, config, told, *aar._advantages(told, config.ppo)))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_the_direct_gradient_of_vision_relevance_by_finite_differences(update):
    """What `vrr_gradient` adds is -weight times the slope of the candidates' mean r_att."""
    learner, config, experiences = update(ppo={"vrr_gradient": 3.0})
    generator = torch.Generator().manual_seed(0)
    experiences = [
        dataclasses.replace(
            e, class_tokens=torch.rand(e.candidates.mask.shape, generator=generator).lt(0.5) & e.candidates.mask
        )
        for e in experiences
    ]
    advantages, returns = aar._advantages(experiences, config.ppo)
    with_it = passes(learner, config, experiences, advantages, returns)
    plain = msgspec.structs.replace(config, ppo=msgspec.structs.replace(config.ppo, vrr_gradient=0.0))
    without = passes(learner, plain, experiences, advantages, returns)

    @torch.no_grad()
    def mean_r_att():
        found = []
        for e in experiences:
            places = torch.arange(e.candidates.mask.shape[1])
            rows = aar._read(learner, e.query, e.candidates, config, places).rows
            found.append(vision_relevance(rows.double(), e.query.prompt.box_share.double(), e.class_tokens))
        return float(torch.cat(found).mean())

    parameters = dict(learner.policy.model.named_parameters())
    name = next(n for n in with_it if n.endswith("layers.0.self_attn.q_proj.weight"))
    direction = torch.randn(parameters[name].shape, generator=generator)
    step = 2e-3
    with torch.no_grad():
        parameters[name].add_(step * direction)
        above = mean_r_att()
        parameters[name].sub_(2 * step * direction)
        below = mean_r_att()
        parameters[name].add_(step * direction)
    slope = (above - below) / (2 * step)
    added = float(((with_it[name] - without[name]) * direction).sum())
    assert abs(slope) > 1e-4
    assert added == pytest.approx(-3.0 * slope, rel=0.02)


def test_without_vision_relevance_the_direct_gradient_is_off(update):
    learner, config, experiences = update(ppo={"vrr_gradient": 3.0}, reward={"arm": "no-vrr"})
    experiences = [dataclasses.replace(e, class_tokens=e.candidates.mask) for e in experiences]
    advantages, returns = aar._advantages(experiences, config.ppo)
    asked = passes(learner, config, experiences, advantages, returns)
    plain = msgspec.structs.replace(config, ppo=msgspec.structs.replace(config.ppo, vrr_gradient=0.0))
    found = passes(learner, plain, experiences, advantages, returns)
    assert all(torch.equal(asked[name], found[name]) for name in asked)


def test_the_first_ratio_is_one(update):
    learner, config, experiences = update()
    advantages, returns = aar._advantages(experiences, config.ppo)
    metrics = aar._learn(learner, experiences, advantages, returns, config, 1)
    assert metrics["first_ratio_error"] < 1e-5 and metrics["mean_ratio"] == pytest.approx(1, abs=1e-5)


def test_a_policy_that_is_not_the_one_that_drew_stops_the_run(update):
    learner, config, experiences = update()
    advantages, returns = aar._advantages(experiences, config.ppo)
    with torch.no_grad():
        next(p for n, p in learner.policy.model.named_parameters() if "layers.0.mlp" in n).add_(0.1)
    with pytest.raises(TrainingError, match="first ratio of step 7"):
        aar._learn(learner, experiences, advantages, returns, config, 7)


def test_minibatches_hold_each_candidate_once_an_epoch(update):
    _, config, experiences = update(ppo={"epochs": 2, "minibatch_size": 3}, optimizer={"micro_batch_size": 1})
    cut = list(aar._minibatches(experiences, config, 1))
    assert [len(minibatch) for minibatch in cut] == [3, 3, 3, 3]
    for epoch in (cut[:2], cut[2:]):
        taken = sorted((n, rows.start) for minibatch in epoch for n, rows in minibatch)
        assert taken == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert cut == list(aar._minibatches(experiences, config, 1)) != list(aar._minibatches(experiences, config, 2))


def test_an_update_that_moved_far_enough_takes_no_further_step(update):
    sections = {"ppo": {"epochs": 4, "target_kl": 1e-9}, "optimizer": {"learning_rate": 1e-2}}
    learner, config, experiences = update(**sections)
    experiences = [dataclasses.replace(e, grounding=torch.tensor([1.0, 0.0, 2.0])) for e in experiences]
    advantages, returns = aar._advantages(experiences, config.ppo)
    # The first step's own KL is that of an unmoved policy; the second's is seen, and ends it.
    assert aar._learn(learner, experiences, advantages, returns, config, 1)["optimizer_steps"] == 2


def test_shuffled_rewards_are_the_same_rewards_dealt_otherwise(update, monkeypatch):
    monkeypatch.setattr(EmbeddedJudge, "score", lambda self, question, reference, answers: [0.1, 0.2, 0.3])
    _, _, plain = update()
    _, _, dealt = update(reward={"shuffle": True})
    assert [e.texts for e in plain] == [e.texts for e in dealt]
    assert all(sorted(e.r_llm.tolist()) == pytest.approx([0.1, 0.2, 0.3]) for e in dealt)
    assert any(not torch.equal(a.r_llm, b.r_llm) for a, b in zip(plain, dealt, strict=True))
