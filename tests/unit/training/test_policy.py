"""What is trained: parameter groups, frozen stages, adapters, and a folder that loads again."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("peft", reason="needs the [train] extra")

from tests import tiny_vlm
from umed_core.config import LoraConfig, ModelConfig
from umed_core.errors import ConfigError, MissingModel, StorageError
from umed_core.training import policy as policies
from umed_core.training.policy import Policy, load_policy, parameter_groups, save_policy
from umed_core.vlm.families import load_model
from umed_core.vlm.medvint.mini import build_mini


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    tiny_vlm.save_medvint(root / "grid", "grid")
    tiny_vlm.save_medvint(root / "queries", "queries")
    tiny_vlm.save_llava(root / "llava")
    tiny_vlm.save_idefics(root / "idefics")
    return root


def loaded(folders, name, rank=0, frozen=0):
    config = ModelConfig(init=str(folders / name), lora=LoraConfig(rank=rank), frozen_stages=frozen)
    return load_policy(config, seed=0, wants_rows=False)


def trainable(policy):
    return {name for name, parameter in policy.model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("name", ["grid", "queries", "llava", "idefics"])
def test_lora_trains_adapters_of_the_language_model_and_medvints_connector(folders, name):
    policy = loaded(folders, name, rank=2)
    names = trainable(policy)
    connector = {name for name, _ in policy.model.named_parameters() if ".model.connector." in name}
    if policy.is_medvint:
        assert connector and connector <= names
        names -= connector
    layers = {name.split(".layers.")[1].split(".")[0] for name in names}
    assert layers == {"0", "1"}
    assert all(".lora_A." in name or ".lora_B." in name for name in names)
    # Two matrices for each of q, k, v, o, gate, up, down in both layers.
    assert len(names) == 2 * 7 * 2
    assert not any("vision" in name or "connector" in name or "lm_head" in name for name in names)


@pytest.mark.parametrize("name", ["grid", "queries"])
def test_the_connector_moves_beside_the_adapters_and_is_saved(folders, tmp_path, name):
    """One step of gradient descent: connector and adapters differ, the frozen encoder and language model don't."""
    policy = loaded(folders, name, rank=2)
    start = load_model(folders / name)[0].state_dict()
    size = policy.image_size
    words = "<user>" + policy.processor.image_token + "Where?<end><assistant>"
    pixels = torch.rand(3, size, size).mul(255).byte().numpy()
    inputs = policy.processor(images=[pixels.transpose(1, 2, 0)], text=[words], return_tensors="pt")
    moved = [parameter for parameter in policy.model.parameters() if parameter.requires_grad]
    policy.model(**inputs).logits.square().sum().backward()
    torch.optim.SGD(moved, lr=1e-3).step()
    save_policy(policy, tmp_path / "model")
    saved = load_model(tmp_path / "model")[0].state_dict()
    assert saved.keys() == start.keys()
    changed = {key for key in start if not torch.equal(start[key], saved[key])}
    assert any(key.startswith("connector.") for key in changed)
    assert any(key.startswith("language_model.layers.") for key in changed)
    assert not any(key.startswith("vision_tower.") or "embed_tokens" in key for key in changed)


def test_umed_minis_reading_heads_are_trained_in_full(tmp_path):
    model, processor = build_mini(["a polyp"], image_size=64, width=128, layers=2, pretrained_encoder=False)
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    names = trainable(load_policy(ModelConfig(init=str(tmp_path), lora=LoraConfig(rank=2)), 0, False))
    inside = {name.removeprefix("base_model.model.") for name in names if "connector" not in name}
    assert {name for name in inside if "lora_" not in name} == {
        "language_model.layers.1.self_attn.v_proj.weight",
        "language_model.layers.1.self_attn.o_proj.weight",
    }
    assert not any("layers.1.self_attn.v_proj.lora" in name for name in inside)


def test_without_lora_all_is_trained_but_the_frozen_stages(folders):
    everything = trainable(loaded(folders, "grid"))
    frozen = everything - trainable(loaded(folders, "grid", frozen=2))
    assert frozen == {name for name in everything if name.startswith(("vision_tower.stem.", "vision_tower.stages.0."))}


@pytest.mark.parametrize("name", ["queries", "llava"])
def test_only_umed_minis_encoder_is_frozen_in_part(folders, name):
    with pytest.raises(ConfigError, match="frozen"):
        loaded(folders, name, frozen=1)


def test_lora_without_a_language_model_is_refused():
    with pytest.raises(ConfigError, match="no language model"):
        policies._with_lora(torch.nn.Sequential(torch.nn.Linear(2, 2)), ModelConfig(init="", lora=LoraConfig(rank=1)))


def test_a_folder_without_model_is_an_error(tmp_path):
    with pytest.raises(MissingModel):
        load_policy(ModelConfig(init=str(tmp_path)), 0, False)


