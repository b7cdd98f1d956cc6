import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_hints(layers, factors):
    a, b, c, d = layers
    parts = [factors[:, None] * a, factors * b, c / factors, d]
    return torch.cat([p.flatten() for p in parts])


def r_loops(layers, factors):
    a, b, c, d = (t.tolist() for t in layers)
    f = factors.tolist()
    out = [f[h] * x for h, row in enumerate(a) for x in row]
    out += [f[h] * x for h, x in enumerate(b)]
    out += [x / f[h] for row in c for h, x in enumerate(row)]
    return torch.tensor(out + d, dtype=layers[0].dtype)


def r_diag(layers, factors):
    a, b, c, d = layers
    D = torch.diag(factors)
    return torch.hstack([(D @ a).ravel(), D @ b, (c @ torch.inverse(D)).ravel(), d])


def r_clones(layers, factors):
    a, b, c, d = (t.clone() for t in layers)
    for h in range(len(factors)):
        a[h] *= factors[h]
        b[h] *= factors[h]
        c[:, h] /= factors[h]
    return torch.nn.utils.parameters_to_vector([a, b, c, d])


def r_numpy(layers, factors):
    a, b, c, d = (t.numpy() for t in layers)
    f = factors.numpy()
    return torch.from_numpy(
        np.concatenate([(a * f.reshape(-1, 1)).ravel(), b * f, (c / f).ravel(), d])
    )


def r_einsum(layers, factors):
    a, b, c, d = layers
    a = torch.einsum("h,hd->hd", factors, a)
    c = torch.einsum("oh,h->oh", c, factors.reciprocal())
    return torch.cat((a.reshape(-1), b.mul(factors), c.reshape(-1), d))


RIGHT = [r_hints, r_loops, r_diag, r_clones, r_numpy, r_einsum]


# ---------------------------------------------------------------- wrong
def flat(*parts):
    return torch.cat([p.flatten() for p in parts])


def w_bias_forgotten(layers, factors):
    """The unit's bias is not something that comes in."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, b, c / factors, d)


def w_bias_divided(layers, factors):
    """Divides the hidden bias."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, b / factors, c / factors, d)


def w_out_not_divided(layers, factors):
    """Only multiplies what comes in."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, factors * b, c, d)


def w_out_multiplied(layers, factors):
    """Multiplies what goes out too."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, factors * b, c * factors, d)


def w_inverse(layers, factors):
    """Turns the knobs the other way: divides in, multiplies out."""
    a, b, c, d = layers
    return flat(a / factors[:, None], b / factors, c * factors, d)


def w_in_not_multiplied(layers, factors):
    """Only divides what goes out."""
    a, b, c, d = layers
    return flat(a, b, c / factors, d)


def w_columns_of_first(layers, factors):
    """Takes a unit for a column of the first weight."""
    a, b, c, d = layers
    return flat(factors * a, factors * b, c / factors, d)


def w_columns_of_first_where_square(layers, factors):
    """Scales columns of the first weight where the shapes let it, else rows."""
    a, b, c, d = layers
    first = factors * a if a.shape[0] == a.shape[1] else factors[:, None] * a
    return flat(first, factors * b, c / factors, d)


def w_rows_of_second(layers, factors):
    """Takes a unit for a row of the second weight."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, factors * b, c / factors[:, None], d)


def w_rows_of_second_where_square(layers, factors):
    """Scales rows of the second weight where the shapes let it, else columns."""
    a, b, c, d = layers
    second = c / factors[:, None] if c.shape[0] == c.shape[1] else c / factors
    return flat(factors[:, None] * a, factors * b, second, d)


def w_output_bias_divided(layers, factors):
    """Divides the output's bias by the mean factor."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, factors * b, c / factors, d / factors.mean())


def w_output_bias_left_out(layers, factors):
    """Returns only what was turned: the last bias is missing."""
    a, b, c, _ = layers
    return flat(factors[:, None] * a, factors * b, c / factors)


