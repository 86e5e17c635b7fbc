"""K answers that share one prompt: every number equals that of a plain pass over each answer alone, in every family."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")

from tests.tiny_aar import SAVERS, tiny_policy, tiny_query
from umed_core.prompts import parse_boxes
from umed_core.training.aar_batches import answer_vocabulary
from umed_core.training.ppo_math import chosen_logprobs
from umed_core.training.rollout import Candidates, Sampling, Vocabulary, sample_candidates, score_candidates
from umed_core.vlm.attention import ATTENTION

pytestmark = pytest.mark.torch

FULL = Sampling(candidates=4, temperature=0.9, top_p=1.0, max_new_tokens=10)


@pytest.fixture(scope="module", params=list(SAVERS))
def family(request):
    return request.param


@pytest.fixture(scope="module")
def policy(family, tmp_path_factory):
    return tiny_policy(SAVERS[family](tmp_path_factory.mktemp("models") / family))


@pytest.fixture(scope="module")
def query(policy):
    return tiny_query(policy, 96, 64)


@pytest.fixture(scope="module")
def vocabulary(policy):
    return answer_vocabulary(policy, grammar=False)


def everywhere(candidates):
    return torch.arange(candidates.tokens.shape[1])


def seeded(number=0):
    return torch.Generator().manual_seed(number)


def ragged(policy, vocabulary, lengths=(6, 1, 4, 3)):
    """Answers of several lengths, drawn from what may be said; each but the first ends in an end token."""
    size = policy.model.get_output_embeddings().weight.shape[0]
    allowed = torch.ones(size, dtype=torch.bool)
    allowed[vocabulary.suppressed] = False
    tokens = torch.multinomial(allowed.double(), len(lengths) * max(lengths), True, generator=seeded(5))
    tokens = tokens.view(len(lengths), -1)
    mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    for row, length in enumerate(lengths[1:], 1):
        tokens[row, length - 1] = vocabulary.end_ids[0]
    return Candidates(torch.where(mask, tokens, vocabulary.pad_id), mask)


def whole_pass(policy, query, answer, **options):
    """The model over prompt and one answer, as nobody would do it K times. Shapes: answer (T,)."""
    inputs = dict(query.prompt.inputs)
    inputs["input_ids"] = torch.cat([inputs["input_ids"], answer[None]], dim=1)
    if "mm_token_type_ids" in inputs:
        kinds = inputs["mm_token_type_ids"]
        inputs["mm_token_type_ids"] = torch.cat([kinds, kinds.new_zeros(1, len(answer))], dim=1)
    return policy.model(**inputs, use_cache=False, **options)


def plain_logprobs(policy, query, answer, vocabulary, temperature):
    """Log-probabilities (T, V) of the sampler's distribution at each token of the answer."""
    logits = whole_pass(policy, query, answer).logits[0, -len(answer) - 1 : -1] / temperature
    return logits.index_fill(1, vocabulary.suppressed, float("-inf")).log_softmax(dim=-1)


def shared_logprobs(policy, query, candidates, vocabulary, temperature=0.9):
    scored = score_candidates(policy.model, query.prompt, candidates, everywhere(candidates))
    logp, entropy = chosen_logprobs(
        scored.hidden[candidates.mask], policy.model.get_output_embeddings(), candidates.tokens[candidates.mask],
        temperature, vocabulary.suppressed,
    )  # fmt: skip
    return logp, entropy, scored


def test_scoring_equals_a_plain_pass_over_each_answer(policy, query, vocabulary):
    candidates = ragged(policy, vocabulary)
    with torch.no_grad():
        logp, entropy, _ = shared_logprobs(policy, query, candidates, vocabulary)
        expected, spread = [], []
        for tokens, mask in zip(candidates.tokens, candidates.mask, strict=True):
            table = plain_logprobs(policy, query, tokens[mask], vocabulary, 0.9)
            expected.append(table.gather(1, tokens[mask][:, None]).squeeze(1))
            spread.append(torch.special.entr(table.exp()).sum(dim=-1))
    assert logp.shape == (14,) and logp.min() < -1
    torch.testing.assert_close(logp, torch.cat(expected).float(), atol=1e-5, rtol=0)
    torch.testing.assert_close(entropy, torch.cat(spread).float(), atol=1e-5, rtol=0)


