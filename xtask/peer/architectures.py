"""Logits of tiny models by Hugging Face transformers, in float32.

usage: architectures.py FOLDER

Reads FOLDER/ids.json (token ids) and every FOLDER/*.gguf, and writes FOLDER/<name>.f32: the logits of every position,
row by row; and FOLDER/<name>.int8.f32: the same with the inputs of all matrices rounded to int8 in blocks of 32, which
says what such rounding costs where everything else is float. Of a model without experts it lets transformers save a folder, in
bfloat16, FOLDER/<name>.folder, and writes <name>.folder.f32 and <name>.folder.int8.f32 of what it loads from there. The files are read with the `gguf` package; what their keys, names and rows mean is written here a second
time, from the converters of llama.cpp, and shares nothing with our importer. Whatever a file has that this does not
know is an error.
"""

import json
import pathlib
import sys

import gguf
import numpy
import torch
import transformers

# What a case means beyond its file: the rule that the factors of Llama 3.1 come from.
RULES = {
    "llama-3.1": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
}
# Tensors that become numbers of the configuration.
FACTORS = ["rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"]


class File:
    """A GGUF file: its metadata under the architecture's name, and its tensors as floats."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.name = path.stem
        self.fields = {key: field.contents() for key, field in reader.fields.items()}
        self.architecture = self.fields["general.architecture"]
        self.tensors = {}
        for tensor in reader.tensors:
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            shape = tuple(int(size) for size in reversed(tensor.shape))
            self.tensors[tensor.name] = values.astype(numpy.float32).reshape(shape)
        self.unread = {key for key in self.fields if key.startswith(self.architecture + ".")}

    def key(self, name, default=None):
        key = f"{self.architecture}.{name}"
        self.unread.discard(key)
        found = self.fields.get(key, default)
        if found is None:
            raise KeyError(key)
        return found


def common(file):
    """What every configuration has."""
    heads = file.key("attention.head_count")
    width = file.key("embedding_length")
    file.key("vocab_size", 0)
    return {
        "vocab_size": file.tensors["token_embd.weight"].shape[0],
        "hidden_size": width,
        "intermediate_size": file.key("feed_forward_length"),
        "num_hidden_layers": file.key("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": file.key("attention.head_count_kv"),
        "head_dim": file.key("attention.key_length", width // heads),
        "max_position_embeddings": file.key("context_length"),
        "rms_norm_eps": file.key("attention.layer_norm_rms_epsilon"),
        "rope_theta": file.key("rope.freq_base"),
        "tie_word_embeddings": "output.weight" not in file.tensors,
        "attn_implementation": "eager",
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def scaling(file):
    """The configuration's rope_scaling."""
    if file.name in RULES:
        return RULES[file.name]
    kind = file.key("rope.scaling.type", "none")
    if kind == "none":
        return None
    if kind == "linear":
        return {"rope_type": "linear", "factor": file.key("rope.scaling.factor")}
    if kind == "yarn":
        found = {
            "rope_type": "yarn",
            "factor": file.key("rope.scaling.factor"),
            "original_max_position_embeddings": file.key("rope.scaling.original_context_length"),
            "beta_fast": file.key("rope.scaling.yarn_beta_fast"),
            "beta_slow": file.key("rope.scaling.yarn_beta_slow"),
        }
        if file.key("rope.scaling.yarn_log_multiplier", 0.0):
            found["mscale"] = 1.0
            found["mscale_all_dim"] = file.key("rope.scaling.yarn_log_multiplier")
        return found
    raise ValueError(f"{file.name}: rope scaling {kind}")


def whole_heads(file, config):
    rotary = file.key("rope.dimension_count", config["head_dim"])
    if rotary != config["head_dim"] or file.key("attention.value_length", rotary) != rotary:
        raise ValueError(f"{file.name}: heads of several widths")


def llama(file):
    config = common(file)
    whole_heads(file, config)
    config["rope_scaling"] = scaling(file)
    if file.key("expert_count", 0):
        config["num_local_experts"] = file.key("expert_count")
        config["num_experts_per_tok"] = file.key("expert_used_count")
        return transformers.MixtralForCausalLM, transformers.MixtralConfig(**config, sliding_window=None)
    window = file.key("attention.sliding_window", 0)
    if window:
        return transformers.MistralForCausalLM, transformers.MistralConfig(**config, sliding_window=window)
    return transformers.LlamaForCausalLM, transformers.LlamaConfig(**config)