def test_each_trained_parameter_is_in_one_group_with_its_rate_and_decay(folders):
    policy, head = loaded(folders, "grid", frozen=1), torch.nn.Linear(32, 5)
    groups = parameter_groups(policy.model, head, learning_rate=2.0, encoder_rate=1.0, decay=0.1)
    found = {id(p): (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    named = {**dict(policy.model.named_parameters()), **{f"head.{n}": p for n, p in head.named_parameters()}}
    assert len(found) == sum(len(group["params"]) for group in groups)
    assert found.keys() == {id(p) for p in named.values() if p.requires_grad}
    assert found[id(named["vision_tower.stages.0.0.project.weight"])] == (1.0, 0.1)
    assert found[id(named["vision_tower.stages.0.0.project.bias"])] == (1.0, 0.0)
    assert found[id(named["language_model.layers.0.self_attn.q_proj.weight"])] == (2.0, 0.1)
    assert found[id(named["language_model.norm.weight"])] == (2.0, 0.0)
    assert found[id(named["language_model.embed_tokens.weight"])] == (2.0, 0.0)
    assert found[id(named["head.weight"])] == (2.0, 0.1)


def test_one_rate_for_all_where_the_encoder_has_none_of_its_own(folders):
    groups = parameter_groups(loaded(folders, "grid").model, torch.nn.Linear(32, 5), 2.0, None, 0.1)
    assert {group["lr"] for group in groups} == {2.0}


@pytest.mark.parametrize(("name", "rank"), [("grid", 0), ("grid", 2), ("llava", 2)])
def test_a_saved_policy_loads_and_answers_as_it_did(folders, tmp_path, name, rank):
    """Adapters are merged: what is saved is a plain model folder."""
    policy = loaded(folders, name, rank)
    with torch.no_grad():
        for path, parameter in policy.model.named_parameters():
            if "lora_B" in path:
                parameter.normal_(0, 0.1)
    ids = torch.arange(5)[None] + 70
    before = policy.model.eval()(input_ids=ids).logits
    save_policy(policy, tmp_path / "model")
    model, processor = load_model(tmp_path / "model")
    assert not any("lora" in path for path, _ in model.named_parameters())
    torch.testing.assert_close(model(input_ids=ids).logits, before, atol=1e-4, rtol=1e-4)
    assert processor.tokenizer.get_vocab() == policy.processor.tokenizer.get_vocab()


def test_a_full_disk_is_a_storage_error(folders, tmp_path, monkeypatch):
    from safetensors import SafetensorError

    policy = loaded(folders, "grid")

    def full(*args, **kwargs):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(type(policy.model), "save_pretrained", full)
    with pytest.raises(StorageError, match="No space left"):
        save_policy(Policy(policy.model, policy.processor, 64, True), tmp_path / "model")


def test_a_frozen_connector_leaves_the_language_model_to_learn(folders):
    config = ModelConfig(init=str(folders / "grid"), frozen_connector=True)
    names = trainable(load_policy(config, seed=0, wants_rows=False))
    assert names
    assert not any("connector" in name for name in names)


def test_only_a_medvints_connector_can_be_frozen(folders):
    with pytest.raises(ConfigError, match="connector"):
        load_policy(ModelConfig(init=str(folders / "llava"), frozen_connector=True), seed=0, wants_rows=False)


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    """A small umed-mini whose words moved since its birth."""
    folder = tmp_path_factory.mktemp("speaker")
    model, processor = build_mini(["a polyp"], 64, 64, 2, pretrained_encoder=False, seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01)
    save_policy(Policy(model, processor, 64, is_medvint=True), folder)
    return folder


def mini(width, **more):
    return ModelConfig(init="mini", image_size=32, width=width, layers=2, pretrained_encoder=False, **more)


def test_words_can_be_taken_over_from_another_umed_mini(speaker, monkeypatch):
    monkeypatch.setattr(policies, "all_texts", lambda *_: ["a polyp"])
    fresh = load_policy(mini(64), seed=3, wants_rows=False).model.state_dict()
    taught = load_model(speaker)[0].state_dict()
    mixed = load_policy(mini(64, language_from=str(speaker)), seed=3, wants_rows=False).model.state_dict()
    for name, tensor in mixed.items():
        speaks = "language_model" in name or "lm_head" in name or "connector.project" in name or "write_box" in name
        assert torch.equal(tensor, (taught if speaks else fresh)[name]), name


def test_words_of_another_width_are_refused(speaker, monkeypatch):
    monkeypatch.setattr(policies, "all_texts", lambda *_: ["a polyp"])
    with pytest.raises(ConfigError, match="does not speak"):
        load_policy(mini(32, language_from=str(speaker)), seed=3, wants_rows=False)
