"""The engine's network in llama.cpp or ONNX Runtime, one note at a time on one thread, to be timed beside ours.

Weights are random; only time is measured. The matrices are those of our network: llama.cpp's starcoder2 has them (norms
with bias, RoPE, shared key heads, two feed-forward matrices), and one output matrix is as large as our four heads
together. Both keep their cache where it is; the engine's own drawing of values is left out, in their favour.

Arguments: llama or onnx, the network's sizes as JSON, rounds, then contexts. Prints `context median_us p99_us` lines.
"""

import json
import os
import sys
import tempfile
import time

import numpy as np

peer, sizes = sys.argv[1], json.loads(sys.argv[2])
rounds, contexts = int(sys.argv[3]), [int(n) for n in sys.argv[4:]]
d, d_ff, n_blocks = sizes["d_model"], sizes["d_ff"], sizes["n_blocks"]
n_heads, n_kv, hidden = sizes["n_heads"], sizes["n_kv_heads"], sizes["d_head_hidden"]
d_head = d // n_heads
# Four hidden layers, and 128 + 129 + 128 + 32 logits of each.
n_out = round((4 * hidden * d + 417 * hidden) / d / 32) * 32
room = max(contexts) + 32
random = np.random.default_rng(1)


def matrix(rows, columns):
    return random.standard_normal((rows, columns), dtype=np.float32) * 0.05