def qwen2(file):
    config = common(file)
    whole_heads(file, config)
    config["rope_scaling"] = scaling(file)
    return transformers.Qwen2ForCausalLM, transformers.Qwen2Config(**config)


def qwen3(file):
    config = common(file)
    whole_heads(file, config)
    return transformers.Qwen3ForCausalLM, transformers.Qwen3Config(**config)


def qwen3moe(file):
    config = common(file)
    whole_heads(file, config)
    config["num_experts"] = file.key("expert_count")
    config["num_experts_per_tok"] = file.key("expert_used_count")
    config["moe_intermediate_size"] = file.key("expert_feed_forward_length")
    config["norm_topk_prob"] = file.key("expert_weights_norm", True)
    return transformers.Qwen3MoeForCausalLM, transformers.Qwen3MoeConfig(**config, decoder_sparse_step=1, mlp_only_layers=[])


def mistral3(file):
    """Ministral 3: Llama's layers. Its queries grow from the trained context on, which the ids here don't reach."""
    file.key("attention.temperature_scale")
    return llama(file)


def phi3(file):
    config = common(file)
    rotary = file.key("rope.dimension_count")
    config["partial_rotary_factor"] = rotary / config["head_dim"]
    config["sliding_window"] = file.key("attention.sliding_window", 0) or None
    config["original_max_position_embeddings"] = config["max_position_embeddings"]
    if "rope_factors_short.weight" in file.tensors:
        # transformers makes the attention factor of the two lengths.
        file.key("rope.scaling.attn_factor")
        config["original_max_position_embeddings"] = file.key("rope.scaling.original_context_length")
        config["rope_scaling"] = {
            "type": "longrope",
            "short_factor": file.tensors["rope_factors_short.weight"].tolist(),
            "long_factor": file.tensors["rope_factors_long.weight"].tolist(),
        }
    return transformers.Phi3ForCausalLM, transformers.Phi3Config(**config)


def gemma(file):
    config = common(file)
    whole_heads(file, config)
    config["query_pre_attn_scalar"] = config["head_dim"]
    config["sliding_window"] = file.key("attention.sliding_window")
    config["hidden_activation"] = "gelu_pytorch_tanh"
    config["final_logit_softcapping"] = file.key("final_logit_softcapping")
    return config


def gemma2(file):
    config = gemma(file)
    config["attn_logit_softcapping"] = file.key("attn_logit_softcapping")
    return transformers.Gemma2ForCausalLM, transformers.Gemma2Config(**config)


def gemma3(file):
    config = gemma(file)
    config["rope_scaling"] = scaling(file)
    config["rope_local_base_freq"] = 10000.0
    config["attn_logit_softcapping"] = None
    return transformers.Gemma3ForCausalLM, transformers.Gemma3TextConfig(**config)


MODELS = {
    "llama": llama,
    "qwen2": qwen2,
    "qwen3": qwen3,
    "qwen3moe": qwen3moe,
    "mistral3": mistral3,
    "phi3": phi3,
    "gemma2": gemma2,
    "gemma3": gemma3,
}
# Rows of query and key whose pairs the converters put side by side.
INTERLEAVED = {"llama", "mistral3"}
# Norms are stored with the one that the model adds to them.
GEMMAS = {"gemma2", "gemma3"}

