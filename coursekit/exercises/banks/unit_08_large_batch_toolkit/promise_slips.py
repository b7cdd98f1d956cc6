"""Reading an interval against a margin, and misreadings."""

import math

import numpy as np

from coursekit.exercises.banks.unit_08_large_batch_toolkit.promise_readings import (
    both_passed,
    by_mean,
    can_promise,
    decided,
    end_on_margin_beyond,
    ends_left_out,
    equal,
    from_zero,
    holds_zero,
    interval,
    mean_beyond,
    mean_within,
    misread,
    never_equal,
    never_worse,
    one_end_within,
    one_sided,
    open_as_equal,
    right_end,
    sure_of_zero,
    upper_end_alone,
    with_ends,
    with_ends_of,
    with_interval,
    with_rule,
)
from coursekit.exercises.engine.declare import Mistake

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "open counts as equal",
        "You read an interval that reaches beyond the margin as 'no difference'. Has a run "
        "with few seeds shown that there is none?",
        with_rule(open_as_equal),
    ),
    Mistake(
        "no effect shown, so no effect",
        "You ask whether the interval holds no gain at all, as the flawed code did. What does "
        "the margin ask?",
        with_rule(from_zero),
    ),
    Mistake(
        "beyond nothing is enough",
        "You call a gain better as soon as it is not nothing. How large must it be to matter?",
        with_rule(sure_of_zero),
    ),
    Mistake(
        "the mean decides",
        "You compare the mean with the margin. How sure is that mean?",
        with_rule(by_mean),
    ),
    Mistake(
        "never equal",
        "You never say 'no difference that matters'. What if the whole interval lies within "
        "the margin?",
        with_rule(never_equal),
    ),
    Mistake(
        "never worse",
        "You never say that the remedy is worse. Can a gain lie wholly below the margin on "
        "the other side?",
        with_rule(never_worse),
    ),
    Mistake(
        "sign",
        "Your sign is the wrong way round. Which sign has the gain of a remedy that is ahead?",
        lambda g, m, t: -can_promise(g, m, t),
    ),
    Mistake(
        "the mean reported",
        "You report the mean. Which end of the interval can you still promise?",
        with_ends(lambda m, h: m, lambda m, h: m),
    ),
    Mistake(
        "the boastful end",
        "You promise the far end of a gain. What is the least that it could be?",
        with_ends(equal, equal),
    ),
    Mistake(
        "the near end of an equality",
        "You say how near the two could be. How far apart could they be?",
        with_ends(decided, decided),
    ),
    Mistake(
        "always the lower end",
        "You always give the lower end. Is that the careful one for a remedy that is worse?",
        with_ends(lambda m, h: m - h, lambda m, h: m - h),
    ),
    Mistake(
        "always the upper end",
        "You always give the upper end. Is that the careful one for a remedy that is ahead?",
        with_ends(lambda m, h: m + h, lambda m, h: m + h),
    ),
    Mistake(
        "the far end for what is worse",
        "For a remedy that is worse you give the end farther from zero. How much worse is it "
        "at least?",
        with_ends(lambda m, h: m - h, equal),
    ),
    Mistake(
        "the upper end of an equality",
        "Within the margin you always give the upper end. Could the remedy be farther behind "
        "than it could be ahead?",
        with_ends(decided, lambda m, h: m + h),
    ),
    Mistake(
        "an equality without its sign",
        "Within the margin you drop the sign. On which side could the two be farthest apart?",
        with_ends(decided, lambda m, h: abs(m) + h),
    ),
    Mistake(
        "sign dropped",
        "You drop the sign. Who is ahead then?",
        lambda g, m, t: abs(can_promise(g, m, t)),
    ),
    Mistake(
        "divided by the number of seeds",
        "Your spread divides by the number of seeds. How many differences are free once their "
        "mean is known?",
        with_interval(lambda g, t: t * np.std(g) / len(g) ** 0.5),
    ),
    Mistake(
        "spread of single seeds",
        "Your interval is that of one seed. How much less does a mean of several spread?",
        with_interval(lambda g, t: t * np.std(g, ddof=1)),
    ),
    Mistake(
        "one standard error",
        "Your interval holds one standard error. How many does the docstring's hold?",
        with_interval(lambda g, t: np.std(g, ddof=1) / len(g) ** 0.5),
    ),
    Mistake(
        "ends left out",
        "Your interval must stay clear of the margin. What does the text say of its ends?",
        with_rule(ends_left_out),
    ),
    Mistake(
        "an end on the margin as beyond",
        "Your interval begins on the margin. Does a gain of the margin itself matter, by the "
        "docstring?",
        with_rule(end_on_margin_beyond),
    ),
    Mistake(
        "the mean beyond the margin",
        "You ask the mean to pass the margin, and the interval to pass nothing. What does the "
        "text ask of the interval?",
        with_rule(mean_beyond),
    ),
    Mistake(
        "the mean within the margin",
        "You call two equal because their mean difference is small. How wide is the interval?",
        with_rule(mean_within),
    ),
    Mistake(
        "no gain inside, so equal",
        "Your interval holds no gain, and much else. What else could be true?",
        with_rule(holds_zero),
    ),
    Mistake(
        "the upper end alone",
        "You compare one end with the margin. Where does the other one lie?",
        with_rule(upper_end_alone),
    ),
    Mistake(
        "one end is enough",
        "One end within the margin is enough for you. For which of the two does the text ask?",
        with_rule(one_end_within),
    ),
    Mistake(
        "beyond on both sides",
        "Your interval reaches from one margin beyond the other. Which sign has the gain?",
        with_rule(both_passed),
    ),
    Mistake(
        "margin taken off",
        "You subtract the margin from each gain. Which question about nothing does that answer?",
        with_rule(one_sided),
    ),
    Mistake(
        "what is left beyond the margin",
        "You give how far the interval stays beyond the margin. From where is a gain counted?",
        with_ends_of(
            lambda m, h, d: decided(m, h) - math.copysign(d, m), lambda m, h, d: equal(m, h)
        ),
    ),
    Mistake(
        "the margin reported",
        "You report the margin. Can you promise more than that?",
        with_ends_of(lambda m, h, d: math.copysign(d, m), lambda m, h, d: math.copysign(d, m)),
    ),
    Mistake(
        "nothing for equal",
        "You say that there is no difference at all. How far apart could the two still be?",
        with_ends_of(lambda m, h, d: decided(m, h), lambda m, h, d: 0.0),
    ),
    Mistake(
        "the half-width of an equality",
        "You report how wide the interval is. Does it lie around nothing?",
        with_ends_of(lambda m, h, d: decided(m, h), lambda m, h, d: h),
    ),
    Mistake(
        "nothing for open",
        "Where the seeds can't tell you report a number. What would somebody read into it?",
        with_rule(lambda m, h, d: misread(m, h, d, equal(m, h), decided(m, h), 0.0)),
    ),
    Mistake(
        "divided by the seeds, not by their root",
        "Your half-width shrinks as one over the seeds. How does the error of a mean shrink?",
        with_interval(lambda g, t: t * np.std(g, ddof=1) / len(g)),
    ),
    Mistake(
        "variance in place of spread",
        "The unit of your half-width is points squared. What brings it back to points?",
        with_interval(lambda g, t: t * np.var(g, ddof=1) / len(g) ** 0.5),
    ),
    Mistake(
        "the normal factor",
        "Your factor is that of the normal distribution. Which one came as an argument?",
        with_interval(lambda g, t: 1.96 * np.std(g, ddof=1) / len(g) ** 0.5),
    ),
    Mistake(
        "half of the half",
        "You halve a width that is half already. How many standard errors does the docstring "
        "count?",
        with_interval(lambda g, t: t / 2 * np.std(g, ddof=1) / len(g) ** 0.5),
    ),
    Mistake(
        "the whole width on either side",
        "Your interval is twice as wide as the docstring's. What do the standard errors reach, "
        "one side or both?",
        with_interval(lambda g, t: 2 * t * np.std(g, ddof=1) / len(g) ** 0.5),
    ),
    Mistake(
        "around the median",
        "Your interval lies around the median. Of what is the standard error taken?",
        lambda g, m, t: right_end(float(np.median(g)), interval(g, t)[1], m),
    ),
    Mistake(
        "from the lowest to the highest gain",
        "You take the lowest and the highest gain as ends. Does that shrink with more seeds?",
        lambda g, m, t: right_end((min(g) + max(g)) / 2, (max(g) - min(g)) / 2, m),
    ),
)
