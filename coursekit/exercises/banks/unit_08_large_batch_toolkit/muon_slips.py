"""Muon for one matrix, and wrong ways to it."""

import torch

from coursekit.exercises.banks.unit_08_large_batch_toolkit.muon_ways import (
    A,
    B,
    C,
    by_length,
    divided,
    exact,
    iterated,
    looks,
    orthogonal,
    orthogonal_first,
    quintic,
    stored_orthogonal,
    with_course,
    with_part,
)
from coursekit.exercises.engine.declare import Mistake

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "exactly orthogonal",
        "Your singular values are exact. How many of the text's products were asked for, and where "
        "do they leave the values?",
        with_part(direction=exact),
    ),
    Mistake(
        "not brought to length one",
        "You start the iteration from the matrix as it is. What does the polynomial do to a "
        "value far above one?",
        with_part(direction=iterated(lambda m: m, quintic)),
    ),
    Mistake(
        "largest value to one",
        "You divide by the largest singular value. Which length does the text divide by?",
        with_part(
            direction=iterated(
                lambda m: m / torch.linalg.matrix_norm(m, 2).clamp(min=1e-7), quintic
            )
        ),
    ),
    Mistake(
        "cubic",
        "You iterate the classical cubic polynomial. Which three coefficients does the text give?",
        with_part(direction=iterated(by_length, lambda x, gram: 1.5 * x - 0.5 * gram @ x)),
    ),
    Mistake(
        "no fifth power",
        "Your polynomial ends with the third power. Which term is missing?",
        with_part(direction=iterated(by_length, lambda x, gram: A * x + B * gram @ x)),
    ),
    Mistake(
        "one product more",
        "You go round once more than asked. How often should the polynomial be applied?",
        with_part(direction=lambda m, n: orthogonal(m, n + 1)),
    ),
    Mistake(
        "one product fewer",
        "You go round once less than asked. How often should the polynomial be applied?",
        with_part(direction=lambda m, n: orthogonal(m, n - 1)),
    ),
    Mistake(
        "no factor for tall matrices",
        "Your tall matrix takes the same step as a wide one. Which factor does the text give to "
        "matrices with more rows than columns?",
        with_part(scale=lambda rows, columns: 1.0),
    ),
    Mistake(
        "factor without its root",
        "Your factor for tall matrices is too large. What stands around the quotient?",
        with_part(scale=lambda rows, columns: max(1.0, rows / columns)),
    ),
    Mistake(
        "factor for wide ones too",
        "Your factor makes wide matrices step less. What does the maximum in the text do?",
        with_part(scale=lambda rows, columns: (rows / columns) ** 0.5),
    ),
    Mistake(
        "quotient upside down",
        "Your factor grows with the columns. Which of the two stands on top?",
        with_part(scale=lambda rows, columns: max(1.0, columns / rows) ** 0.5),
    ),
    Mistake(
        "no look ahead",
        "You step along the momentum itself. What does Nesterov's form add to it?",
        with_part(ahead=lambda m, g, b: m),
    ),
    Mistake(
        "no momentum",
        "Each step sees its own gradient alone. What is left of the earlier ones?",
        with_part(ahead=lambda m, g, b: g),
    ),
    Mistake(
        "weights of the average exchanged",
        "The new gradient weighs as much as the old average should. Which of the two does the "
        "momentum multiply?",
        with_part(
            average=lambda m, g, b: (1 - b) * m + b * g, ahead=lambda m, g, b: (1 - b) * m + b * g
        ),
    ),
    Mistake(
        "orthogonal before the average",
        "You average directions that are orthogonal already. In which order does the text go?",
        orthogonal_first,
    ),
    Mistake(
        "uphill",
        "Your weights move with the gradient. Which way does the loss fall?",
        with_part(direction=lambda m, n: -orthogonal(m, n)),
    ),
    Mistake(
        "divided by nothing",
        "A gradient of zeros has no length, and you divide by it. What should the step be?",
        with_part(direction=iterated(divided, quintic)),
    ),
    Mistake(
        "each entry for itself",
        "Your powers act on the entries. On what does the polynomial of a matrix act?",
        with_part(direction=iterated(by_length, lambda x, gram: A * x + B * x**3 + C * x**5)),
    ),
    Mistake(
        "entries squared",
        "You square the entries of a product. What is the square of a matrix?",
        with_part(direction=iterated(by_length, lambda x, g: A * x + (B * g + C * g**2) @ x)),
    ),
    Mistake(
        "one power too many",
        "Your last term multiplies once too often. How many products has the text's?",
        with_part(direction=iterated(by_length, lambda x, g: A * x + (B * g + C * g @ g @ g) @ x)),
    ),
    Mistake(
        "b without its sign",
        "Your middle coefficient pushes values up. Which sign has it in the text?",
        with_part(direction=iterated(by_length, lambda x, g: A * x + (-B * g + C * g @ g) @ x)),
    ),
    Mistake(
        "always as many rounds",
        "Your number of rounds is fixed. Which one came as an argument?",
        with_part(direction=lambda m, n: orthogonal(m, 5)),
    ),
    Mistake(
        "length one in every round",
        "You divide by the length in every round. When does the text divide?",
        with_part(
            direction=iterated(
                lambda m: m, lambda x, _: quintic(by_length(x), by_length(x) @ by_length(x).T)
            )
        ),
    ),
    Mistake(
        "a large floor",
        "Your small gradient takes a small step. How small must a length be for the text's floor?",
        with_part(direction=iterated(lambda m: m / m.norm().clamp(min=1.0), quintic)),
    ),
    Mistake(
        "a step of zeros passed over",
        "You pass over a gradient of zeros. What is left of the earlier ones?",
        with_course(
            lambda grads, b: (
                looks(grads[grads.abs().amax(dim=(1, 2)) > 0], b) if grads.any() else []
            )
        ),
    ),
    Mistake(
        "started at the first gradient",
        "Your momentum begins at the first gradient. Where does it begin in the text?",
        with_course(lambda grads, b: looks(grads, b, start=grads[0])),
    ),
    Mistake(
        "momentum that adds up",
        "Your momentum adds the new gradient whole. With which weight does the text add it?",
        with_course(lambda grads, b: looks(grads, b, new=1.0)),
    ),
    Mistake(
        "the whole gradient ahead",
        "Your look ahead adds the gradient whole. With which weight does the text add it?",
        with_part(ahead=lambda m, g, b: b * m + g),
    ),
    Mistake(
        "the first gradient alone",
        "You take one step. How many gradients came?",
        with_course(lambda grads, b: looks(grads, b)[:1]),
    ),
    Mistake(
        "one step at the end",
        "You take one step, after all gradients. When does the text step?",
        with_course(lambda grads, b: looks(grads, b)[-1:]),
    ),
    Mistake(
        "the mean gradient",
        "You take one step along the mean. When does the text step?",
        with_course(lambda grads, b: grads.mean(dim=0, keepdim=True)),
    ),
    Mistake(
        "orthogonal momentum kept",
        "You keep the orthogonal matrix as momentum. What does the text keep?",
        stored_orthogonal,
    ),
)
