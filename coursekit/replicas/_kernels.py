"""Attention, convolution and LayerNorm of R models as Triton kernels; `_layers` says which.

All keep their intermediate results on the chip: attention its (T, T) weights, the convolution its
shifted copies of the image. ``PRECISION`` is Triton's: "tf32" rounds each factor to TF32 (10 bits),
"tf32x3" writes it as a sum of two TF32 numbers and adds three products, which is as exact as
float32. Sums are float32 in either case.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

# tiles of the products, (rows, columns, depth), and warps: the fastest of some dozen on an H200
TILES = ((256, 64, 32), 8)
TILES_OF_FEW_TAPS = ((128, 64, 32), 4)
WEIGHT_TILES = {"tf32x3": (128, 64, 32), "tf32": (32, 64, 64), "bf16": (64, 64, 64)}
PARTS = 4  # in which pixels are summed for a gradient by the weights
NORM_TILE = 2048  # numbers that a program norms at a time
NORM_PROGRAMS = 2048  # that sum up gradients by scales side by side


@triton.jit
def _attend(Q, T, scale, H: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, P: tl.constexpr):
    """Return where one head lies, its q, k, v (T, D), and softmax(q k^T scale + mask) (T, T)."""
    n, h = tl.program_id(0).to(tl.int64) // H, tl.program_id(0) % H
    t, d = tl.arange(0, ROWS), tl.arange(0, D)
    where = n * T * 3 * H * D + t[:, None] * (3 * H * D) + h * D + d[None, :]
    out = n * T * H * D + t[:, None] * (H * D) + h * D + d[None, :]
    inside = t[:, None] < T
    q = tl.load(Q + where, mask=inside, other=0.0)
    k = tl.load(Q + where + H * D, mask=inside, other=0.0)
    v = tl.load(Q + where + 2 * H * D, mask=inside, other=0.0)
    scores = tl.dot(q, tl.trans(k), input_precision=P) * scale
    scores = tl.where(t[:, None] >= t[None, :], scores, float("-inf"))
    weights = tl.exp(scores - tl.max(scores, 1)[:, None])
    return where, out, inside, q, k, v, weights / tl.sum(weights, 1)[:, None]


@triton.jit
def _attention(
    Q, OUT, T, scale, H: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, P: tl.constexpr
):
    _, out, inside, _, _, v, a = _attend(Q, T, scale, H, D, ROWS, P)
    mixed = tl.dot(a.to(v.dtype), v, input_precision=P)
    tl.store(OUT + out, mixed.to(v.dtype), mask=inside)


@triton.jit
def _attention_gradient(
    Q, G, OUT, T, scale, H: tl.constexpr, D: tl.constexpr, ROWS: tl.constexpr, P: tl.constexpr
):
    where, out, inside, q, k, v, a = _attend(Q, T, scale, H, D, ROWS, P)
    g = tl.load(G + out, mask=inside, other=0.0)
    by_weight = tl.dot(g, tl.trans(v), input_precision=P)
    by_score = a * (by_weight - tl.sum(by_weight * a, 1)[:, None]) * scale
    by_score = by_score.to(v.dtype)
    dq = tl.dot(by_score, k, input_precision=P)
    dk = tl.dot(tl.trans(by_score), q, input_precision=P)
    dv = tl.dot(tl.trans(a).to(v.dtype), g, input_precision=P)
    tl.store(OUT + where, dq.to(v.dtype), mask=inside)
    tl.store(OUT + where + H * D, dk.to(v.dtype), mask=inside)
    tl.store(OUT + where + 2 * H * D, dv.to(v.dtype), mask=inside)


@triton.jit
def _image_of_tap(
    m, k, H, W, OUT_H, OUT_W, C: tl.constexpr, KW: tl.constexpr, STRIDE_H: tl.constexpr,
    STRIDE_W: tl.constexpr, PAD_H: tl.constexpr, PAD_W: tl.constexpr, TURNED: tl.constexpr
):  # fmt: skip
    """Return the offset that output pixel m sees through tap and channel k, and whether it exists.

    Pixel (i, j) sees (i stride + u - pad, j stride + v - pad); turned round, those pixels that see
    (i, j).
    """
    u, v = k // C // KW, k // C % KW
    b, i, j = m // (OUT_H * OUT_W), m // OUT_W % OUT_H, m % OUT_W
    if TURNED:
        row, column = i + PAD_H - u, j + PAD_W - v
        there = (row >= 0) & (column >= 0) & (row % STRIDE_H == 0) & (column % STRIDE_W == 0)
        row, column = row // STRIDE_H, column // STRIDE_W
    else:
        row, column = i * STRIDE_H + u - PAD_H, j * STRIDE_W + v - PAD_W
        there = (row >= 0) & (column >= 0)
    return ((b * H + row) * W + column) * C + k % C, there & (row < H) & (column < W)


@triton.jit
def _convolution(
    X, W, B, Y, M, HEIGHT, WIDTH, OUT_H, OUT_W, IN_SIZE, C: tl.constexpr, OUT: tl.constexpr,
    K: tl.constexpr, KW: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PAD_H: tl.constexpr, PAD_W: tl.constexpr, TURNED: tl.constexpr, BIASED: tl.constexpr,
    P: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):  # fmt: skip
    """Compute y[r, m, o] = sum_k x[r, what pixel m sees through k] w[r, k, o] + b[r, o]."""
    tiles, r = tl.cdiv(OUT, BN), tl.program_id(1).to(tl.int64)
    m = tl.program_id(0) // tiles * BM + tl.arange(0, BM)
    o = tl.program_id(0) % tiles * BN + tl.arange(0, BN)
    total = tl.zeros((BM, BN), tl.float32)
    for start in range(0, K, BK):
        k = start + tl.arange(0, BK)
        at, there = _image_of_tap(
            m[:, None], k[None, :], HEIGHT, WIDTH, OUT_H, OUT_W, C, KW,
            STRIDE_H, STRIDE_W, PAD_H, PAD_W, TURNED
        )  # fmt: skip
        there = there & (m[:, None] < M) & (k[None, :] < K)
        x = tl.load(X + r * IN_SIZE + at, mask=there, other=0.0)
        known = (k[:, None] < K) & (o[None, :] < OUT)
        w = tl.load(W + r * K * OUT + k[:, None] * OUT + o[None, :], mask=known, other=0.0)
        total = tl.dot(x, w, total, input_precision=P)
    if BIASED:
        total += tl.load(B + r * OUT + o, mask=o < OUT, other=0.0)[None, :]
    known = (m[:, None] < M) & (o[None, :] < OUT)
    tl.store(
        Y + r * M * OUT + m[:, None] * OUT + o[None, :], total.to(Y.dtype.element_ty), mask=known
    )


@triton.jit
def _convolution_weight(
    X, G, DW, DB, M, HEIGHT, WIDTH, OUT_H, OUT_W, IN_SIZE, PARTS, C: tl.constexpr,
    OUT: tl.constexpr, K: tl.constexpr, KW: tl.constexpr,
    STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr, PAD_H: tl.constexpr, PAD_W: tl.constexpr,
    P: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):  # fmt: skip
    """Compute dw[r, part, k, o] = sum over a part of m: x[r, m's pixel through k] g[r, m, o].

    And db[r, part, o], the sum of g over the same part.
    """
    tiles, r = tl.cdiv(OUT, BN), tl.program_id(1).to(tl.int64)
    part = tl.program_id(2)
    k = tl.program_id(0) // tiles * BM + tl.arange(0, BM)
    o = tl.program_id(0) % tiles * BN + tl.arange(0, BN)
    share = tl.cdiv(tl.cdiv(M, PARTS), BK) * BK
    total, sums = tl.zeros((BM, BN), tl.float32), tl.zeros((BK, BN), tl.float32)
    for start in range(part * share, min(part * share + share, M), BK):
        m = start + tl.arange(0, BK)
        at, there = _image_of_tap(
            m[None, :], k[:, None], HEIGHT, WIDTH, OUT_H, OUT_W, C, KW,
            STRIDE_H, STRIDE_W, PAD_H, PAD_W, False
        )  # fmt: skip
        there = there & (m[None, :] < M) & (k[:, None] < K)
        x = tl.load(X + r * IN_SIZE + at, mask=there, other=0.0)
        known = (m[:, None] < M) & (o[None, :] < OUT)
        g = tl.load(G + r * M * OUT + m[:, None] * OUT + o[None, :], mask=known, other=0.0)
        total = tl.dot(x, g, total, input_precision=P)
        sums += g.to(tl.float32)
    if tl.program_id(0) < tiles:  # these all have the first taps
        tl.store(DB + (r * PARTS + part) * OUT + o, tl.sum(sums, 0), mask=o < OUT)
    to = ((r * PARTS + part) * K + k[:, None]) * OUT + o[None, :]
    tl.store(DW + to, total, mask=(k[:, None] < K) & (o[None, :] < OUT))


@triton.jit
def _normed(X, r, rows, N, eps, W: tl.constexpr, WIDE: tl.constexpr):
    """Return where some rows lie, whether they exist, them normed, and 1 / their deviation."""
    c = tl.arange(0, WIDE)
    at, there = (r * N + rows[:, None]) * W + c[None, :], (rows[:, None] < N) & (c[None, :] < W)
    x = tl.load(X + at, mask=there, other=0.0).to(tl.float32)
    x = tl.where(there, x - (tl.sum(x, 1) / W)[:, None], 0.0)
    inverse = tl.rsqrt(tl.sum(x * x, 1) / W + eps)[:, None]
    return at, there, x * inverse, inverse


@triton.jit
def _layer_norm(
    X, SCALE, SHIFT, Y, N, eps, W: tl.constexpr, WIDE: tl.constexpr, ROWS: tl.constexpr
):
    r, c = tl.program_id(1).to(tl.int64), tl.arange(0, WIDE)
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    at, there, x, _ = _normed(X, r, rows, N, eps, W, WIDE)
    scale = tl.load(SCALE + r * W + c, mask=c < W, other=0.0)
    shift = tl.load(SHIFT + r * W + c, mask=c < W, other=0.0)
    y = x * scale[None, :] + shift[None, :]
    tl.store(Y + at, y.to(Y.dtype.element_ty), mask=there)


@triton.jit
def _layer_norm_gradient(
    X, SCALE, G, DX, DSCALE, DSHIFT, N, eps, TILES, W: tl.constexpr, WIDE: tl.constexpr,
    ROWS: tl.constexpr
):  # fmt: skip
    """Compute dx, and the sums of g x and g over one part of the rows."""
    part, r, c = tl.program_id(0), tl.program_id(1).to(tl.int64), tl.arange(0, WIDE)
    scale = tl.load(SCALE + r * W + c, mask=c < W, other=0.0)
    by_scale, by_shift = tl.zeros((ROWS, WIDE), tl.float32), tl.zeros((ROWS, WIDE), tl.float32)
    for tile in range(TILES):
        rows = (part * TILES + tile) * ROWS + tl.arange(0, ROWS)
        at, there, x, inverse = _normed(X, r, rows, N, eps, W, WIDE)
        g = tl.load(G + at, mask=there, other=0.0).to(tl.float32)
        by_scale += g * x
        by_shift += g
        g = g * scale[None, :]
        dx = inverse * (g - (tl.sum(g, 1) / W)[:, None] - x * (tl.sum(g * x, 1) / W)[:, None])
        tl.store(DX + at, dx.to(DX.dtype.element_ty), mask=there)
    to = (r * tl.num_programs(0) + part) * W + c
    tl.store(DSCALE + to, tl.sum(by_scale, 0), mask=c < W)
    tl.store(DSHIFT + to, tl.sum(by_shift, 0), mask=c < W)


def attention(qkv: Tensor, precision: str) -> Tensor:
    """Return (n, T, heads, d) of qkv (n, T, 3, heads, d), contiguous; T <= 128."""
    n, length, _, heads, d = qkv.shape
    out = qkv.new_empty(n, length, heads, d)
    rows = max(16, triton.next_power_of_2(length))
    _attention[(n * heads,)](qkv, out, length, d**-0.5, heads, d, rows, precision)
    return out


def attention_gradient(qkv: Tensor, g: Tensor, precision: str) -> Tensor:
    """Return the gradient by qkv, given that by the output."""
    n, length, _, heads, d = qkv.shape
    out = qkv.new_empty(qkv.shape)
    rows = max(16, triton.next_power_of_2(length))
    _attention_gradient[(n * heads,)](qkv, g, out, length, d**-0.5, heads, d, rows, precision)
    return out


def convolution(
    x: Tensor,
    w: Tensor,
    bias: Tensor | None,
    size: list[int],
    shape: list[int],
    turned: bool,
    precision: str,
) -> Tensor:
    """Return y (R, B, *size, O) of x (R, B, H, W, C), w (R, taps * C, O) and bias (R, O).

    ``shape`` is (kernel height, width, stride down, across, padding above, left).
    """
    r, b, height, width, c = x.shape
    pixels, k, out = b * size[0] * size[1], w.shape[1], w.shape[2]
    y = x.new_empty(r, b, *size, out)
    (rows, columns, depth), warps = TILES_OF_FEW_TAPS if k <= 32 else TILES
    columns = min(columns, max(16, triton.next_power_of_2(out)))
    grid = (triton.cdiv(pixels, rows) * triton.cdiv(out, columns), r)
    _convolution[grid](
        x, w, w if bias is None else bias, y, pixels, height, width, *size, x[0].numel(), c, out, k,
        *shape[1:], turned, bias is not None, precision, rows, columns, depth, num_warps=warps,
        num_stages=3
    )  # fmt: skip
    return y


def convolution_weight(
    x: Tensor, g: Tensor, shape: list[int], precision: str
) -> tuple[Tensor, Tensor]:
    """Return the gradients by w (R, taps * C, O) and bias (R, O), given that by y."""
    r, _, height, width, c = x.shape
    pixels, k, out = g[0, ..., 0].numel(), shape[0] * shape[1] * c, g.shape[4]
    rows, columns, depth = WEIGHT_TILES["bf16" if x.dtype == torch.bfloat16 else precision]
    rows, columns = (
        min(most, max(16, triton.next_power_of_2(n))) for most, n in ((rows, k), (columns, out))
    )
    dw = x.new_empty(r, PARTS, k, out, dtype=torch.float32)
    db = x.new_empty(r, PARTS, out, dtype=torch.float32)
    grid = (triton.cdiv(k, rows) * triton.cdiv(out, columns), r, PARTS)
    _convolution_weight[grid](
        x, g, dw, db, pixels, height, width, *g.shape[2:4], x[0].numel(), PARTS, c, out, k,
        *shape[1:], precision, rows, columns, depth, num_stages=3
    )  # fmt: skip
    return dw.sum(dim=1).to(x.dtype), db.sum(dim=1)


def layer_norm(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    """Return y (R, N, W) of x (R, N, W), scale and shift (R, W)."""
    (replicas, n, width), y = x.shape, torch.empty_like(x)
    wide = triton.next_power_of_2(width)
    rows = max(1, NORM_TILE // wide)
    grid = (triton.cdiv(n, rows), replicas)
    _layer_norm[grid](x, scale, shift, y, n, eps, width, wide, rows)
    return y


def layer_norm_gradient(
    x: Tensor, scale: Tensor, g: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients by x, scale and shift, given that by y."""
    (replicas, n, width), dx = x.shape, torch.empty_like(x)
    wide = triton.next_power_of_2(width)
    rows = max(1, NORM_TILE // wide)
    tiles = triton.cdiv(n, rows)
    in_part = triton.cdiv(tiles, max(1, NORM_PROGRAMS // replicas))
    parts = triton.cdiv(tiles, in_part)
    by_scale, by_shift = (
        x.new_empty(replicas, parts, width, dtype=torch.float32) for _ in range(2)
    )
    _layer_norm_gradient[(parts, replicas)](
        x, scale, g, dx, by_scale, by_shift, n, eps, in_part, width, wide, rows
    )
    return dx, by_scale.sum(dim=1), by_shift.sum(dim=1)
