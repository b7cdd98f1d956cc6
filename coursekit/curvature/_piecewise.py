"""Tell from an output's autograd graph whether it is linear in each single weight, piece by piece.

For such a network (ReLU, LeakyReLU, max pooling, any linear layers, BatchNorm in eval mode) the
second derivative of the output by one weight is 0 wherever it exists, so the diagonal of the
Hessian equals that of the Gauss-Newton matrix, and so do the traces.
"""

from typing import Any

from torch import Tensor


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Sums, copies and selections of the operands, or maps with fixed coefficients.
LINEAR = _names("""
    Add Sub Rsub Neg Sum Mean Clone Copy ToCopy Alias T Transpose Permute View UnsafeView
    ReshapeAlias AsStrided Unsqueeze Squeeze Expand Repeat Slice Select Split SplitWithSizes
    UnsafeSplit Unbind Cat Stack Index IndexSelect Gather Take Flip Roll Tril Triu Diagonal
    Embedding Dropout ConstantPadNd ReflectionPad1D ReflectionPad2D ReflectionPad3D
    ReplicationPad1D ReplicationPad2D ReplicationPad3D AvgPool2D AvgPool3D AdaptiveAvgPool2D
    AdaptiveAvgPool3D UpsampleNearest1D UpsampleNearest2D UpsampleNearest3D UpsampleBilinear2D
    UpsampleBicubic2D UpsampleLinear1D PixelShuffle PixelUnshuffle Im2Col Col2Im Unfold Movedim
    AccumulateGrad
""")
# Piecewise linear: selections that are constant almost everywhere.
SELECTING = _names("""
    Relu Threshold LeakyRelu Hardtanh Abs Clamp ClampMin ClampMax MaxPool2DWithIndices
    MaxPool3DWithIndices AdaptiveMaxPool2D AdaptiveMaxPool3D Max Min Amax Amin Maximum Minimum
    Where MaskedFill Sort Topk
""")
# Products of operands: linear in each weight if no weight enters two of them.
MULTILINEAR = _names("""
    Mul Mm Bmm Mv Dot Addmm Addbmm Baddbmm Addmv Linear Convolution ConvolutionOverrideable
    MkldnnConvolution SlowConv2D ConvDepthwise2D NativeBatchNorm CudnnBatchNorm PreluKernel
    Addcmul
""")


def why_not_piecewise_linear(output: Tensor, params: list[Tensor]) -> str:
    """Walk the graph of an output and return what is not piecewise linear in single weights, or "".

    Products are allowed where their operands depend on different parameters: then the output is
    linear in each parameter tensor as a whole. So tied weights along one path are found, and a
    shared weight whose uses add up is allowed.

    Args:
        output: A network's output with its graph.
        params: The parameters in question; all others count as constants.

    Returns:
        "" if every operation is known to be piecewise linear, else the first one that is not.
        Operations that this module does not know are refused.
    """
    bits = {id(p): 1 << i for i, p in enumerate(params)}
    reached: dict[Any, int] = {}  # node -> the parameters above it, as a set of bits
    if output.grad_fn is None:
        return ""
    pending = [output.grad_fn]
    while pending:
        node = pending[-1]
        parents = [parent for parent, _ in node.next_functions]
        missing = [p for p in parents if p is not None and p not in reached]
        if node not in reached and missing:
            pending += missing
            continue
        pending.pop()
        if node in reached:
            continue
        above = [0 if p is None else reached[p] for p in parents]
        union = 0
        for parameters in above:
            union |= parameters
        if union and (reason := _reason(node, above)):
            return reason
        reached[node] = union | bits.get(id(getattr(node, "variable", None)), 0)
    return ""


def _reason(node: Any, above: list[int]) -> str:
    """Return why one operation is not piecewise linear in single weights, or ""."""
    name = node.name().rpartition("::")[2].partition("Backward")[0]
    if name in LINEAR or name in SELECTING:
        return ""
    if name == "Div":
        return "the network divides by something that depends on its weights" if above[1] else ""
    if name in MULTILINEAR:
        if name.endswith("BatchNorm") and getattr(node, "_saved_training", True):
            return "BatchNorm uses the statistics of the batch"
        seen = 0
        for parameters in above:
            if seen & parameters:
                return f"{name} multiplies two things that depend on the same weights"
            seen |= parameters
        return ""
    return f"{name} is not known to be piecewise linear"