ENDS = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
# What some architectures have besides, or under other names.
HEAD_NORMS = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}
SANDWICH = {
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
OTHERS = {
    "qwen3": HEAD_NORMS,
    "qwen3moe": HEAD_NORMS,
    "phi3": {"attn_qkv": "self_attn.qkv_proj", "ffn_up": "mlp.gate_up_proj"},
    "gemma2": SANDWICH,
    "gemma3": SANDWICH | HEAD_NORMS,
}


# Where a router and the matrices of an expert stand.
EXPERTS = {
    "llama": ("block_sparse_moe.gate", "block_sparse_moe.experts.{}.{}", {"gate": "w1", "up": "w3", "down": "w2"}),
    "qwen3moe": ("mlp.gate", "mlp.experts.{}.{}", {"gate": "gate_proj", "up": "up_proj", "down": "down_proj"}),
}


def of_experts(architecture, part, values):
    """A router, or every expert's part of a tensor, by their names in the layer; nothing where it is neither."""
    if architecture not in EXPERTS:
        return {}
    router, expert, names = EXPERTS[architecture]
    if part == "ffn_gate_inp":
        return {router: values}
    if not part.endswith("_exps"):
        return {}
    name = names[part.removeprefix("ffn_").removesuffix("_exps")]
    return {expert.format(index, name): matrix for index, matrix in enumerate(values)}


def parts(architecture):
    """The names of a layer's tensors in the architecture's class."""
    return PARTS | OTHERS.get(architecture, {})


def apart(values, heads):
    """Undoes the converters' order of rows: pairs side by side become halves."""
    rows = values.shape[0]
    paired = values.reshape(heads, rows // heads // 2, 2, *values.shape[1:])
    return numpy.swapaxes(paired, 1, 2).reshape(values.shape)


def state(file, config):
    """The tensors by the names of the class."""
    known = parts(file.architecture)
    found = {}
    for name, values in file.tensors.items():
        if name in FACTORS:
            continue
        if file.architecture in GEMMAS and name.endswith("norm.weight"):
            values = values - numpy.float32(1)
        if name in ENDS:
            found[ENDS[name]] = values
            continue
        _, layer, part, kind = name.split(".")
        if file.architecture in INTERLEAVED and part in ("attn_q", "attn_k"):
            key = "num_attention_heads" if part == "attn_q" else "num_key_value_heads"
            values = apart(values, getattr(config, key))
        experts = of_experts(file.architecture, part, values)
        for place, matrix in experts.items() if experts else [(known[part], values)]:
            found[f"model.layers.{layer}.{place}.{kind}"] = matrix
    if "lm_head.weight" not in found:
        found["lm_head.weight"] = found["model.embed_tokens.weight"]
    return {name: torch.from_numpy(numpy.ascontiguousarray(values)) for name, values in found.items()}


def round_inputs(_, arguments):
    """Rounds a matrix's input to int8 in blocks of 32, each against its greatest magnitude."""
    blocks = arguments[0].unflatten(-1, (-1, 32))
    scale = (blocks.abs().amax(-1, keepdim=True) / 127).clamp(min=1e-30)
    return ((blocks / scale).round() * scale).flatten(-2)


def rows(model, ids):
    """The logits of every position."""
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0].to(torch.float32).numpy()


def put_logits(path, model, ids):
    """Writes the logits of every position, as they are and with rounded inputs."""
    path.with_name(f"{path.name}.f32").write_bytes(rows(model, ids).astype("<f4").tobytes())
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(round_inputs)
    path.with_name(f"{path.name}.int8.f32").write_bytes(rows(model, ids).astype("<f4").tobytes())


def has_experts(file):
    return any(name.endswith("_exps.weight") for name in file.tensors)


def saved(model, folder):
    """What transformers loads, in float32, of the folder that it saves in bfloat16."""
    model.to(torch.bfloat16).save_pretrained(folder, safe_serialization=True)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager"
    )
    if type(loaded) is not type(model):
        raise ValueError(f"{folder}: {type(loaded)}, not {type(model)}")
    return loaded.eval()


def compare(path, ids):
    """Writes all that is compared of a file."""
    file = File(path)
    if file.architecture not in MODELS:
        raise ValueError(f"{file.name}: architecture {file.architecture}")
    kind, config = MODELS[file.architecture](file)
    if file.unread:
        raise ValueError(f"{file.name}: not read: {sorted(file.unread)}")
    model = kind(config).eval()
    model.load_state_dict(state(file, config), strict=True)
    put_logits(path.with_suffix(""), model, ids)
    if not has_experts(file):
        folder = path.with_suffix(".folder")
        put_logits(folder, saved(model, folder), ids)


def main():
    folder = pathlib.Path(sys.argv[1])
    ids = json.loads((folder / "ids.json").read_text())
    torch.manual_seed(0)
    for path in sorted(folder.glob("*.gguf")):
        compare(path, ids)
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
