"""The trainer's network in PyTorch, as a person would write it there, to be timed beside ours.

Speaks as `model bench` does: takes its sizes, says that it is there, and then for every line that it reads takes one
training step (forward, backward, clipping, Muon and AdamW) and prints its seconds and its loss.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

shape = json.loads(sys.argv[1])
torch.set_num_threads(shape["threads"])
torch.manual_seed(1)
config, batch_size, sequence_length = shape["config"], shape["batch_size"], shape["sequence_length"]
d, heads, kv_heads, d_ff = config["d_model"], config["n_heads"], config["n_kv_heads"], config["d_ff"]
d_head = d // heads
n = batch_size * sequence_length
sizes = shape["sizes"]
attributes = ["shift", "pitch", "duration", "velocity"]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(d, d + 2 * kv_heads * d_head, bias=False)
        self.out = nn.Linear(d, d, bias=False)
        angles = torch.arange(sequence_length)[:, None] * 10000.0 ** (-torch.arange(d_head // 2) / (d_head // 2))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def rotate(self, x):
        low, high = x.chunk(2, dim=-1)
        return torch.cat([low * self.cos - high * self.sin, high * self.cos + low * self.sin], dim=-1)

    def forward(self, x):
        qkv = self.qkv(x).view(batch_size, sequence_length, heads + 2 * kv_heads, d_head).transpose(1, 2)
        q, k, v = qkv.split([heads, kv_heads, kv_heads], dim=1)
        k = self.rotate(k).repeat_interleave(heads // kv_heads, dim=1)
        v = v.repeat_interleave(heads // kv_heads, dim=1)
        out = F.scaled_dot_product_attention(self.rotate(q).to(v.dtype), k.to(v.dtype), v, is_causal=True)
        return self.out(out.transpose(1, 2).reshape(n, d))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = Attention()
        self.up = nn.Linear(d, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d, bias=False)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Head(nn.Module):
    def __init__(self, index):
        super().__init__()
        hidden = config["d_head_hidden"]
        self.hidden = nn.Linear(d, hidden, bias=False)
        earlier = sizes["target"][:index] + (sizes["position"] if index else [])
        self.tables = nn.ModuleList(nn.Embedding(size, hidden) for size in earlier)
        self.logits = nn.Linear(hidden, sizes["target"][index])

    def forward(self, h, ids):
        z = self.hidden(h)
        for table, column in zip(self.tables, ids):
            z = z + table(column)
        return self.logits(F.gelu(z, approximate="tanh"))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.attributes = nn.ModuleList(nn.Embedding(size, d // 4) for size in sizes["event"])
        self.others = nn.ModuleList(nn.Embedding(size, d) for size in sizes["position"] + sizes["conditions"])
        self.blocks = nn.ModuleList(Block() for _ in range(config["n_blocks"]))
        self.norm = nn.LayerNorm(d)
        self.heads = nn.ModuleList(Head(i) for i in range(4))

    def forward(self, batch):
        x = torch.cat([table(ids) for table, ids in zip(self.attributes, batch["event"])], dim=-1)
        for table, ids in zip(self.others, batch["position"] + batch["conditions"]):
            x = x + table(ids)
        for block in self.blocks:
            x = block(x)
        h = self.norm(x)
        loss = 0.0
        for i, head in enumerate(self.heads):
            logits = head(h, batch["target"][:i] + batch["target_position"])
            loss = loss + F.cross_entropy(logits.float(), batch["target"][i], reduction="sum")
        return loss / n


def columns(kind):
    return [torch.randint(size, (n,)) for size in sizes[kind]]


network = Network()


def hidden_matrices():
    """The matrices that Muon moves, each with its rows' parts: queries, keys and values are three."""
    kv = kv_heads * d_head
    for block in network.blocks:
        yield block.attention.qkv.weight, [d, kv, kv]
        for layer in (block.attention.out, block.up, block.down):
            yield layer.weight, [layer.weight.shape[0]]
    for head in network.heads:
        yield head.hidden.weight, [config["d_head_hidden"]]


def muon(weight, parts, momentum, rate=1e-4, rounds=3):
    """As torch.optim.Muon does it, with as many rounds as ours."""
    momentum.mul_(0.95).add_(weight.grad)
    ahead = momentum.mul(0.95).add_(weight.grad)
    for part, target in zip(ahead.split(parts), weight.split(parts)):
        tall = part.shape[0] > part.shape[1]
        x = part.T if tall else part
        x = x / (x.norm() + 1e-7)
        for _ in range(rounds):
            square = x @ x.T
            x = torch.addmm(x, torch.addmm(square, square, square, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
        scale = 0.2 * max(part.shape) ** 0.5
        target.mul_(1 - rate * 0.1).add_(x.T if tall else x, alpha=-rate * scale)


hidden = [(weight, parts, torch.zeros_like(weight)) for weight, parts in hidden_matrices()]
moved_by_muon = {id(weight) for weight, _, _ in hidden}
others = [p for p in network.parameters() if id(p) not in moved_by_muon]
optimiser = torch.optim.AdamW(others, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
batch = {kind: columns(kind) for kind in ["event", "position", "conditions", "target"]}
batch["target_position"] = columns("position")


def step():
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=shape["bf16"]):
        loss = network(batch)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    with torch.no_grad():
        for weight, parts, momentum in hidden:
            muon(weight, parts, momentum)
    optimiser.step()
    network.zero_grad(set_to_none=True)
    return loss.item()


assert sum(p.numel() for p in network.parameters()) == shape["parameters"], "not the same network"
print("PyTorch", torch.__version__, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    loss = step()
    print(time.perf_counter() - start, loss, flush=True)
