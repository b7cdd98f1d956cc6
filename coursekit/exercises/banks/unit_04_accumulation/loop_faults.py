"""Faults of an accumulation loop, alone and in pairs, each with its question."""

import math

from coursekit.exercises.banks.unit_04_accumulation.faulty_loop import (
    full_windows,
    joined_windows,
    linear,
    loop,
    unscaled,
)
from coursekit.exercises.engine.declare import Mistake

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "as it was found",
        "That is still the loop as it was found. Compare its rate, its weights and its last "
        "window with what a large batch would do: where do they part?",
        loop(lr=linear, groups="first", by_size=False, leftovers="leak"),
    ),
    Mistake(
        "linear rate",
        "Your gradients are right. The optimizer is Adam: which of the two rules kept its runs "
        "together in unit 02?",
        loop(lr=linear),
    ),
    Mistake(
        "rate not scaled",
        "Your gradients are right, and the rate is that of one micro-batch. Is the batch of a "
        "step still as small?",
        loop(lr=unscaled),
    ),
    Mistake(
        "rate divided",
        "You make the rate smaller for a larger batch. Is its gradient noisier or less noisy?",
        loop(lr=lambda k: 1 / math.sqrt(k)),
    ),
    Mistake(
        "rate scaled every epoch",
        "Your rate grows with every epoch. How often does the batch grow?",
        loop(when="each epoch"),
    ),
    Mistake(
        "rate by window",
        "In an incomplete window your rate is another one. Which does the third rule ask for "
        "there?",
        loop(when="by window"),
    ),
    Mistake(
        "ragged ones weigh the same",
        "Every micro-batch weighs the same in your steps. Has each as many examples?",
        loop(by_size=False),
    ),
    Mistake(
        "leftovers leak",
        "An incomplete window still waits in the gradient. Which step gets it?",
        loop(leftovers="leak"),
    ),
    Mistake(
        "leftovers thrown away",
        "You clear an incomplete window without a step. What could its examples still do?",
        loop(leftovers="drop"),
    ),
    Mistake(
        "leftovers over a full window",
        "An incomplete window is divided as if it were full. How many examples does its step "
        "average over?",
        loop(leftovers="over_k"),
    ),
    Mistake(
        "linear rate, equal weights",
        "The leftovers are mended. Two things are not: how the rate grows under Adam, and what "
        "a short micro-batch weighs. Which first?",
        loop(lr=linear, by_size=False),
    ),
    Mistake(
        "linear rate, leftovers leak",
        "The weights are mended. What happens to an incomplete window, and how should Adam's "
        "rate grow?",
        loop(lr=linear, leftovers="leak"),
    ),
    Mistake(
        "linear rate, leftovers dropped",
        "Your rate grows as it does for SGD, and an incomplete window is lost. Which optimizer "
        "is this?",
        loop(lr=linear, by_size=False, leftovers="drop"),
    ),
    Mistake(
        "equal weights, leftovers leak",
        "The rate is mended. What does a short micro-batch weigh in your step, and where does "
        "an incomplete window go?",
        loop(by_size=False, leftovers="leak"),
    ),
    Mistake(
        "equal weights, leftovers over a full window",
        "You still divide by the number of micro-batches that a full window has. Has every "
        "window that many, and each as many examples?",
        loop(by_size=False, leftovers="over_k"),
    ),
    Mistake(
        "equal weights, leftovers dropped",
        "The rate is mended. You throw an incomplete window away and give a short micro-batch "
        "full weight. What would a large batch do?",
        loop(by_size=False, leftovers="drop"),
    ),
    Mistake(
        "never cleared",
        "Your gradient is never cleared, so each step holds all the ones before. When is a "
        "gradient used up?",
        loop(clear="never"),
    ),
    Mistake(
        "rate not scaled, equal weights",
        "Neither the rate nor the weights fit the batch of a step. What does a short "
        "micro-batch weigh?",
        loop(lr=unscaled, by_size=False),
    ),
    Mistake(
        "windows across epochs",
        "Your windows run on from one epoch into the next. Where does a window end, by the "
        "second rule?",
        lambda m, o, e, k: loop()(m, o, [[micro for epoch in e for micro in epoch]], k),
    ),
    Mistake(
        "rate scaled at every step",
        "Your rate grows with every step. How often does the batch grow?",
        loop(when="each window"),
    ),
    Mistake(
        "sum over examples",
        "Your gradient is a sum over the window's examples. Does the rule ask for a sum or a mean?",
        loop(divisor="one"),
    ),
    Mistake(
        "divided by the epoch",
        "You divide by all examples of the epoch. Over how many does one step average?",
        loop(divisor="epoch"),
    ),
    Mistake(
        "sum of means",
        "You add the mean losses of a window as they are. How long does the gradient get when the "
        "same examples come in more pieces?",
        loop(by_size="sum of means"),
    ),
    Mistake(
        "means over the number of examples",
        "You divide losses that are means already by the number of examples. How often is each "
        "divided in the end?",
        loop(by_size="means"),
    ),
    Mistake(
        "rate set, not scaled",
        "You set the rate to the factor itself. What was the rate before, and is it lost?",
        loop(groups="set"),
    ),
    Mistake(
        "average twice",
        "Your shares add up to one already, and then you divide by the window's length. Which "
        "of the two makes the mean?",
        loop(divisor="twice"),
    ),
    Mistake(
        "a step after nothing",
        "You step at the end of every epoch, also where nothing is left over. What is in the "
        "gradient then?",
        loop(leftovers="always"),
    ),
    Mistake(
        "one rate for all groups",
        "You give every parameter group the first one's rate. Did they begin at the same one?",
        loop(groups="as the first"),
    ),
    Mistake(
        "rate put back at the end of an epoch",
        "You put the old rate back. For which steps does the third rule ask for the new one?",
        loop(when="first epoch"),
    ),
    Mistake(
        "cleared before the step",
        "You clear the gradient and then step. What is left for the step to use?",
        loop(clear="before a step"),
    ),
    Mistake(
        "only the first group's rate",
        "You scale the rate of the first parameter group. Biases and norms often have a group "
        "of their own: at which rate do they go on?",
        loop(groups="first"),
    ),
    Mistake(
        "linear rate, first group",
        "Your gradients are right. Two things about the rate are not: how it grows under Adam, "
        "and for which parameters. Which first?",
        loop(lr=linear, groups="first"),
    ),
    Mistake(
        "first group's rate, equal weights",
        "You scale one parameter group, and every micro-batch weighs the same. Has each as "
        "many examples?",
        loop(groups="first", by_size=False),
    ),
    Mistake(
        "first group's rate, leftovers leak",
        "You scale one parameter group, and an incomplete window waits in the gradient. Which "
        "step gets it?",
        loop(groups="first", leftovers="leak"),
    ),
    Mistake(
        "linear rate of all groups, all else as found",
        "Every group's rate grows, and as it does for SGD; the gradients are as you found "
        "them. What does a short micro-batch weigh?",
        loop(lr=linear, by_size=False, leftovers="leak"),
    ),
    Mistake(
        "rate by examples",
        "Your rate follows the number of examples in a window. For how many of them was it "
        "tuned before?",
        loop(when="by examples"),
    ),
    Mistake(
        "rate scaled late",
        "Your first step is made at the old rate. When does the third rule ask for the new one?",
        loop(when="late"),
    ),
    Mistake(
        "leftovers leak with their own mean",
        "The weights are mended, and an incomplete window is added to the next step. How long "
        "does that one get?",
        loop(leftovers="leak_own"),
    ),
    Mistake(
        "cleared before each micro-batch",
        "Only a window's last micro-batch is in your steps. What clears the ones before it?",
        loop(clear="before each"),
    ),
    Mistake(
        "a step for every micro-batch",
        "You step after every micro-batch. How many of them make one step?",
        loop(step="micro-batch"),
    ),
    Mistake(
        "leftovers joined",
        "What is left over joins the last full window. What does the second rule give it?",
        loop(cut=joined_windows),
    ),
    Mistake(
        "first epoch only",
        "Your training ends after one epoch. What does `epochs` hold?",
        lambda m, o, e, k: loop()(m, o, e[:1], k),
    ),
    Mistake(
        "leftovers at the very end only",
        "Only the last epoch's leftovers get a step. What becomes of those before?",
        lambda m, o, e, k: loop()(m, o, [*(full_windows(x, k) for x in e[:-1]), e[-1]], k),
    ),
)