def timed(step, context):
    for _ in range(8):
        step(context)
    us = []
    for _ in range(rounds):
        start = time.perf_counter()
        step(context)
        us.append((time.perf_counter() - start) * 1e6)
    us.sort()
    return us[len(us) // 2], us[len(us) * 99 // 100]


def llama(folder):
    """Medians of llama.cpp's Q8_0, of its two ways of attention the faster one."""
    import gguf
    from cyllama.llama import llama_cpp

    path = os.path.join(folder, "network.gguf")
    file = gguf.GGUFWriter(path, "starcoder2")
    file.add_context_length(room)
    file.add_embedding_length(d)
    file.add_block_count(n_blocks)
    file.add_feed_forward_length(d_ff)
    file.add_head_count(n_heads)
    file.add_head_count_kv(n_kv)
    file.add_layer_norm_eps(1e-5)
    file.add_rope_dimension_count(d_head)
    file.add_vocab_size(n_out)
    file.add_tokenizer_model("no_vocab")

    def add(name, rows, columns=None):
        if columns is None:
            file.add_tensor(name, np.ones(rows, dtype=np.float32))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            file.add_tensor(name, gguf.quants.quantize(matrix(rows, columns), kind), raw_dtype=kind)

    add("token_embd.weight", n_out, d)
    add("output.weight", n_out, d)
    for name in ["output_norm.weight", "output_norm.bias"]:
        add(name, d)
    for i in range(n_blocks):
        for name in ["attn_norm", "ffn_norm"]:
            add(f"blk.{i}.{name}.weight", d)
            add(f"blk.{i}.{name}.bias", d)
        for name, rows, columns in [
            ("attn_q", d, d), ("attn_k", n_kv * d_head, d), ("attn_v", n_kv * d_head, d), ("attn_output", d, d),
            ("ffn_up", d_ff, d), ("ffn_down", d, d_ff),
        ]:
            add(f"blk.{i}.{name}.weight", rows, columns)
            # This architecture asks for biases; they cost next to nothing.
            add(f"blk.{i}.{name}.bias", rows)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()

    llama_cpp.disable_logging()
    model = llama_cpp.LlamaModel(path_model=path, verbose=False)
    times = {}
    for flash in [0, 1]:
        options = llama_cpp.LlamaContextParams()
        options.n_ctx, options.n_batch, options.n_ubatch = room, room, 64
        options.n_threads = options.n_threads_batch = 1
        options.flash_attn_type = flash
        context = llama_cpp.LlamaContext(model=model, params=options, verbose=False)
        batch = llama_cpp.LlamaBatch(n_tokens=room, embd=0, n_seq_max=1)

        def feed(at, n):
            batch.set_batch([i % n_out for i in range(at, at + n)], at, False)
            context.decode(batch)
            context.synchronize()

        def step(at):
            context.memory_seq_rm(0, at, -1)
            feed(at, 1)

        for n in contexts:
            context.kv_cache_clear()
            if n > 0:
                feed(0, n)
            times.setdefault(n, []).append(timed(step, n))
    return {n: min(both) for n, both in times.items()}


def onnx(folder):
    """Medians of ONNX Runtime, matrices in 8 bits by its own tool, its grouped attention, the cache bound in place."""
    import onnx as format
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime.quantization import QuantType, quantize_dynamic

    nodes, constants = [], []
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, d])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.INT32, shape)
               for name, shape in [("seqlens", [1]), ("total", [1])]]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1, n_out])]

    def constant(name, value):
        constants.append(numpy_helper.from_array(value, name))
        return name

    def add(kind, sources, name, domain="", **attributes):
        nodes.append(helper.make_node(kind, sources, [name], name, domain=domain, **attributes))
        return name

    def linear(x, rows, columns, name):
        return add("MatMul", [x, constant(name + ".w", matrix(columns, rows))], name)

    def norm(x, name):
        gain = constant(name + ".gain", np.ones(d, np.float32))
        bias = constant(name + ".bias", np.zeros(d, np.float32))
        return add("LayerNormalization", [x, gain, bias], name, epsilon=1e-5)

    angles = np.arange(room)[:, None] * 10000.0 ** (-np.arange(d_head // 2) / (d_head // 2))
    cos, sin = constant("cos", np.cos(angles).astype(np.float32)), constant("sin", np.sin(angles).astype(np.float32))
    x = "x"
    for i in range(n_blocks):
        qkv = linear(norm(x, f"norm1.{i}"), d + 2 * n_kv * d_head, d, f"qkv.{i}")
        caches = [f"key.{i}", f"value.{i}"]
        for name in caches:
            shape = [1, n_kv, room, d_head]
            inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
            outputs.append(helper.make_tensor_value_info("new." + name, TensorProto.FLOAT, shape))
        nodes.append(helper.make_node(
            "GroupQueryAttention", [qkv, "", "", *caches, "seqlens", "total", cos, sin],
            [f"attended.{i}", *["new." + name for name in caches]], f"attention.{i}", domain="com.microsoft",
            num_heads=n_heads, kv_num_heads=n_kv, do_rotary=1))
        x = add("Add", [x, linear(f"attended.{i}", d, d, f"out.{i}")], f"x1.{i}")
        wide = linear(norm(x, f"norm2.{i}"), d_ff, d, f"up.{i}")
        wide = add("FastGelu", [wide], f"gelu.{i}", domain="com.microsoft")
        x = add("Add", [x, linear(wide, d, d_ff, f"down.{i}")], f"x2.{i}")
    linear(norm(x, "norm"), n_out, d, "logits")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph(nodes, "network", inputs, outputs, constants)
    floats, path = os.path.join(folder, "floats.onnx"), os.path.join(folder, "network.onnx")
    format.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), floats)
    quantize_dynamic(floats, path, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": TensorProto.FLOAT})

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    keep = {"x": onnxruntime.OrtValue.ortvalue_from_numpy(random.standard_normal((1, 1, d), dtype=np.float32))}
    for i in range(n_blocks):
        for name in [f"key.{i}", f"value.{i}"]:
            keep[name] = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((1, n_kv, room, d_head), np.float32))
            binding.bind_ortvalue_output("new." + name, keep[name])
    keep["logits"] = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((1, 1, n_out), np.float32))
    binding.bind_ortvalue_output("logits", keep["logits"])

    times = {}
    for n in contexts:
        keep["seqlens"] = onnxruntime.OrtValue.ortvalue_from_numpy(np.array([n], np.int32))
        keep["total"] = onnxruntime.OrtValue.ortvalue_from_numpy(np.array([n + 1], np.int32))
        for name, value in keep.items():
            if name != "logits":
                binding.bind_ortvalue_input(name, value)
        times[n] = timed(lambda _: session.run_with_iobinding(binding), n)
    return times


with tempfile.TemporaryDirectory() as folder:
    for n, (median, p99) in {"llama": llama, "onnx": onnx}[peer](folder).items():
        print(n, f"{median:.1f} {p99:.1f}", flush=True)