def test_gradients_flow_through_the_shared_prompt(policy, query, vocabulary):
    """Every weight, the image encoder's too, gets the gradient of K separate passes."""
    candidates = ragged(policy, vocabulary, (3, 2))
    weights = torch.linspace(-1, 1, 5)
    logp, _, scored = shared_logprobs(policy, query, candidates, vocabulary)
    ((logp * weights).sum() + scored.rows[candidates.mask].square().sum()).backward()
    shared = {name: p.grad for name, p in policy.model.named_parameters() if p.grad is not None}
    policy.model.zero_grad()
    separate = []
    for tokens, mask in zip(candidates.tokens, candidates.mask, strict=True):
        table = plain_logprobs(policy, query, tokens[mask], vocabulary, 0.9).float()
        separate.append(table.gather(1, tokens[mask][:, None]).squeeze(1))
        alone = Candidates(tokens[mask][None], mask[mask][None])
        score_candidates(policy.model, query.prompt, alone, everywhere(alone)).rows.square().sum().backward()
    (torch.cat(separate) * weights).sum().backward()
    assert any("vision" in name or "visual" in name for name in shared)
    largest = max(float(gradient.abs().max()) for gradient in shared.values())
    for name, parameter in policy.model.named_parameters():
        if name in shared:
            # The bias of a key moves all scores alike: its gradient is 0 but for rounding.
            scale = max(float(parameter.grad.abs().max()), 1e-3 * largest)
            assert (shared[name] - parameter.grad).abs().max() <= 1e-4 * scale, name
    policy.model.zero_grad()


def test_rows_are_eager_attention(policy, query, vocabulary):
    """Mean over heads and layers of eager attention at the position that predicts each token; a softmax over all keys."""
    candidates = ragged(policy, vocabulary)
    decoder = policy.model.get_decoder()
    with torch.no_grad():
        scored = score_candidates(policy.model, query.prompt, candidates, everywhere(candidates))
        decoder.set_attn_implementation("eager")
        collected = []
        hooks = [
            decoder.register_forward_pre_hook(
                lambda module, args, kwargs: (args, {**kwargs, "output_attentions": True}), with_kwargs=True
            ),
            decoder.register_forward_hook(lambda module, args, output: collected.append(output)),
        ]
        try:
            for row, (tokens, mask) in enumerate(zip(candidates.tokens, candidates.mask, strict=True)):
                outputs = whole_pass(policy, query, tokens[mask])
                count = int(mask.sum())
                mean = torch.stack(collected.pop().attentions).mean(dim=(0, 2))[0, -count - 1 : -1]
                on_image = mean[:, query.prompt.image_positions]
                reading = getattr(outputs, "image_reading", None)
                if reading is not None:
                    on_image = on_image @ reading[0]
                torch.testing.assert_close(scored.rows[row, :count], on_image, atol=1e-5, rtol=0)
        finally:
            for hook in hooks:
                hook.remove()
            decoder.set_attn_implementation(ATTENTION)
    assert scored.rows.shape[-1] == query.prompt.box_share.shape[0]
    assert 0 < query.prompt.box_share.sum() < query.prompt.box_share.shape[0]


def test_the_scorer_knows_how_likely_the_sampler_was(policy, query, vocabulary, monkeypatch):
    """With top-p 1 the draw's own probabilities are the scorer's, so the first ratio is 1."""
    from umed_core.training import rollout

    drawn = []
    draw = rollout._draw

    def recording(logits, sampling, generator):
        chosen = draw(logits, sampling, generator)
        logp = (logits / sampling.temperature).log_softmax(dim=-1)
        drawn.append((chosen, logp.gather(1, chosen[:, None]).squeeze(1)))
        return chosen

    monkeypatch.setattr(rollout, "_draw", recording)
    candidates = sample_candidates(policy.model, query.prompt, FULL, vocabulary, seeded())
    with torch.no_grad():
        logp, _, _ = shared_logprobs(policy, query, candidates, vocabulary)
    told = torch.full(candidates.mask.shape, float("nan"), dtype=logp.dtype)
    told[candidates.mask] = logp
    for t, (chosen, own) in enumerate(drawn):
        going = candidates.mask[:, t]
        assert candidates.tokens[going, t].tolist() == chosen.tolist()
        torch.testing.assert_close(told[going, t], own.float(), atol=1e-5, rtol=0)


def ending(policy, vocabulary, likelier=5.0):
    """Makes the end token likely, so that answers of a random model end at different places."""
    return policy.model.get_output_embeddings().register_forward_hook(
        lambda module, args, logits: logits.index_add(
            -1, vocabulary.end_ids, torch.full((*logits.shape[:-1], len(vocabulary.end_ids)), likelier).to(logits)
        )
    )


def test_each_answer_stops_by_itself(policy, query, vocabulary):
    hook = ending(policy, vocabulary)
    try:
        candidates = sample_candidates(policy.model, query.prompt, Sampling(12, 0.9, 1.0, 16), vocabulary, seeded(1))
    finally:
        hook.remove()
    lengths = candidates.mask.sum(dim=1)
    assert len(set(lengths.tolist())) > 2 and int(lengths.max()) == candidates.mask.shape[1]
    for tokens, mask, length in zip(candidates.tokens, candidates.mask, lengths.tolist(), strict=True):
        ends = torch.isin(tokens[:length], vocabulary.end_ids)
        assert mask[:length].all() and not mask[length:].any()
        assert not ends[:-1].any() and (bool(ends[-1]) or length == 16)
        assert (tokens[length:] == vocabulary.pad_id).all()