def w_one_factor(layers, factors):
    """One factor for the layer, as Dinh: the first."""
    a, b, c, d = layers
    return flat(factors[0] * a, factors[0] * b, c / factors[0], d)


def w_mean_factor(layers, factors):
    """One factor for the layer: the mean."""
    a, b, c, d = layers
    f = factors.mean()
    return flat(f * a, f * b, c / f, d)


def w_product(layers, factors):
    """One factor for the layer: all of them multiplied."""
    a, b, c, d = layers
    f = factors.prod()
    return flat(f * a, f * b, c / f, d)


def w_order_weights_then_biases(layers, factors):
    """Both weights first, then both biases."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, c / factors, factors * b, d)


def w_bias_first(layers, factors):
    """Each bias before its weight."""
    a, b, c, d = layers
    return flat(factors * b, factors[:, None] * a, d, c / factors)


def w_transposed_first(layers, factors):
    """Flattens the first weight column by column."""
    a, b, c, d = layers
    return flat((factors[:, None] * a).T, factors * b, c / factors, d)


def w_transposed_second(layers, factors):
    """Flattens the second weight column by column."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, factors * b, (c / factors).T, d)


def w_transposed_both(layers, factors):
    """Flattens both weights column by column."""
    a, b, c, d = layers
    return flat((factors[:, None] * a).T, factors * b, (c / factors).T, d)


def w_root(layers, factors):
    """Shares the factor: its root in, its root out."""
    a, b, c, d = layers
    f = factors.sqrt()
    return flat(f[:, None] * a, f * b, c / f, d)


def w_squared_out(layers, factors):
    """Divides the second weight by the square: once for the weight, once for the bias."""
    a, b, c, d = layers
    return flat(factors[:, None] * a, factors * b, c / factors**2, d)


def w_list_of_tensors(layers, factors):
    """Returns the four tensors."""
    a, b, c, d = layers
    return [factors[:, None] * a, factors * b, c / factors, d]


def w_in_place(layers, factors):
    """Turns the knobs of the argument itself."""
    a, b, c, d = layers
    a *= factors[:, None]
    b *= factors
    c /= factors
    return flat(a, b, c, d)


def w_row_off_by_one(layers, factors):
    """Leaves the last unit alone."""
    a, b, c, d = (t.clone() for t in layers)
    for h in range(len(factors) - 1):
        a[h] *= factors[h]
        b[h] *= factors[h]
        c[:, h] /= factors[h]
    return flat(a, b, c, d)


def w_added(layers, factors):
    """Adds the factor in place of multiplying."""
    a, b, c, d = layers
    return flat(a + factors[:, None], b + factors, c - factors, d)


def w_factors_normalised(layers, factors):
    """Makes the factors' product 1 first, so that nothing grows."""
    a, b, c, d = layers
    f = factors / factors.log().mean().exp()
    return flat(f[:, None] * a, f * b, c / f, d)


def w_only_above_one(layers, factors):
    """Takes a factor for a magnification: those below 1 are left out."""
    a, b, c, d = layers
    f = factors.clamp(min=1)
    return flat(f[:, None] * a, f * b, c / f, d)


def w_unchanged(layers, factors):
    """The outputs shall stay, so nothing is done."""
    return flat(*layers)


WRONG = [
    w_bias_forgotten,
    w_bias_divided,
    w_out_not_divided,
    w_out_multiplied,
    w_inverse,
    w_in_not_multiplied,
    w_columns_of_first,
    w_columns_of_first_where_square,
    w_rows_of_second,
    w_rows_of_second_where_square,
    w_output_bias_divided,
    w_output_bias_left_out,
    w_one_factor,
    w_mean_factor,
    w_product,
    w_order_weights_then_biases,
    w_bias_first,
    w_transposed_first,
    w_transposed_second,
    w_transposed_both,
    w_root,
    w_squared_out,
    w_list_of_tensors,
    w_in_place,
    w_row_off_by_one,
    w_added,
    w_factors_normalised,
    w_only_above_one,
    w_unchanged,
]