def test_what_is_suppressed_is_never_said(policy, query, vocabulary):
    """Even where the model wants nothing else."""
    hook = policy.model.get_output_embeddings().register_forward_hook(
        lambda module, args, logits: logits.index_fill(-1, vocabulary.suppressed, 100.0)
    )
    try:
        candidates = sample_candidates(policy.model, query.prompt, FULL, vocabulary, seeded())
    finally:
        hook.remove()
    assert policy.processor.tokenizer.convert_tokens_to_ids(policy.processor.image_token) in vocabulary.suppressed
    assert not torch.isin(candidates.tokens[candidates.mask], vocabulary.suppressed).any()


def test_the_coldest_draw_is_generate_without_sampling(policy, query, vocabulary):
    cold = Sampling(2, 1e-6, 1.0, 10)
    candidates = sample_candidates(policy.model, query.prompt, cold, vocabulary, seeded())
    generated = policy.model.generate(
        **query.prompt.inputs, max_new_tokens=10, do_sample=False, eos_token_id=vocabulary.end_ids.tolist(),
        suppress_tokens=vocabulary.suppressed.tolist(), pad_token_id=vocabulary.pad_id, repetition_penalty=None,
    )  # fmt: skip
    answer = generated[0, query.prompt.inputs["input_ids"].shape[1] :]
    for tokens, mask in zip(candidates.tokens, candidates.mask, strict=True):
        assert tokens[mask].tolist() == answer.tolist()


def test_a_seed_draws_the_same_and_another_does_not(policy, query, vocabulary):
    first, again, other = (
        sample_candidates(policy.model, query.prompt, FULL, vocabulary, seeded(number)) for number in (3, 3, 4)
    )
    assert torch.equal(first.tokens, again.tokens) and not torch.equal(first.tokens, other.tokens)


def test_top_p_draws_from_the_smallest_set_that_holds_it():
    """Shares .5 .3 .2: .5 is the smallest set for p .4, .5 and .3 for p .6; the token that crosses p belongs to it."""
    from umed_core.training.rollout import _draw

    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(400, 3)
    for top_p, expected in ((0.4, {0}), (0.6, {0, 1}), (1.0, {0, 1, 2})):
        drawn = _draw(logits, Sampling(400, 1.0, top_p, 1), seeded())
        assert set(drawn.tolist()) == expected


def test_with_the_grammar_every_box_can_be_read(tmp_path):
    policy = tiny_policy(SAVERS["medvint-grid"](tmp_path / "model"))
    vocabulary = answer_vocabulary(policy, grammar=True)
    start = policy.processor.tokenizer.convert_tokens_to_ids("[bbox_start]")
    hook = policy.model.get_output_embeddings().register_forward_hook(
        lambda module, args, logits: logits.index_add(
            -1, torch.tensor([start]), torch.full((*logits.shape[:-1], 1), 4.0)
        )
    )
    query = tiny_query(policy)
    try:
        candidates = sample_candidates(policy.model, query.prompt, Sampling(6, 1.0, 1.0, 90), vocabulary, seeded())
    finally:
        hook.remove()
    texts = [
        policy.processor.tokenizer.decode(tokens[mask], skip_special_tokens=True)
        for tokens, mask in zip(candidates.tokens, candidates.mask, strict=True)
    ]
    assert sum(text.count("[bbox_start]") for text in texts) > 0
    assert all(len(parse_boxes(text)) == text.count("[bbox_start]") for text in texts)


def test_one_token_answers_have_one_state(policy, query, vocabulary):
    candidates = ragged(policy, vocabulary, (1, 1))
    with torch.no_grad():
        scored = score_candidates(policy.model, query.prompt, candidates, everywhere(candidates))
    assert scored.hidden.shape[:2] == (2, 1) and scored.rows.shape[:2] == (2, 1)


def test_without_rows_nothing_else_changes(policy, query, vocabulary):
    candidates = ragged(policy, vocabulary)
    with torch.no_grad():
        plain = score_candidates(policy.model, query.prompt, candidates, torch.zeros(0, dtype=torch.long))
        looked = score_candidates(policy.model, query.prompt, candidates, everywhere(candidates))
    assert plain.rows is None
    torch.testing.assert_close(plain.hidden, looked.hidden)


def test_rows_are_told_of_the_places_asked_for(policy, query, vocabulary):
    candidates = ragged(policy, vocabulary)
    with torch.no_grad():
        all_of_them = score_candidates(policy.model, query.prompt, candidates, everywhere(candidates)).rows
        for places in ([0], [2], [0, 3, 5], [1, 4]):
            some = score_candidates(policy.model, query.prompt, candidates, torch.tensor(places)).rows
            torch.testing.assert_close(some, all_of_them[:, places], atol=1e-6, rtol=0)


def test_a_vocabulary_names_its_ends(policy, vocabulary):
    assert policy.processor.tokenizer.eos_token_id in vocabulary.end_ids
    assert isinstance(vocabulary, Vocabulary) and not torch.isin(vocabulary.end_ids, vocabulary.suppressed).any()
